import assert from "node:assert/strict";
import { ident, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";

/** Single statements: what they change, what they return, how they fail. */
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
      const affected = async (sql: ReturnType<typeof template>) => (await place.execute(sql)).affected;
      const [id, name] = [ident(["id"]), ident(["name"])];
      assert.equal(await affected(template`UPDATE ${t} SET ${name} = 'new' WHERE ${id} >= 2`), 2, "an UPDATE of two rows");
      assert.equal(await affected(template`UPDATE ${t} SET ${name} = 'new' WHERE ${id} > 9`), 0, "an UPDATE of no row");
      assert.equal(
        await affected(template`INSERT INTO ${t} (${id}, ${name}) VALUES (4, 'a'), (5, 'b'), (6, 'c'), (7, 'd')`),
        4,
        "an INSERT of four rows",
      );
      assert.equal(await affected(template`DELETE FROM ${t} WHERE ${id} <= 3`), 3, "a DELETE of three rows");
    },
  },
];
