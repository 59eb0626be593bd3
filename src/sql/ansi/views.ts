import type { ColumnShape } from "../../adapter/shapes.js";
import { sqlOp } from "../../adapter/sql-op.js";
import { type Compilers, imageColumns, type Shown } from "../../adapter/steps.js";
import type { Syntax } from "../../adapter/syntax.js";
import { inline } from "../render.js";
import { join, raw, type Sql, template } from "../sql.js";
import { and, as, column, columns, numbered, on } from "./words.js";

/** Views of the ledger, for people who prefer SQL. Their text holds no parameter. */
export function viewSteps(syntax: Syntax): Compilers<"view" | "dropView"> {
  return {
    view: (s) => {
      const { shows } = s;
      const body =
        shows.what === "releases" ? releases(shows, syntax) : shows.what === "checks" ? checks(shows) : changes(shows, syntax);
      const create = s.replace ? "CREATE OR REPLACE VIEW" : "CREATE VIEW IF NOT EXISTS";
      return [sqlOp(`${create} ${inline(on(s.ref), syntax)} AS ${inline(body, syntax)}`)];
    },
    dropView: (s) => [sqlOp(template`DROP VIEW IF EXISTS ${on(s.ref)}`)],
  };
}

type Of<W extends Shown["what"]> = Extract<Shown, { readonly what: W }>;

/** The event that settled a release, or opened it, and the last rollback or redo that names it. */
function releases({ journal }: Of<"releases">, syntax: Syntax): Sql {
  const under = (name: string): Sql => raw(syntax.jsonText(syntax.ident(["payload"]), [name]));
  const text = raw(syntax.type("string"));
  const event = column("event");
  const state = template`CASE ${event} WHEN 'summary' THEN ${under("state")} WHEN 'opened' THEN 'open' ELSE ${event} END`;
  const settled = [
    columns(["pipeline", "release", "seq", "event", "recorded_at"]),
    as(state, "state"),
    ...["strategy", "previous", "note", "reason", "key"].map((name) => as(under(name), `its_${name}`)),
  ];
  const made = template`SELECT ${join(settled, ", ")} FROM ${on(journal)} WHERE ${event} IN ('published', 'rejected', 'abandoned', 'summary', 'opened')`;
  // `[3,4]` as `,3,4,`: each of them stands between commas.
  const listed = template`replace(replace(${under("releases")}, '[', ','), ']', ',')`;
  const moved = template`SELECT ${columns(["pipeline", "seq", "recorded_at"])}, ${as(event, "move")}, ${as(listed, "moves")} FROM ${on(journal)} WHERE ${event} IN ('rolled-back', 'redone')`;
  const met = and([
    template`${column("pipeline", "m")} = ${column("pipeline", "s")}`,
    template`${column("seq", "m")} > ${column("seq", "s")}`,
    template`${column("moves", "m")} LIKE concat('%,', CAST(${column("release", "s")} AS ${text}), ',%')`,
  ]);
  const opened = template`CASE WHEN ${column("event", "s")} = 'opened' THEN 1 ELSE 0 END`;
  const order = template`${opened}, ${column("seq", "s")} DESC, ${column("seq", "m")} DESC`;
  const rolled = template`CASE WHEN ${column("move", "m")} = 'rolled-back' THEN 'rolled-back' ELSE ${column("state", "s")} END`;
  const ranked = [
    columns(["pipeline", "release", "event"], "s"),
    as(rolled, "state"),
    columns(["recorded_at", "its_strategy", "its_previous", "its_note", "its_reason", "its_key"], "s"),
    as(numbered(columns(["pipeline", "release"], "s"), order), "place"),
  ];
  const both = template`SELECT ${join(ranked, ", ")} FROM (${made}) AS ${column("s")} LEFT JOIN (${moved}) AS ${column("m")} ON ${met}`;
  const when = (is: Sql, name: string): Sql => as(template`CASE WHEN ${is} THEN ${column("recorded_at", "r")} END`, name);
  const shown = [
    columns(["pipeline", "release", "state"], "r"),
    as(column("its_strategy", "r"), "strategy"),
    when(template`${column("state", "r")} IN ('published', 'rolled-back')`, "published_at"),
    when(template`${column("event", "r")} <> 'opened'`, "settled_at"),
    as(template`CAST(${column("its_previous", "r")} AS ${raw(syntax.type("int64"))})`, "release_before"),
    as(column("its_note", "r"), "note"),
    as(column("its_reason", "r"), "reason"),
    as(column("its_key", "r"), "idempotency_key"),
  ];
  return template`SELECT ${join(shown, ", ")} FROM (${both}) AS ${column("r")} WHERE ${column("place", "r")} = 1`;
}

