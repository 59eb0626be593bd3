import { cutover, isCutoverError, notNull, rows, sql, table, unique } from "cutover";
import type { NativeOp, Warehouse } from "cutover/adapter";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { BigQueryNative } from "../../adapters/bigquery/natives.js";
import { wrapped } from "../../src/conformance/wrapped.js";
import { long } from "../support/long.js";
import { type Project, project } from "./place.js";

let p: Project;
beforeAll(async () => {
  p = await project();
});
afterAll(() => p.close());

const columns = { id: "int64", v: "string?", seq: "int64" } as const;
const orders = (name: string) =>
  table(`app.${name}`, { columns, key: "id", cursor: "seq", checks: [notNull("id"), unique("id")] });
let names = 0;
const fresh = (): string => `orders${++names}`;
const view = (): Warehouse => p.other({ live: "view" });

function pipeline(name: string, warehouse = view(), more: object = {}) {
  const etl = cutover({ warehouse, pipeline: name, tables: { orders: orders(name) }, ...more });
  onTestFinished(() => etl.close());
  return etl;
}
type Etl = ReturnType<typeof pipeline>;
const some = (from: number, to: number, v: string, seq = from) =>
  rows(Array.from({ length: to - from + 1 }, (_, i) => ({ id: from + i, v, seq: seq + i })));
const run = (etl: Etl, from: number, to: number, v: string, seq?: number) => etl.run({ orders: some(from, to, v, seq) });

const live = async (name: string): Promise<readonly string[]> =>
  (await p.sql(`SELECT CONCAT(CAST(id AS STRING), '=', v) AS r FROM app.${name} ORDER BY id`)).map((r) => String(r["r"]));
const by = { user: "tester@example.com" };
const resource = (name: string) =>
  p.sim.engine.tables.get({ projectId: p.sim.project, datasetId: "app", tableId: name }, null, by);
/** Tables beside a view, but for those that are about to go. */
const beside = (name: string): readonly string[] =>
  p.sim.engine.tables
    .list({ projectId: p.sim.project, datasetId: "app" }, { maxResults: 1000 }, by)
    .items.filter((t) => t["expirationTime"] === undefined)
    .map((t) => String((t["tableReference"] as { tableId?: unknown }).tableId))
    .filter((t) => t !== name && (t.startsWith(`${name}_`) || t.startsWith(`_cutover_${name}_`)));
const query = (name: string): string => String((resource(name)["view"] as { query?: unknown }).query);

async function cloned(etl: Etl) {
  const candidate = await etl.clone();
  await candidate.transform(sql`UPDATE ${candidate.refs.orders} SET v = 'swapped' WHERE id = 1`);
  return candidate;
}

test("a table that is not there is made as a view on an empty version, and filled through it", async () => {
  const name = fresh();
  const etl = pipeline(name);
  expect(await run(etl, 1, 3, "a")).toMatchObject({ status: "published", tables: { orders: { inserted: 3 } } });
  expect(resource(name)["type"]).toBe("VIEW");
  expect(beside(name)).toEqual([`${name}__v_0`]);
  expect(await run(etl, 3, 4, "b", 10)).toMatchObject({ tables: { orders: { inserted: 1, updated: 1 } } });
  expect(await live(name)).toEqual(["1=a", "2=a", "3=b", "4=b"]);
  expect((await etl.audit()).ok).toBe(true);
  await etl.rollback();
  expect(await live(name)).toEqual(["1=a", "2=a", "3=a"]);
  await etl.redo();
  expect(await live(name)).toEqual(["1=a", "2=a", "3=b", "4=b"]);
});

test("an incremental release costs the jobs that it costs on a table", async () => {
  const etl = pipeline(fresh());
  await run(etl, 1, 3, "a");
  const jobs = await p.jobs(() => run(etl, 2, 5, "b", 10));
  expect(jobs.map((j) => j.kind)).toEqual(["query", "load", "query"]);
});

