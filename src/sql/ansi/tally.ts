import { type ColumnShape, rowsOf } from "../../adapter/shapes.js";
import { sqlOp } from "../../adapter/sql-op.js";
import { type Compilers, imageColumns, type Step } from "../../adapter/steps.js";
import type { Syntax } from "../../adapter/syntax.js";
import { join, raw, type Sql, template } from "../sql.js";
import { older } from "./capture.js";
import { as, column, columns, on, sameKey } from "./words.js";

const imageTypes = {
  before_rows: "int64",
  before_sum: "string",
  after_rows: "int64",
  after_sum: "string",
  inserted: "int64",
  updated: "int64",
  deleted: "int64",
} as const;

type Tally = Step<"tally">;
const staleRows = (s: Tally["stale"]): Sql =>
  s === null
    ? raw("0")
    : template`(SELECT count(*) FROM ${as(on(s.delta), "d")} JOIN ${as(on(s.live.ref), "l")} ON ${sameKey(s.key, "d", "l")} AND ${s.prune ?? raw("TRUE")} WHERE ${older(s.cursor)})`;
const counted = (s: Tally["count"]): Sql => (s === null ? raw("NULL") : template`(SELECT count(*) FROM ${rowsOf(s.on)})`);
const anyMoved = (s: Tally["moved"]): Sql =>
  s === null
    ? raw("TRUE")
    : join(
        s.map((t) => template`EXISTS (SELECT 1 FROM ${on(t.changes)} WHERE ${column(imageColumns.release)} = ${t.release})`),
        " OR ",
      );

/** Rows and checksums: of images, and of whole tables; and what two states differ by. */
export function tallySteps(syntax: Syntax): Compilers<"tally" | "scan" | "count" | "difference"> {
  const text = (expr: string): string => `CAST(${expr} AS ${syntax.type("string")})`;
  const is = (name: "image" | "op", value: string): string => `${syntax.ident([imageColumns[name]])} = '${value}'`;
  const both = (a: string, b: string): string => syntax.countIf(`${a} AND ${b}`);
  const sumOf = (shapes: readonly ColumnShape[], image: string): string =>
    text(syntax.sumHash(`CASE WHEN ${is("image", image)} THEN ${syntax.rowHash(shapes)} END`));
  return {
    tally: (s) => {
      const found = [
        as(raw(syntax.countIf(is("image", "before"))), "before_rows"),
        as(raw(sumOf(s.columns, "before")), "before_sum"),
        as(raw(syntax.countIf(is("image", "after"))), "after_rows"),
        as(raw(sumOf(s.columns, "after")), "after_sum"),
        as(raw(both(is("image", "after"), is("op", "insert"))), "inserted"),
        as(raw(both(is("image", "after"), is("op", "update"))), "updated"),
        as(raw(both(is("image", "before"), is("op", "delete"))), "deleted"),
      ];
      const images = template`SELECT ${join(found, ", ")} FROM ${on(s.changes)} WHERE ${column(imageColumns.release)} = ${s.release}`;
      const around = template`SELECT ${as(staleRows(s.stale), "stale")}, ${as(counted(s.count), "rows")}, ${as(anyMoved(s.moved), "moved")}`;
      const names = Object.keys(imageTypes);
      const changed = join(
        ["inserted", "updated", "deleted"].map((n) => column(n, "i")),
        " + ",
      );
      const same = s.count === null ? raw("TRUE") : template`${column("rows", "a")} = ${s.count.rows}`;
      const shown = [
        columns(names, "i"),
        as(changed, "changed"),
        columns(["stale", "rows", "moved"], "a"),
        as(same, "same"),
        as(template`${same} AND ${column("moved", "a")}`, "ok"),
      ];
      return [
        sqlOp(
          template`SELECT ${join(shown, ", ")} FROM ${as(template`(${images})`, "i")} CROSS JOIN ${as(template`(${around})`, "a")}`,
          {
            expect: { holds: true },
            returns: { ...imageTypes, changed: "int64", stale: "int64", rows: "int64", moved: "bool", same: "bool", ok: "bool" },
          },
        ),
      ];
    },
    scan: (s) => {
      const found = template`SELECT ${as(raw("count(*)"), "rows")}, ${as(raw(text(syntax.sumHash(syntax.rowHash(s.columns)))), "sum")} FROM ${rowsOf(s.on)}`;
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
      sqlOp(template`SELECT ${as(raw("count(*)"), "rows")}, ${as(template`count(*) = ${s.rows}`, "ok")} FROM ${rowsOf(s.on)}`, {
        expect: { holds: true },
        returns: { rows: "int64", ok: "bool" },
      }),
    ],
    difference: (s) => {
      const names = s.columns.map((c) => c.name);
      const signed = s.parts.map((p): Sql => {
        if ("table" in p)
          return template`SELECT ${columns(names)}, ${as(raw(String(p.sign)), "_cutover_sign")} FROM ${rowsOf(p.table)}`;
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
