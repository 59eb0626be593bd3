import { type SqlOp, type Step, sqlOp } from "cutover/adapter";
import { listed, name, names, table, told } from "./words.js";

/** One row a key: winners of one key that differ are those whose whole rows differ. */
export function fold(s: Step<"fold">): readonly SqlOp[] {
  const key = names(
    s.columns.filter((c) => s.key.includes(c.name)),
    "f",
  );
  const order = s.cursor === null ? "" : ` ORDER BY ${name("f", s.cursor)} DESC NULLS LAST`;
  const rank = s.cursor === null ? "1" : `RANK() OVER (PARTITION BY ${key}${order})`;
  const ranked = `SELECT ${names(s.columns, "f")}, ${rank} AS ${name("_cutover_rank")} FROM ${table(s.from)} AS ${name("f")}`;
  // Numbered, since DISTINCT takes no JSON.
  const once = `ROW_NUMBER() OVER (PARTITION BY ${told(s.columns, "r")}) AS ${name("_cutover_copy")}`;
  const winners = `SELECT ${names(s.columns, "r")}, ${once} FROM (${ranked}) AS ${name("r")} WHERE ${name("r", "_cutover_rank")} = 1`;
  const keys = listed(s.key.map((k) => name("_cutover_w", k)));
  const ties = `SELECT ${keys} FROM (${winners}) AS ${name("_cutover_w")} WHERE ${name("_cutover_w", "_cutover_copy")} = 1 GROUP BY ${keys} HAVING COUNT(*) > 1`;
  const shown = s.key.map((k) => `CAST(${name("t", k)} AS STRING)`).join(", ', ', ");
  const numbered = `SELECT ${names(s.columns, "f")}, ROW_NUMBER() OVER (PARTITION BY ${key}${order}) AS ${name("_cutover_copy")} FROM ${table(s.from)} AS ${name("f")}`;
  return [
    sqlOp(
      `SELECT COUNT(*) AS ${name("ties")}, COUNT(*) = 0 AS ${name("ok")}, MIN(CONCAT(${shown})) AS ${name("sample")} FROM (${ties}) AS ${name("t")}`,
      { expect: { holds: true }, returns: { ties: "int64", ok: "bool", sample: "string" } },
    ),
    sqlOp(
      `INSERT INTO ${table(s.to)} (${names(s.columns)}) SELECT ${names(s.columns, "n")} FROM (${numbered}) AS ${name("n")} WHERE ${name("n", "_cutover_copy")} = 1`,
    ),
  ];
}
