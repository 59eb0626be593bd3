import { isSql, type SqlPart, sqlOf } from "../sql/sql.js";

/**
 * The journal as text. Paths in the ledger's own database are written without its name, since a database can be copied
 * or renamed (a DuckDB file, a cloned database) and its ledger must still know its tables.
 */
const HERE = "~here";
/** What JSON cannot say is written as an object with this one field: what it is, and its text. */
const TAG = "~";

/** Fields that hold a path, and those that hold one for each table; nothing else is touched, whatever it looks like. */
const pathFields: ReadonlySet<string> = new Set(["path", "changes", "kept", "candidate", "keepAs", "spent", "quarantine"]);
const recordFields: ReadonlySet<string> = new Set(["candidates", "paths"]);

const isPath = (v: unknown, least = 2): v is readonly string[] =>
  Array.isArray(v) && v.length >= least && v.every((p) => typeof p === "string");

function rewrite(key: string, v: unknown, from: string, to: string): unknown {
  const one = (p: unknown, least?: number): unknown => (isPath(p, least) && p[0] === from ? [to, ...p.slice(1)] : p);
  if (pathFields.has(key)) return one(v);
  // In SQL of users, two parts may as well be schema and table.
  if (key === "ident") return one(v, 3);
  if (recordFields.has(key) && typeof v === "object" && v !== null)
    return Object.fromEntries(Object.entries(v).map(([k, p]) => [k, one(p)]));
  return v;
}

const tagged = (what: string, value: unknown): unknown => ({ [TAG]: [what, value] });
const each = (v: object, one: (key: string, value: unknown) => unknown): Record<string, unknown> =>
  Object.fromEntries(Object.entries(v).map(([k, x]) => [k, one(k, x)]));

/** A value as JSON can say it. */
function plain(key: string, given: unknown, database: string): unknown {
  const v = rewrite(key, given, database, HERE);
  const inner = (k: string, x: unknown): unknown => plain(k, x, database);
  if (typeof v === "bigint") return tagged("bigint", String(v));
  if (typeof v === "number")
    return Number.isFinite(v) && !Object.is(v, -0) ? v : tagged("number", Object.is(v, -0) ? "-0" : String(v));
  if (typeof v !== "object" || v === null) return v;
  if (v instanceof Date) return tagged("date", v.getTime());
  if (v instanceof Uint8Array) return tagged("bytes", Buffer.from(v).toString("base64"));
  if (Array.isArray(v)) return v.map((x) => inner("", x));
  if (isSql(v)) return tagged("sql", each({ strings: v.strings, values: v.values }, inner));
  return Object.hasOwn(v, TAG) ? tagged("object", Object.entries(each(v, inner))) : each(v, inner);
}

/** What {@link plain} was given. */
function restored(key: string, given: unknown, database: string): unknown {
  if (typeof given !== "object" || given === null) return given;
  const inner = (k: string, x: unknown): unknown => restored(k, x, database);
  const v = rewrite(key, given, HERE, database) as object;
  if (Array.isArray(v)) return v.map((x) => inner("", x));
  const tag: unknown = Object.hasOwn(v, TAG) ? (v as Record<string, unknown>)[TAG] : undefined;
  if (!Array.isArray(tag) || tag.length !== 2) return each(v, inner);
  return untagged(String(tag[0]), tag[1], inner);
}

function untagged(what: string, value: unknown, inner: (key: string, value: unknown) => unknown): unknown {
  if (what === "bigint") return BigInt(String(value));
  if (what === "number") return Number(value);
  if (what === "date") return new Date(Number(value));
  if (what === "bytes") return new Uint8Array(Buffer.from(String(value), "base64"));
  if (what === "object") return each(Object.fromEntries(value as [string, unknown][]), inner);
  const { strings, values } = each(value as object, inner) as { strings: readonly string[]; values: readonly SqlPart[] };
  return sqlOf(strings, values);
}

/** What the journal keeps is read back as it was: big integers, dates, bytes and SQL too. */
export const writeJson = (value: unknown, database: string): string => JSON.stringify(plain("", value, database));

export const readJson = (text: string, database: string): unknown => restored("", JSON.parse(text), database);

/** The key of a table in the ledger: the same in a copy of the database. */
export const tableKey = (path: readonly string[], database: string, caseSensitive: boolean): string => {
  const key = JSON.stringify(path[0] === database && path.length > 2 ? path.slice(1) : path);
  // Engines whose names do not differ by case mean that of ASCII letters: "É" and "é" are two tables.
  return caseSensitive ? key : key.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
};
