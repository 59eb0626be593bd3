import assert from "node:assert/strict";
import type { Batch, FileSet } from "../../adapter/session.js";
import { ident, join, raw, template } from "../../sql/sql.js";
import type { ColumnType } from "../../table/types.js";
import { type CaseDefinition, reason } from "../case.js";
import { shape, shapes } from "../columns.js";
import { csv, inFolder, ndjson } from "../files.js";
import { batches, calm } from "../place.js";
import { id, idRows, ids, idsOf, insert, numbers } from "./words.js";

/** Staging: what is in a table afterwards, also after it failed. */
export const stageCases: readonly CaseDefinition[] = [
  {
    name: "stage replaces what was there, and tells how many rows came",
    invariant: 2,
    async run(place) {
      const ref = await numbers(place, "staged", [1n, 2n, 3n]);
      const { rows } = await place.session.stage(ref, ids(place), idRows(3n, 4n), calm());
      assert.equal(rows, 2);
      assert.deepEqual(await idsOf(place, ref), [3n, 4n]);
    },
  },
  {
    name: "stage from a query replaces what was there",
    invariant: 2,
    async run(place) {
      const ref = await numbers(place, "staged", [1n]);
      const from = await numbers(place, "queried", [4n, 5n, 6n]);
      const query = template`SELECT ${id} FROM ${ident(from.path)} WHERE ${id} > ${4n}`;
      const { rows } = await place.session.stage(ref, ids(place), query, calm());
      assert.equal(rows, 2);
      assert.deepEqual(await idsOf(place, ref), [5n, 6n]);
      await place.session.stage(ref, ids(place), query, calm());
      assert.deepEqual(await idsOf(place, ref), [5n, 6n], "and again");
    },
  },
  ...(["csv", "ndjson"] as const).map(
    (format): CaseDefinition => ({
      name: `stage from ${format} files takes all of them, and replaces what was there`,
      invariant: 2,
      skip: (c) => reason({ [`the engine reads no ${format}`]: !c.files.includes(format) }),
      async run(place) {
        const ref = await numbers(place, "staged", [1n]);
        const content = format === "csv" ? csv : ndjson;
        await inFolder(async (file) => {
          const one = await file(`one.${format}`, content(ids(place), [[4n], [5n]]));
          const two = await file(`two.${format}`, content(ids(place), [[6n]]));
          const set: FileSet = { urls: [one, two], format };
          assert.equal((await place.session.stage(ref, ids(place), set, calm())).rows, 3);
          assert.deepEqual(await idsOf(place, ref), [4n, 5n, 6n]);
          await place.session.stage(ref, ids(place), set, calm());
          assert.deepEqual(await idsOf(place, ref), [4n, 5n, 6n], "and again");
        });
      },
    }),
  ),
  {
    name: "stage of no rows leaves no rows",
    async run(place) {
      const ref = await numbers(place, "staged", [1n]);
      assert.equal((await place.session.stage(ref, ids(place), batches([], 1), calm())).rows, 0);
      assert.deepEqual(await idsOf(place, ref), []);
    },
  },
  {
    name: "stage takes a batch without rows among others",
    async run(place) {
      const ref = await numbers(place, "staged");
      const from = async function* (): AsyncGenerator<Batch> {
        yield { rows: 1, columns: [[1n]] };
        yield { rows: 0, columns: [[]] };
        yield { rows: 1, columns: [[2n]] };
      };
      assert.equal((await place.session.stage(ref, ids(place), from(), calm())).rows, 2);
      assert.deepEqual(await idsOf(place, ref), [1n, 2n]);
    },
  },
  {
    name: "stage takes many batches of any size, every row once",
    invariant: 2,
    async run(place) {
      const ref = place.at("staged");
      const columns = shapes(place.adapter, { id: "int64", text: "string?" });
      const sizes = [1, 2047, 2048, 2049, 3, 10_240, 1];
      let next = 0;
      const from = async function* (): AsyncGenerator<Batch> {
        for (const rows of sizes) {
          const part = Array.from({ length: rows }, () => next++);
          yield { rows, columns: [part.map(BigInt), part.map((n) => (n % 3 === 0 ? null : `text ${n}`))] };
        }
      };
      const { rows } = await place.session.stage(ref, columns, from(), calm());
      assert.equal(rows, next);
      const found = await place.rows(ref, columns);
      assert.equal(found.length, next);
      const wrong = found.filter(([n, text]) => text !== (Number(n) % 3 === 0 ? null : `text ${n}`));
      assert.deepEqual(wrong, [], "values of one row stay together");
      assert.equal(new Set(found.map(([n]) => n)).size, next, "no row twice");
    },
  },
  {
    name: "stage makes the table, and in place of one with other columns one with exactly those given",
    invariant: 9,
    async run(place) {
      const ref = place.at("staged");
      const given = [
        shape(place.adapter, "c", "string?"),
        shape(place.adapter, "a", "string"),
        shape(place.adapter, "b", "int64?"),
      ];
      const columns = async () => (await place.describe(ref)).columns;
      await place.stage(ref, given, [["of c", "of a", null]]);
      assert.deepEqual(await place.rows(ref, given), [["of c", "of a", null]]);
      const made = await columns();
      assert.deepEqual(
        made.map((c) => [c.name, c.type, c.nullable]),
        given.map((c) => [c.name, c.type, c.nullable]),
        "columns of a table that was not there: names, order, types, nullability",
      );
      await place.step({ kind: "drop", ref });
      const type = (t: ColumnType) => raw(place.adapter.syntax.type(t));
      const body = [
        template`${ident(["a"])} ${type("int64")} DEFAULT 7 NOT NULL`,
        template`${ident(["b"])} ${type("int64")} DEFAULT 7`,
        template`${ident(["d"])} ${type("string")}`,
      ];
      await place.execute(template`CREATE TABLE ${ident(ref.path)} (${join(body, ", ")})`);
      await place.stage(ref, given, [["of c", "of a", null]]);
      assert.deepEqual(await columns(), made, "columns of a table that took the place of another");
      assert.deepEqual(await place.rows(ref, given), [["of c", "of a", null]]);
    },
  },
  {
    name: "what was staged can be changed and staged again",
    async run(place) {
      const ref = await numbers(place, "staged");
      await place.session.stage(ref, ids(place), idRows(1n), calm());
      await place.execute(insert(ref, 2n));
      assert.deepEqual(await idsOf(place, ref), [1n, 2n]);
      await place.session.stage(ref, ids(place), idRows(3n), calm());
      assert.deepEqual(await idsOf(place, ref), [3n]);
    },
  },
];
