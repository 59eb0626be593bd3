import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Opened, opened, type Session } from "./engine/opened.js";

let sim: Opened;
let a: Session;
let b: Session;
beforeEach(async () => {
  sim = await opened();
  a = await sim.connect();
  b = await sim.connect();
  await a.run("CREATE TABLE t (id INT, v INT)");
  await a.run("CREATE TABLE u (id INT, v INT)");
  await a.run("INSERT INTO t VALUES (1, 1)");
  await a.run("INSERT INTO u VALUES (1, 1)");
});
afterEach(async () => {
  await Promise.all([a.close(), b.close()]);
  await sim.close();
});

const ids = (s: Session, table = "t") => s.rows(`SELECT id FROM ${table} ORDER BY id`);

describe("A transaction", () => {
  it("sees its own changes, others see them after COMMIT, and READ COMMITTED shows theirs at once", async () => {
    await a.run("BEGIN");
    await a.run("INSERT INTO t VALUES (2, 2)");
    await a.run("UPDATE t SET v = v + 10 WHERE id = 1");
    await b.run("INSERT INTO t VALUES (3, 3)");
    expect(await a.rows("SELECT * FROM t ORDER BY id")).toEqual([
      ["1", "11"],
      ["2", "2"],
      ["3", "3"],
    ]);
    expect(await b.rows("SELECT * FROM t ORDER BY id")).toEqual([
      ["1", "1"],
      ["3", "3"],
    ]);
    await a.run("DELETE FROM t WHERE id = 3");
    await a.run("COMMIT");
    expect(await b.rows("SELECT * FROM t ORDER BY id")).toEqual([
      ["1", "11"],
      ["2", "2"],
    ]);
  });

  it("loses nothing that others inserted while it changed the table", async () => {
    await a.run("BEGIN");
    await a.run("UPDATE t SET v = 5");
    await b.run("INSERT INTO t VALUES (2, 2)");
    await a.run("COMMIT");
    await b.run("INSERT INTO t VALUES (3, 3)");
    expect(await a.rows("SELECT * FROM t ORDER BY id")).toEqual([
      ["1", "5"],
      ["2", "2"],
      ["3", "3"],
    ]);
  });

  it("is undone by ROLLBACK, as a whole", async () => {
    await a.run("BEGIN TRANSACTION");
    await a.run("INSERT INTO t VALUES (2, 2)");
    await a.run("TRUNCATE TABLE u");
    expect(await a.one("SELECT COUNT(*) FROM u")).toBe("0");
    await a.run("ROLLBACK");
    expect(await ids(a)).toEqual([["1"]]);
    expect(await a.one("SELECT COUNT(*) FROM u")).toBe("1");
  });

  it("stays open when a statement fails, which changes nothing itself", async () => {
    await a.run("BEGIN");
    await a.run("INSERT INTO t VALUES (2, 2)");
    expect(await a.refused("INSERT INTO t SELECT 3, 'x'")).toMatch(/^100038/);
    expect(await a.refused("UPDATE t SET v = 1 / 0")).toMatch(/^100051/);
    expect(await a.one("SELECT CURRENT_TRANSACTION()")).not.toBeNull();
    await a.run("COMMIT");
    expect(await b.rows("SELECT * FROM t ORDER BY id")).toEqual([
      ["1", "1"],
      ["2", "2"],
    ]);
  });

  it.each([
    "CREATE TABLE x (a INT)",
    "CREATE TABLE x AS SELECT 1 AS a",
    "CREATE TABLE x CLONE u",
    "ALTER TABLE u SWAP WITH t",
    "COMMENT ON TABLE u IS 'x'",
    "GRANT SELECT ON TABLE u TO ROLE PUBLIC",
    "DROP TABLE u",
  ])("is committed by DDL: %s", async (ddl) => {
    await a.run("BEGIN");
    await a.run("INSERT INTO t VALUES (2, 2)");
    await a.run(ddl);
    expect(await a.one("SELECT CURRENT_TRANSACTION()")).toBeNull();
    expect(await ids(b, ddl.includes("SWAP") ? "u" : "t")).toEqual([["1"], ["2"]]);
  });

  it("is not ended by USE, SHOW or ALTER SESSION, nor by a second BEGIN", async () => {
    await a.run("BEGIN");
    await a.run("INSERT INTO t VALUES (2, 2)");
    for (const sql of ["BEGIN", "USE SCHEMA public", "SHOW TABLES", "ALTER SESSION SET LOCK_TIMEOUT = 5", "DESCRIBE TABLE t"])
      await a.run(sql);
    expect(await ids(b)).toEqual([["1"]]);
  });

  it("begins by itself where AUTOCOMMIT is off", async () => {
    await a.run("ALTER SESSION SET AUTOCOMMIT = FALSE");
    await a.run("INSERT INTO t VALUES (2, 2)");
    expect(await ids(b)).toEqual([["1"]]);
    await a.run("COMMIT");
    expect(await ids(b)).toEqual([["1"], ["2"]]);
  });

  it("ends with its session, locks and all", async () => {
    await a.run("BEGIN");
    await a.run("UPDATE t SET v = 2");
    const waiting = b.run("UPDATE t SET v = v + 10");
    await a.close();
    expect((await waiting).affected).toBe(1);
    expect(await b.one("SELECT v FROM t")).toBe("11");
    a = await sim.connect();
  });
});

