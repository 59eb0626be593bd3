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

/** docs "Query partitioned tables", Functions that support partition pruning; none for integer ranges, nor DATETIME_TRUNC. */
const ordered = new Set(
  ["DATE", "DATE_ADD", "DATE_SUB", "DATE_DIFF", "DATE_TRUNC", "TIMESTAMP_ADD", "TIMESTAMP_SUB", "TIMESTAMP_DIFF"].concat([
    "TIMESTAMP_TRUNC",
    "DATETIME_DIFF",
    "FORMAT_TIMESTAMP",
  ]),
);

/** The partitioning column, or what keeps its order. */
function column(e: Expr, shape: Shape): boolean {
  if (shape.partition(e)) return true;
  if (e.k === "cast") return e.to.kind === "DATE" && e.format === null && column(e.a, shape);
  if (e.k === "extract") return ["DATE", "YEAR"].includes(e.part.toUpperCase()) && column(e.a, shape);
  if (e.k !== "call" || !ordered.has(e.name.toUpperCase())) return false;
  return (
    e.args.some((arg) => column(arg.value, shape)) &&
    e.args.every((arg, k) => column(arg.value, shape) || fixed(arg.value, k, shape))
  );
}

/** What stands beside the column: a constant, or the word for a part of a date. */
const fixed = (e: Expr, k: number, shape: Shape): boolean =>
  shape.constant(e) || (k > 0 && e.k === "name" && e.path.length === 1);

/** As in a dry run, which does not know the values of a script's variables (docs "Work with multi-statement queries", Limitations). */
export const prunesDry = (where: Expr, shape: Shape): Expr | null =>
  prunes(where, { partition: shape.partition, constant: (e) => shape.constant(e) && !named(e) });

/** Whether a name is in it: in what is constant that can be a variable only. */
function named(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(named);
  if (typeof value !== "object" || value === null) return false;
  if ("k" in value && value.k === "name") return true;
  return Object.entries(value).some(([key, inner]) => key !== "at" && named(inner));
}
