import type { ColumnShape } from "../../adapter/shapes.js";
import { sqlOp } from "../../adapter/sql-op.js";
import { type Compilers, imageColumns } from "../../adapter/steps.js";
import type { Syntax } from "../../adapter/syntax.js";
import { join, raw, type Sql, template } from "../sql.js";
import { column, columns, on } from "./words.js";

/** Rows and checksums: of images, and of whole tables; and what two states differ by. */
export function tallySteps(syntax: Syntax): Compilers<"tally" | "scan" | "count" | "effect" | "difference"> {
  const text = (expr: string): string => `CAST(${expr} AS ${syntax.type("string")})`;
  const is = (name: "image" | "op", value: string): string => `${syntax.ident([imageColumns[name]])} = '${value}'`;
  const both = (a: string, b: string): string => syntax.countIf(`${a} AND ${b}`);
  const sumOf = (shapes: readonly ColumnShape[], image: string): string =>
    text(syntax.sumHash(`CASE WHEN ${is("image", image)} THEN ${syntax.rowHash(shapes)} END`));
  return {
    tally: (s) => {
      const facts = [
        `${syntax.countIf(is("image", "before"))} AS before_rows`,
        `${sumOf(s.columns, "before")} AS before_sum`,
        `${syntax.countIf(is("image", "after"))} AS after_rows`,
        `${sumOf(s.columns, "after")} AS after_sum`,
        `${both(is("image", "after"), is("op", "insert"))} AS inserted`,
        `${both(is("image", "after"), is("op", "update"))} AS updated`,
        `${both(is("image", "before"), is("op", "delete"))} AS deleted`,
      ];
      return [
        sqlOp(
          template`SELECT ${raw(facts.join(", "))} FROM ${on(s.changes)} WHERE ${column(imageColumns.release)} = ${s.release}`,
          {
            returns: {
              before_rows: "int64",
              before_sum: "string",
              after_rows: "int64",
              after_sum: "string",
              inserted: "int64",
              updated: "int64",
              deleted: "int64",
            },
          },
        ),
      ];
    },
    scan: (s) => {
      const found = template`SELECT count(*) AS rows, ${raw(text(syntax.sumHash(syntax.rowHash(s.columns))))} AS sum FROM ${on(s.on)}`;
      const returns = { rows: "int64", sum: "string" } as const;
      if (s.expected === null) return [sqlOp(found, { returns })];
      const { rows, sum } = s.expected;
      return [
        sqlOp(template`SELECT rows, sum, rows = ${rows} AND sum = ${sum} AS ok FROM (${found}) found`, {
          expect: { holds: true },
          returns: { ...returns, ok: "bool" },
        }),
      ];
    },
    count: (s) => [
      sqlOp(template`SELECT count(*) AS rows, count(*) = ${s.rows} AS ok FROM ${on(s.on)}`, {
        expect: { holds: true },
        returns: { rows: "int64", ok: "bool" },
      }),
    ],
    effect: (s) => [
      sqlOp(
        template`SELECT ${join(
          s.tallies.map(
            (t) => template`EXISTS (SELECT 1 FROM ${on(t.changes)} WHERE ${column(imageColumns.release)} = ${t.release})`,
          ),
          " OR ",
        )} AS ok`,
        { expect: { holds: true }, returns: { ok: "bool" } },
      ),
    ],
    difference: (s) => {
      const names = s.columns.map((c) => c.name);
      const signed = s.parts.map((p): Sql => {
        if ("table" in p) return template`SELECT ${columns(names)}, ${raw(String(p.sign))} AS _cutover_sign FROM ${on(p.table)}`;
        const sign = raw(`CASE WHEN ${is("image", "after")} THEN ${p.sign} ELSE ${-p.sign} END`);
        return template`SELECT ${columns(names)}, ${sign} AS _cutover_sign FROM ${on(p.changes)} WHERE ${column(imageColumns.release)} = ${p.release}`;
      });
      const net = template`SELECT ${columns(names)}, sum(_cutover_sign) AS _cutover_n FROM (${join(signed, " UNION ALL ")}) signed GROUP BY ${columns(names)} HAVING sum(_cutover_sign) <> 0`;
      const order = s.key.length === 0 ? raw("_cutover_n") : template`${columns(s.key)}, _cutover_n`;
      return [
        sqlOp(
          template`SELECT ${columns(names)}, CAST(_cutover_n AS ${raw(syntax.type("int64"))}) AS _cutover_n FROM (${net}) net ORDER BY ${order}`,
        ),
      ];
    },
  };
}
