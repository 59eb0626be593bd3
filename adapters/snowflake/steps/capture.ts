import { type ColumnShape, captureOwn, isOwn, raw, type Sql, type SqlOp, type Step, sqlOp, template } from "cutover/adapter";
import { syntax } from "../syntax.js";
import * as words from "./words.js";
import { all, columnsOf, inScope, listed, name, record, sameKey, sameRow, table, told } from "./words.js";

type Capture = Step<"capture">;

/** The effective difference between delta and live, in one INSERT. */
export function capture(s: Capture): readonly SqlOp[] {
  if (isOwn(s)) return captureOwn(s, syntax, { told, sameRow });
  return s.scope !== "all" && "keys" in s.scope ? [byKey(s)] : byContent(s);
}

const pruned = (s: Capture): Sql => s.prune ?? raw("TRUE");
const fallback = (c: ColumnShape): string => `CAST(${c.default ?? "NULL"} AS ${c.native})`;

/** Each delta row beside the live row of its key, once for each image: what both images need is read once. */
function byKey(s: Capture): SqlOp {
  const columns = columnsOf(s.live);
  const given = columns.filter((c) => s.given.includes(c.name));
  const deleted = `(${words.deleted(s.deletes, "d")})`;
  const matched = all(s.key.map((k) => `${name("l", k)} IS NOT NULL`));
  // An equal cursor applies, and so does one whose order is unknown.
  const fresh = s.cursor === null ? "TRUE" : `NOT NVL(${name("d", s.cursor)} < ${name("l", s.cursor)}, FALSE)`;
  const before = `${name("i", "IMG")} = 'before'`;
  const values = columns.map((c) => {
    const live = name("l", c.name);
    if (s.given.includes(c.name)) return `CASE WHEN ${before} THEN ${live} ELSE ${name("d", c.name)} END`;
    return c.default === undefined ? live : `CASE WHEN ${matched} THEN ${live} ELSE ${fallback(c)} END`;
  });
  const op = `CASE WHEN NOT (${matched}) THEN 'insert' WHEN ${deleted} THEN 'delete' ELSE 'update' END`;
  const differs = `${matched} AND ${fresh} AND (${deleted} OR NOT (${sameRow(given, "d", "l")}))`;
  const goes = `${before} AND ${differs}`;
  const comes = `${name("i", "IMG")} = 'after' AND NOT ${deleted} AND (NOT (${matched}) OR (${differs}))`;
  const twice = `(SELECT ${name("COLUMN1")} AS ${name("IMG")} FROM VALUES ('before'), ('after')) AS ${name("i")}`;
  return sqlOp(
    template`${raw(`${record(s.changes, columns)} SELECT ${s.release}, ${name("i", "IMG")}, ${op}, ${listed(values)} FROM ${table(s.delta)} AS ${name("d")} LEFT JOIN ${table(s.live.ref)} AS ${name("l")} ON ${sameKey(s.key, "d", "l")} AND `)}${pruned(s)}${raw(` CROSS JOIN ${twice} WHERE (${goes}) OR (${comes})`)}`,
  );
}

/**
 * Rows are compared whole, with multiplicity: the n-th copy on one side is the n-th on the other. With a key, one that both
 * goes and comes is an update.
 */
function byContent(s: Capture): readonly SqlOp[] {
  const columns = columnsOf(s.live);
  const names = (alias: string): string => listed(columns.map((c) => name(alias, c.name)));
  const scope = template`${inScope(s.scope, "l")} AND ${pruned(s)}`;
  const numbered = (alias: string): string =>
    `${names(alias)}, ROW_NUMBER() OVER (PARTITION BY ${told(columns, alias)} ORDER BY NULL) AS ${name("_CUTOVER_COPY")}`;
  const live = template`${raw(`SELECT ${numbered("l")} FROM ${table(s.live.ref)} AS ${name("l")} WHERE `)}${scope}`;
  const delta = template`${raw(`SELECT ${numbered("r")} FROM (`)}${whole(s, columns, scope)}${raw(`) AS ${name("r")}`)}`;
  const copies = `${name("a", "_CUTOVER_COPY")} = ${name("b", "_CUTOVER_COPY")}`;
  const left = (image: string, a: Sql, b: Sql): Sql =>
    template`${raw(`SELECT '${image}' AS ${name("_CUTOVER_IMG")}, ${names("a")} FROM (`)}${a}${raw(`) AS ${name("a")} LEFT JOIN (`)}${b}${raw(`) AS ${name("b")} ON ${copies} AND ${sameRow(columns, "a", "b")} WHERE ${name("b", "_CUTOVER_COPY")} IS NULL`)}`;
  const img = name("m", "_CUTOVER_IMG");
  const others = (image: string): string =>
    `COUNT_IF(${img} = '${image}') OVER (PARTITION BY ${listed(s.key.map((k) => name("m", k)))})`;
  const alone = `CASE WHEN ${img} = 'before' THEN 'delete' ELSE 'insert' END`;
  const op =
    s.key.length === 0 ? alone : `CASE WHEN ${others("before")} > 0 AND ${others("after")} > 0 THEN 'update' ELSE ${alone} END`;
  const insert = sqlOp(
    template`${raw(`${record(s.changes, columns)} SELECT ${s.release}, ${img}, ${op}, ${names("m")} FROM (`)}${left("before", live, delta)}${raw(" UNION ALL ")}${left("after", delta, live)}${raw(`) AS ${name("m")}`)}`,
  );
  return s.key.length === 0 || s.scope === "all" ? [insert] : [outside(s), insert];
}

/** Delta rows with every column of the table: what is not given keeps live's value under the same key, or takes its default. */
function whole(s: Capture, columns: readonly ColumnShape[], scope: Sql): Sql {
  const partial = s.key.length > 0 && columns.some((c) => !s.given.includes(c.name));
  const matched = all(s.key.map((k) => `${name("l", k)} IS NOT NULL`));
  const values = columns.map((c) => {
    if (s.given.includes(c.name)) return `${name("d", c.name)} AS ${name(c.name)}`;
    const value = partial ? `CASE WHEN ${matched} THEN ${name("l", c.name)} ELSE ${fallback(c)} END` : fallback(c);
    return `CAST(${value} AS ${c.native}) AS ${name(c.name)}`;
  });
  const rows = `SELECT ${listed(values)} FROM ${table(s.delta)} AS ${name("d")}`;
  const kept = template`${raw(` LEFT JOIN ${table(s.live.ref)} AS ${name("l")} ON ${sameKey(s.key, "d", "l")} AND `)}${scope}`;
  const gone = s.deletes === null ? "" : ` WHERE NOT (${words.deleted(s.deletes, "d")})`;
  return template`${raw(rows)}${partial ? kept : raw("")}${raw(gone)}`;
}

/** Keys that live outside the scope: they would be twice in the table afterwards. */
function outside(s: Capture): SqlOp {
  const met = `FROM ${table(s.live.ref)} AS ${name("l")} JOIN ${table(s.delta)} AS ${name("d")} ON ${sameKey(s.key, "d", "l")} WHERE NOT NVL(`;
  return sqlOp(
    template`${raw(`SELECT COUNT(*) AS ${name("outside")}, COUNT(*) = 0 AS ${name("ok")} ${met}`)}${inScope(s.scope, "l")}${raw(", FALSE)")}`,
    { expect: { holds: true }, returns: { outside: "int64", ok: "bool" } },
  );
}
