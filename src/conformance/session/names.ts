import assert from "node:assert/strict";
import { ident, raw, template } from "../../sql/sql.js";
import { type CaseDefinition, reason } from "../case.js";
import { shapes } from "../columns.js";
import { batches, calm, type Place } from "../place.js";
import { blockOf, explained, op } from "./words.js";

/** Names that every engine has, once they are quoted. */
const ordinary = ["select", "order", "table", "MiXeD", "größe", "таблица", "with_underscore", "x1"];
/** Names that an engine may refuse, but not misunderstand. */
const hostile = [
  'we"ird',
  "a.b",
  "semi;colon--",
  "back`tick",
  "it's",
  "100%",
  "back\\slash",
  "a space",
  "x".repeat(60),
  "/* c */",
  "$1",
  "{brace}",
  "x); DROP TABLE canary; --",
];

/** A table of that name with a column of that name: made, filled in every way, read, told, dropped. */
async function live(place: Place, name: string): Promise<void> {
  const ref = place.at(name);
  const columns = shapes(place.adapter, { [name]: "string?", plain: "int64" });
  const [t, column, plain] = [ident(ref.path), ident([name]), ident(["plain"])];
  await place.create(ref, columns);
  await place.session.stage(ref, columns, batches([["staged", 1n]], 2), calm());
  await place.execute(template`INSERT INTO ${t} (${column}, ${plain}) VALUES (${"inserted"}, 2)`);
  await place.session.atomic(
    blockOf([op("change", template`UPDATE ${t} SET ${column} = ${"changed"} WHERE ${plain} = 2`, { expect: { affected: 1 } })]),
    calm(),
  );
  assert.deepEqual(await place.rows(ref, columns), [
    ["changed", 2n],
    ["staged", 1n],
  ]);
  const streamed: unknown[] = [];
  const query = template`SELECT ${ident(["row", name])} FROM ${t} AS ${ident(["row"])} ORDER BY ${ident(["row", "plain"])}`;
  for await (const rows of place.session.stream(query, columns.slice(0, 1), calm())) streamed.push(...rows.map((r) => r[name]));
  assert.deepEqual(streamed, ["staged", "changed"], "the column's name is the row's");
  const found = await place.describe(ref);
  assert.deepEqual(found.ref.path, ref.path, "describe tells the name as it is");
  assert.deepEqual(
    found.columns.map((c) => c.name),
    [name, "plain"],
    "and the column's",
  );
  const listed = await place.session.list({ path: ref.path.slice(0, -1) }, name, calm());
  assert.deepEqual(
    listed.map((r) => r.path),
    [ref.path],
    "list finds it by its name",
  );
  await place.step({ kind: "drop", ref });
  assert.equal(await place.session.describe(ref, calm()), null, "drop drops it");
}

async function canary(place: Place): Promise<() => Promise<void>> {
  const ref = place.at("canary");
  const columns = shapes(place.adapter, { id: "int64", name: "string?" });
  const rows = [
    [1n, "yellow"],
    [2n, null],
  ];
  await place.make(ref, columns, rows);
  return async () => {
    assert.deepEqual(await place.rows(ref, columns), rows, "the table beside it is untouched");
    const all = await place.session.list({ path: ref.path.slice(0, -1) }, "", calm());
    assert.deepEqual(
      all.map((r) => r.path.at(-1)),
      ["canary"],
      "and nothing else is left behind",
    );
  };
}

/** Names of tables and columns, as users and files bring them. */
export const nameCases: readonly CaseDefinition[] = [
  ...ordinary.map(
    (name): CaseDefinition => ({
      name: `a table and a column may be called ${name}`,
      invariant: 8,
      async run(place) {
        const untouched = await canary(place);
        await live(place, name);
        await untouched();
      },
    }),
  ),
  ...hostile.map(
    (name): CaseDefinition => ({
      name: `the name ${name.length > 30 ? `of ${name.length} letters` : name} is taken as it is or refused, and hurts nothing`,
      invariant: 8,
      async run(place, note) {
        const untouched = await canary(place);
        const ref = place.at(name);
        try {
          await place.create(ref, shapes(place.adapter, { [name]: "string?", plain: "int64" }));
        } catch (e) {
          note(`refused: ${explained(place.adapter, e).kind}`);
          return untouched();
        }
        await place.step({ kind: "drop", ref });
        await live(place, name);
        await untouched();
      },
    }),
  ),
  {
    name: "a name keeps its case",
    async run(place) {
      const columns = shapes(place.adapter, { lower: "int64", UPPER: "int64", camelCase: "int64" });
      for (const name of ["lower", "UPPER", "camelCase"]) {
        await place.create(place.at(name), columns);
        const found = await place.describe(place.at(name));
        assert.equal(found.ref.path.at(-1), name, "describe tells the table as it was made");
        assert.deepEqual(
          found.columns.map((c) => c.name),
          ["lower", "UPPER", "camelCase"],
          "and its columns",
        );
      }
      const listed = await place.session.list({ path: place.at("x").path.slice(0, -1) }, "", calm());
      assert.deepEqual(listed.map((r) => r.path.at(-1)).sort(), ["UPPER", "camelCase", "lower"], "list does so too");
      const [row] = await place.query(template`SELECT ${1n} AS ${ident(["lower"])}, ${2n} AS ${ident(["UPPER"])}`, {
        lower: "int64",
        UPPER: "int64",
      });
      assert.deepEqual({ ...row }, { lower: 1n, UPPER: 2n }, "and so do the columns of a result");
    },
  },
  {
    name: "names that differ by case are two tables",
    skip: (c) => reason({ "names do not differ by case": !c.identifiers.caseSensitive }),
    async run(place) {
      const columns = shapes(place.adapter, { id: "int64" });
      await place.make(place.at("twin"), columns, [[1n]]);
      await place.make(place.at("TWIN"), columns, [[2n]]);
      assert.deepEqual(await place.rows(place.at("twin"), columns), [[1n]]);
      assert.deepEqual(await place.rows(place.at("TWIN"), columns), [[2n]]);
      await place.step({ kind: "drop", ref: place.at("twin") });
      assert.notEqual(await place.session.describe(place.at("TWIN"), calm()), null, "one goes, the other stays");
      assert.equal(await place.session.describe(place.at("Twin"), calm()), null, "and a third is not there");
    },
  },
  {
    name: "names that differ by case are one table",
    skip: (c) => reason({ "names differ by case": c.identifiers.caseSensitive }),
    async run(place) {
      const columns = shapes(place.adapter, { id: "int64" });
      await place.make(place.at("Twin"), columns, [[1n]]);
      assert.deepEqual(await place.rows(place.at("TWIN"), columns), [[1n]]);
      assert.deepEqual((await place.describe(place.at("tWIN"))).ref.path, place.at("Twin").path, "told as it was made");
      await assert.rejects(place.create(place.at("TWIN"), columns), "a second one cannot be made");
      const others = shapes(place.adapter, { ID: "int64" });
      await place.stage(place.at("TWIN"), others, [[2n]]);
      assert.deepEqual(await place.rows(place.at("Twin"), others), [[2n]], "and staged rows take its place");
    },
  },
  {
    name: "names without quotes fold as the capabilities say",
    async run(place) {
      const name = "Fold_Me";
      await place.execute(raw(`CREATE TABLE ${name} (id ${place.adapter.syntax.type("int64")})`));
      const found = await place.describe(place.folded(name));
      assert.equal(found.ref.path.at(-1), place.folded(name).path.at(-1));
      assert.deepEqual(
        found.columns.map((c) => c.name),
        [place.folded("id").path.at(-1)],
      );
    },
  },
];
