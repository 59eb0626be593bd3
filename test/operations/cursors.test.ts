import { cutover, query, rows, sql, table } from "cutover";
import { expect, test } from "vitest";
import { failure } from "../support/fixtures.js";
import { type Db, onEveryWarehouse } from "../support/warehouse.js";

const moments = table("moments", { key: "id", cursor: "ts" });
const pipeline = (db: Db) => db.own(cutover({ warehouse: db.warehouse, pipeline: "moments", tables: { moments } }));
const retyped = async (db: Db) => {
  await db.query("CREATE TABLE moments (id BIGINT, ts TIMESTAMP)");
  const etl = pipeline(db);
  await etl.run({ moments: query(sql`SELECT 1::BIGINT AS id, TIMESTAMP '2001-01-01' AS ts`) });
  const candidate = await etl.clone();
  await candidate.transform(sql`ALTER TABLE ${candidate.refs.moments} ALTER COLUMN ts TYPE TIMESTAMPTZ`);
  return { etl, candidate };
};
const later = query(sql`SELECT 2::BIGINT AS id, TIMESTAMPTZ '2001-02-01 00:00:00+00' AS ts`);

onEveryWarehouse((open) => {
  test("invariant 2: a cursor that is no finite number loads, and does not move the watermark", async () => {
    const db = await open();
    const t = table("readings", { columns: { id: "int64", c: "float64" }, key: "id", cursor: "c" });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "readings", tables: { t } }));
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const first = await etl.run({ t: rows(odd.map((c, id) => ({ id, c }))) });
    expect(first.tables.t).toMatchObject({ rows: 3, watermark: { before: null, after: null } });
    expect(first.warnings.map((w) => w.code)).toEqual(["FUTURE_CURSOR"]);
    const second = await etl.run({ t: rows([5.5, ...odd].map((c, id) => ({ id: id + 10, c }))) });
    expect(second.tables.t).toMatchObject({ rows: 7, watermark: { before: null, after: "5.5" } });
    let since: unknown;
    await etl.run((c) => {
      since = c.since.t;
      return { t: rows([{ id: 99, c: 7 }]) };
    });
    expect([since, (await etl.status()).watermarks.t]).toEqual([5.5, "7"]);
    for (const w of odd) await failure(etl.adopt({ watermarks: { t: w } }), "CONFIG");
  });

  test("invariant 2: a watermark of another type than its cursor now has is refused, until it is said where to read on", async () => {
    const db = await open();
    const { etl, candidate } = await retyped(db);
    await candidate.swap();
    const feeds = [() => ({ moments: later }), { moments: later }];
    for (const feed of feeds) {
      const e = await failure(etl.run(feed), "UNSUPPORTED");
      expect(e.message).toContain("2001-01-01T00:00:00");
      expect(e.context.alternative).toContain("adopt");
    }
    expect(await db.query("SELECT count(*)::INT AS n FROM moments")).toEqual([{ n: 1 }]);
    await etl.adopt({ watermarks: { moments: "2001-01-01T00:00:00Z" as never } });
    let since: unknown;
    await etl.run((c) => {
      since = (c.since as Record<string, unknown>)["moments"];
      return { moments: later };
    });
    expect([since, (await etl.status()).watermarks.moments]).toEqual(["2001-01-01T00:00:00Z", "2001-02-01T00:00:00Z"]);
  });

  test("invariant 2: a rollback over the swap that gave the cursor another type brings a watermark back that can be read", async () => {
    const db = await open();
    const { etl, candidate } = await retyped(db);
    await failure(candidate.load({ moments: later }), "UNSUPPORTED");
    await candidate.swap();
    await etl.rollback();
    await etl.unhold();
    const report = await etl.run({ moments: query(sql`SELECT 2::BIGINT AS id, TIMESTAMP '2001-02-01' AS ts`) });
    expect(report.tables.moments?.watermark).toEqual({ before: "2001-01-01T00:00:00", after: "2001-02-01T00:00:00" });
  });
});
