import assert from "node:assert/strict";
import { ident, join, type Sql, type TypedValue, template } from "../../sql/sql.js";
import { decimalOf } from "../../table/types.js";
import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";
import { same, shown, types } from "../values.js";
import { supported } from "./round-trip.js";

/** Single statements: what they change, what they return. */
export const executeCases: readonly CaseDefinition[] = [
  {
    name: "execute tells how many rows a statement changed",
    async run(place) {
      const ref = place.at("counted");
      const columns = shapes(place.adapter, { id: "int64", name: "string?" });
      await place.make(
        ref,
        columns,
        [1n, 2n, 3n].map((id) => [id, "old"]),
      );
      const t = ident(ref.path);
      const affected = async (sql: Sql) => (await place.execute(sql)).affected;
      const [id, name] = [ident(["id"]), ident(["name"])];
      assert.equal(await affected(template`UPDATE ${t} SET ${name} = 'new' WHERE ${id} >= 2`), 2, "an UPDATE of two rows");
      assert.equal(await affected(template`UPDATE ${t} SET ${name} = 'new' WHERE ${id} > 9`), 0, "an UPDATE of no row");
      assert.equal(await affected(template`UPDATE ${t} SET ${name} = ${name} WHERE TRUE`), 3, "an UPDATE that changes no value");
      assert.equal(
        await affected(template`INSERT INTO ${t} (${id}, ${name}) VALUES (4, 'a'), (5, 'b'), (6, 'c'), (7, 'd')`),
        4,
        "an INSERT of four rows",
      );
      assert.equal(
        await affected(template`INSERT INTO ${t} (${id}, ${name}) SELECT ${id}, ${name} FROM ${t} WHERE ${id} > 9`),
        0,
        "an INSERT of no row",
      );
      assert.equal(await affected(template`DELETE FROM ${t} WHERE ${id} <= 3`), 3, "a DELETE of three rows");
      assert.equal(await affected(template`DELETE FROM ${t} WHERE ${id} <= 3`), 0, "a DELETE of no row");
    },
  },
  {
    name: "execute hands back every row of a query, under the names it gives",
    async run(place) {
      const ref = place.at("many");
      const columns = shapes(place.adapter, { id: "int64", name: "string?" });
      const ids = Array.from({ length: 5000 }, (_, i) => BigInt(i));
      await place.make(
        ref,
        columns,
        ids.map((id) => [id, `n${id}`]),
      );
      const query = template`SELECT ${ident(["name"])} AS ${ident(["Other Name"])}, ${ident(["id"])} FROM ${ident(ref.path)} ORDER BY ${ident(["id"])}`;
      const rows = await place.query(query, { "Other Name": "string", id: "int64" });
      assert.equal(rows.length, ids.length);
      assert.deepEqual({ ...rows[4321] }, { "Other Name": "n4321", id: 4321n });
    },
  },
  {
    name: "execute hands back no rows where there are none",
    async run(place) {
      const ref = place.at("none");
      await place.create(ref, shapes(place.adapter, { id: "int64" }));
      assert.deepEqual(await place.query(template`SELECT ${ident(["id"])} FROM ${ident(ref.path)}`, { id: "int64" }), []);
    },
  },
  {
    name: "execute hands values back in the form of the types asked for, whatever the engine computes with",
    async run(place) {
      const ref = place.at("computed");
      await place.make(
        ref,
        shapes(place.adapter, { id: "int64" }),
        [1n, 2n].map((id) => [id]),
      );
      const id = ident(["id"]);
      const query = template`SELECT count(*) AS ${ident(["n"])}, sum(${id}) AS ${ident(["total"])}, min(${id}) = 1 AS ${ident(["least"])} FROM ${ident(ref.path)}`;
      const [row] = await place.query(query, { n: "int64", total: "int64", least: "bool" });
      assert.deepEqual({ ...row }, { n: 2n, total: 3n, least: true });
    },
  },
  {
    name: "execute binds parameters in the order of their placeholders",
    invariant: 8,
    async run(place) {
      const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
      const part = (name: string, i: number): Sql => template`${{ value: BigInt(i * i), type: "int64" }} AS ${ident([name])}`;
      const [row] = await place.query(
        template`SELECT ${join(names.map(part), ", ")}`,
        Object.fromEntries(names.map((n) => [n, "int64"])),
      );
      assert.deepEqual({ ...row }, Object.fromEntries(names.map((n, i) => [n, BigInt(i * i)])));
    },
  },
  {
    name: "execute binds NULL of every type and hands it back",
    async run(place) {
      const asked = types.filter((t) => supported(place.adapter, t));
      const nulls = asked.map((type): TypedValue => ({ value: null, type }));
      const columns = nulls.map((v, i) => template`${v} AS ${ident([`c${i}`])}`);
      const [row] = await place.query(
        template`SELECT ${join(columns, ", ")}`,
        Object.fromEntries(asked.map((type, i) => [`c${i}`, type])),
      );
      for (const [i, type] of asked.entries()) assert.equal(row?.[`c${i}`], null, `NULL of ${type} is null`);
    },
  },
  {
    name: "execute compares parameters as what they are",
    async run(place) {
      const asked = types.filter((t) => supported(place.adapter, t) && !["json", "float64", "decimal(38,37)"].includes(t));
      for (const type of asked) {
        const ref = place.at(`compared_${asked.indexOf(type)}`);
        const columns = shapes(place.adapter, { value: type });
        const [first, second] = pairs[decimalOf(type) === null ? type : "decimal"] as readonly [unknown, unknown];
        await place.make(ref, columns, [[first], [second]]);
        const found = await place.query(
          template`SELECT ${ident(["value"])} FROM ${ident(ref.path)} WHERE ${ident(["value"])} = ${{ value: second, type }}`,
          { value: type },
        );
        const told = found.map((r) => shown(r["value"])).join(", ");
        assert.ok(
          found.length === 1 && same(type, found[0]?.["value"], second),
          `${type} = ${shown(second)} finds that row alone, not ${told}`,
        );
      }
    },
  },
];

/** Two values each that are easily taken for one. */
const pairs: Readonly<Record<string, readonly [unknown, unknown]>> = {
  int64: [2n ** 53n, 2n ** 53n + 1n],
  decimal: ["0", "1"],
  string: ["", " "],
  bool: [true, false],
  date: [0, 1],
  time: [0n, 1n],
  timestamp: [0n, 1n],
  datetime: [0n, 1n],
  bytes: [new Uint8Array(), new Uint8Array([0])],
};
