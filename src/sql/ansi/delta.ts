import { sqlOp } from "../../adapter/sql-op.js";
import type { Compilers } from "../../adapter/steps.js";
import type { Syntax } from "../../adapter/syntax.js";
import { join, raw, template } from "../sql.js";
import { column, columns, numbered, on } from "./words.js";

/** What a staged delta holds, and making it one row a key. */
export function deltaSteps(syntax: Syntax): Compilers<"inspect" | "partitions" | "append" | "fold"> {
  const some = (column: string): string => syntax.countIf(`${column} IS NULL`);
  return {
    inspect: (s) => {
      const cursor = s.cursor === null ? null : syntax.ident([s.cursor.name]);
      const type = s.cursor?.type ?? "string";
      const clock = type === "timestamp" ? syntax.now() : `CAST(${syntax.now()} AS ${syntax.type(type)})`;
      const settled =
        cursor === null || !["timestamp", "datetime", "date"].includes(type)
          ? cursor
          : `CASE WHEN ${cursor} <= ${clock} THEN ${cursor} END`;
      const nullKeys = s.key.map((k) => `${syntax.ident([k])} IS NULL`).join(" OR ") || "FALSE";
      const keys =
        s.key.length === 0
          ? "count(*)"
          : `(SELECT count(*) FROM (SELECT DISTINCT ${s.key.map((k) => syntax.ident([k])).join(", ")} FROM ${syntax.ident(s.delta.path)}) k)`;
      const facts = [
        "count(*) AS rows",
        `${syntax.countIf(nullKeys)} AS null_keys`,
        `${keys} AS keys`,
        `${s.partition === null ? "0" : some(syntax.ident([s.partition]))} AS null_partitions`,
        `max(${cursor ?? "NULL"}) AS max_cursor`,
        `max(${settled ?? "NULL"}) AS settled_cursor`,
      ];
      return [
        sqlOp(template`SELECT ${raw(facts.join(", "))} FROM ${on(s.delta)}`, {
          returns: {
            rows: "int64",
            null_keys: "int64",
            keys: "int64",
            null_partitions: "int64",
            max_cursor: type,
            settled_cursor: type,
          },
        }),
      ];
    },
    partitions: (s) => [
      sqlOp(template`SELECT DISTINCT ${column(s.partition.name)} AS value FROM ${on(s.delta)} ORDER BY 1`, {
        returns: { value: s.partition.type },
      }),
    ],
    append: (s) => [
      sqlOp(template`INSERT INTO ${on(s.to)} (${columns(s.columns)}) SELECT ${columns(s.columns)} FROM ${on(s.from)}`),
    ],
    fold: (s) => {
      const order = s.cursor === null ? raw("1") : template`${column(s.cursor)} DESC NULLS LAST`;
      const names = s.columns.map((c) => c.name);
      const ranked = template`SELECT ${columns(names)}, rank() OVER (PARTITION BY ${columns(s.key)} ORDER BY ${order}) AS _cutover_rank FROM ${on(s.from)}`;
      const winners = template`SELECT DISTINCT ${columns(names)} FROM (${ranked}) ranked WHERE _cutover_rank = 1`;
      const ties = template`SELECT ${columns(s.key)} FROM (${winners}) winners GROUP BY ${columns(s.key)} HAVING count(*) > 1`;
      const shown = s.key.map((k) => template`CAST(${column(k)} AS ${raw(syntax.type("string"))})`);
      return [
        sqlOp(
          template`SELECT count(*) AS ties, count(*) = 0 AS ok, min(${join(shown, " || ', ' || ")}) AS sample FROM (${ties}) ties`,
          { expect: { holds: true }, returns: { ties: "int64", ok: "bool", sample: "string" } },
        ),
        sqlOp(
          template`INSERT INTO ${on(s.to)} (${columns(names)}) SELECT ${columns(names)} FROM (SELECT ${columns(names)}, ${numbered(columns(s.key), order)} AS _cutover_n FROM ${on(s.from)}) ordered WHERE _cutover_n = 1`,
        ),
      ];
    },
  };
}
