import type { Column } from "../catalog.js";
import type { DataType } from "../datatype.js";
import { errors } from "../errors.js";
import { cast, isDocument } from "../translate/convert.js";
import type { Expr } from "../translate/model.js";

/**
 * A value on its way into a column: the conversions that the service makes by itself (docs "Data type conversion", Implicit casting). What
 * it does not convert, such as text into VARIANT, is refused.
 */
export function assigned(e: Expr, column: Column): string {
  const from = e.type();
  const to = column.type;
  if (!from) return e.sql();
  // DuckDB would bring the rows of VALUES to one type first, and round on the way.
  if (from.name === "FIXED" && to.name === "FIXED" && from.scale !== to.scale) return cast(e, to);
  if (from.name === to.name) return e.sql();
  if (to.name === "VARIANT" && from.name !== "TEXT") return cast(e, to);
  if (isDocument(to) && !isDocument(from)) throw mismatch(column, from);
  if (to.name === "BINARY" && from.name !== "TEXT") throw mismatch(column, from);
  if (to.name === "BOOLEAN" && (from.name === "DATE" || from.name.startsWith("TIME"))) throw mismatch(column, from);
  // Length and range are the column's to judge.
  return cast(e, to.name === "TEXT" ? { name: "TEXT", length: 16_777_216 } : to);
}

const mismatch = (column: Column, from: DataType) => errors.expressionType(column.name, column.type, from);
