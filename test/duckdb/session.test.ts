import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { type AtomicBlock, isCutoverError, type Row, sqlOp, template } from "cutover/adapter";
import { duckdb } from "cutover/duckdb";
import { describe, expect, it } from "vitest";
import { adapter, column, faultOf, folder, io, kindOf, open } from "./harness.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** What another process finds when it opens a file. */
const elsewhere = (path: string): string => {
  const script = `import { DuckDBInstance } from "@duckdb/node-api"; try { const i = await DuckDBInstance.create(${JSON.stringify(path)}); i.closeSync(); console.log("open"); } catch (e) { console.log(e.message); }`;
  return execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: root, encoding: "utf8" }).trim();
};
const slow = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = -1";

describe("where the data is", () => {
  it("in memory it lives between sessions, as long as the warehouse value, and no other sees it", async () => {
    const warehouse = duckdb();
    const one = await open(warehouse);
    await one.q("CREATE TABLE t AS SELECT 1 AS x");
    const two = await open(warehouse);
    expect(await two.q("FROM t")).toEqual([{ x: 1n }]);
    await one.session.close();
    await two.session.close();
    expect(await (await open(warehouse)).q("FROM t")).toEqual([{ x: 1n }]);
    expect(await kindOf(one, (await open(duckdb({ path: ":memory:" }))).q("FROM t"))).toBe("missing-object");
  });

  it("a file is released by the last session", async () => {
    const path = join(folder(), "w.duckdb");
    const warehouse = duckdb({ path });
    const one = await open(warehouse);
    const two = await open(warehouse);
    expect(one.session.home).toEqual(["w", "main"]);
    await one.q("CREATE TABLE t AS SELECT 1 AS x");
    await one.session.close();
    expect(elsewhere(path)).toContain("Could not set lock");
    expect(await two.q("FROM t")).toEqual([{ x: 1n }]);
    await two.session.close();
    expect(elsewhere(path)).toBe("open");
    expect(readdirSync(join(path, ".."))).toEqual(["w.duckdb"]);
    copyFileSync(path, `${path}.copy`);
    expect(await (await open({ path: `${path}.copy` })).q("FROM t")).toEqual([{ x: 1n }]);
    rmSync(path);
  });

  it("the application's own handle on the same file stays open", async () => {
    const path = join(folder(), "w.duckdb");
    const own = await DuckDBInstance.fromCache(path);
    const connection = await own.connect();
    const desk = await open({ path });
    await desk.q("CREATE TABLE t AS SELECT 1 AS x");
    await desk.session.close();
    await connection.run("INSERT INTO t VALUES (2)");
    expect((await connection.runAndReadAll("FROM t")).getRows()).toEqual([[1], [2]]);
    connection.closeSync();
    own.closeSync();
    expect(elsewhere(path)).toBe("open");
  });

  it("an instance of the application is used and never closed, nor are its settings touched", async () => {
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    await connection.run("SET GLOBAL TimeZone = 'Asia/Tokyo'");
    await connection.run("SET GLOBAL default_collation = 'nocase'");
    const desk = await open({ instance });
    expect(await desk.q("SELECT current_setting('TimeZone') AS z, 'a' = 'A' AS same")).toEqual([{ z: "UTC", same: false }]);
    await desk.q("CREATE TABLE t AS SELECT 1 AS x");
    await desk.session.close();
    expect((await connection.runAndReadAll("SELECT x, current_setting('TimeZone'), 'a' = 'A' FROM t")).getRows()).toEqual([
      [1, "Asia/Tokyo", true],
    ]);
    const later = await instance.connect();
    expect((await later.runAndReadAll("SELECT current_setting('TimeZone')")).getRows()).toEqual([["Asia/Tokyo"]]);
    later.closeSync();
    connection.closeSync();
    instance.closeSync();
  });

  it("settings reach the engine; a file read only stays as it is", async () => {
    const path = join(folder(), "w.duckdb");
    const desk = await open({ path, config: { threads: "1" } });
    expect(await desk.q("SELECT current_setting('threads') AS n")).toEqual([{ n: 1n }]);
    await desk.q("CREATE TABLE t AS SELECT 1 AS x");
    expect(await faultOf(desk, open({ path, config: { threads: "2" } }))).toMatchObject({
      kind: "unsupported",
      hint: expect.stringContaining("instance"),
    });
    await desk.session.close();
    const reader = await open({ path, readOnly: true });
    expect(await reader.q("FROM t")).toEqual([{ x: 1n }]);
    expect(await kindOf(reader, reader.q("INSERT INTO t VALUES (2)"))).toBe("denied");
  });

  it("wrong options are refused with their paths", () => {
    for (const options of [
      { path: "" },
      { path: 5 },
      { file: "x" },
      { instance: {} },
      { path: ":memory:", readOnly: true },
      { config: null },
      { instance: null },
    ]) {
      let thrown: unknown;
      try {
        Reflect.apply(duckdb, undefined, [options]);
      } catch (e) {
        thrown = e;
      }
      expect(isCutoverError(thrown, "CONFIG"), JSON.stringify(options)).toBe(true);
    }
  });
});

