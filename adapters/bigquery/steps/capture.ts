import {
  type ColumnShape,
  CutoverError,
  captureOwn,
  isOwn,
  raw,
  type Sql,
  type SqlOp,
  type Step,
  sqlOp,
  template,
} from "cutover/adapter";
import { coverOf } from "../cover.js";
import type { ScriptOp } from "../script.js";
import { syntax } from "../syntax.js";
import { type Pruning, pruningOf } from "./prune.js";
import * as words from "./words.js";
import { all, columnsOf, fallback, inScope, listed, name, names, record, sameKey, sameRow, table, told } from "./words.js";

type Capture = Step<"capture">;

/** The effective difference between delta and live, in one INSERT; before it, where live is partitioned, which partitions matter. */
export function capture(s: Capture): readonly ScriptOp[] {
  // The bounds of a window are constants: what they leave out is not read.
  if (isOwn(s)) return captureOwn(s, syntax, { told, sameRow });
  const parts = pruningOf(s.live, s.key);
  return s.scope !== "all" && "keys" in s.scope ? byKey(s, parts) : byContent(s, parts);
}

const IMG = name("_cutover_img");
/** Live under the alias `l`, of which rows in other partitions are left unread. */
function liveRows(s: Capture, where: readonly Sql[]): Sql {
  if (where.length === 0) return raw(`${table(s.live.ref)} AS ${name("l")}`);
  const conditions = where.map((w, i) => template`${raw(i === 0 ? " WHERE " : " AND ")}${w}`);
  return conditions.reduce(
    (text, w, i) => template`${text}${w}${raw(i === conditions.length - 1 ? `) AS ${name("l")}` : "")}`,
    raw(`(SELECT ${names(columnsOf(s.live), "l")} FROM ${table(s.live.ref)} AS ${name("l")}`),
  );
}
const given = (s: Capture): readonly Sql[] => (s.prune === null ? [] : [s.prune]);
/** A condition on live that every row meets, where the table is read with one only; it ends with `tail`. */
const covering = (s: Capture, head: string, tail = ""): string => {
  const cover = coverOf(s.live.fingerprint, "l");
  return cover === null ? "" : `${head}${cover}${tail}`;
};

/** Each delta row beside the live row of its key, once for each image: what both images need is read once. */
function byKey(s: Capture, parts: Pruning | null): readonly ScriptOp[] {
  const columns = columnsOf(s.live);
  const told = columns.filter((c) => s.given.includes(c.name));
  const deleted = `(${words.deleted(s.deletes, "d")})`;
  const matched = all(s.key.map((k) => `${name("l", k)} IS NOT NULL`));
  // An equal cursor applies, and so does one whose order is unknown.
  const fresh = s.cursor === null ? "TRUE" : `NOT IFNULL(${name("d", s.cursor)} < ${name("l", s.cursor)}, FALSE)`;
  const before = `${IMG} = 'before'`;
  const values = columns.map((c) => {
    const live = name("l", c.name);
    if (s.given.includes(c.name)) return `IF(${before}, ${live}, ${name("d", c.name)})`;
    return c.default === undefined ? live : `IF(${matched}, ${live}, ${fallback(c)})`;
  });
  const op = `CASE WHEN NOT (${matched}) THEN 'insert' WHEN ${deleted} THEN 'delete' ELSE 'update' END`;
  const differs = `${matched} AND ${fresh} AND (${deleted} OR NOT (${sameRow(told, "d", "l")}))`;
  const goes = `${before} AND ${differs}`;
  const comes = `${IMG} = 'after' AND NOT ${deleted} AND (NOT (${matched}) OR (${differs}))`;
  const rows = liveRows(s, [...given(s), ...(parts === null ? [] : [raw(parts.where("l"))])]);
  const insert = template`${raw(`${record(s.changes, columns)} SELECT ${s.release}, ${IMG}, ${op}, ${listed(values)} FROM ${table(s.delta)} AS ${name("d")} LEFT JOIN `)}${rows}${raw(` ON ${sameKey(s.key, "d", "l")} CROSS JOIN UNNEST(['before', 'after']) AS ${IMG} WHERE (${goes}) OR (${comes})`)}`;
  if (parts === null) return [sqlOp(insert)];
  return [parts.note(partsOfKeys(s, parts)), { ...sqlOp(insert), declare: parts.variables }];
}

/** Where the rows of the delta's keys are: their own partitions where the key tells, else those of live's rows. */
function partsOfKeys(s: Capture, parts: Pruning): Sql {
  const { column } = parts;
  if (column !== null && s.key.includes(column))
    return raw(`SELECT ${name("d", column)} AS value FROM ${table(s.delta)} AS ${name("d")}`);
  const rows = `SELECT ${parts.value("l")} AS value FROM ${table(s.live.ref)} AS ${name("l")} JOIN ${table(s.delta)} AS ${name("d")} ON ${sameKey(s.key, "d", "l")}`;
  return raw(`${rows}${covering(s, " WHERE ")}`);
}

/**
 * Rows are compared whole, with multiplicity: the n-th copy on one side is the n-th on the other. With a key, one that both
 * goes and comes is an update.
 */
