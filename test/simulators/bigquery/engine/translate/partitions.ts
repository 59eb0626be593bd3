import type { Column, Partitioning, Table } from "../catalog.js";
import { runtime } from "../errors.js";
import { daysOf } from "../temporal.js";
import { SimError, type TableName } from "../types.js";
import type { Expr } from "./ast.js";
import { lookUp, newScope, type Relation, type ScopeColumn, within, type X } from "./model.js";

/** `t$20240101` as the table's name and the partition. */
export function decorated(name: TableName): { name: TableName; partition: string | null } {
  const k = name.tableId.indexOf("$");
  if (k < 0) return { name, partition: null };
  return { name: { ...name, tableId: name.tableId.slice(0, k) }, partition: name.tableId.slice(k + 1) };
}

/** The column by which a table is partitioned: its own or the pseudo column. */
export const partitionColumn = (table: Table, columns: readonly Column[]): Column | undefined => {
  const p = table.partitioning;
  if (!p) return undefined;
  const field = p.field;
  return field === null ? columns.find((c) => c.hidden) : columns.find((c) => c.name.toLowerCase() === field.toLowerCase());
};

/** The rows of one partition, by its id (docs "Managing partitioned table data": partition ids). */
export function partitionRange(table: Table, columns: readonly Column[], id: string, alias: string): string {
  const column = partitionColumn(table, columns);
  const p = table.partitioning;
  if (!column || !p) throw runtime(`Cannot use partition decorator on the table ${table.name.tableId}, which is not partitioned`);
  const sql = `${alias}.${column.id}`;
  if (id === "__NULL__") return `${sql} IS NULL`;
  if (p.kind === "range") {
    if (!/^-?\d+$/.test(id)) throw invalidId(id);
    return `${sql} >= ${id} AND ${sql} < ${BigInt(id) + p.interval}`;
  }
  return `date_trunc('${p.unit.toLowerCase()}', ${sql}) = TIMESTAMP '${partitionStart(p, id)}'`;
}

const invalidId = (id: string) => new SimError("invalid", 400, `Invalid partition decorator: ${id}`);

export function partitionStart(p: Partitioning, id: string): string {
  const unit = p.kind === "time" ? p.unit : "DAY";
  const width = { YEAR: 4, MONTH: 6, DAY: 8, HOUR: 10 }[unit];
  if (!/^\d+$/.test(id) || id.length !== width) throw invalidId(id);
  const [year, month, day, hour] = [id.slice(0, 4), id.slice(4, 6) || "01", id.slice(6, 8) || "01", id.slice(8, 10) || "00"];
  if (daysOf(Number(year), Number(month), Number(day)) === null || Number(hour) > 23) throw invalidId(id);
  return `${year}-${month}-${day} ${hour}:00:00`;
}

/** The condition by which partitions of a scanned table are chosen, over its physical columns; null: none. */
export function prune(x: X, table: Table, relation: Relation, where: Expr | null): string | null {
  const column = relation.columns.find(
    (c) => c.column !== undefined && c.column === partitionColumn(table, c.scan?.version.columns ?? []),
  );
  if (!column) return null;
  const alone = newScope(null);
  // In a join the name may be another table's: only what is told apart counts.
  alone.relations.push(relation);
  const found =
    where && x.env.prunes(where, { partition: (e) => isColumn(x, e, column, alone), constant: (e) => isConstant(x, e) });
  if (!found) return null;
  const sql = within(x, { scope: alone, grouping: null, clause: "WHERE clause" }, () => x.analyze(x, found).sql);
  const prefix = column.sql.slice(0, column.sql.indexOf(".") + 1);
  return sql.replaceAll(prefix, "");
}

function isColumn(x: X, e: Expr, column: ScopeColumn, alone: ReturnType<typeof newScope>): boolean {
  if (e.k !== "name") return false;
  const inner = lookUp(alone, e.path, e.at);
  if (!inner || inner.row || inner.taken !== e.path.length || inner.column.column !== column.column) return false;
  if (e.path.length > 1) return true;
  const others = (x.scope?.relations ?? []).filter((r) => r !== alone.relations[0]);
  return !others.some((r) => r.columns.some((c) => c.name?.toLowerCase() === e.path[0]?.toLowerCase()));
}

const folding = new Set(
  "DATE TIMESTAMP DATETIME DATE_SUB DATE_ADD DATE_TRUNC TIMESTAMP_SUB TIMESTAMP_ADD TIMESTAMP_TRUNC DATETIME_SUB DATETIME_ADD DATETIME_TRUNC CURRENT_DATE CURRENT_TIMESTAMP CURRENT_DATETIME PARSE_DATE PARSE_TIMESTAMP TIMESTAMP_MICROS TIMESTAMP_MILLIS TIMESTAMP_SECONDS DATE_FROM_UNIX_DATE GENERATE_DATE_ARRAY".split(
    " ",
  ),
);

/** A literal, parameter, variable, or what is made of such alone. */
export function isConstant(x: X, e: Expr): boolean {
  switch (e.k) {
    case "literal":
    case "parameter":
    case "system":
      return true;
    case "name":
      return e.path.length === 1 && x.env.variables.has(e.path[0]?.toLowerCase() ?? "") && !lookUp(x.scope, e.path, e.at);
    case "cast":
      return isConstant(x, e.a);
    case "unary":
      return isConstant(x, e.a);
    case "binary":
      return isConstant(x, e.a) && isConstant(x, e.b);
    case "array":
      return e.items.every((i) => isConstant(x, i));
    case "interval":
      return isConstant(x, e.a);
    case "call":
      return (
        folding.has(e.name) &&
        e.args.every((a, k) => (k > 0 && a.value.k === "name" && a.value.path.length === 1) || isConstant(x, a.value))
      );
    default:
      return false;
  }
}
