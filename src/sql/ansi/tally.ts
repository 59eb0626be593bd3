import type { ColumnShape } from "../../adapter/shapes.js";
import { sqlOp } from "../../adapter/sql-op.js";
import { type Compilers, imageColumns } from "../../adapter/steps.js";
import type { Syntax } from "../../adapter/syntax.js";
import { join, raw, type Sql, template } from "../sql.js";
import { as, column, columns, on } from "./words.js";

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
        as(raw(syntax.countIf(is("image", "before"))), "before_rows"),
        as(raw(sumOf(s.columns, "before")), "before_sum"),
        as(raw(syntax.countIf(is("image", "after"))), "after_rows"),
        as(raw(sumOf(s.columns, "after")), "after_sum"),
        as(raw(both(is("image", "after"), is("op", "insert"))), "inserted"),
        as(raw(both(is("image", "after"), is("op", "update"))), "updated"),
        as(raw(both(is("image", "before"), is("op", "delete"))), "deleted"),
      ];
      return [
        sqlOp(template`SELECT ${join(facts, ", ")} FROM ${on(s.changes)} WHERE ${column(imageColumns.release)} = ${s.release}`, {
          returns: {
            before_rows: "int64",
            before_sum: "string",
            after_rows: "int64",
            after_sum: "string",
            inserted: "int64",
            updated: "int64",
            deleted: "int64",
          },
        }),
      ];
    },
    scan: (s) => {
      const found = template`SELECT ${as(raw("count(*)"), "rows")}, ${as(raw(text(syntax.sumHash(syntax.rowHash(s.columns)))), "sum")} FROM ${on(s.on)}`;
      const returns = { rows: "int64", sum: "string" } as const;
      if (s.expected === null) return [sqlOp(found, { returns })];
      const { rows, sum } = s.expected;
      return [
        sqlOp(
          template`SELECT ${columns(["rows", "sum"])}, ${as(template`${column("rows")} = ${rows} AND ${column("sum")} = ${sum}`, "ok")} FROM (${found}) found`,
          {
            expect: { holds: true },
            returns: { ...returns, ok: "bool" },
          },
        ),
      ];
    },
    count: (s) => [
      sqlOp(template`SELECT ${as(raw("count(*)"), "rows")}, ${as(template`count(*) = ${s.rows}`, "ok")} FROM ${on(s.on)}`, {
        expect: { holds: true },
        returns: { rows: "int64", ok: "bool" },
      }),
    ],
    effect: (s) => [
      sqlOp(
        template`SELECT ${as(
          join(
            s.tallies.map(
              (t) => template`EXISTS (SELECT 1 FROM ${on(t.changes)} WHERE ${column(imageColumns.release)} = ${t.release})`,
            ),
            " OR ",
          ),
          "ok",
        )}`,
        { expect: { holds: true }, returns: { ok: "bool" } },
      ),
    ],
    difference: (s) => {
      const names = s.columns.map((c) => c.name);
      const signed = s.parts.map((p): Sql => {
        if ("table" in p)
          return template`SELECT ${columns(names)}, ${as(raw(String(p.sign)), "_cutover_sign")} FROM ${on(p.table)}`;
        const sign = raw(`CASE WHEN ${is("image", "after")} THEN ${p.sign} ELSE ${-p.sign} END`);
        return template`SELECT ${columns(names)}, ${as(sign, "_cutover_sign")} FROM ${on(p.changes)} WHERE ${column(imageColumns.release)} = ${p.release}`;
      });
      const sum = template`sum(${column("_cutover_sign")})`;
      // The hash tells rows apart that the engine takes for equal, such as 0 and −0.
      const hash = raw(syntax.rowHash(s.columns));
      const net = template`SELECT ${columns(names)}, ${as(sum, "_cutover_n")} FROM (${join(signed, " UNION ALL ")}) signed GROUP BY ${columns(names)}, ${hash} HAVING ${sum} <> 0`;
      const n = column("_cutover_n");
      return [
        sqlOp(
          template`SELECT ${columns(names)}, ${as(template`CAST(${n} AS ${raw(syntax.type("int64"))})`, "_cutover_n")} FROM (${net}) net ORDER BY ${columns([...s.key, "_cutover_n"])}`,
        ),
      ];
    },
  };
}
