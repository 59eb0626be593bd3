import { ansi, imageColumns, raw, type SqlOp, type Step, sqlOp, template } from "cutover/adapter";
import { shown } from "../render.js";
import { syntax } from "../syntax.js";
import { listed, name, table } from "./words.js";

const portable = ansi(syntax);

/**
 * The portable row, and by what `restore` finds live as it is now: the statement before, which is of this very transaction, so
 * nothing that the transaction changes is to be seen as of it.
 */
export function tally(s: Step<"tally">): readonly SqlOp[] {
  return portable.tally(s).map((op) =>
    op.returns === undefined
      ? op
      : {
          ...op,
          sql: template`${raw(`SELECT ${name("t")}.*, LAST_QUERY_ID() AS ${name("before")} FROM (`)}${op.sql}${raw(`) AS ${name("t")}`)}`,
          returns: { ...op.returns, before: "string" as const },
        },
  );
}

/** What is shown is made readable here: a query around this one would lose its order. */
export function difference(s: Step<"difference">): readonly SqlOp[] {
  const names = listed(s.columns.map((c) => name(c.name)));
  const is = (image: string): string => `${name(imageColumns.image)} = '${image}'`;
  const signed = s.parts.map((p) =>
    "table" in p
      ? `SELECT ${names}, ${p.sign} AS ${name("_cutover_sign")} FROM ${table(p.table)}`
      : `SELECT ${names}, CASE WHEN ${is("after")} THEN ${p.sign} ELSE ${-p.sign} END AS ${name("_cutover_sign")} FROM ${table(p.changes)} WHERE ${name(imageColumns.release)} = ${p.release}`,
  );
  const n = name("_cutover_n");
  const sum = `SUM(${name("s", "_cutover_sign")})`;
  // The hash stands for floats and JSON, which the service groups in its own way.
  const grouped = s.columns.filter((c) => c.type !== "float64" && c.type !== "json").map((c) => name("s", c.name));
  const loose = (c: (typeof s.columns)[number]): boolean => c.type === "float64" || c.type === "json";
  const net = `SELECT ${listed(s.columns.map((c) => (loose(c) ? `ANY_VALUE(${name("s", c.name)}) AS ${name(c.name)}` : name("s", c.name))))}, ${sum} AS ${n} FROM (${signed.join(" UNION ALL ")}) AS ${name("s")} GROUP BY ${listed([...grouped, syntax.rowHash(s.columns, "s")])} HAVING ${sum} <> 0`;
  const columns = s.columns.map((c) => shown(c.name, c.type, name("net", c.name)));
  const order = listed([...s.key.map((k) => name("net", k)), name("net", "_cutover_n")]);
  return [
    sqlOp(
      `SELECT ${listed(columns)}, CAST(${name("net", "_cutover_n")} AS ${syntax.type("int64")}) AS ${n} FROM (${net}) AS ${name("net")} ORDER BY ${order}`,
    ),
  ];
}