describe("a statement", () => {
  it("counts what it changed", async () => {
    const desk = await open();
    const affected = async (text: string) => (await desk.session.execute(sqlOp(text), io())).affected;
    expect(await affected("CREATE TABLE t (x BIGINT)")).toBeNull();
    expect(await affected("INSERT INTO t SELECT range FROM range(5)")).toBe(5);
    expect(await affected("UPDATE t SET x = 0 WHERE x > 2")).toBe(2);
    expect(await affected("DELETE FROM t WHERE x = 9")).toBe(0);
    expect(await affected("SELECT 1")).toBeNull();
  });

  it("the clock moves inside a transaction", async () => {
    const desk = await open();
    const now = sqlOp(`SELECT ${adapter(desk.warehouse).syntax.now()} AS t`);
    const read = async (): Promise<unknown> => (await desk.session.execute(now, io())).rows[0]?.["t"];
    await desk.q("BEGIN");
    const first = await read();
    let last = first;
    for (let i = 0; i < 10_000 && last === first; i++) last = await read();
    await desk.q("ROLLBACK");
    expect(Number(last)).toBeGreaterThan(Number(first));
    expect(Math.abs(Number(first) / 1000 - Date.now())).toBeLessThan(60_000);
  });

  it("streams a large result batch by batch, apart from the session's own statements", async () => {
    const desk = await open();
    const sizes: number[] = [];
    let sum = 0n;
    for await (const rows of desk.session.stream(
      template`SELECT range AS r, [range] AS l FROM range(${100_000n})`,
      [column("r", "int64", "BIGINT"), column("l", "string", "BIGINT[]")],
      io(),
    )) {
      if (sizes.length === 1) await desk.q("SELECT 1");
      sizes.push(rows.length);
      for (const row of rows) sum += row["r"] as bigint;
      expect(rows[0]?.["l"]).toBe(`[${String(rows[0]?.["r"])}]`);
    }
    expect(sum).toBe(4_999_950_000n);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2048);
  });

  it("left early, a stream lets go of its connection", async () => {
    const path = join(folder(), "w.duckdb");
    const desk = await open({ path });
    for await (const _ of desk.session.stream(template`SELECT range FROM range(100000)`, [], io())) break;
    const control = new AbortController();
    const drain = async (): Promise<void> => {
      for await (const _ of desk.session.stream(template`SELECT range FROM range(1000000)`, [], io(control.signal)))
        control.abort();
    };
    expect(await kindOf(desk, drain())).toBe("cancelled");
    await desk.session.close();
    expect(elsewhere(path)).toBe("open");
  });
});

