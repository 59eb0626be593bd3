import assert from "node:assert/strict";
import type { Capabilities } from "../../adapter/capabilities.js";
import type { TableRef, TableShape } from "../../adapter/shapes.js";
import { isCutoverError } from "../../errors/index.js";
import { ident, type Sql, template } from "../../sql/sql.js";
import { type CaseDefinition, reason } from "../case.js";
import { shapes } from "../columns.js";
import type { Place } from "../place.js";
import { wide, wideRows } from "./wide.js";
import { bag, createWith, is, text } from "./words.js";

const none = (c: Capabilities): string | false => reason({ "the engine clones nothing": c.clone === "none" });

/** Clones what `describe` finds. */
export async function clone(place: Place, from: TableRef, name: string, empty = false): Promise<TableShape> {
  const to = place.at(name);
  const { ok } = await place.step({ kind: "clone", from: await place.describe(from), to, depth: 0, empty });
  is(ok, true, "cloning");
  return place.describe(to);
}
/** A table with what columns can bear in every engine. */
export async function defaulted(place: Place, name: string): Promise<TableRef> {
  const ref = await createWith(place, name, {
    id: ["int64", "NOT NULL"],
    v: ["string", ""],
    n: ["int64", "DEFAULT 42"],
    s: ["string", `DEFAULT ${text(place, "it's")} NOT NULL`],
    b: ["bool", "DEFAULT TRUE"],
    amount: ["decimal(18,2)", "NOT NULL"],
  });
  const columns = shapes(place.adapter, {
    id: "int64",
    v: "string?",
    n: "int64?",
    s: "string",
    b: "bool?",
    amount: "decimal(18,2)",
  });
  await place.add(ref, columns, [
    [1n, "a", 1n, "x", false, "1.50"],
    [2n, null, null, "y", null, "-0.01"],
  ]);
  return ref;
}
/** All that a shape says, as texts, the table's own name left out; what is absent and what is only yes or no says nothing here. */
export function told(shape: TableShape, names: readonly string[]): readonly string[] {
  const found: string[] = [];
  const walk = (v: unknown): void => {
    if (Array.isArray(v)) for (const x of v) walk(x);
    else if (typeof v === "object" && v !== null) for (const x of Object.values(v)) walk(x);
    else if (v !== null && typeof v !== "boolean")
      found.push(names.reduce((text, name) => text.replaceAll(name, "«table»"), String(v)));
  };
  walk(shape.fingerprint);
  return found.sort();
}