test("a swap points the view at another version; a rollback, and a redo, at others again", async () => {
  const name = fresh();
  const etl = pipeline(name);
  await run(etl, 1, 2, "a");
  await p.sql(`ALTER VIEW app.${name} SET OPTIONS (description = 'what is sold', labels = [('team', 'data')])`);
  const before = query(name);
  const candidate = await cloned(etl);
  expect(await live(name)).toEqual(["1=a", "2=a"]);
  await candidate.swap();
  expect(await live(name)).toEqual(["1=swapped", "2=a"]);
  expect(query(name)).not.toBe(before);
  expect(resource(name)).toMatchObject({ type: "VIEW", description: "what is sold", labels: { team: "data" } });
  await run(etl, 3, 3, "b", 10);
  await etl.rollback({ to: 1 });
  expect(await live(name)).toEqual(["1=a", "2=a"]);
  await etl.redo();
  expect(await live(name)).toEqual(["1=swapped", "2=a", "3=b"]);
  expect((await etl.audit()).ok).toBe(true);
  expect(resource(name)).toMatchObject({ type: "VIEW", description: "what is sold", labels: { team: "data" } });
  expect((await etl.recover()).dropped).toEqual([]);
  expect(beside(name).filter((t) => t.includes("__v_"))).toHaveLength(1);
});

test("other columns come by a swap, and go by a rollback, with what people say about them", async () => {
  const name = fresh();
  const etl = pipeline(name);
  await run(etl, 1, 2, "a");
  const candidate = await etl.clone();
  await candidate.transform(sql`ALTER TABLE ${candidate.refs.orders} ADD COLUMN extra INT64`);
  await candidate.transform(sql`ALTER TABLE ${candidate.refs.orders} ALTER COLUMN extra SET OPTIONS (description = 'more')`);
  await candidate.transform(sql`UPDATE ${candidate.refs.orders} SET extra = id WHERE TRUE`);
  await candidate.swap();
  expect(await p.sql(`SELECT SUM(extra) AS n FROM app.${name}`)).toEqual([{ n: 3n }]);
  const fields = () => (resource(name)["schema"] as { fields: object[] }).fields;
  expect(fields().at(-1)).toMatchObject({ name: "extra", description: "more" });
  await run(etl, 3, 3, "b", 10);
  await etl.rollback({ to: 1 });
  expect(fields().map((f) => (f as { name: string }).name)).toEqual(["id", "v", "seq"]);
  expect(await live(name)).toEqual(["1=a", "2=a"]);
});

test("a candidate built from the start becomes the view where there is none", async () => {
  const name = fresh();
  const etl = pipeline(name);
  const candidate = await etl.rebuild();
  await candidate.load({ orders: some(1, 2, "new") });
  expect((await candidate.swap()).status).toBe("published");
  expect(resource(name)["type"]).toBe("VIEW");
  expect(await live(name)).toEqual(["1=new", "2=new"]);
  await run(etl, 2, 3, "b", 10);
  expect(await live(name)).toEqual(["1=new", "2=b", "3=b"]);
  expect(beside(name)).toHaveLength(1);
});

test("a release that is no longer kept comes back from the history of its version", async () => {
  const name = fresh();
  const etl = pipeline(name, view(), { keep: 1 });
  for (const [i, v] of ["a", "b", "c"].entries()) await run(etl, 1, 2, v, i * 10);
  await etl.rollback({ to: 1, restore: "time-travel" });
  expect(await live(name)).toEqual(["1=a", "2=a"]);
  await etl.unhold();
  await run(etl, 2, 2, "d", 50);
  expect(await live(name)).toEqual(["1=a", "2=d"]);
  expect((await etl.audit()).ok).toBe(true);
});

test("of a partitioned version that asks for a filter the partitions of a release are read, and it is swapped as well", async () => {
  const name = fresh();
  await p.sql(
    `CREATE TABLE app.${name}__v_0 (id INT64 NOT NULL, day DATE NOT NULL, v STRING) PARTITION BY day OPTIONS (require_partition_filter = TRUE)`,
  );
  // As the API makes it: the statement would be refused for want of a filter.
  const body = { view: { query: `SELECT * FROM \`${p.sim.project}\`.\`app\`.\`${name}__v_0\``, useLegacySql: false } };
  const tableReference = { projectId: p.sim.project, datasetId: "app", tableId: name };
  await p.sim.engine.tables.insert({ projectId: p.sim.project, datasetId: "app" }, { tableReference, ...body }, by);
  const days = table(`app.${name}`, {
    columns: { id: "int64", day: "date", v: "string?" },
    key: ["id", "day"],
    checks: [unique("id", "day")],
  });
  const etl = cutover({ warehouse: view(), pipeline: name, tables: { days } });
  onTestFinished(() => etl.close());
  const feed = (v: string, on: readonly number[]) => ({
    days: rows(on.flatMap((d) => [1, 2, 3].map((id) => ({ id, day: `2026-01-${String(d).padStart(2, "0")}`, v })))),
  });
  await etl.run(
    feed(
      "a",
      Array.from({ length: 20 }, (_, i) => i + 1),
    ),
  );
  expect(await etl.run(feed("b", [7]))).toMatchObject({ tables: { days: { updated: 3 } } });
  const candidate = await etl.clone();
  await candidate.swap();
  expect(await p.sql(`SELECT COUNT(*) AS n FROM app.${name} WHERE day = DATE '2026-01-07' AND v = 'b'`)).toEqual([{ n: 3n }]);
  await etl.rollback();
  await etl.rollback();
  expect(await p.sql(`SELECT COUNT(*) AS n FROM app.${name} WHERE day = DATE '2026-01-07' AND v = 'b'`)).toEqual([{ n: 0n }]);
});

