import { anomaly, type Check, cutover, freshness, matches, references, rows, table } from "cutover";
import { duckdb } from "cutover/duckdb";
import { expect, test } from "vitest";
import { failure, world } from "./support.js";

const columns = { id: "int64", name: "string?", at: "timestamp?", price: "decimal(9,2)?" } as const;
const other = table("other", { columns: { id: "int64", text: "string" }, key: "id" });
const issues = (check: Check<never>): readonly { path: string; message: string }[] => {
  const t = table("t", { columns, key: "id", checks: [check] });
  try {
    cutover({ warehouse: duckdb(), pipeline: "p", tables: { t } });
    return [];
  } catch (e) {
    return (e as { context: { issues: { path: string; message: string }[] } }).context.issues;
  }
};

test.each<readonly [string, Check<string>, RegExp]>([
  ["a flag", matches("name", /a/i), /flags.*i/],
  ["two flags", matches("name", /a/gm), /flags.*gm/],
  ["lookahead", matches("name", /a(?=b)/), /look/],
  ["a backreference", matches("name", /(a)\1/), /backreference/],
  ["an empty pattern", matches("name", ""), /empty/],
  ["a broken pattern", matches("name", "a("), /matches/],
  ["no pattern", matches("name", undefined as never), /RegExp/],
  ["a pattern for a number", matches("price", "1"), /text.*decimal/],
  ["a pattern for no column", matches("nom", "1"), /nom/],
  ["freshness of text", freshness("name", { maxAge: "1h" }), /dates/],
  ["freshness without an age", freshness("at", {} as never), /maxAge/],
  ["freshness of a negative age", freshness("at", { maxAge: -1 }), /maxAge/],
  ["freshness by no unit", freshness("at", { maxAge: "1 hour" as never }), /maxAge/],
  ["an anomaly of nothing", anomaly("colour" as never), /metric/],
  ["the sum of text", anomaly({ sum: "name" }), /numbers/],
  ["the sum of no column", anomaly({ sum: "nope" }), /nope/],
  ["the sum of undefined", anomaly({} as never), /metric/],
  ["a window longer than the memory", anomaly("rows", { window: 31 }), /window/],
  ["a window that is no number of releases", anomaly("rows", { window: 7.5 }), /window/],
  ["a history that tells nothing", anomaly("rows", { minHistory: 2 }), /minHistory/],
  ["a history longer than the window", anomaly("rows", { minHistory: 10, window: 8 }), /minHistory \(10\).*window \(8\)/],
  ["no sigmas", anomaly("rows", { sigmas: 0 }), /sigmas/],
  ["sigmas that let all pass", anomaly("rows", { sigmas: Number.POSITIVE_INFINITY }), /sigmas/],
  ["a ratio below 0", anomaly("rows", { ratio: -0.1 }), /ratio/],
  ["a ratio that is no number", anomaly("rows", { ratio: Number.NaN }), /ratio/],
  ["a reference to no column of the other table", references("id", other, "key" as "id"), /other\.key.*id, text/],
  ["a reference of a number to text", references("id", other, "text"), /int64.*string.*never equal/],
  ["a reference from no column", references("idd", other, "id"), /idd/],
  ["a reference to nothing", references("id", undefined as never, "id"), /needs a table/],
  ["a reference to a name that is none", references("id", "a..b", "id"), /needs a table/],
  ["a reference to no column", references("id", "main.other", undefined as never), /needs a column/],
  ["an unknown severity", matches("name", "a", { severity: "info" as never }), /severity/],
  ["a number of samples below 0", freshness("at", { maxAge: 1 }, { samples: -1 }), /samples/],
])("%s is CONFIG at its path", (_, check, says) => {
  const found = issues(check as Check<never>);
  expect(found.map((i) => i.path)).toEqual(["tables.t.checks[0]"]);
  expect(found[0]?.message).toMatch(says);
});

test("a column whose live type a check cannot look at is CONFIG before anything is loaded", async () => {
  const { sql, pipeline } = await world();
  await sql("CREATE TABLE t (id BIGINT, name JSON)");
  const t = table("t", { key: "id", checks: [matches("name", "a") as Check<never>] });
  const etl = pipeline({ pipeline: "q", tables: { t } });
  let read = false;
  const source = rows(() => {
    read = true;
    return [];
  });
  const { context } = await failure(etl.run({ t: source }), "CONFIG");
  expect(context.issues.map((i) => i.path)).toEqual(["tables.t.checks[0]"]);
  expect(read).toBe(false);
});
