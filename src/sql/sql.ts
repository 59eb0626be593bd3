import { CutoverError } from "../errors/index.js";
import type { ColumnType } from "../table/types.js";

/** What may be bound as a value. `undefined` may not: a first run would bind NULL and load nothing. */
export type SqlValue = string | number | bigint | boolean | Date | Uint8Array | null;
/** A row as the session hands it back: canonical values by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** A value that keeps its type, NULL too. */
export interface TypedValue {
  readonly value: unknown;
  readonly type: ColumnType;
}
/** The rows that an earlier operation of the same block returned, as JSON text: a parameter on an interactive engine, a variable in a script. */
export interface ResultRef {
  readonly resultOf: string;
}
/** An identifier path, quoted by the dialect. */
export interface Identifier {
  readonly ident: readonly string[];
}
/** Text that a dialect wrote itself. Only compilers make it; user input never becomes it. */
export interface Raw {
  readonly raw: string;
}
/** Stands for the table that a check looks at: live, or a candidate. */
export interface Self {
  readonly self: true;
}
/** What may stand between the strings of SQL: a value to bind, a fragment, or what only the package and dialects place there. */
export type SqlPart = SqlValue | Sql | TypedValue | ResultRef | Identifier | Raw | Self;

/** A statement or a fragment: template strings and, between them, values that are bound or quoted, never pasted. */
export interface Sql {
  readonly "~sql": true;
  readonly strings: readonly string[];
  readonly values: readonly SqlPart[];
}

/** The type of {@link sql}: a template tag, with names and bounds beside it. */
export interface SqlTag {
  (strings: TemplateStringsArray, ...values: readonly (SqlValue | Sql)[]): Sql;
  /** An identifier, quoted: `sql.id("main", "orders")`. */
  id(...parts: string[]): Sql;
  /** `column >= bound`; TRUE when `bound` is undefined, that is on the first run. */
  since(column: string, bound: SqlValue | undefined): Sql;
  /** The table that a check looks at, in `noRows` and `check`: live, or the candidate. */
  readonly self: Sql;
}

// A registered symbol: what was parsed from JSON never bears it, another copy of the package does.
const brand = Symbol.for("cutover.sql");

const make = (strings: readonly string[], values: readonly SqlPart[]): Sql =>
  Object.defineProperty({ "~sql": true as const, strings, values }, brand, { value: true });

/** SQL that was written down by its strings and values. */
export const sqlOf = make;

/** The tag for the package's own code, which may also place identifiers, raw text and references. */
export function template(strings: TemplateStringsArray, ...values: readonly SqlPart[]): Sql {
  return make(strings, values);
}
/** Text of a dialect as SQL. */
export const raw = (text: string): Sql => make([text], []);
/** An identifier as SQL, by its exact path; quoted when it is rendered. */
export const ident = (path: readonly string[]): Sql => make(["", ""], [{ ident: path }]);
/** Fragments with a separator between them. */
export function join(parts: readonly Sql[], separator: string): Sql {
  if (parts.length === 0) return raw("");
  return make(["", ...Array.from({ length: parts.length - 1 }, () => separator), ""], parts);
}

function tag(strings: TemplateStringsArray, ...values: readonly (SqlValue | Sql)[]): Sql {
  const wrong = values.findIndex((v) => !isSqlValue(v) && !isSql(v));
  if (wrong < 0) return make(strings, values);
  const before = strings.slice(0, wrong + 1).join(`$\{…}`);
  const what = values[wrong] === null ? "null" : Array.isArray(values[wrong]) ? "an array" : typeof values[wrong];
  const message = `${what} cannot be bound (after \`${before}\${…}\`); bind text, numbers, booleans, dates, bytes or null, and for a first run use sql.since(column, bound)`;
  throw new CutoverError("CONFIG", `sql: ${message}`, { issues: [{ path: `sql.values[${wrong}]`, message }] });
}
function isSqlValue(v: unknown): v is SqlValue {
  return (
    v === null || ["string", "number", "bigint", "boolean"].includes(typeof v) || v instanceof Date || v instanceof Uint8Array
  );
}

/**
 * SQL as a template: values are bound as parameters, fragments are nested.
 * @throws CutoverError `CONFIG` when a value is `undefined`.
 */
export const sql: SqlTag = Object.assign(tag, {
  id: (...parts: string[]): Sql => ident(parts),
  since: (column: string, bound: SqlValue | undefined): Sql =>
    bound === undefined ? raw("TRUE") : make(["", " >= ", ""], [{ ident: [column] }, bound]),
  self: make(["", ""], [{ self: true }]),
});

/** Whether a value was made by {@link sql} or {@link template}, of any copy of the package; what came from JSON was not. */
export const isSql = (v: unknown): v is Sql => typeof v === "object" && v !== null && brand in v;

/** The same SQL with every `sql.self` replaced. */
export function bindSelf(statement: Sql, self: Sql): Sql {
  const values = statement.values.map((v) => (isSql(v) ? bindSelf(v, self) : isSelf(v) ? self : v));
  return make(statement.strings, values);
}
const isSelf = (v: SqlPart): v is Self => typeof v === "object" && v !== null && "self" in v;
