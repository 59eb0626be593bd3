import { type ColumnShape, captureOwn, isOwn, raw, type Sql, type SqlOp, type Step, sqlOp, template } from "cutover/adapter";
import { syntax } from "../syntax.js";
import * as words from "./words.js";
import { all, columnsOf, exact, inScope, listed, name, notes, record, sameKey, sameRow, table } from "./words.js";

type Capture = Step<"capture">;

/**
 * The effective difference between delta and live. The rows of live that meet the delta are noted once, with their
 * addresses, in a temporary table: images, inserts and the exchange then work small against small. `prune` is not used:
 * the engine has no partitions to leave out.
 */
export function capture(s: Capture): readonly SqlOp[] {
  // What goes is noted, and nothing does.
  if (isOwn(s)) return captureOwn(s, syntax, { told: exactly, sameRow });
  return s.scope !== "all" && "keys" in s.scope ? byKey(s) : byContent(s);
}

const exactly = (columns: readonly ColumnShape[], alias: string): string => listed(columns.map((c) => exact(c, alias)));
const deleted = (s: Capture): string => `(${words.deleted(s.deletes, "d")})`;
/** What comes for a column that live has: from the delta, else what it was, else its default. */
const incoming = (s: Capture, columns: readonly ColumnShape[], otherwise: (c: ColumnShape, i: number) => string): string =>
  listed(columns.map((c, i) => (s.given.includes(c.name) ? name("d", c.name) : otherwise(c, i))));
const fallback = (c: ColumnShape): string => c.default ?? "NULL";

/**
 * All images by one statement: DuckDB 1.5 loses the rows of a large INSERT when an INSERT of no rows into the same table
 * came before it in the transaction.
 */
const recorded = (s: Capture, columns: readonly ColumnShape[], images: readonly string[]): SqlOp =>
  sqlOp(`${record(s.changes, columns)} ${images.join(" UNION ALL ")}`);

function byKey(s: Capture): readonly SqlOp[] {
  const columns = columnsOf(s.live);
  const match = notes(s.live.ref, s.release, "match");
  const given = columns.filter((c) => s.given.includes(c.name));
  // An equal cursor applies, and so does one whose order is unknown.
  const stale = s.cursor === null ? "FALSE" : `coalesce(${name("d", s.cursor)} < ${name("l", s.cursor)}, FALSE)`;
  const before = columns.map((c, i) => `${name("l", c.name)} AS c${i}`);
  const goes = `NOT (${stale}) AND (${deleted(s)} OR NOT (${sameRow(given, "d", "l")}))`;
  const comes = incoming(s, columns, (c, i) => `CASE WHEN m.rid IS NULL THEN ${fallback(c)} ELSE m.c${i} END`);
  const met = all(s.key.map((k) => `m.c${columns.findIndex((c) => c.name === k)} = ${name("d", k)}`));
  return [
    sqlOp(
      `CREATE OR REPLACE TEMP TABLE ${match} AS SELECT l.rowid AS rid, ${deleted(s)} AS gone, ${stale} AS stale, ${goes} AS goes, ${listed(before)} FROM ${table(s.delta)} AS d JOIN ${table(s.live.ref)} AS l ON ${sameKey(s.key, "d", "l")}`,
    ),
    recorded(s, columns, [
      `SELECT ${s.release}, 'before', CASE WHEN gone THEN 'delete' ELSE 'update' END, ${listed(columns.map((_, i) => `c${i}`))} FROM ${match} WHERE goes`,
      `SELECT ${s.release}, 'after', CASE WHEN m.rid IS NULL THEN 'insert' ELSE 'update' END, ${comes} FROM ${table(s.delta)} AS d LEFT JOIN ${match} AS m ON ${met} WHERE NOT ${deleted(s)} AND (m.rid IS NULL OR m.goes)`,
    ]),
  ];
}

/**
 * Live in scope becomes what the delta holds, row for row. First the pairs that stay: rows equal in content, each used
 * once. What is left in live goes, what is left in the delta comes; with a key, one that does both is an update.
 */
