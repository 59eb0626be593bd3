import { sqlOp } from "../../adapter/sql-op.js";
import { type Compilers, imageColumns, type Observation, type ScanItem } from "../../adapter/steps.js";
import type { Syntax } from "../../adapter/syntax.js";
import type { ColumnType } from "../../table/types.js";
import { inline } from "../render.js";
import { join, raw, type Sql, template } from "../sql.js";
import { and, column, columns, numbered, on, or } from "./words.js";

/** The checks of a table as one query, and the rows that offend. */
export function validateSteps(syntax: Syntax): Compilers<"validate" | "offenders"> {
  return {
    validate: (s) => {
      const observed = s.scan.map((item, i) => template`${observation(item.observe, s.on, syntax)} AS ${raw(`c${i}`)}`);
      const passes = s.scan.map((item, i) => raw(within(item, `c${i}`, syntax)));
      const blocking = passes.filter((_p, i) => s.scan[i]?.blocks);
      const shown = s.scan.flatMap((_item, i) => [
        raw(`CAST(c${i} AS ${syntax.type("string")}) AS c${i}`),
        template`${passes[i] as Sql} AS ${raw(`p${i}`)}`,
      ]);
      const returns: Record<string, ColumnType> = { ok: "bool" };
      for (const [i] of s.scan.entries()) {
        returns[`c${i}`] = "string";
        returns[`p${i}`] = "bool";
      }
      return [
        sqlOp(
          template`SELECT ${join([...shown, template`${and(blocking)} AS ok`], ", ")} FROM (SELECT ${join([...observed, raw("count(*) AS _cutover_rows")], ", ")} FROM ${s.on} t) observed`,
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
      return or([
        ...(o.min === null ? [] : [template`${column(o.column)} < ${raw(syntax.literal(o.min))}`]),
        ...(o.max === null ? [] : [template`${column(o.column)} > ${raw(syntax.literal(o.max))}`]),
      ]);
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
      return raw(`sum(${syntax.ident([o.column])})`);
    case "duplicates":
      return template`(SELECT count(*) FROM (${copies(o.columns, table, [])}) copies WHERE _cutover_copy > 1)`;
    case "query":
      return template`(SELECT count(*) FROM (${o.sql}) offending)`;
    case "partition-change":
      return template`(SELECT max(_cutover_change) FROM (${changed(o, table)}) changed)`;
    default:
      return raw("count(*)");
  }
}

function copies(names: readonly string[], table: Sql, shown: readonly string[]): Sql {
  const whole = and(names.map((n) => template`${column(n)} IS NOT NULL`));
  const listed = shown.length === 0 ? raw("") : template`${columns(shown)}, `;
  return template`SELECT ${listed}${numbered(columns(names))} AS _cutover_copy FROM ${table} t WHERE ${whole}`;
}

type PartitionChange = Extract<Observation, { of: "partition-change" }>;

/** For each partition that had rows: rows before and now, and the relative change in the direction asked for. */
function changed(o: PartitionChange, table: Sql): Sql {
  const part = column(o.partition);
  const counted = (from: Sql): Sql => template`SELECT ${part}, count(*) AS _cutover_n FROM ${from} GROUP BY ${part}`;
  const against = o.against;
  const grouped =
    "table" in against
      ? template`SELECT ${part}, sum(_cutover_now) AS _cutover_now, sum(_cutover_before) AS _cutover_before FROM (SELECT ${part}, _cutover_n AS _cutover_now, 0 AS _cutover_before FROM (${counted(template`${table} t`)}) a UNION ALL SELECT ${part}, 0, _cutover_n FROM (${counted(on(against.table))}) b) both_sides GROUP BY ${part}`
      : template`SELECT net.${part}, coalesce(now._cutover_n, 0) AS _cutover_now, coalesce(now._cutover_n, 0) - net._cutover_n AS _cutover_before FROM (SELECT ${part}, sum(CASE WHEN ${column(imageColumns.image)} = 'after' THEN 1 ELSE -1 END) AS _cutover_n FROM ${on(against.changes)} WHERE ${column(imageColumns.release)} = ${against.release} GROUP BY ${part}) net LEFT JOIN (SELECT ${part}, count(*) AS _cutover_n FROM ${table} t WHERE ${part} IN (SELECT ${part} FROM ${on(against.changes)} WHERE ${column(imageColumns.release)} = ${against.release}) GROUP BY ${part}) now ON net.${part} = now.${part}`;
  const direction = o.direction === "drop" ? "_cutover_before - _cutover_now" : "_cutover_now - _cutover_before";
  return template`SELECT ${part}, _cutover_before, _cutover_now, ${raw(`1.0 * (${direction}) / _cutover_before`)} AS _cutover_change FROM (${grouped}) grouped WHERE _cutover_before > 0`;
}

function offending(o: Observation, table: Sql, shown: readonly string[], syntax: Syntax): Sql {
  const rowwise = predicate(o, syntax);
  if (rowwise !== null) return template`SELECT ${columns(shown)} FROM ${table} t WHERE ${rowwise}`;
  switch (o.of) {
    case "duplicates":
      return template`SELECT ${columns(shown)} FROM (${copies(o.columns, table, shown)}) copies WHERE _cutover_copy > 1`;
    case "query":
      return template`SELECT * FROM (${o.sql}) offending`;
    case "partition-change":
      return template`SELECT ${column(o.partition)}, _cutover_before AS rows_before, _cutover_now AS rows_now FROM (${changed(o, table)}) changed ORDER BY _cutover_change DESC`;
    default:
      return template`SELECT count(*) AS rows FROM ${table} t`;
  }
}