function byContent(s: Capture, parts: Pruning | null): readonly ScriptOp[] {
  refusePseudo(s);
  const columns = columnsOf(s.live);
  const where = [inScope(s.scope, "l"), ...given(s), ...(parts === null ? [] : [raw(parts.where("l"))])];
  const scope = where.slice(1).reduce((text, w) => template`${text}${raw(" AND ")}${w}`, where[0] as Sql);
  const [copy, hash] = [name("_cutover_copy"), name("_cutover_hash")];
  // The service joins by equality: of the hash, before whole rows are compared.
  const numbered = (alias: string): string =>
    `${names(columns, alias)}, ${syntax.rowHash(columns, alias)} AS ${hash}, ROW_NUMBER() OVER (PARTITION BY ${told(columns, alias)}) AS ${copy}`;
  const live = template`${raw(`SELECT ${numbered("l")} FROM ${table(s.live.ref)} AS ${name("l")} WHERE `)}${scope}`;
  const delta = template`${raw(`SELECT ${numbered("r")} FROM (`)}${whole(s, columns, where)}${raw(`) AS ${name("r")}`)}`;
  const met = `${name("a", "_cutover_hash")} = ${name("b", "_cutover_hash")} AND ${name("a", "_cutover_copy")} = ${name("b", "_cutover_copy")} AND ${sameRow(columns, "a", "b")}`;
  const left = (image: string, a: Sql, b: Sql): Sql =>
    template`${raw(`SELECT '${image}' AS ${IMG}, ${names(columns, "a")} FROM (`)}${a}${raw(`) AS ${name("a")} LEFT JOIN (`)}${b}${raw(`) AS ${name("b")} ON ${met} WHERE ${name("b", "_cutover_copy")} IS NULL`)}`;
  const img = name("m", "_cutover_img");
  const others = (image: string): string =>
    `COUNTIF(${img} = '${image}') OVER (PARTITION BY ${listed(s.key.map((k) => name("m", k)))})`;
  const alone = `IF(${img} = 'before', 'delete', 'insert')`;
  const op = s.key.length === 0 ? alone : `IF(${others("before")} > 0 AND ${others("after")} > 0, 'update', ${alone})`;
  const insert: ScriptOp = {
    ...sqlOp(
      template`${raw(`${record(s.changes, columns)} SELECT ${s.release}, ${img}, ${op}, ${names(columns, "m")} FROM (`)}${left("before", live, delta)}${raw(" UNION ALL ")}${left("after", delta, live)}${raw(`) AS ${name("m")}`)}`,
    ),
    ...(parts === null ? {} : { declare: parts.variables }),
  };
  return [
    ...(parts === null ? [] : [parts.note(partsOfScope(s, parts))]),
    ...(s.key.length === 0 || s.scope === "all" ? [] : [outside(s)]),
    insert,
  ];
}

/** In which partitions of the table the rows are that a scope speaks for. */
function partsOfScope(s: Capture, parts: Pruning): Sql {
  const { scope } = s;
  if (scope !== "all" && "partition" in scope && !("interval" in scope) && parts.column === scope.partition) {
    if ("from" in scope) return raw(`SELECT ${name(scope.partition)} AS value FROM ${table(scope.from)}`);
    const values = scope.values.map((value) => syntax.literal({ value, type: scope.type }));
    return raw(
      values.length === 0
        ? `SELECT ${name("d", scope.partition)} AS value FROM ${table(s.delta)} AS ${name("d")}`
        : `SELECT value FROM UNNEST([${listed(values)}]) AS value`,
    );
  }
  return template`${raw(`SELECT ${parts.value("l")} AS value FROM ${table(s.live.ref)} AS ${name("l")} WHERE ${covering(s, "", " AND ")}`)}${inScope(scope, "l")}`;
}

/** Delta rows with every column of the table: what is not given keeps live's value under the same key, or takes its default. */
function whole(s: Capture, columns: readonly ColumnShape[], where: readonly Sql[]): Sql {
  const partial = s.key.length > 0 && columns.some((c) => !s.given.includes(c.name));
  const matched = all(s.key.map((k) => `${name("l", k)} IS NOT NULL`));
  const values = columns.map((c) => {
    if (s.given.includes(c.name)) return `${name("d", c.name)} AS ${name(c.name)}`;
    const value = partial ? `IF(${matched}, ${name("l", c.name)}, ${fallback(c)})` : fallback(c);
    return `${value} AS ${name(c.name)}`;
  });
  const rows = `SELECT ${listed(values)} FROM ${table(s.delta)} AS ${name("d")}`;
  const kept = template`${raw(" LEFT JOIN ")}${liveRows(s, where)}${raw(` ON ${sameKey(s.key, "d", "l")}`)}`;
  const gone = s.deletes === null ? "" : ` WHERE NOT (${words.deleted(s.deletes, "d")})`;
  return template`${raw(rows)}${partial ? kept : raw("")}${raw(gone)}`;
}

/** Keys that live outside the scope: they would be twice in the table afterwards. */
function outside(s: Capture): SqlOp {
  const met = `FROM ${table(s.live.ref)} AS ${name("l")} JOIN ${table(s.delta)} AS ${name("d")} ON ${sameKey(s.key, "d", "l")} WHERE ${covering(s, "", " AND ")}NOT IFNULL(`;
  return sqlOp(
    template`${raw(`SELECT COUNT(*) AS ${name("outside")}, COUNT(*) = 0 AS ${name("ok")} ${met}`)}${inScope(s.scope, "l")}${raw(", FALSE)")}`,
    { expect: { holds: true }, returns: { outside: "int64", ok: "bool" } },
  );
}

/** The time of ingestion is no column: rows that come again would get another one. */
function refusePseudo(s: Capture): void {
  const { scope } = s;
  if (scope === "all" || !("partition" in scope) || !/^_PARTITION(?:TIME|DATE)$/i.test(scope.partition)) return;
  const message = `${table(s.live.ref)} is partitioned by the time of ingestion, which no load can overwrite: ${scope.partition} is no column, and rows that are written again get another one`;
  throw new CutoverError("UNSUPPORTED", message, {
    capability: scope.partition,
    alternative: "a table partitioned by a column of its own, or mode upsert with a key",
    table: s.live.ref.path.join("."),
  });
}
