import { accepted, between, cutover, noRows, query, rows, sql, table } from "cutover";
import { expect, test } from "vitest";
import { all, failure } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

const hostile = [
  "'; DROP TABLE bystander; --",
  '"',
  "\\'",
  "\0",
  "a\0b",
  "\n\r\t",
  "𝒳🚀👩‍👩‍👧",
  "$1 {resultOf} %s",
  "[redacted]",
  "",
  " ",
  "NULL",
  "x".repeat(1_000_000),
  "é",
  "e\u0301",
];
const t = table("texts", { columns: { id: "int64", s: "string?" }, key: "id" });

onEveryWarehouse((open) => {
  test("invariant 8: hostile texts go in, through diff and samples, and out unharmed", async () => {
    const db = await open();
    await db.query("CREATE TABLE bystander AS SELECT 1 AS a");
    const config = { warehouse: db.warehouse, pipeline: "texts" };
    const plain = db.own(cutover({ ...config, tables: { t } }));
    await plain.run({ t: rows(hostile.map((s, id) => ({ id, s }))) });
    await plain.run({ t: rows(hostile.map((s, id) => ({ id, s: `${s}!` }))) });
    const changes = await all(plain.diff("t", { from: 1, to: 2 }));
    expect(changes.map((c) => [c.op, c.op === "update" ? c.before.s : "", c.op === "update" ? c.after.s : ""])).toEqual(
      hostile.map((s) => ["update", s, `${s}!`]),
    );
    await plain.rollback();
    await plain.unhold();
    expect((await plain.audit()).ok).toBe(true);
    expect((await plain.run({ t: rows(hostile.map((s, id) => ({ id, s }))) })).status).toBe("nothing-to-do");
    const checked = table("texts", {
      columns: { id: "int64", s: "string?" },
      key: "id",
      checks: [accepted("s", ["only this"], { samples: 100 })],
    });
    const strict = db.own(cutover({ ...config, tables: { t: checked } }));
    const e = await failure(strict.run({ t: rows([{ id: 99, s: "new" }]) }), "CHECKS_FAILED");
    expect(new Set(e.context.checks[0]?.samples.map((r) => r["s"]))).toEqual(new Set([...hostile, "new"]));
    expect(() => JSON.stringify(e.context)).not.toThrow();
    expect(await db.query("SELECT * FROM bystander")).toEqual([{ a: 1 }]);
  });

  test("invariant 8: hostile texts as values of checks, queries, notes, reasons and keys of idempotency", async () => {
    const db = await open();
    await db.query("CREATE TABLE bystander AS SELECT 1 AS a");
    for (const [i, s] of hostile.entries()) {
      const name = `texts${i}`;
      const own = table(name, {
        columns: { id: "int64", s: "string" },
        key: "id",
        checks: [
          accepted("s", [s, "b"]),
          between("s", { min: s < "b" ? s : "b", max: s < "b" ? "b" : s }),
          noRows("none", sql`SELECT * FROM ${sql.self} WHERE s <> ${s} AND s <> ${"b"}`),
        ],
      });
      const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: name, tables: { own } }));
      const key = s === "" ? "k" : s;
      const report = await etl.run({ own: query(sql`SELECT 1 AS id, ${s} AS s`) }, { note: s, idempotencyKey: key });
      expect([i, report.checks.map((c) => c.outcome)]).toEqual([i, ["pass", "pass", "pass"]]);
      expect((await etl.run({ own: rows([{ id: 9, s: "never" }]) }, { idempotencyKey: key })).status).toBe("already-published");
      await failure(etl.run({ own: rows([{ id: 2, s: `${s}c` }]) }), "CHECKS_FAILED");
      await etl.hold(s === "" ? "r" : s);
      expect((await etl.status()).held).toBe(s === "" ? "r" : s);
      const [latest] = (await all(etl.history())).filter((h) => h.state === "published");
      expect(latest?.note).toBe(s);
      expect(await db.query(`SELECT count(*)::INT AS n FROM ${name}`)).toEqual([{ n: 1 }]);
    }
    expect(await db.query("SELECT * FROM bystander")).toEqual([{ a: 1 }]);
  });

  test("invariant 8: hostile texts as keys: exact, also where they differ by form or case only", async () => {
    const db = await open();
    const keyed = table("keyed", { columns: { k: "string", v: "int64" }, key: "k" });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "keyed", tables: { keyed } }));
    const keys = [...hostile, "A", "a", "a ", "É"];
    await etl.run({ keyed: rows(keys.map((k) => ({ k, v: 1 }))) });
    const report = await etl.run({ keyed: rows(keys.map((k, i) => ({ k, v: 10 + i }))) });
    expect(report.tables.keyed).toMatchObject({ updated: keys.length, inserted: 0, rows: keys.length });
    await etl.rollback();
    await etl.redo();
    expect((await etl.audit()).ok).toBe(true);
  });
});