describe("what is no view on a version is refused", () => {
  const refusal = async (name: string, warehouse?: Warehouse) => {
    const e = await run(pipeline(name, warehouse), 1, 1, "x").then(
      () => null,
      (error: unknown) => error,
    );
    if (!isCutoverError(e)) throw new Error(`not refused: ${String(e)}`);
    return e;
  };
  test("a table, with the two statements that make it one", async () => {
    const name = fresh();
    await p.sql(
      `CREATE TABLE app.${name} (id INT64 NOT NULL, v STRING, seq INT64 NOT NULL)`,
      `INSERT INTO app.${name} VALUES (1, 'old', 1)`,
    );
    const e = await refusal(name);
    expect(e.code).toBe("UNSUPPORTED");
    const [first, second] = /ALTER .*;/.exec(`${e.message} ${JSON.stringify(e.context)}`)?.[0].split("; ") ?? [];
    await p.sql(String(first), String(second).replace(/;.*$/, ""));
    const etl = pipeline(name);
    await etl.adopt({ watermarks: { orders: 1n } } as never);
    await run(etl, 2, 2, "new", 10);
    expect(await live(name)).toEqual(["1=old", "2=new"]);
    await (await cloned(etl)).swap();
    expect(await live(name)).toEqual(["1=swapped", "2=new"]);
  });
  test("a view of somebody else's, and one of ours where live is a table", async () => {
    const [theirs, ours] = [fresh(), fresh()];
    await p.sql(`CREATE VIEW app.${theirs} AS SELECT 1 AS id, 'x' AS v, 1 AS seq`);
    expect((await refusal(theirs)).message).toContain("is a view");
    await run(pipeline(ours), 1, 1, "a");
    const e = await refusal(ours, p.other({}));
    expect(`${e.message} ${JSON.stringify(e.context)}`).toContain("view on versions");
  });
});

/** A warehouse whose process ends at the k-th call of a swap's own statements: before it is sent, or after it took effect. */
function struck(k: number, when: "before" | "after"): { readonly warehouse: Warehouse; readonly calls: string[] } {
  const calls: string[] = [];
  let dead = false;
  const alive = <T>(body: () => Promise<T>): Promise<T> => (dead ? Promise.reject(new Error("dead")) : body());
  const warehouse = wrapped(view(), {
    open: (open, o) => alive(() => open(o)),
    session: (own) => ({
      atomic: (block, o) => alive(() => own.atomic(block, o)),
      describe: (ref, o, what) => alive(() => own.describe(ref, o, what)),
      list: (schema, prefix, o) => alive(() => own.list(schema, prefix, o)),
      execute: (op, o) =>
        alive(async () => {
          if (!/ swap\b/.test(o.tag) || !("native" in op)) return own.execute(op, o);
          calls.push((op as unknown as NativeOp<BigQueryNative>).native.call);
          dead = calls.length === k;
          if (dead && when === "before") throw new Error("dead");
          const done = await own.execute(op, o);
          if (dead) throw new Error("dead");
          return done;
        }),
    }),
  });
  return { warehouse, calls };
}
/** Leases of owners that are silent run out. */
async function later(): Promise<void> {
  const { items } = p.sim.engine.tables.list({ projectId: p.sim.project, datasetId: "cutover_ledger" }, { maxResults: 1000 }, by);
  for (const t of items
    .map((i) => String((i["tableReference"] as { tableId?: unknown }).tableId))
    .filter((n) => n.startsWith("lease_")))
    await p.sql(`UPDATE cutover_ledger.${t} SET expires_at = TIMESTAMP '2000-01-01 00:00:00+00' WHERE owner IS NOT NULL`);
}

