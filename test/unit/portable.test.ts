import { sql } from "cutover";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readJson, writeJson } from "../../src/ledger/portable.js";
import { isSql } from "../../src/sql/sql.js";

const back = (v: unknown, database = "db", now = database): unknown => readJson(writeJson(v, database), now);

test("what JSON has no word for is read back as it was, wherever it stands", () => {
  const leaf = fc.oneof(
    fc.bigInt(),
    fc.double(),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 8 }).map((b) => new Uint8Array(b)),
  );
  const key = fc.oneof(fc.string(), fc.constantFrom("~", "path", "ident", "values", "__proto__"));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.array(fc.tuple(key, tie("tree")), { maxLength: 4 }).map((e) => Object.fromEntries(e)),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      expect(back(value)).toEqual(value);
    }),
  );
});

test("SQL is SQL again, with its values and identifiers; what only looks like it is not", () => {
  const given = sql`UPDATE ${sql.id("db", "main", "t")} SET a = ${2n ** 60n}, b = ${new Date(5)} WHERE c IN (${sql`SELECT ${"~"}`})`;
  const found = back({ statement: given }) as { statement: typeof given };
  expect(isSql(found.statement)).toBe(true);
  expect(found.statement).toEqual(given);
  expect(isSql(found.statement.values[3])).toBe(true);
  const like = { "~sql": true, strings: ["DROP"], values: [] };
  expect(isSql(back(like))).toBe(false);
});

test("a database under another name: paths in it follow, identifiers of three parts too", () => {
  const given = {
    delta: { path: ["db", "ledger", "d"] },
    ident: ["db", "main", "t"],
    other: ["db", "x"],
    paths: { a: ["db", "m", "t"] },
  };
  expect(back(given, "db", "copy")).toEqual({
    delta: { path: ["copy", "ledger", "d"] },
    ident: ["copy", "main", "t"],
    other: ["db", "x"],
    paths: { a: ["copy", "m", "t"] },
  });
  expect(back({ ident: ["db", "t"] }, "db", "copy")).toEqual({ ident: ["db", "t"] });
});
