/**
 * The journal as text. Paths in the ledger's own database are written without its name, since a database can be copied
 * or renamed (a DuckDB file, a cloned database) and its ledger must still know its tables.
 */
const HERE = "~here";

/** Fields that hold a path, and those that hold one for each table; nothing else is touched, whatever it looks like. */
const pathFields: ReadonlySet<string> = new Set(["path", "changes", "kept", "candidate", "keepAs", "spent", "quarantine"]);
const recordFields: ReadonlySet<string> = new Set(["candidates"]);

const isPath = (v: unknown): v is readonly string[] => Array.isArray(v) && v.length >= 2 && v.every((p) => typeof p === "string");

function rewrite(key: string, v: unknown, from: string, to: string): unknown {
  const one = (p: unknown): unknown => (isPath(p) && p[0] === from ? [to, ...p.slice(1)] : p);
  if (pathFields.has(key)) return one(v);
  if (recordFields.has(key) && typeof v === "object" && v !== null)
    return Object.fromEntries(Object.entries(v).map(([k, p]) => [k, one(p)]));
  return v;
}

export const writeJson = (value: unknown, database: string): string =>
  JSON.stringify(value, (key, v: unknown) => rewrite(key, v, database, HERE));

export const readJson = (text: string, database: string): unknown =>
  JSON.parse(text, (key, v: unknown) => rewrite(key, v, HERE, database));

/** The key of a table in the ledger: the same in a copy of the database. */
export const tableKey = (path: readonly string[], database: string, caseSensitive: boolean): string => {
  const key = JSON.stringify(path[0] === database && path.length > 2 ? path.slice(1) : path);
  // Engines whose names do not differ by case mean that of ASCII letters: "É" and "é" are two tables.
  return caseSensitive ? key : key.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
};
