import { accepted, between, type Check, cutover, maxDrop, rowCount, rows, table } from "cutover";
import { duckdb } from "cutover/duckdb";
import { expect, test } from "vitest";
import { failure, world } from "./support.js";

const invalid = new Date("never");
const columns = { id: "int64", x: "float64?", s: "string?", at: "timestamp?" } as const;
const paths = (check: Check<never>): readonly string[] => {
  const t = table("t", { columns, key: "id", checks: [check] });
  try {
    cutover({ warehouse: duckdb(), pipeline: "p", tables: { t } });
    return [];
  } catch (e) {
    return (e as { context: { issues: { path: string }[] } }).context.issues.map((i) => i.path);
  }
};

test.each([
  ["between, to NaN", between("x", { max: Number.NaN })],
  ["between, from NaN", between("x", { min: Number.NaN, max: 1 })],
  ["between, to an invalid date", between("at", { max: invalid })],
  ["rowCount, to NaN", rowCount({ max: Number.NaN })],
  ["rowCount, from NaN", rowCount({ min: Number.NaN })],
  ["maxDrop by NaN", maxDrop(Number.NaN)],
  ["accepted NaN", accepted("x", [1, Number.NaN])],
  ["accepted nothing but NULL", accepted("s", [null])],
] as const)("a bound that lets all pass is CONFIG: %s", (_, check) => {
  expect(paths(check as Check<never>)).toEqual(["tables.t.checks[0]"]);
});
test.each([
  between("x", { min: Number.NEGATIVE_INFINITY, max: 1 }),
  between("at", { max: new Date() }),
  accepted("s", ["ok", null]),
  accepted("x", [Number.POSITIVE_INFINITY]),
])("a bound that something can be compared with is none", (check) => {
  expect(paths(check as Check<never>)).toEqual([]);
});

test("NULL among the accepted values accepts nothing but NULL, which is not looked at", async () => {
  const t = table("t", { columns, key: "id", checks: [accepted("s", ["ok", null])] });
  const w = await world({ table: t, next: (n) => ({ id: n, s: "ok" }) });
  const e = await failure(
    () =>
      w.etl.run({
        orders: rows([
          { id: 9, s: "other" },
          { id: 10, s: null },
        ]),
      }),
    "CHECKS_FAILED",
  );
  expect(e.context.checks).toMatchObject([{ observed: 1, samples: [{ id: "9" }] }]);
  await w.goodRun();
});

test("a lease lasts 1s to 7d", () => {
  const made = (ttl: unknown) => () =>
    cutover({
      warehouse: duckdb(),
      pipeline: "p",
      tables: { t: table("t", { columns, key: "id" }) },
      lease: { ttl: ttl as never },
    });
  for (const ttl of ["1s", "7d", 7 * 86_400_000, 1100.5]) expect(made(ttl)).not.toThrow();
  for (const ttl of ["0.9s", "7.1d", "30d", 7 * 86_400_000 + 1]) expect(made(ttl)).toThrow("lease.ttl");
});
