/**
 * The journal as text. Paths in the ledger's own database are written without its name, since a database can be copied
 * or renamed (a DuckDB file, a cloned database) and its ledger must still know its tables.
 */
const HERE = "~here";

const isPath = (v: unknown): v is readonly string[] => Array.isArray(v) && v.length >= 2 && v.every((p) => typeof p === "string");

export const writeJson = (value: unknown, database: string): string =>
  JSON.stringify(value, (_key, v: unknown) => (isPath(v) && v[0] === database ? [HERE, ...v.slice(1)] : v));

export const readJson = (text: string, database: string): unknown =>
  JSON.parse(text, (_key, v: unknown) => (isPath(v) && v[0] === HERE ? [database, ...v.slice(1)] : v));

/** The key of a table in the ledger: the same in a copy of the database. */
export const tableKey = (path: readonly string[], database: string, caseSensitive: boolean): string => {
  const key = JSON.stringify(path[0] === database && path.length > 2 ? path.slice(1) : path);
  return caseSensitive ? key : key.toLowerCase();
};
