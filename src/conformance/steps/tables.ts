import assert from "node:assert/strict";
import { imageShapes } from "../../ledger/shapes.js";
import { ident, template } from "../../sql/sql.js";
import { type CaseDefinition, reason } from "../case.js";
import { shapes } from "../columns.js";
import { calm, type Place } from "../place.js";
import { seeded } from "./ledger.js";
import { wide } from "./wide.js";
import { bag, endingOf, is, type Rows } from "./words.js";

const names = (place: Place) => shapes(place.adapter, { owner: "string?", n: "int64?", since: "timestamp?" });
const seeds = (place: Place, owner: string, n: number) => [
  seeded(place, "owner", "string", owner),
  seeded(place, "n", "int64", n),
  seeded(place, "since", "timestamp", null),
];

/** Tables made and dropped. */
export const tableCases: readonly CaseDefinition[] = [
  {
    name: "seed makes a table with one row, and leaves one alone that is there",
    invariant: 2,
    async run(place) {
      const ref = place.at("turn");
      await place.step({ kind: "seed", ref, columns: seeds(place, "it's me", 0) });
      is(await place.rows(ref, names(place)), [["it's me", 0n, null]], "a table that was seeded");
      await place.step({ kind: "seed", ref, columns: seeds(place, "another", 9) });
      is(await place.rows(ref, names(place)), [["it's me", 0n, null]], "a table that was seeded twice");
      is(
        (await place.describe(ref)).columns.map((c) => c.type),
        ["string", "int64", "timestamp"],
        "its types",
      );
    },
  },
  {
    name: "seed by two sessions at the same time makes one row",
    invariant: 2,
    skip: (c) => reason({ "the engine has one session at a time": !c.concurrentSessions }),
    async run(place) {
      const other = await place.open();
      for (let i = 0; i < 5; i++) {
        const ref = place.at(`turn${i}`);
        // Like the core, who tries again after a conflict: another has made it by then.
        const seed = async (session: typeof other, owner: string): Promise<void> => {
          const once = () =>
            endingOf(
              place,
              place.step({ kind: "seed", ref, columns: seeds(place, owner, i) }, session).then((r) => r.ok),
            );
          let ending = await once();
          for (let tries = 0; tries < 10 && ending === "conflict"; tries++) ending = await once();
          is(ending, "done", "seeding while another does");
        };
        await Promise.all([seed(place.session, "anna"), seed(other, "berta")]);
        is((await place.rows(ref, names(place))).length, 1, "rows of a table that two seeded at the same time");
      }
    },
  },
  {
    name: "create makes an empty table of the columns given, in order, with every type, to last or for scratch",
    invariant: 9,
    async run(place) {
      const columns = wide(place);
      for (const scratch of [false, true]) {
        const ref = place.at(scratch ? "scratch" : "lasting");
        await place.step({ kind: "create", ref, columns, ifNotExists: false, scratch });
        const found = (await place.describe(ref)).columns.map((c) => [c.name, c.type, c.nullable]);
        is(
          found,
          columns.map((c) => [c.name, c.type, c.nullable]),
          "names, types and nullability",
        );
        is(await place.rows(ref, columns), [], "rows of a new table");
        const id = template`INSERT INTO ${ident(ref.path)} (${ident(["id"])}) VALUES (NULL)`;
        await assert.rejects(place.execute(id), "a column that is not nullable took NULL");
      }
    },
  },
  {
    name: "create refuses a table that is there, and with ifNotExists leaves it alone",
    invariant: 6,
    async run(place) {
      const ref = place.at("made");
      const columns = shapes(place.adapter, { id: "int64" });
      await place.make(ref, columns, [[1n]]);
      const other = shapes(place.adapter, { other: "string?" });
      const create = (ifNotExists: boolean) => place.step({ kind: "create", ref, columns: other, ifNotExists, scratch: false });
      await assert.rejects(create(false), "create took the place of a table that was there");
      await create(true);
      is(await place.rows(ref, columns), [[1n]], "a table that was to be made again");
      await place.step({ kind: "create", ref: place.at("fresh"), columns: other, ifNotExists: true, scratch: true });
      is(await place.rows(place.at("fresh"), other), [], "a table that ifNotExists made");
    },
  },
  {
    name: "addColumns adds nullable columns to a table with rows, which stay as they are, and leaves those alone that are there",
    invariant: 9,
    async run(place) {
      const ref = place.at("growing");
      await place.make(ref, shapes(place.adapter, { id: "int64" }), [[1n], [2n]]);
      const added = shapes(place.adapter, { n: "int64?", s: "string?" });
      for (const _twice of [1, 2]) {
        await place.step({ kind: "addColumns", on: await place.describe(ref), columns: added });
        const found = (await place.describe(ref)).columns;
        is(
          found.map((c) => [c.name, c.type, c.nullable]),
          [["id", "int64", false], ...added.map((c) => [c.name, c.type, true])],
          "the columns",
        );
        const rows = await place.rows(ref, found);
        bag(
          rows,
          [1n, 2n].map((id) => [id, ...added.map(() => null)]),
          "the rows",
        );
      }
    },
  },
  {
    name: "createSchema makes a schema unless it is there, and tables stand in it",
    async run(place) {
      // The schema of a ledger: a harness that shares a database clears it away in any case.
      const schema = { path: [...place.session.home.slice(0, -1), place.ledgerSchema] };
      const ref = { path: [...schema.path, "made"] };
      const columns = shapes(place.adapter, { id: "int64" });
      await place.step({ kind: "createSchema", ref: schema, ifNotExists: true });
      await place.make(ref, columns, [[1n]]);
      await place.step({ kind: "createSchema", ref: schema, ifNotExists: true });
      is(await place.rows(ref, columns), [[1n]], "a table in a schema that was to be made again");
      is(await place.session.describe(place.at("made"), calm()), null, "a table of that name where unqualified names stand");
      await place.step({ kind: "drop", ref });
    },
  },
  {
    name: "a schema is there once it is made, is not made a second time, and goes with all that is in it",
    invariant: 8,
    async run(place) {
      const schema = { path: [...place.session.home.slice(0, -1), place.ledgerSchema] };
      const columns = shapes(place.adapter, { id: "int64" });
      const there = () => place.session.hasSchema(schema, calm());
      const make = (ifNotExists: boolean) => place.step({ kind: "createSchema", ref: schema, ifNotExists });
      await place.make(place.at("kept"), columns, [[1n]]);
      is(await there(), false, "a schema that nobody made");
      is(await place.session.hasSchema({ path: place.at("kept").path.slice(0, -1) }, calm()), true, "the schema of a table");
      await make(false);
      is(await there(), true, "a schema without tables");
      await assert.rejects(make(false), "createSchema took a schema that was there for its own");
      await make(true);
      for (const name of ["one", "a 2nd"]) await place.make({ path: [...schema.path, name] }, columns, [[2n]]);
      for (const time of ["dropped", "dropped again"]) {
        await place.step({ kind: "dropSchema", ref: schema });
        is(await there(), false, `a schema that was ${time}`);
      }
      is(await place.session.list(schema, "", calm()), [], "the tables of a schema that is gone");
      is(await place.rows(place.at("kept"), columns), [[1n]], "a table of another schema");
      await make(false);
      is(await place.session.list(schema, "", calm()), [], "the tables of a schema that was made anew");
    },
  },
  {
    name: "drop removes a table, and a missing one is nothing",
    invariant: 7,
    async run(place) {
      const [ref, kept] = [place.at("gone"), place.at("gone_not")];
      const columns = shapes(place.adapter, { id: "int64" });
      await place.make(ref, columns, [[1n]]);
      await place.make(kept, columns, [[2n]]);
      await place.step({ kind: "drop", ref });
      is(await place.session.describe(ref, calm()), null, "a table that was dropped");
      is((await place.step({ kind: "drop", ref })).ok, true, "dropping it again");
      is(await place.rows(kept, columns), [[2n]], "a table of a longer name");
    },
  },
  {
    name: "forget removes the images of releases that are not named, and keeps the others",
    invariant: 12,
    async run(place) {
      const changes = place.at("changes");
      const columns = imageShapes(place.adapter.syntax, shapes(place.adapter, { id: "int64" }));
      const row = (release: bigint) => [release, "after", "insert", release * 10n];
      const of = (...releases: readonly bigint[]): Rows => releases.flatMap((r) => [row(r), row(r)]);
      await place.make(changes, columns, of(1n, 2n, 3n, 12n));
      const forget = async (...keep: readonly number[]): Promise<Rows> => {
        await place.step({ kind: "forget", changes, keep });
        return place.rows(changes, columns);
      };
      bag(await forget(1, 2, 3, 12, 99), of(1n, 2n, 3n, 12n), "images where all releases are kept");
      bag(await forget(2, 12), of(2n, 12n), "images where two releases are kept");
      is(await forget(), [], "images where none is kept");
      is(await forget(), [], "images where none was left");
    },
  },
];