describe("ending a call", () => {
  it("an abort interrupts it, at once or before it began, and the session goes on", async () => {
    const desk = await open();
    for (const when of ["before", "now", "later"] as const) {
      const control = new AbortController();
      if (when === "before") control.abort(new Error("mine"));
      const work = desk.session.execute(sqlOp(slow), io(control.signal));
      if (when === "now") control.abort();
      if (when === "later") setImmediate(() => control.abort());
      expect(await faultOf(desk, work), when).toMatchObject({ kind: "cancelled", outcome: "not-applied" });
      expect(await desk.q("SELECT 1 AS x")).toEqual([{ x: 1n }]);
    }
  });

  it("so does a time limit", async () => {
    const desk = await open();
    const found = await faultOf(desk, desk.session.execute(sqlOp(slow), { ...io(), timeoutMs: 20 }));
    expect(found).toMatchObject({ kind: "cancelled", hint: expect.stringContaining("time limit") });
    const block: AtomicBlock = {
      id: "b",
      end: "commit",
      timeoutMs: 20,
      ops: [{ id: "slow", step: "validate", op: sqlOp(slow) }],
    };
    expect(await kindOf(desk, desk.session.atomic(block, io()))).toBe("cancelled");
    expect(await desk.q("SELECT 1 AS x")).toEqual([{ x: 1n }]);
  });

  it("a block that is aborted just before its end leaves no transaction open", async () => {
    const desk = await open();
    await desk.q("CREATE TABLE t (x BIGINT)");
    const control = new AbortController();
    const inspect = async (): Promise<Row> => {
      control.abort(new Error("mine"));
      return { ok: true };
    };
    const ops: AtomicBlock["ops"] = [
      { id: "0", step: "record", op: sqlOp("INSERT INTO t VALUES (1)") },
      { id: "1", inspect },
    ];
    expect(await kindOf(desk, desk.session.atomic({ id: "b", end: "commit", timeoutMs: 20_000, ops }, io(control.signal)))).toBe(
      "cancelled",
    );
    expect(await desk.q("FROM t")).toEqual([]);
    await desk.q("BEGIN");
    await desk.q("ROLLBACK");
  });

  it("an aborted block keeps nothing and leaves no transaction open", async () => {
    const desk = await open();
    await desk.q("CREATE TABLE t (x BIGINT)");
    const control = new AbortController();
    const ops = [sqlOp("INSERT INTO t VALUES (1)"), sqlOp(slow)].map((op, i) => ({ id: String(i), step: "record" as const, op }));
    const work = desk.session.atomic({ id: "b", end: "commit", timeoutMs: 20_000, ops }, io(control.signal));
    setImmediate(() => control.abort());
    expect(await kindOf(desk, work)).toBe("cancelled");
    expect(await desk.q("FROM t")).toEqual([]);
    await desk.q("BEGIN");
    await desk.q("ROLLBACK");
  });

  it("stage stops between batches, and a stream between its own", async () => {
    const desk = await open();
    await desk.q("CREATE TABLE t (x BIGINT)");
    const control = new AbortController();
    async function* feed() {
      yield { rows: 1, columns: [[1n]] };
      control.abort();
      yield { rows: 1, columns: [[2n]] };
    }
    expect(
      await kindOf(desk, desk.session.stage(desk.ref("t"), [column("x", "int64", "BIGINT")], feed(), io(control.signal))),
    ).toBe("cancelled");
    expect(await desk.q("FROM t")).toEqual([]);
    const other = new AbortController();
    const drain = async (): Promise<void> => {
      for await (const _ of desk.session.stream(template`SELECT range FROM range(1000000)`, [], io(other.signal))) other.abort();
    };
    expect(await kindOf(desk, drain())).toBe("cancelled");
  });

  it("listeners are taken off the signal", async () => {
    const desk = await open();
    const control = new AbortController();
    let listening = 0;
    const { signal } = control;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...args: Parameters<AbortSignal["addEventListener"]>) => {
      listening++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<AbortSignal["removeEventListener"]>) => {
      listening--;
      remove(...args);
    };
    await desk.session.execute(sqlOp("SELECT 1"), io(signal));
    await kindOf(desk, desk.session.execute(sqlOp("SELECT nope"), io(signal)));
    expect(listening).toBe(0);
  });

  it("a closed session says so; closing twice is harmless", async () => {
    const desk = await open();
    await desk.session.close();
    await desk.session.close();
    await expect(desk.q("SELECT 1")).rejects.toThrow("closed");
  });
});

