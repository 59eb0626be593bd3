import { ansi, join, raw, type Sql, type Step, template } from "cutover/adapter";
import type { ScriptOp } from "../script.js";
import { isOther, otherText, syntax } from "../syntax.js";
import { listed, name } from "./words.js";

const portable = ansi(syntax);
type Observation = Step<"offenders">["observe"];

/**
 * The portable query. Rows that repeat others are found by the text of their values, since the service numbers no rows by a float, and
 * the types of the columns are not known here.
 */
export const validate = (s: Step<"validate">): readonly ScriptOp[] =>
  portable.validate({ ...s, scan: s.scan.map((item) => ({ ...item, observe: grouped(item.observe, s.on, []) })) });

/** Samples: text for what has no canonical type. Rows of a user's query are shown as they come. */
export function offenders(s: Step<"offenders">): readonly ScriptOp[] {
  const { observe, columns } = s;
  if (observe.of === "query") return portable.offenders(s).map((op) => ({ ...op, loose: true }));
  if (observe.of === "partition-change") {
    const part = columns.find((c) => c.name === observe.partition);
    const returns = {
      ...(part === undefined ? {} : { [part.name]: part.type }),
      rows_before: "int64",
      rows_now: "int64",
    } as const;
    return portable.offenders(s).map((op) => ({ ...op, returns }));
  }
  const ops = portable.offenders({
    ...s,
    observe: grouped(
      observe,
      s.on,
      columns.map((c) => c.name),
    ),
  });
  if (!columns.some(isOther)) return ops;
  const shown = columns.map((c) => {
    const value = name("_cutover_o", c.name);
    return isOther(c) ? `${otherText(value, c.native)} AS ${name(c.name)}` : value;
  });
  return ops.map((op) => ({
    ...op,
    sql: template`${raw(`SELECT ${listed(shown)} FROM (`)}${op.sql}${raw(`) AS ${name("_cutover_o")}`)}`,
  }));
}

/** Rows beyond the first of each value, as rows of a query. */
function grouped(o: Observation, on: Sql, shown: readonly string[]): Observation {
  if (o.of !== "duplicates") return o;
  const of = (column: string): string => name("_cutover_t", column);
  const copy = name("_cutover_copy");
  const rows = listed([
    ...shown.map(of),
    `ROW_NUMBER() OVER (PARTITION BY ${listed(o.columns.map((c) => `TO_JSON_STRING(${of(c)})`))}) AS ${copy}`,
  ]);
  const whole = join(
    o.columns.map((c) => raw(`${of(c)} IS NOT NULL`)),
    " AND ",
  );
  const numbered = template`${raw(`SELECT ${rows} FROM `)}${on}${raw(` AS ${name("_cutover_t")} WHERE `)}${whole}`;
  const columns = shown.length === 0 ? copy : listed(shown.map((c) => name("_cutover_n", c)));
  return {
    of: "query",
    sql: template`${raw(`SELECT ${columns} FROM (`)}${numbered}${raw(`) AS ${name("_cutover_n")} WHERE ${name("_cutover_n", "_cutover_copy")} > 1`)}`,
  };
}