/** Judged as reports judge: nothing observed is insufficient. */
function checks({ results }: Of<"checks">): Sql {
  const [observed, passed, message, what] = ["observed", "passed", "message", "what"].map((c) => column(c, "r")) as [
    Sql,
    Sql,
    Sql,
    Sql,
  ];
  const failed = template`CASE WHEN ${column("severity", "r")} = 'error' THEN 'fail' ELSE 'warn' END`;
  const judged = template`CASE WHEN ${column("outcome", "r")} IS NOT NULL THEN ${column("outcome", "r")} WHEN ${observed} IS NULL THEN 'insufficient' WHEN ${passed} = 'true' THEN 'pass' ELSE ${failed} END`;
  const limit = template`CASE WHEN ${passed} = 'true' THEN '' ELSE concat(', allowed ', ${column("allowed", "r")}) END`;
  const text = template`CASE WHEN ${what} IS NOT NULL AND ${observed} IS NULL THEN concat('nothing to compare ', ${what}, ' with') WHEN ${message} IS NOT NULL THEN ${message} ELSE concat(${what}, ': ', ${observed}, ${limit}) END`;
  const shown = [
    columns(["pipeline", "release", "table_name", "check_name", "severity"], "r"),
    as(judged, "outcome"),
    columns(["observed", "bound", "trust"], "r"),
    as(text, "message"),
    as(column("recorded_at", "r"), "checked_at"),
  ];
  return template`SELECT ${join(shown, ", ")} FROM ${as(on(results), "r")}`;
}

/** What every row says of itself, unless the table has a column of that name: then the name that it has among the images. */
const heads = [
  ["release", imageColumns.release],
  ["change", imageColumns.op],
  ["image", imageColumns.image],
] as const;

/** The images of all schemas of a table. A column that one has not, or has in a type that no text is made of, is NULL there. */
function changes({ images }: Of<"changes">, syntax: Syntax): Sql {
  const all = new Map<string, ColumnShape[]>();
  for (const c of images.flatMap((i) => i.columns)) {
    const key = c.name.toLowerCase();
    all.set(key, [...(all.get(key) ?? []), c]);
  }
  const shown = [...all.values()].map((of): ColumnShape => {
    const [first] = of as [ColumnShape];
    const text = { type: "string", native: syntax.type("string") } as const;
    const mixed = of.some((c) => c.native !== first.native);
    return mixed && of.every((c) => isPlain(c, syntax)) ? { ...first, ...text } : first;
  });
  const value = (c: ColumnShape, of: readonly ColumnShape[]): Sql => {
    const own = of.find((o) => o.name.toLowerCase() === c.name.toLowerCase());
    const native = raw(c.native);
    if (own?.native === c.native) return as(column(own.name, "i"), c.name);
    if (own !== undefined && isPlain(own, syntax) && c.type === "string")
      return as(template`CAST(${column(own.name, "i")} AS ${native})`, c.name);
    return as(template`CAST(NULL AS ${native})`, c.name);
  };
  const one = (i: (typeof images)[number]): Sql => {
    const told = heads.map(([name, image]) => as(column(image, "i"), all.has(name) ? image : name));
    return template`SELECT ${join([...told, ...shown.map((c) => value(c, i.columns))], ", ")} FROM ${as(on(i.changes), "i")}`;
  };
  return join(images.map(one), " UNION ALL ");
}

/** Any value of the type has a text. */
const isPlain = (c: ColumnShape, { fromNative }: Syntax): boolean => !["bytes", "json", null].includes(fromNative(c.native));
