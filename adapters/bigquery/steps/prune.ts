import { createHash } from "node:crypto";
import { type ColumnType, type Row, raw, type Sql, type TableShape, template } from "cutover/adapter";
import { coverOf, partitionColumn } from "../cover.js";
import { type Partitioning, readFingerprint } from "../fingerprint.js";
import type { ScriptOp, Variable } from "../script.js";
import { syntax } from "../syntax.js";

/**
 * How statements say which partitions of a table they need. The service leaves the others unread for what is constant as a statement
 * begins, as variables of a script are, and not for what a join or a subquery finds (docs: querying partitioned tables). dbt-bigquery
 * prunes its `insert_overwrite` in the same way.
 */
export interface Pruning {
  /** The column by which the table is cut, as one of a table's alias. */
  readonly column: string | null;
  readonly variables: readonly Variable[];
  /** Notes the partitions of all rows of a query, of one column `value`. */
  note(values: Sql): ScriptOp;
  /** Rows in the partitions noted, or in none. */
  where(alias: string): string;
  /** The column's value under an alias. */
  value(alias: string): string;
}

/** null: the table is in one piece. `key`: its columns are never NULL. */
export function pruningOf(live: TableShape, key: readonly string[]): Pruning | null {
  const partitioning = readFingerprint(live.fingerprint)?.partitioning ?? null;
  if (partitioning === null) return null;
  const { column } = partitioning;
  const nullable = column === null || (!key.includes(column) && live.columns.some((c) => c.name === column && c.nullable));
  const id = createHash("md5").update(JSON.stringify(live.ref.path)).digest("hex").slice(0, 8);
  // Cutting a DATETIME, or a number, is not known to spare anything (docs: querying partitioned tables): from the first to the last.
  const ranged = partitioning.kind === "range" || partitioning.type === "DATETIME";
  const cut = ranged ? byRange(partitioning, id) : byValue(partitioning, id);
  const value = (alias: string): string => partitionColumn(partitioning, alias);
  // A dry run does not know what a variable holds, so where a filter is asked for, one stands there that needs none.
  const where = (alias: string): string => {
    const inParts = nullable ? `(${cut.where(value(alias))} OR ${value(alias)} IS NULL)` : cut.where(value(alias));
    const cover = coverOf(live.fingerprint, alias);
    return cover === null ? inParts : `${cover} AND ${inParts}`;
  };
  const { variables } = cut;
  return { column, variables, value, where, note: (values) => ({ ...cut.note(values), declare: variables }) };
}

interface Cut {
  readonly variables: readonly Variable[];
  readonly note: (values: Sql) => ScriptOp;
  readonly where: (value: string) => string;
}
function byValue(p: Extract<Partitioning, { kind: "time" }>, id: string): Cut {
  const name = `_cutover_parts_${id}`;
  // A day of a DATE is the value itself, and so is the time of ingestion.
  const whole = (p.type === "DATE" && p.unit === "DAY") || p.column === null;
  const cut = (value: string): string => (whole ? value : `${p.type}_TRUNC(${value}, ${p.unit})`);
  return {
    variables: [{ name, type: `ARRAY<${p.type}>` }],
    note: (values) => {
      const found = template`${raw(`SELECT DISTINCT ${cut("v.value")} AS value FROM (`)}${values}${raw(") AS v WHERE v.value IS NOT NULL")}`;
      const type = p.type.toLowerCase() as ColumnType;
      const listed = (rows: readonly Row[]): string => rows.map((r) => syntax.literal({ value: r["value"], type })).join(", ");
      return {
        sql: template`${raw(`SET ${name} = ARRAY(`)}${found}${raw(")")}`,
        sets: {
          query: { sql: found, returns: { value: type } },
          values: (rows) => new Map([[name, `ARRAY<${p.type}>[${listed(rows)}]`]]),
        },
      };
    },
    where: (value) => `${cut(value)} IN UNNEST(${name})`,
  };
}
function byRange(p: Partitioning, id: string): Cut {
  const [low, high] = [`_cutover_low_${id}`, `_cutover_high_${id}`];
  const type = p.kind === "range" ? "INT64" : p.type;
  const canonical = type.toLowerCase() as ColumnType;
  return {
    variables: [low, high].map((name) => ({ name, type })),
    note: (values) => {
      const found = template`${raw("MIN(v.value) AS low, MAX(v.value) AS high FROM (")}${values}${raw(") AS v")}`;
      const written = (value: unknown): string => syntax.literal({ value: value ?? null, type: canonical });
      return {
        sql: template`${raw(`SET (${low}, ${high}) = (SELECT AS STRUCT `)}${found}${raw(")")}`,
        sets: {
          query: { sql: template`${raw("SELECT ")}${found}`, returns: { low: canonical, high: canonical } },
          values: ([row]) =>
            new Map([
              [low, written(row?.["low"])],
              [high, written(row?.["high"])],
            ]),
        },
      };
    },
    where: (value) => `${value} BETWEEN ${low} AND ${high}`,
  };
}
