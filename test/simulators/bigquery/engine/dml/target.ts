import { type Column, columnNamed, nameText, type Table, type Version } from "../catalog.js";
import { type Cursor, cursor, end, identifier, isIdentifier, peek, tablePath, takes } from "../cursor.js";
import { held, shown } from "../datatype.js";
import type { DmlKind, Duck, Env, Scan } from "../env.js";
import { invalid, runtime } from "../errors.js";
import { lex, type Token } from "../lex.js";
import { copyParts, type Physical, text, union } from "../store.js";
import { coerce, fitted } from "../translate/coerce.js";
import { analyze } from "../translate/expr.js";
import { findRelation } from "../translate/from.js";
import { type Ex, fresh, newScope, type Relation, type ScopeColumn, within, type X } from "../translate/model.js";
import { once } from "../translate/once.js";
import { parseExpr } from "../translate/parse-expr.js";
import { SimError } from "../types.js";

/** Stands for the target's rows until they are known. */
const place = "«target»";

export interface Target {
  readonly table: Table;
  readonly version: Version;
  readonly relation: Relation;
  /** Its alias in DuckDB's SQL. */
  readonly r: string;
  readonly scan: Scan;
  readonly partition: string | null;
}

export interface TargetName {
  readonly path: readonly string[];
  readonly alias: string | null;
  readonly at: Token;
}

export function targetName(c: Cursor, aliased: boolean): TargetName {
  const at = peek(c);
  const path = tablePath(c);
  if (!aliased) return { path, alias: null, at };
  const as = takes(c, "AS");
  return { path, alias: as || isIdentifier(peek(c)) ? identifier(c) : null, at };
}

/** The table that a statement changes. `rows`: its rows are read too. */
export function target(x: X, name: TargetName, kind: DmlKind): Target {
  const { env } = x;
  const { table, partition } = findRelation(x, name.path, name.at);
  if (!table.temporary) {
    env.demand("bigquery.tables.updateData", table.name);
    if (kind !== "INSERT") env.demand("bigquery.tables.getData", table.name);
  }
  if (table.kind !== "TABLE")
    throw new SimError(
      "invalidQuery",
      400,
      `${nameText(table.name)} is not allowed for this operation because it is currently a ${table.kind}.`,
    );
  if (partition !== null && kind !== "INSERT") throw invalid("DML statements do not support partition decorators", name.at);
  const version = env.tables.version(table, null);
  const r = fresh(x);
  const scan: Scan = { table, version, columns: new Set<Column>(), whole: kind !== "INSERT", prune: null, partition };
  // An INSERT reads nothing of its table.
  if (kind !== "INSERT") env.reads.add(scan);
  const columns: ScopeColumn[] = version.columns.map((column) => ({
    name: column.name,
    type: column.type,
    sql: `${r}.${column.id}`,
    column,
    scan,
    ...(column.hidden ? { hidden: true } : {}),
  }));
  const alias = name.alias ?? (name.path.at(-1) as string).split(".").at(-1) ?? "";
  return { table, version, relation: { alias, columns }, r, scan, partition };
}

export const targetSql = (t: Target): string => `${place} ${t.r}`;

export const inPlace = (sql: string, physical: string): string => sql.replaceAll(place, physical);

export function columnOf(t: Target, name: string, at: Token): Column {
  const found = columnNamed(t.version.columns, name);
  if (!found) throw invalid(`Column ${name} is not present in table ${t.table.name.datasetId}.${t.table.name.tableId}`, at);
  return found;
}

/** A value on its way into a column: coerced, within its limits, and not NULL where the column is required. */
export function assigned(e: Ex, column: Column, how: "INSERT" | "UPDATE" | number, at: Token): string {
  const made = coerce(e, column.type, at);
  if (!made)
    throw invalid(
      typeof how === "number"
        ? `Query column ${how} has type ${shown(e.type)} which cannot be inserted into column ${column.name}, which has type ${shown(column.type, false)}`
        : how === "INSERT"
          ? `Value has type ${shown(e.type)} which cannot be inserted into column ${column.name}, which has type ${shown(column.type)}`
          : `Value of type ${shown(e.type)} cannot be assigned to ${column.name}, which has type ${shown(column.type)}`,
      at,
    );
  // docs "Floating point semantics": no table holds a negative zero.
  const sql = column.type.kind === "FLOAT64" ? `(${made.sql} + CAST(0 AS DOUBLE))` : made.sql;
  return required(fitted(sql, column.type), column);
}

function required(sql: string, column: Column): string {
  if (!column.required) return column.type.kind === "ARRAY" ? `coalesce(${sql}, CAST([] AS ${held(column.type)}))` : sql;
  const refusal = `CAST(bq_fail(${text(`Required field ${column.name} cannot be null`)}) AS ${held(column.type)})`;
  return once(sql, (s) => `CASE WHEN ${s} IS NULL THEN ${refusal} ELSE ${s} END`);
}

/** What a column holds where a statement gives it no value. */
export function unnamed(x: X, table: Table, column: Column, at: Token): string {
  if (column.hidden) return partitionTime(x.env, table);
  if (column.default !== null) {
    const c = cursor(lex(column.default).slice(0, -1));
    const e = parseExpr(c);
    end(c);
    return assigned(
      within(x, { scope: newScope(null) }, () => analyze(x, e)),
      column,
      "INSERT",
      at,
    );
  }
  if (column.required) throw runtime(`Required field ${column.name} cannot be null`);
  return column.type.kind === "ARRAY" ? `CAST([] AS ${held(column.type)})` : `CAST(NULL AS ${held(column.type)})`;
}

/** Rows of an ingestion-time partitioned table that name no partition go to the one of now. */
function partitionTime(env: Env, table: Table): string {
  const unit = table.partitioning?.kind === "time" ? table.partitioning.unit.toLowerCase() : "day";
  return `date_trunc('${unit}', make_timestamp(${env.now}))`;
}

/** The rows of a version in one table of DuckDB, so that they have row ids. */
export async function onePart(env: Env, duck: Duck, base: Version): Promise<Physical> {
  const only = base.parts.length === 1 ? base.parts[0] : undefined;
  return only ?? (await copyParts(env.store, duck, base.columns, base.parts));
}

/** The base rows as a relation, for what needs no row ids. */
export const baseRows = (base: Version): string => union(base.parts, base.columns);

/** Rows that came by streaming cannot be changed for a while (docs "DML statements in GoogleSQL", Limitations). */
export async function refuseStreaming(
  t: Target,
  kind: string,
  env: Env,
  touched: (part: Physical) => Promise<boolean>,
): Promise<void> {
  const { streaming } = t.table;
  if (!streaming || streaming.until <= env.now) return;
  for (const part of streaming.parts)
    if (part.rows > 0 && (await touched(part)))
      throw runtime(
        `${kind} statement over table ${nameText(t.table.name).replace(":", ".")} would affect rows in the streaming buffer, which is not supported`,
      );
}

let temporary = 0;
/** A name for a table of one statement. */
export const temp = (): string => `m_${++temporary}`;
