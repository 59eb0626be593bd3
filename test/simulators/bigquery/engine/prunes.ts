import type { Shape } from "./env.js";
import type { Expr } from "./translate/ast.js";

/**
 * Which part of a condition chooses partitions. Sources: docs "Query partitioned tables" (Use a constant filter expression, Isolate the
 * partition column in your filter): the column, or a function of it that keeps the order, is compared with what is constant before
 * the query runs: literals, parameters, script variables (dbt-bigquery prunes its insert_overwrite MERGE by `IN UNNEST(variable)`).
 * Subqueries, other columns and null-safe equality choose nothing.
 */
export function prunes(where: Expr, shape: Shape): Expr | null {
  switch (where.k) {
    case "literal":
      return where.value === false ? where : null;
    case "binary":
      return ofBinary(where, shape);
    case "between":
      return !where.not && column(where.a, shape) && shape.constant(where.low) && shape.constant(where.high) ? where : null;
    case "in":
      return !where.not && column(where.a, shape) && where.items.every((item) => shape.constant(item)) ? where : null;
    case "inUnnest":
      return !where.not && column(where.a, shape) && shape.constant(where.array) ? where : null;
    case "is":
      return where.what === "NULL" && column(where.a, shape) ? where : null;
    default:
      return null;
  }
}

function ofBinary(e: Extract<Expr, { k: "binary" }>, shape: Shape): Expr | null {
  const op = e.op.toUpperCase();
  if (op === "AND") {
    const [a, b] = [prunes(e.a, shape), prunes(e.b, shape)];
    return a && b ? { ...e, a, b } : (a ?? b);
  }
  if (op === "OR") {
    const [a, b] = [prunes(e.a, shape), prunes(e.b, shape)];
    return a && b ? { ...e, a, b } : null;
  }
  if (!["=", "<", "<=", ">", ">="].includes(op)) return null;
  const one = (x: Expr, y: Expr): boolean => column(x, shape) && shape.constant(y);
  return one(e.a, e.b) || one(e.b, e.a) ? e : null;
}

const ordered = new Set([
  "DATE",
  "TIMESTAMP",
  "DATETIME",
  "DATE_TRUNC",
  "TIMESTAMP_TRUNC",
  "DATETIME_TRUNC",
  "TIMESTAMP_SECONDS",
]);

/** The partitioning column, or what keeps its order. */
function column(e: Expr, shape: Shape): boolean {
  if (shape.partition(e)) return true;
  if (e.k === "cast") return !e.safe && e.format === null && column(e.a, shape);
  if (e.k === "extract") return e.part.toUpperCase() === "DATE" && column(e.a, shape);
  if (e.k !== "call" || !ordered.has(e.name.toUpperCase())) return false;
  const first = e.args[0];
  return first !== undefined && column(first.value, shape);
}
