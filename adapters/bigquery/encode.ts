import { type ColumnType, checkedText } from "cutover/adapter";
import { misfit } from "./errors.js";

/**
 * The text of a canonical value in which it travels: to a parameter, a literal, a file; bytes as hex. Text stands for itself where
 * it is the exact text of such a value, as cursors in the ledger are.
 * @throws BigQueryFault of kind `bad-data` for a value that is none of that type.
 */
export function asText(value: unknown, type: ColumnType, column?: string): string | null {
  const written = checkedText(value, type);
  if (written === undefined) throw misfit(value, type, column);
  if (written === null || (type !== "timestamp" && type !== "datetime")) return written;
  return written.replace("T", " ").replace(/Z$/, "+00:00");
}
