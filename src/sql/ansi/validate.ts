import { rowsOf } from "../../adapter/shapes.js";
import { sqlOp } from "../../adapter/sql-op.js";
import { type Compilers, imageColumns, type Observation, type ScanItem } from "../../adapter/steps.js";
import type { Syntax } from "../../adapter/syntax.js";
import type { ColumnType } from "../../table/types.js";
import { inline } from "../render.js";
import { join, raw, type Sql, template } from "../sql.js";
import { and, as, column, columns, numbered, on, sameKey } from "./words.js";

/** The checks of a table as one query, and the rows that offend. */
export function validateSteps(syntax: Syntax): Compilers<"validate" | "offenders"> {
  return {
    validate: (s) => {
      const observed = s.scan.map((item, i) => as(observation(item.observe, s.on, syntax), `c${i}`));
      const passes = s.scan.map((item, i) => raw(within(item, syntax.ident([`c${i}`]), syntax)));
      const blocking = passes.filter((_p, i) => s.scan[i]?.blocks);
      const shown = s.scan.flatMap((_item, i) => [
        as(template`CAST(${column(`c${i}`)} AS ${raw(syntax.type("string"))})`, `c${i}`),
        as(passes[i] as Sql, `p${i}`),
      ]);
      const returns: Record<string, ColumnType> = { ok: "bool" };
      for (const [i] of s.scan.entries()) {
        returns[`c${i}`] = "string";
        returns[`p${i}`] = "bool";
      }
      return [
        sqlOp(
          template`SELECT ${join([...shown, as(and(blocking), "ok")], ", ")} FROM (SELECT ${join([...observed, as(raw("count(*)"), "_cutover_rows")], ", ")} FROM ${s.on} _cutover_t) observed`,
          { expect: { holds: true }, returns },
        ),
      ];
    },
    offenders: (s) => {
      const shown = Object.fromEntries(s.columns.map((c) => [c.name, c.type]));
      return [
        sqlOp(
          template`${offending(
            s.observe,
            s.on,
            s.columns.map((c) => c.name),
            syntax,
          )} LIMIT ${raw(String(s.limit))}`,
          { returns: shown },
        ),
      ];
    },
  };
}

/** Passing: within the bounds, or nothing to compare. */
function within(item: ScanItem, name: string, syntax: Syntax): string {
  const bounds = [
    ...(item.min === null ? [] : [`${name} >= ${syntax.literal(item.min)}`]),
    ...(item.max === null ? [] : [`${name} <= ${syntax.literal(item.max)}`]),
  ];
  return `coalesce(${bounds.join(" AND ") || "TRUE"}, TRUE)`;
}

/** The predicate that offending rows meet; null where an observation is not about single rows. */
function predicate(o: Observation, syntax: Syntax): Sql | null {
  switch (o.of) {
    case "nulls":
      return template`${column(o.column)} IS NULL`;
    case "outside":
      // NaN is on no side of a number, and so outside.
      return template`NOT (${and([
        ...(o.min === null ? [] : [template`${column(o.column)} >= ${raw(syntax.literal(o.min))}`]),
        ...(o.max === null ? [] : [template`${column(o.column)} <= ${raw(syntax.literal(o.max))}`]),
      ])})`;
    case "unlike":
      return template`NOT (${raw(syntax.matches(syntax.ident([o.column]), o.pattern))})`;
    case "unaccepted":
      return template`${column(o.column)} NOT IN (${raw(o.values.map((v) => syntax.literal(v)).join(", "))})`;
    default:
      return null;
  }
}

/** An aggregate, or a query of its own, over the table. */
function observation(o: Observation, table: Sql, syntax: Syntax): Sql {
  const rowwise = predicate(o, syntax);
  if (rowwise !== null) return raw(syntax.countIf(inline(rowwise, syntax)));
  switch (o.of) {
    case "sum":
      return raw(`coalesce(sum(${syntax.ident([o.column])}), 0)`);
    case "rows":
      return o.in === undefined ? raw("count(*)") : template`(SELECT count(*) FROM ${o.in} _cutover_t)`;
    case "age": {
      const age = syntax.ageMs(syntax.ident([o.column]), o.type);
      return raw(`min(CASE WHEN ${age} >= 0 THEN ${age} END)`);
    }
    case "orphans":
      return template`(SELECT count(*) ${orphans(o, table)})`;
    case "changed":
      return template`(SELECT count(*) FROM ${as(on(o.changes), "_cutover_c")} WHERE ${column(imageColumns.release, "_cutover_c")} = ${o.release} AND (${column(imageColumns.image, "_cutover_c")} = 'after' OR ${column(imageColumns.op, "_cutover_c")} = 'delete'))`;
    case "duplicates":
      return template`(SELECT count(*) FROM (${copies(o.columns, table, [])}) _cutover_copies WHERE ${column("_cutover_copy")} > 1)`;
    case "query":
      return template`(SELECT count(*) FROM (${o.sql}) offending)`;
    case "partition-change":
      return template`(SELECT max(${column("_cutover_change")}) FROM (${changed(o, table, syntax)}) _cutover_changed)`;
    default:
      return raw("count(*)");
  }
}