describe("Locks", () => {
  const changes = [
    "UPDATE t SET v = v + 1",
    "DELETE FROM t WHERE id = 7",
    "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN UPDATE SET v = 9",
    "TRUNCATE TABLE t",
    "INSERT OVERWRITE INTO t SELECT 1, 1",
  ];
  it.each(changes)("make it wait for another change of the table: %s", async (sql) => {
    await a.run("BEGIN");
    await a.run("UPDATE t SET v = 100");
    await b.run("ALTER SESSION SET LOCK_TIMEOUT = 0");
    expect(await b.refused(sql)).toMatch(
      /^000625 57014: Statement '.*' has locked table 'T' in transaction \d+ and this lock has not yet been released\./,
    );
    await b.run("ALTER SESSION SET LOCK_TIMEOUT = 60");
    const waiting = b.run(sql);
    await a.run("COMMIT");
    await waiting;
  });

  it("do not hold up INSERT, nor readers, nor other tables", async () => {
    await a.run("BEGIN");
    await a.run("DELETE FROM t");
    await b.run("ALTER SESSION SET LOCK_TIMEOUT = 0");
    await b.run("INSERT INTO t VALUES (2, 2)");
    await b.run("UPDATE u SET v = 2");
    expect(await ids(b)).toEqual([["1"], ["2"]]);
    await a.run("COMMIT");
    expect(await ids(b)).toEqual([["2"]]);
  });

  it("are given in turn, and a conditional UPDATE sees what the one before left", async () => {
    const sessions = await Promise.all(Array.from({ length: 5 }, () => sim.connect()));
    const taken = await Promise.all(sessions.map((s) => s.run("UPDATE t SET v = v + 1 WHERE v = 1")));
    expect(taken.map((r) => r.affected).sort()).toEqual([0, 0, 0, 0, 1]);
    await Promise.all(sessions.map((s) => s.close()));
  });

  it("have twenty waiters at most", async () => {
    await a.run("BEGIN");
    await a.run("UPDATE t SET v = 0");
    const sessions = await Promise.all(Array.from({ length: 21 }, () => sim.connect()));
    const outcomes = sessions.map((s) =>
      s.run("UPDATE t SET v = v + 1").then(
        () => "done",
        (e: { code: string; message: string }) => `${e.code} ${e.message.includes("exceeds the 20 statements limit")}`,
      ),
    );
    expect(await Promise.race(outcomes)).toBe("000625 true");
    await a.run("COMMIT");
    expect((await Promise.all(outcomes)).filter((o) => o === "done")).toHaveLength(20);
    expect(await a.one("SELECT v FROM t")).toBe("20");
    await Promise.all(sessions.map((s) => s.close()));
  });

  it("that wait for each other are a deadlock: the later statement fails, its transaction stays", async () => {
    await a.run("BEGIN");
    await a.run("UPDATE t SET v = 2");
    await b.run("BEGIN");
    await b.run("UPDATE u SET v = 2");
    const waiting = a.run("UPDATE u SET v = 3");
    expect(await b.refused("UPDATE t SET v = 3")).toMatch(/^000625 57014: .*deadlock/s);
    expect(await b.one("SELECT CURRENT_TRANSACTION()")).not.toBeNull();
    await b.run("ROLLBACK");
    expect((await waiting).affected).toBe(1);
  });

  it("are no longer waited for by a statement that is cancelled", async () => {
    await a.run("BEGIN");
    await a.run("UPDATE t SET v = 2");
    const stop = new AbortController();
    const waiting = b.run("UPDATE t SET v = 3", undefined, { signal: stop.signal });
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: "000604", sqlState: "57014" });
    await a.run("COMMIT");
    expect(await b.one("SELECT v FROM t")).toBe("2");
  });
});

describe("MERGE", () => {
  it("updates, deletes and inserts, and counts each", async () => {
    await a.run("INSERT INTO t VALUES (2, 2), (NULL, 0)");
    await a.run("CREATE TABLE d (id INT, op VARCHAR, v INT)");
    await a.run("INSERT INTO d VALUES (1, 'U', 10), (2, 'D', 0), (3, 'I', 30), (NULL, 'I', 99)");
    const result = await a.run(
      "MERGE INTO t USING d ON t.id = d.id WHEN MATCHED AND d.op = 'D' THEN DELETE WHEN MATCHED THEN UPDATE SET v = d.v WHEN NOT MATCHED THEN INSERT (id, v) VALUES (d.id, d.v)",
    );
    expect(result.columns.map((c) => c.name)).toEqual([
      "number of rows inserted",
      "number of rows updated",
      "number of rows deleted",
    ]);
    expect(result.rows).toEqual([["2", "1", "1"]]);
    expect(await a.rows("SELECT * FROM t ORDER BY id, v")).toEqual([
      ["1", "10"],
      ["3", "30"],
      [null, "0"],
      [null, "99"],
    ]);
  });

  it("refuses to change a row by two others, unless both delete it", async () => {
    await a.run("INSERT INTO u VALUES (1, 2)");
    expect(await a.refused("MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN UPDATE SET v = u.v")).toBe(
      "100090 42P18: Duplicate row detected during DML action\nRow Values: [1, 1]",
    );
    expect(await a.one("SELECT v FROM t")).toBe("1");
    expect((await a.run("MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE")).affected).toBe(1);
  });
});
