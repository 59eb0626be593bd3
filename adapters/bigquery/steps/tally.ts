import { ansi, imageColumns, join, raw, rowsOf, type Sql, type SqlOp, type Step, sqlOp, template } from "cutover/adapter";
import type { ScriptOp } from "../script.js";
import { isLoose, syntax } from "../syntax.js";
import { pruningOf } from "./prune.js";
import { listed, name, names } from "./words.js";

const portable = ansi(syntax);

/**
 * The portable row, and by what `restore` finds live as it is now: the clock, in microseconds, which stands before the commit and
 * so before all that this very transaction changes.
 */
export function tally(s: Step<"tally">): readonly ScriptOp[] {
  // Of live that the capture has read.
  const parts = s.stale === null ? null : pruningOf(s.stale.live, s.stale.key);
  const pruned = s.stale === null || parts === null ? s : { ...s, stale: { ...s.stale, prune: raw(parts.where("l")) } };
  return portable.tally(pruned).map((op) => ({
    ...op,
    ...(parts === null ? {} : { declare: parts.variables }),
    sql: template`${raw(`SELECT ${name("t")}.*, CAST(UNIX_MICROS(${syntax.now()}) AS STRING) AS ${name("before")} FROM (`)}${op.sql}${raw(`) AS ${name("t")}`)}`,
    returns: { ...op.returns, before: "string" },
  }));
}

/** The portable row. Columns are the table's by its alias: a bare one of the table's own name would be the row. */
export function scan(s: Step<"scan">): readonly SqlOp[] {
  const sum = `CAST(${syntax.sumHash(syntax.rowHash(s.columns, "t"))} AS STRING)`;
  const found = template`${raw(`SELECT COUNT(*) AS ${name("rows")}, ${sum} AS ${name("sum")} FROM `)}${rowsOf(s.on)}${raw(` AS ${name("t")}`)}`;
  const returns = { rows: "int64", sum: "string" } as const;
  if (s.expected === null) return [sqlOp(found, { returns })];
  const as = template`${raw(`${name("f", "rows")} = `)}${s.expected.rows}${raw(` AND ${name("f", "sum")} = `)}${s.expected.sum}`;
  return [
    sqlOp(template`${raw(`SELECT ${name("f")}.*, `)}${as}${raw(` AS ${name("ok")} FROM (`)}${found}${raw(`) AS ${name("f")}`)}`, {
      expect: { holds: true },
      returns: { ...returns, ok: "bool" },
    }),
  ];
}

/**
 * The hash stands for what the service does not group by, or in its own way. Names of results hide an alias of the same name in GROUP
 * BY, so it has one that no column bears.
 */
export function difference(s: Step<"difference">): readonly SqlOp[] {
  const is = (image: string): string => `${name("p", imageColumns.image)} = '${image}'`;
  const signed = s.parts.map((p): Sql => {
    const sign = "table" in p ? String(p.sign) : `IF(${is("after")}, ${p.sign}, ${-p.sign})`;
    const where = "table" in p ? "" : ` WHERE ${name("p", imageColumns.release)} = ${p.release}`;
    const head = raw(`SELECT ${names(s.columns, "p")}, ${sign} AS ${name("_cutover_sign")} FROM `);
    return template`${head}${rowsOf("table" in p ? p.table : p.changes)}${raw(` AS ${name("p")}${where}`)}`;
  });
  const n = name("_cutover_n");
  const sum = `SUM(${name("_cutover_s", "_cutover_sign")})`;
  const shown = s.columns.map((c) =>
    isLoose(c)
      ? `ANY_VALUE(${name("_cutover_s", c.name)}) AS ${name(c.name)}`
      : `${name("_cutover_s", c.name)} AS ${name(c.name)}`,
  );
  const grouped = s.columns.filter((c) => !isLoose(c)).map((c) => name("_cutover_s", c.name));
  return [
    sqlOp(
      template`${raw(`SELECT ${listed(shown)}, ${sum} AS ${n} FROM (`)}${join(signed, " UNION ALL ")}${raw(`) AS ${name("_cutover_s")} GROUP BY ${listed([syntax.rowHash(s.columns, "_cutover_s"), ...grouped])} HAVING ${sum} != 0 ORDER BY ${listed([...s.key.map((k) => name(k)), n])}`)}`,
    ),
  ];
}