describe("native errors", () => {
  it("a file that another process holds", async () => {
    const path = join(folder(), "w.duckdb");
    const script = `import { DuckDBInstance } from "@duckdb/node-api"; const i = await DuckDBInstance.create(${JSON.stringify(path)}); const c = await i.connect(); await c.run("CREATE TABLE t (x INT)"); console.log("held"); process.stdin.resume();`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      cwd: root,
      stdio: ["pipe", "pipe", "inherit"],
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const warehouse = duckdb({ path });
    const found = await faultOf({ warehouse }, open(warehouse));
    expect(found).toMatchObject({
      kind: "locked",
      outcome: "not-applied",
      detail: expect.stringMatching(new RegExp(`^\\S+ \\(PID ${child.pid}\\)$`)),
      hint: expect.stringContaining(path),
    });
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
    expect(await (await open(warehouse)).q("FROM t")).toEqual([]);
  });

  it("a file that is none, or cannot be there", async () => {
    const dir = folder();
    writeFileSync(join(dir, "text.duckdb"), "not a database, ".repeat(1000));
    for (const [name, kind] of [
      ["text.duckdb", "corrupt"],
      ["no/where.duckdb", "missing-object"],
      [".", "missing-object"],
    ] as const) {
      const warehouse = duckdb({ path: join(dir, name) });
      expect(await kindOf({ warehouse }, open(warehouse)), name).toBe(kind);
    }
    const warehouse = duckdb({ path: join(dir, "absent.duckdb"), readOnly: true });
    expect(await kindOf({ warehouse }, open(warehouse))).toBe("missing-object");
    expect(await kindOf({ warehouse }, open(duckdb({ path: join(dir, "x.duckdb"), config: { nonsense: "1" } })))).toBe("other");
  });

  it("a file whose middle was overwritten", async () => {
    const path = join(folder(), "w.duckdb");
    const desk = await open({ path });
    await desk.q("CREATE TABLE t AS SELECT range AS x, random() AS y FROM range(300000)");
    await desk.session.close();
    const size = statSync(path).size;
    const { openSync, writeSync, closeSync } = await import("node:fs");
    const fd = openSync(path, "r+");
    writeSync(fd, Buffer.alloc(size - 12_288, 7), 0, size - 12_288, 12_288);
    closeSync(fd);
    const broken = duckdb({ path });
    const read = async (): Promise<unknown> => (await open(broken)).q("SELECT sum(y) FROM t");
    expect(await kindOf({ warehouse: broken }, read())).toBe("corrupt");
  });

  it("two connections at one row, at once and at the commit", async () => {
    const warehouse = duckdb();
    const [a, b] = [await open(warehouse), await open(warehouse)];
    await a.q("CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)");
    await a.q("INSERT INTO t VALUES (1, 0)");
    await a.q("BEGIN");
    await a.q("UPDATE t SET v = 1");
    expect(await faultOf(a, b.q("UPDATE t SET v = 2"))).toMatchObject({ kind: "conflict", outcome: "not-applied" });
    await a.q("ROLLBACK");
    const inspect = async (): Promise<Row> => {
      await b.q("INSERT INTO t VALUES (2, 2)");
      return { ok: true };
    };
    const ops: AtomicBlock["ops"] = [
      { id: "0", step: "record", op: sqlOp("INSERT INTO t VALUES (2, 1)") },
      { id: "1", inspect },
    ];
    const work = a.session.atomic({ id: "b", end: "commit", timeoutMs: 20_000, ops }, io());
    expect(await faultOf(a, work)).toMatchObject({ kind: "conflict", outcome: "not-applied" });
    expect(await a.q("FROM t WHERE id = 2")).toEqual([{ id: 2n, v: 2n }]);
  });

  it.each([
    ["SELEC 1", "syntax"],
    ["SELECT nope FROM t", "syntax"],
    ["SELECT 1; SELECT 2", "syntax"],
    ["SELECT * FROM nope", "missing-object"],
    ["SELECT nope(1)", "missing-object"],
    ["INSERT INTO t VALUES (1)", "bad-data"],
    ["INSERT INTO t VALUES (NULL)", "bad-data"],
    ["INSERT INTO t VALUES ('x')", "bad-data"],
    ["INSERT INTO t VALUES (3000000000)", "bad-data"],
    ["SELECT error('cutover: mine')", "bad-data"],
    ["CREATE TABLE t (y INTEGER)", "unsupported"],
    ["ALTER TABLE t RENAME TO u", "unsupported"],
  ])("%s", async (text, kind) => {
    const desk = await open();
    await desk.q("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    await desk.q("CREATE INDEX i ON t (id)");
    await desk.q("INSERT INTO t VALUES (1)");
    const found = await faultOf(desk, desk.q(text));
    expect(found).toMatchObject({ kind, outcome: "not-applied", hint: expect.stringMatching(/^[A-Z].*\.$/) });
  });

  it("no memory left", async () => {
    const desk = await open({ config: { memory_limit: "20MB", temp_directory: "" } });
    expect(await kindOf(desk, desk.q("SELECT count(DISTINCT repeat('x', 100) || range) FROM range(10000000)"))).toBe("resources");
  });

  it("no driver", () => {
    const missing = Object.assign(new Error("Cannot find package '@duckdb/node-api' imported from x"), {
      code: "ERR_MODULE_NOT_FOUND",
    });
    expect(adapter(duckdb()).classify(missing)).toMatchObject({ kind: "driver-missing", detail: "npm install @duckdb/node-api" });
  });
});