function byContent(s: Capture): readonly SqlOp[] {
  const columns = columnsOf(s.live);
  const keep = notes(s.live.ref, s.release, "keep");
  const match = notes(s.live.ref, s.release, "match");
  const keyed = s.key.length > 0;
  const scope = inScope(s.scope, "l");
  const met = all(s.key.map((k) => `m.c${columns.findIndex((c) => c.name === k)} = ${name("d", k)}`));
  const left = `FROM ${table(s.delta)} AS d WHERE NOT ${deleted(s)} AND d.rowid NOT IN (SELECT did FROM ${keep})`;
  const goesOp = keyed ? `CASE WHEN EXISTS (SELECT 1 ${left} AND ${met}) THEN 'update' ELSE 'delete' END` : "'delete'";
  const comesOp = keyed
    ? `CASE WHEN EXISTS (SELECT 1 FROM ${match} AS m WHERE ${met}) THEN 'update' ELSE 'insert' END`
    : "'insert'";
  const before = columns.map((c, i) => `${name("l", c.name)} AS c${i}`);
  return [
    ...(keyed && s.scope !== "all" ? [outside(s, scope)] : []),
    sqlOp(
      template`${raw(`CREATE OR REPLACE TEMP TABLE ${keep} AS `)}${keyed ? pairsByKey(s, columns, scope) : pairsByContent(s, columns, scope)}`,
    ),
    sqlOp(
      template`${raw(`CREATE OR REPLACE TEMP TABLE ${match} AS SELECT l.rowid AS rid, TRUE AS goes, ${listed(before)} FROM ${table(s.live.ref)} AS l WHERE `)}${scope}${raw(` AND l.rowid NOT IN (SELECT rid FROM ${keep})`)}`,
    ),
    recorded(s, columns, [
      `SELECT ${s.release}, 'before', ${goesOp}, ${listed(columns.map((_, i) => `m.c${i}`))} FROM ${match} AS m`,
      `SELECT ${s.release}, 'after', ${comesOp}, ${incoming(s, columns, (c) => (keyed ? kept(s, columns, c, match) : fallback(c)))} ${left}`,
    ]),
    sqlOp(`DROP TABLE ${keep}`),
  ];
}

/** A column that the delta does not give keeps what live has under the same key, else takes its default. */
function kept(s: Capture, columns: readonly ColumnShape[], c: ColumnShape, match: string): string {
  const met = all(s.key.map((k) => `o.c${columns.findIndex((other) => other.name === k)} = ${name("d", k)}`));
  const i = columns.indexOf(c);
  const value = `(SELECT first(o.c${i}) FROM ${match} AS o WHERE ${met})`;
  return `CASE WHEN EXISTS (SELECT 1 FROM ${match} AS o WHERE ${met}) THEN ${value} ELSE ${fallback(c)} END`;
}

/** With a key, a delta row can only stay for a live row of its key; live may hold a key twice by someone else's hand. */
function pairsByKey(s: Capture, columns: readonly ColumnShape[], scope: Sql): Sql {
  const given = columns.filter((c) => s.given.includes(c.name));
  const pairs = `SELECT l.rowid AS rid, d.rowid AS did, ${sameRow(given, "d", "l")} AS same FROM ${table(s.delta)} AS d JOIN ${table(s.live.ref)} AS l ON ${sameKey(s.key, "d", "l")} WHERE NOT ${deleted(s)} AND `;
  return template`${raw(`SELECT min(rid) AS rid, did FROM (${pairs}`)}${scope}${raw(") WHERE same GROUP BY did")}`;
}

/** Without one, the n-th copy on one side stays for the n-th on the other. */
function pairsByContent(s: Capture, columns: readonly ColumnShape[], scope: Sql): Sql {
  const numbered = (alias: string, values: readonly string[]): string =>
    `${alias}.rowid AS id, ${listed(values.map((v, i) => `${v} AS x${i}`))}, row_number() OVER (PARTITION BY ${listed(values)}) AS n`;
  const live = numbered(
    "l",
    columns.map((c) => exact(c, "l")),
  );
  const rows = `SELECT d.rowid, ${listed(columns.map((c) => `${s.given.includes(c.name) ? name("d", c.name) : `CAST(${fallback(c)} AS ${c.native})`} AS ${name(c.name)}`))} FROM ${table(s.delta)} AS d WHERE NOT ${deleted(s)}`;
  const delta = numbered(
    "r",
    columns.map((c) => exact(c, "r")),
  );
  const same = all(columns.map((_, i) => `a.x${i} IS NOT DISTINCT FROM b.x${i}`));
  return template`${raw(`SELECT a.id AS rid, b.id AS did FROM (SELECT ${live} FROM ${table(s.live.ref)} AS l WHERE `)}${scope}${raw(`) AS a JOIN (SELECT ${delta} FROM (${rows}) AS r) AS b ON a.n = b.n AND ${same}`)}`;
}

/** Keys that live outside the scope: they would be twice in the table afterwards. */
function outside(s: Capture, scope: Sql): SqlOp {
  const met = raw(
    `FROM ${table(s.delta)} AS d JOIN ${table(s.live.ref)} AS l ON ${sameKey(s.key, "d", "l")} WHERE NOT coalesce(`,
  );
  return sqlOp(template`SELECT count(*) AS outside, count(*) = 0 AS ok ${met}${scope}, FALSE)`, {
    expect: { holds: true },
    returns: { outside: "int64", ok: "bool" },
  });
}
