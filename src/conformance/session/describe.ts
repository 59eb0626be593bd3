import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { ColumnShape, TableRef } from "../../adapter/shapes.js";
import { ident, join, raw, template } from "../../sql/sql.js";
import { isColumnType } from "../../table/types.js";
import { type CaseDefinition, reason } from "../case.js";
import { shape, shapes } from "../columns.js";
import { csv, inFolder } from "../files.js";
import { parquetFile } from "../parquet.js";
import { calm, type Place } from "../place.js";
import { same, shown, types } from "../values.js";
import { supported } from "./round-trip.js";
import { assertUsable, id, insert, numbers, thrownBy } from "./words.js";

/** Columns of every type, nullable and not. */
const everyType = (place: Place): readonly ColumnShape[] =>
  types
    .filter((t) => supported(place.adapter, t))
    .flatMap((t, i) => [shape(place.adapter, `n${i}`, `${t}?`), shape(place.adapter, `m${i}`, t)]);
const bare = (columns: readonly ColumnShape[]) => columns.map(({ name, type, nullable }) => ({ name, type, nullable }));
const names = (refs: readonly TableRef[]): readonly string[] => refs.map((r) => r.path.at(-1) ?? "").sort();

/** What a session tells about tables, queries and files. */
export const describeCases: readonly CaseDefinition[] = [
  {
    name: "describe gives null for a table that is not there",
    async run(place) {
      assert.equal(await place.session.describe(place.at("absent"), calm()), null);
      const elsewhere = { path: [...place.at("absent").path.slice(0, -2), "no_such_schema", "absent"] };
      assert.equal(await place.session.describe(elsewhere, calm()), null, "nor where there is no such schema");
      assert.equal(await place.session.describe(place.at("absent"), calm(), "columns"), null, "nor where columns are asked for");
      await assertUsable(place);
    },
  },
  {
    name: "describe tells every column: order, type, nullability",
    invariant: 9,
    async run(place) {
      const columns = everyType(place);
      await place.create(place.at("described"), columns);
      const { columns: found } = await place.describe(place.at("described"));
      assert.deepEqual(bare(found), bare(columns));
      assert.ok(
        found.every((c) => c.default === undefined && c.generated !== true),
        "no default and no computed column where none was given",
      );
    },
  },
  {
    name: "describe tells the path of a table exactly",
    async run(place) {
      const ref = place.at("described");
      await numbers(place, "described");
      assert.deepEqual((await place.describe(ref)).ref.path, ref.path);
    },
  },
  {
    name: "describe tells natives that make an equal table",
    invariant: 9,
    async run(place) {
      await place.create(place.at("first"), everyType(place));
      const first = await place.describe(place.at("first"));
      await place.create(place.at("second"), first.columns);
      assert.deepEqual((await place.describe(place.at("second"))).columns, first.columns);
      for (const c of first.columns)
        assert.equal(
          place.adapter.syntax.fromNative(c.native),
          c.type,
          `fromNative(${c.native}) is the type that describe tells`,
        );
    },
  },
  {
    name: "describe tells defaults, as text that makes them again",
    invariant: 9,
    async run(place) {
      const { syntax } = place.adapter;
      const text = "it's a default";
      const defaulted = {
        number: { type: "int64", literal: syntax.literal({ value: -7n, type: "int64" }), value: -7n },
        text: { type: "string", literal: syntax.literal({ value: text, type: "string" }), value: text },
        flag: { type: "bool", literal: syntax.literal({ value: true, type: "bool" }), value: true },
      } as const;
      const column = (name: string, type: string, more: string) => template`${ident([name])} ${raw(`${type} ${more}`)}`;
      const make = async (name: string, defaults: ReadonlyMap<string, string>): Promise<readonly ColumnShape[]> => {
        const ref = place.at(name);
        const own = Object.entries(defaulted).map(([n, d]) => column(n, syntax.type(d.type), `DEFAULT ${defaults.get(n)}`));
        const all = [column("id", syntax.type("int64"), "NOT NULL"), ...own];
        await place.execute(template`CREATE TABLE ${ident(ref.path)} (${join(all, ", ")})`);
        await place.execute(insert(ref, 1n));
        const wanted = shapes(place.adapter, { number: "int64?", text: "string?", flag: "bool?" });
        const [row] = await place.rows(ref, wanted);
        const expected = Object.values(defaulted).map((d) => d.value);
        assert.ok(
          wanted.every((c, i) => same(c.type, row?.[i], expected[i])),
          `the defaults of ${name} are ${expected.map(shown).join(", ")}, not ${row?.map(shown).join(", ")}`,
        );
        return (await place.describe(ref)).columns;
      };
      const first = await make("first", new Map(Object.entries(defaulted).map(([n, d]) => [n, d.literal])));
      assert.equal(first[0]?.default, undefined, "a column without a default");
      for (const c of first.slice(1)) assert.equal(typeof c.default, "string", `the default of ${c.name} is told`);
      const second = await make("second", new Map(first.map((c) => [c.name, c.default ?? "NULL"])));
      assert.deepEqual(second, first);
    },
  },
  {
    name: "describe tells path and columns whole where only those are asked for",
    invariant: 9,
    async run(place) {
      const ref = place.at("described");
      const type = raw(place.adapter.syntax.type("int64"));
      const more = template`${ident(["more"])} ${type} DEFAULT 7`;
      await place.execute(template`CREATE TABLE ${ident(ref.path)} (${id} ${type} NOT NULL, ${more})`);
      const whole = await place.describe(ref);
      const found = await place.session.describe(ref, calm(), "columns");
      assert.deepEqual([found?.ref, found?.columns], [whole.ref, whole.columns]);
      assert.ok(
        [null, whole.marker].includes(found?.marker ?? null) && [null, whole.version].includes(found?.version ?? null),
        "marker and version are those of the table, or left out",
      );
    },
  },
  {
    name: "describe follows a table that is made anew",
    async run(place) {
      const ref = await numbers(place, "changing");
      await place.describe(ref);
      await place.step({ kind: "drop", ref });
      assert.equal(await place.session.describe(ref, calm()), null, "nothing is remembered of a dropped table");
      const columns = shapes(place.adapter, { other: "string?" });
      await place.create(ref, columns);
      assert.deepEqual(bare((await place.describe(ref)).columns), bare(columns));
    },
  },
  {
    name: "describe tells the fingerprint as JSON can hold it, the same each time",
    async run(place) {
      const ref = await numbers(place, "stable", [1n]);
      const { fingerprint } = await place.describe(ref);
      assert.deepEqual(JSON.parse(JSON.stringify(fingerprint ?? null)), fingerprint ?? null);
      assert.deepEqual((await place.describe(ref)).fingerprint, fingerprint);
    },
  },
  {
    name: "describe refuses a view",
    async run(place) {
      const ref = await numbers(place, "base");
      await place.execute(template`CREATE VIEW ${ident(place.at("seen").path)} AS SELECT ${id} FROM ${ident(ref.path)}`);
      for (const what of ["whole", "columns"] as const)
        await thrownBy(() => place.session.describe(place.at("seen"), calm(), what), "a view is no table that rows can go to");
      await assertUsable(place);
      await place.execute(template`DROP VIEW ${ident(place.at("seen").path)}`);
    },
  },
  {
    name: "list finds tables by their prefix, and no others",
    async run(place) {
      for (const name of ["ab_1", "ab_2", "abx3", "b_ab_4", "ab", "a_b"]) await numbers(place, name);
      const schema = { path: place.at("any").path.slice(0, -1) };
      const list = async (prefix: string) => names(await place.session.list(schema, prefix, calm()));
      assert.deepEqual(await list("ab_"), ["ab_1", "ab_2"], "_ is a letter, no wildcard");
      assert.deepEqual(await list("ab"), ["ab", "ab_1", "ab_2", "abx3"]);
      assert.deepEqual(await list("%"), [], "% is a letter, no wildcard");
      assert.deepEqual(await list("_b"), []);
      assert.deepEqual(await list("it's"), [], "a quote ends nothing");
      assert.deepEqual(await list("ab\\"), [], "a backslash escapes nothing");
      assert.deepEqual(await list(""), ["a_b", "ab", "ab_1", "ab_2", "abx3", "b_ab_4"], "no prefix: all of them");
    },
  },
  {
    name: "list tells paths that describe takes",
    async run(place) {
      const ref = await numbers(place, "listed");
      const [found] = await place.session.list({ path: ref.path.slice(0, -1) }, "listed", calm());
      assert.deepEqual(found?.path, ref.path);
    },
  },
  {
    name: "list is complete",
    async run(place) {
      const made = Array.from({ length: 60 }, (_, i) => `part_${String(i).padStart(2, "0")}`);
      for (const name of made) await numbers(place, name);
      assert.deepEqual(names(await place.session.list({ path: place.at("any").path.slice(0, -1) }, "part_", calm())), made);
    },
  },
  {
    name: "list looks into one schema only",
    skip: (c) => reason({ "the engine has no schemas": c.identifiers.depth < 2 }),
    async run(place) {
      const here = await numbers(place, "ab_here");
      const schema = { path: [...here.path.slice(0, -2), `elsewhere_${randomUUID().slice(0, 8)}`] };
      const there = { path: [...schema.path, "ab_there"] };
      await place.step({ kind: "createSchema", ref: schema, ifNotExists: true });
      try {
        await place.create(there, shapes(place.adapter, { id: "int64" }));
        assert.deepEqual(await place.session.list(schema, "ab", calm()), [there]);
        assert.deepEqual(await place.session.list({ path: here.path.slice(0, -1) }, "ab", calm()), [here]);
      } finally {
        await place.step({ kind: "drop", ref: there });
        // By its own name: not every engine takes a schema by its whole path.
        await place.execute(template`DROP SCHEMA ${ident(schema.path.slice(-1))}`);
      }
    },
  },
  {
    name: "list of a schema that is not there is empty",
    async run(place) {
      const schema = { path: [...place.at("any").path.slice(0, -2), "no_such_schema"] };
      assert.deepEqual(await place.session.list(schema, "", calm()), []);
    },
  },
  {
    name: "columnsOf tells the columns of a query: names, order, types",
    async run(place) {
      const columns = everyType(place);
      await place.create(place.at("described"), columns);
      const list = columns.map((c, i) => template`${ident([c.name])} AS ${ident([`Column ${i}`])}`);
      const found = await place.session.columnsOf(
        template`SELECT ${join(list, ", ")} FROM ${ident(place.at("described").path)} WHERE ${1n} = 1`,
        calm(),
      );
      assert.deepEqual(
        found.map((c) => c.name),
        columns.map((_, i) => `Column ${i}`),
      );
      // A query may lose how many digits a decimal has: then it is text, or has more.
      const decimal = (type: string): boolean => type.startsWith("decimal(") || type === "string";
      for (const [i, c] of columns.entries()) {
        const told = found[i]?.type ?? "";
        const right = c.type.startsWith("decimal(") ? decimal(told) : told === c.type;
        assert.ok(right, `a column of type ${c.type} is told as ${told}`);
      }
    },
  },
  {
    name: "columnsOf tells the columns of a CSV file by its header",
    skip: (c) => reason({ "the engine reads no csv": !c.files.includes("csv") }),
    async run(place) {
      const columns = shapes(place.adapter, { "the id": "int64", Text: "string?", empty: "string?" });
      const found = await inFolder(async (file) => {
        const urls = [await file("some.csv", csv(columns, [[1n, "a, b", null]]))];
        return place.session.columnsOf({ urls, format: "csv" }, calm());
      });
      assert.deepEqual(
        found.map((c) => c.name),
        ["the id", "Text", "empty"],
      );
      for (const c of found) assert.ok(isColumnType(c.type), `${c.name} has a type of the contract, not ${String(c.type)}`);
    },
  },
  {
    name: "columnsOf tells the columns of a Parquet file, with their types",
    skip: (c) => reason({ "the engine reads no parquet": !c.files.includes("parquet") }),
    async run(place) {
      const found = await inFolder(async (file) =>
        place.session.columnsOf({ urls: [await file("some.parquet", parquetFile())], format: "parquet" }, calm()),
      );
      assert.deepEqual(
        found.map((c) => c.name),
        ["id", ...types.map((_, i) => `c${i}`)],
      );
      for (const type of ["int64", "float64", "decimal(38,10)", "string", "bool", "date", "bytes"] as const)
        assert.equal(found[types.indexOf(type) + 1]?.type, type);
    },
  },
];