/** Texts of one list that the other does not have as often. */
export function lostOf(from: readonly string[], to: readonly string[]): readonly string[] {
  const rest = [...to];
  return from.filter((text) => {
    const at = rest.indexOf(text);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

/** A faithful copy. */
export const cloneCases = (decorate: (table: TableRef) => readonly Sql[]): readonly CaseDefinition[] => [
  {
    name: "clone carries columns, their order, types, nullability and defaults",
    invariant: 9,
    skip: none,
    async run(place) {
      for (const from of [await defaulted(place, "orders"), place.at("typed")]) {
        if (from.path.at(-1) === "typed") await place.create(from, wide(place));
        const original = await place.describe(from);
        for (const empty of [false, true]) {
          const twin = await clone(place, from, `${from.path.at(-1)}_twin_${empty}`, empty);
          is(twin.columns, original.columns, empty ? "columns of an empty twin" : "columns of a clone");
        }
      }
    },
  },
  {
    name: "a clone takes its defaults and refuses NULL as the original does",
    invariant: 9,
    skip: none,
    async run(place) {
      const from = await defaulted(place, "orders");
      for (const empty of [false, true]) {
        const { ref } = await clone(place, from, empty ? "empty_twin" : "twin", empty);
        const columns = shapes(place.adapter, { id: "int64", v: "string?", n: "int64?", s: "string", b: "bool?" });
        const [id, s, amount] = [ident(["id"]), ident(["s"]), ident(["amount"])];
        await place.execute(template`INSERT INTO ${ident(ref.path)} (${id}, ${amount}) VALUES (7, 1)`);
        const made = (await place.rows(ref, columns)).filter((r) => r[0] === 7n);
        is(made, [[7n, null, 42n, "it's", true]], "a row that takes its defaults");
        const wrong = [
          template`INSERT INTO ${ident(ref.path)} (${id}, ${amount}) VALUES (NULL, 1)`,
          template`INSERT INTO ${ident(ref.path)} (${id}, ${amount}, ${s}) VALUES (8, 1, NULL)`,
          template`INSERT INTO ${ident(ref.path)} (${id}) VALUES (9)`,
        ];
        for (const insert of wrong)
          await assert.rejects(place.execute(insert), "a column of a clone took a NULL that it must refuse");
      }
    },
  },
  {
    name: "clone copies all rows of every type bit for bit, and an empty twin has none",
    invariant: 9,
    skip: none,
    async run(place) {
      const [from, columns] = [place.at("live"), wide(place)];
      await place.make(from, columns, [...wideRows(), ...wideRows()]);
      const { ref } = await clone(place, from, "twin");
      bag(await place.rows(ref, columns), await place.rows(from, columns), "rows of a clone");
      const empty = await clone(place, from, "empty_twin", true);
      is(await place.rows(empty.ref, columns), [], "rows of an empty twin");
    },
  },
  {
    name: "what is written to a clone does not reach its original, nor the other way",
    invariant: 3,
    skip: none,
    async run(place) {
      const from = await defaulted(place, "live");
      const columns = shapes(place.adapter, { id: "int64", v: "string?" });
      const { ref } = await clone(place, from, "twin");
      const [id, v] = [ident(["id"]), ident(["v"])];
      await place.execute(template`UPDATE ${ident(ref.path)} SET ${v} = 'theirs' WHERE ${id} = 1`);
      await place.execute(template`DELETE FROM ${ident(ref.path)} WHERE ${id} = 2`);
      bag(
        await place.rows(from, columns),
        [
          [1n, "a"],
          [2n, null],
        ],
        "the original after its clone was written to",
      );
      await place.execute(template`UPDATE ${ident(from.path)} SET ${v} = 'ours' WHERE ${id} = 1`);
      is(await place.rows(ref, columns), [[1n, "theirs"]], "the clone after its original was written to");
      await place.step({ kind: "drop", ref });
      bag(
        await place.rows(from, columns),
        [
          [1n, "ours"],
          [2n, null],
        ],
        "the original after its clone was dropped",
      );
    },
  },
  {
    name: "clone quotes the names of tables and columns",
    invariant: 8,
    skip: none,
    async run(place) {
      const columns = shapes(place.adapter, { order: "int64", select: "string?" });
      await place.make(place.at("table"), columns, [[1n, "it's"]]);
      const { ref } = await clone(place, place.at("table"), "select");
      is(await place.rows(ref, columns), [[1n, "it's"]], "rows of a clone called select");
    },
  },
  {
    name: "clone carries what the harness puts on a table",
    invariant: 9,
    skip: (c, given) => none(c) || reason({ "the harness decorates no table": !given.decorated }),
    async run(place) {
      const from = place.at("adorned");
      await place.make(from, shapes(place.adapter, { id: "int64", note: "string?" }), [[1n, "a"]]);
      const bare = told(await place.describe(from), ["adorned"]);
      for (const statement of decorate(from)) await place.execute(statement);
      const original = told(await place.describe(from), ["adorned"]);
      assert.notDeepEqual(
        original,
        bare,
        "describe sees nothing of what the harness puts on a table: its fingerprint is the same",
      );
      for (const [name, empty] of Object.entries({ twin: false, hollow: true })) {
        const twin = told(await clone(place, from, name, empty), ["adorned", name]);
        is(
          lostOf(original, twin),
          [],
          `what the fingerprint of a table says and that of its ${empty ? "empty twin" : "clone"} does not`,
        );
      }
    },
  },
  {
    name: "an engine that clones nothing says so, and what to do instead",
    skip: (c) => reason({ "the engine clones tables": c.clone !== "none" }),
    async run(place) {
      await place.make(place.at("live"), shapes(place.adapter, { id: "int64" }), [[1n]]);
      await assert.rejects(clone(place, place.at("live"), "twin"), refusal("clone"));
    },
  },
];
/** The error of a step that an engine has no compiler for. */
export const refusal =
  (capability: string) =>
  (e: unknown): true => {
    assert.ok(isCutoverError(e, "UNSUPPORTED"), "a step that the capabilities rule out is refused with UNSUPPORTED");
    is(e.context.capability, capability, "the capability that is missing");
    assert.ok((e.context.alternative ?? "") !== "", "the refusal names no alternative");
    return true;
  };
