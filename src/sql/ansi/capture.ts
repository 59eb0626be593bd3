import { type ColumnShape, stored } from "../../adapter/shapes.js";
import { sqlOp } from "../../adapter/sql-op.js";
import { type Compilers, imageColumns, type Step } from "../../adapter/steps.js";
import type { Syntax } from "../../adapter/syntax.js";
import { captureOwn, isOwn, type TellingApart } from "../own-rows.js";
import { inline } from "../render.js";
import { join, raw, type Sql, template } from "../sql.js";
import { stepWords } from "../step-words.js";
import { and, as, column, columns, deleted, images, numbered, on, sameKey, sameRow, told } from "./words.js";

/** The columns of `changes`, before those of the table. */
const heads = [imageColumns.release, imageColumns.image, imageColumns.op];

/** Numbers equal rows; a name that no table's column bears. */
const copyColumn = "_cutover_copy";

/** What an incoming row becomes: given columns from the delta; the others keep live's value, or take their default. */
export function incoming(shapes: readonly ColumnShape[], given: readonly string[], matched: boolean): Sql[] {
  return shapes.map((c) =>
    given.includes(c.name) ? column(c.name, "d") : matched ? column(c.name, "l") : raw(c.default ?? "NULL"),
  );
}
/** Older than the live row by cursor: an equal one applies, and so does one whose order is unknown. */
export const older = (cursor: string): Sql => template`coalesce(${column(cursor, "d")} < ${column(cursor, "l")}, FALSE)`;
const fresh = (cursor: string | null): Sql => (cursor === null ? raw("TRUE") : template`NOT ${older(cursor)}`);

/** The effective difference between live and delta, by key or as multisets. */
export function captureStep(syntax: Syntax): Compilers<"capture"> {
  return {
    capture: (s) => {
      if (isOwn(s)) return captureOwn(s, syntax, tellingApart(syntax));
      return s.scope !== "all" && "keys" in s.scope ? byKey(s, syntax) : byContent(s, syntax);
    },
  };
}
const tellingApart = (syntax: Syntax): TellingApart => ({
  told: (shapes, alias) => inline(told(syntax, shapes, alias), syntax),
  sameRow: stepWords(syntax).sameRow,
});
const heading = (s: Step<"capture">, names: readonly string[]): Sql =>
  template`INSERT INTO ${on(s.changes)} (${columns([...heads, ...names])})`;

function byKey(s: Step<"capture">, syntax: Syntax) {
  const shapes = stored(s.live.columns);
  const names = shapes.map((c) => c.name);
  const pruned = s.prune ?? raw("TRUE");
  const match = template`${as(on(s.delta), "d")} JOIN ${as(on(s.live.ref), "l")} ON ${sameKey(s.key, "d", "l")} AND ${pruned}`;
  const gone = deleted(syntax, s.deletes, "d");
  const same = sameRow(
    syntax,
    shapes.filter((c) => s.given.includes(c.name)),
    "d",
    "l",
  );
  const differs = template`${fresh(s.cursor)} AND (${gone} OR NOT (${same}))`;
  const insert = (rows: Sql) => sqlOp(template`${heading(s, names)} ${rows}`);
  return [
    insert(
      template`SELECT ${s.release}, 'before', CASE WHEN ${gone} THEN 'delete' ELSE 'update' END, ${columns(names, "l")} FROM ${match} WHERE ${differs}`,
    ),
    insert(
      template`SELECT ${s.release}, 'after', 'update', ${join(incoming(shapes, s.given, true), ", ")} FROM ${match} WHERE ${differs} AND NOT (${gone})`,
    ),
    insert(
      template`SELECT ${s.release}, 'after', 'insert', ${join(incoming(shapes, s.given, false), ", ")} FROM ${as(on(s.delta), "d")} WHERE NOT (${gone}) AND NOT EXISTS (SELECT 1 FROM ${as(on(s.live.ref), "l")} WHERE ${sameKey(s.key, "d", "l")} AND ${pruned})`,
    ),
  ];
}