describe("a swap that stops between any two of its calls is carried on, and readers see one version or the other", () => {
  const parts = ["mark", "copy", "dress", "version", "repoint", "retire", "dress", "drop"];
  const points = parts.map((part, i) => [i + 1, part] as const).filter(([, part]) => long || /copy|repoint|retire/.test(part));
  for (const when of long ? (["before", "after"] as const) : (["after"] as const))
    test.each(points)(`${when} call %i, %s`, async (k, part) => {
      const name = fresh();
      const { warehouse, calls } = struck(k, when);
      const etl = pipeline(name, warehouse);
      await run(etl, 1, 2, "a");
      const candidate = await cloned(etl);
      await expect(candidate.swap()).rejects.toThrow();
      expect(calls.at(-1)).toBe(part);
      const seen = (await live(name)).join();
      expect(["1=a,2=a", "1=swapped,2=a"]).toContain(seen);
      await later();
      const next = pipeline(name);
      await next.recover();
      const status = await next.status();
      const published = (await live(name))[0] === "1=swapped";
      if (seen.startsWith("1=swapped")) expect(published).toBe(true);
      expect(status.live).toBe(published ? 2 : 1);
      await run(next, 3, 3, "b", 10);
      expect((await next.audit()).ok).toBe(true);
      await next.rollback({ to: 1 });
      expect(await live(name)).toEqual(["1=a", "2=a"]);
      // Versions of crashed swaps go with the next one.
      await next.unhold();
      await (await cloned(next)).swap();
      await next.recover();
      expect(beside(name).filter((t) => t.includes("__v_"))).toHaveLength(1);
    });
});

test("who reads all the while sees every version whole, and never a missing table", async () => {
  const name = fresh();
  const etl = pipeline(name);
  await run(etl, 1, 50, "a");
  let reading = true;
  const seen = new Set<string>();
  const reader = (async () => {
    while (reading) {
      const [r] = await p.sql(`SELECT COUNT(*) AS n, STRING_AGG(DISTINCT v, '+' ORDER BY v) AS v FROM app.${name}`);
      seen.add(`${r?.["n"]} ${r?.["v"]}`);
    }
  })();
  for (const v of ["b", "c", "d"]) {
    const candidate = await etl.clone();
    await candidate.transform(sql`UPDATE ${candidate.refs.orders} SET v = ${v} WHERE TRUE`);
    await candidate.swap();
  }
  await etl.rollback();
  reading = false;
  await reader;
  expect([...seen].filter((s) => !/^50 [abcd]$/.test(s))).toEqual([]);
  expect(seen.size).toBeGreaterThan(1);
});

test("rows that others write to the version between decision and swap are neither published over nor lost", async () => {
  const name = fresh();
  let intrude: (() => Promise<unknown>) | null = null;
  const warehouse = wrapped(view(), {
    session: (own) => ({
      execute: async (op, o) => {
        const native = "native" in op ? (op as unknown as NativeOp<BigQueryNative>).native : null;
        if (native?.call === "repoint" && intrude !== null) await intrude();
        return own.execute(op, o);
      },
    }),
  });
  const etl = pipeline(name, warehouse);
  await run(etl, 1, 2, "a");
  const candidate = await cloned(etl);
  intrude = () => p.sql(`INSERT INTO app.${name}__v_0 VALUES (99, 'theirs', 99)`);
  const e = await candidate.swap().then(
    () => null,
    (error: unknown) => error,
  );
  intrude = null;
  if (!isCutoverError(e)) throw new Error("not refused");
  expect(await live(name)).toEqual(["1=a", "2=a", "99=theirs"]);
  expect((await etl.status()).live).toBe(1);
});

test("invariant 5: who was overtaken in a swap, and wakes later, points the view nowhere", async () => {
  const name = fresh();
  const slow = pipeline(name);
  await run(slow, 1, 2, "a");
  const candidate = await cloned(slow);
  // Its request waits on the way, with what it knew of the view.
  const held = p.sim.faults.hold({ endpoint: "tables.patch", table: `app.${name}` }, "before");
  const late = candidate.swap().then(
    () => null,
    (e: unknown) => e,
  );
  await held.reached;
  await later();
  const quick = pipeline(name);
  await quick.recover();
  expect(await live(name)).toEqual(["1=swapped", "2=a"]);
  await quick.rollback();
  expect(await live(name)).toEqual(["1=a", "2=a"]);
  const shown = query(name);
  held.release();
  await late;
  expect(query(name)).toBe(shown);
  expect(await live(name)).toEqual(["1=a", "2=a"]);
  expect((await quick.audit()).ok).toBe(true);
});