function copies(names: readonly string[], table: Sql, shown: readonly string[]): Sql {
  const whole = and(names.map((n) => template`${column(n)} IS NOT NULL`));
  const listed = shown.length === 0 ? raw("") : template`${columns(shown)}, `;
  return template`SELECT ${listed}${as(numbered(columns(names)), "_cutover_copy")} FROM ${table} _cutover_t WHERE ${whole}`;
}

type Orphans = Extract<Observation, { of: "orphans" }>;
/** Each value that there is once, so that no row is found twice. */
function orphans(o: Orphans, table: Sql): Sql {
  const known = template`(SELECT DISTINCT ${column(o.toColumn, "_cutover_r")} FROM ${as(o.to, "_cutover_r")})`;
  const [here, there] = [column(o.column, "_cutover_o"), column(o.toColumn, "_cutover_k")];
  return template`FROM ${as(table, "_cutover_o")} LEFT JOIN ${as(known, "_cutover_k")} ON ${here} = ${there} WHERE ${here} IS NOT NULL AND ${there} IS NULL`;
}

type PartitionChange = Extract<Observation, { of: "partition-change" }>;

/** For each partition that had rows: rows before and now, and the relative change in the direction asked for. */
function changed(o: PartitionChange, table: Sql, syntax: Syntax): Sql {
  const part = column(o.partition);
  const [n, now, before] = ["_cutover_n", "_cutover_now", "_cutover_before"] as const;
  const counted = (from: Sql): Sql => template`SELECT ${part}, ${as(raw("count(*)"), n)} FROM ${from} GROUP BY ${part}`;
  const sum = (name: string): Sql => as(template`sum(${column(name)})`, name);
  const { against } = o;
  const grouped = (): Sql => {
    if ("table" in against) {
      const there = template`SELECT ${part}, ${as(column(n), now)}, ${as(raw("0"), before)} FROM (${counted(template`${table} _cutover_t`)}) _cutover_a`;
      const then = template`SELECT ${part}, 0, ${column(n)} FROM (${counted(template`${rowsOf(against.table)} _cutover_t`)}) _cutover_b`;
      return template`SELECT ${part}, ${sum(now)}, ${sum(before)} FROM (${there} UNION ALL ${then}) _cutover_both GROUP BY ${part}`;
    }
    const moved = template`FROM ${on(against.changes)} WHERE ${column(imageColumns.release)} = ${against.release}`;
    const sign = template`sum(CASE WHEN ${column(imageColumns.image)} = 'after' THEN 1 ELSE -1 END)`;
    const net = as(template`(SELECT ${part}, ${as(sign, n)} ${moved} GROUP BY ${part})`, "net");
    const there = as(template`(${counted(template`${table} _cutover_t WHERE ${part} IN (SELECT ${part} ${moved})`)})`, "there");
    const rows = template`coalesce(${column(n, "there")}, 0)`;
    return template`SELECT ${column(o.partition, "net")}, ${as(rows, now)}, ${as(template`${rows} - ${column(n, "net")}`, before)} FROM ${net} LEFT JOIN ${there} ON ${sameKey([o.partition], "net", "there")}`;
  };
  const [from, to] = o.direction === "drop" ? [before, now] : [now, before];
  const fall = template`CAST(${column(from)} - ${column(to)} AS ${raw(syntax.type("float64"))})`;
  const change = template`${fall} / ${column(before)}`;
  return template`SELECT ${part}, ${columns([before, now])}, ${as(change, "_cutover_change")} FROM (${grouped()}) _cutover_grouped WHERE ${column(before)} > 0`;
}

function offending(o: Observation, table: Sql, shown: readonly string[], syntax: Syntax): Sql {
  const rowwise = predicate(o, syntax);
  if (rowwise !== null) return template`SELECT ${columns(shown)} FROM ${table} _cutover_t WHERE ${rowwise}`;
  switch (o.of) {
    case "duplicates":
      return template`SELECT ${columns(shown)} FROM (${copies(o.columns, table, shown)}) _cutover_copies WHERE ${column("_cutover_copy")} > 1`;
    case "orphans":
      return template`SELECT ${columns(shown, "_cutover_o")} ${orphans(o, table)}`;
    case "query":
      return template`SELECT * FROM (${o.sql}) offending`;
    case "partition-change":
      return template`SELECT ${column(o.partition)}, ${as(column("_cutover_before"), "rows_before")}, ${as(column("_cutover_now"), "rows_now")} FROM (${changed(o, table, syntax)}) _cutover_changed ORDER BY ${column("_cutover_change")} DESC`;
    default:
      return template`SELECT ${as(raw("count(*)"), "rows")} FROM ${table} _cutover_t`;
  }
}