/** Delta rows with every column of the table: what is not given keeps live's value under the same key, or takes its default. */
function whole(s: Step<"capture">, shapes: readonly ColumnShape[], scope: Sql, syntax: Syntax): Sql {
  const partial = s.key.length > 0 && shapes.some((c) => !s.given.includes(c.name));
  const matched = s.key.map((k) => template`${column(k, "l")} IS NOT NULL`);
  const values = shapes.map((c) => {
    if (s.given.includes(c.name)) return as(column(c.name, "d"), c.name);
    const fallback = raw(c.default ?? "NULL");
    const value = partial ? template`CASE WHEN ${and(matched)} THEN ${column(c.name, "l")} ELSE ${fallback} END` : fallback;
    return as(template`CAST(${value} AS ${raw(c.native)})`, c.name);
  });
  const kept = partial ? template` LEFT JOIN ${as(on(s.live.ref), "l")} ON ${sameKey(s.key, "d", "l")} AND ${scope}` : raw("");
  const gone = s.deletes === null ? raw("") : template` WHERE NOT (${deleted(syntax, s.deletes, "d")})`;
  return template`SELECT ${join(values, ", ")} FROM ${as(on(s.delta), "d")}${kept}${gone}`;
}

/** Rows are compared whole, with multiplicity: the n-th copy on one side is the n-th on the other. */
function byContent(s: Step<"capture">, syntax: Syntax) {
  const shapes = stored(s.live.columns);
  const names = shapes.map((c) => c.name);
  const { inScope } = stepWords(syntax);
  const scope = and([inScope(s.scope, "l"), s.prune ?? raw("TRUE")]);
  // The hash tells rows apart that the engine takes for equal, such as 0 and −0.
  const copyOf = (alias: string): Sql => numbered(told(syntax, shapes, alias));
  const live = template`SELECT ${columns(names, "l")}, ${as(copyOf("l"), copyColumn)} FROM ${as(on(s.live.ref), "l")} WHERE ${scope}`;
  const delta = template`SELECT ${columns(names, "r")}, ${as(copyOf("r"), copyColumn)} FROM ${as(template`(${whole(s, shapes, scope, syntax)})`, "r")}`;
  const missing = (a: Sql, b: Sql): Sql =>
    template`FROM ${as(template`(${a})`, "a")} WHERE NOT EXISTS (SELECT 1 FROM ${as(template`(${b})`, "b")} WHERE ${sameKey([copyColumn], "a", "b")} AND ${sameRow(syntax, shapes, "a", "b")})`;
  const insert = (rows: Sql) => sqlOp(template`${heading(s, names)} ${rows}`);
  const paired = (image: "before" | "after"): Sql =>
    s.key.length === 0
      ? raw("FALSE")
      : template`EXISTS (SELECT 1 FROM ${as(on(s.changes), "o")} WHERE ${images(s.release, image, "o")} AND ${sameKey(s.key, "o", "a")})`;
  const outside =
    s.key.length === 0 || s.scope === "all"
      ? []
      : [
          sqlOp(
            template`SELECT ${as(raw("count(*)"), "outside")}, ${as(raw("count(*) = 0"), "ok")} FROM ${as(on(s.live.ref), "l")} JOIN ${as(on(s.delta), "d")} ON ${sameKey(s.key, "d", "l")} WHERE NOT coalesce(${inScope(s.scope, "l")}, FALSE)`,
            { expect: { holds: true }, returns: { outside: "int64", ok: "bool" } },
          ),
        ];
  const update = (image: "before" | "after", other: "before" | "after"): typeof outside =>
    s.key.length === 0
      ? []
      : [
          sqlOp(
            template`UPDATE ${as(on(s.changes), "a")} SET ${column(imageColumns.op)} = 'update' WHERE ${images(s.release, image, "a")} AND ${paired(other)}`,
          ),
        ];
  return [
    ...outside,
    insert(template`SELECT ${s.release}, 'before', 'delete', ${columns(names, "a")} ${missing(live, delta)}`),
    insert(template`SELECT ${s.release}, 'after', 'insert', ${columns(names, "a")} ${missing(delta, live)}`),
    ...update("before", "after"),
    ...update("after", "before"),
  ];
}
