import type { TypedValue } from "../sql/sql.js";
import type { ColumnType } from "../table/types.js";
import type { ColumnShape } from "./shapes.js";

/** The words in which engines differ. `ansi(syntax)` compiles every portable step from them; spread it, then override. */
export interface Syntax {
  /** The one function that quotes identifiers. */
  ident(path: readonly string[]): string;
  /** The one function that writes a value into SQL text. */
  literal(v: TypedValue): string;
  /** The native type for a canonical one. */
  type(t: ColumnType): string;
  /** The canonical type of a native one; null when there is none. */
  fromNative(native: string): ColumnType | null;
  /** The warehouse's clock: an instant that moves between statements, also inside a transaction where the engine has one. */
  now(): string;
  /** An instant plus milliseconds. */
  plusMs(expr: string, ms: number): string;
  /** A number derived from md5 of a canonical encoding of the columns; `alias` qualifies them. */
  rowHash(columns: readonly ColumnShape[], alias?: string): string;
  /** Exact sum of such numbers as an integer, 0 for no rows. */
  sumHash(expr: string): string;
  /** How many rows a condition is TRUE for; 0 for no rows. */
  countIf(expr: string): string;
  /**
   * Whether a pattern is found anywhere in a text; NULL for NULL. The pattern holds characters (special ones behind a
   * backslash), `[…]` with characters and ranges, `( )`, `|`, `* + ? {n} {n,} {n,m}`, and `^` and `$` for the ends of the text.
   */
  matches(expr: string, pattern: string): string;
  /** Whole milliseconds from a date, a datetime (both in UTC) or an instant until the warehouse's clock. */
  ageMs(expr: string, type: ColumnType): string;
  /** Equal bit for bit, NULL equal to NULL. */
  nullSafeEq(a: string, b: string, type: ColumnType): string;
  /**
   * What stands under a path in an expression of JSON text, as text: TRUE as `true`, objects and arrays as JSON without blanks;
   * NULL where there is nothing, or JSON's null.
   */
  jsonText(expr: string, path: readonly (string | number)[]): string;
  /** Names and version of `rowHash`'s algorithm and encoding: part of every checksum. */
  readonly hashVersion: string;
}
