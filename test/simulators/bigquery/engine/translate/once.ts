let names = 0;

/**
 * SQL that uses an operand several times: one that holds a subquery, or is long, is bound to a name, since DuckDB would plan it as often as
 * it is written. `use` may not write a subquery of its own.
 */
export function once(sql: string, use: (name: string) => string): string {
  if (sql.length < 160 && !sql.includes("SELECT")) return use(sql);
  const name = `o${++names % 1_000_000}`;
  return `list_transform([${sql}], lambda ${name}: ${use(name)})[1]`;
}
