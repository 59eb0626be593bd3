import { imageColumns, type SqlOp, type Step, sqlOp } from "cutover/adapter";
import { syntax } from "../syntax.js";
import { all, listed, name, notes, table } from "./words.js";

/** One row about a release's images, and about live; how many rows are stale was noted by the capture. */
export function tally(s: Step<"tally">): readonly SqlOp[] {
  const is = (column: "image" | "op", value: string): string => `${name(imageColumns[column])} = '${value}'`;
  const sum = (image: string): string =>
    `CAST(${syntax.sumHash(`CASE WHEN ${is("image", image)} THEN ${syntax.rowHash(s.columns)} END`)} AS VARCHAR)`;
  const count = (...conditions: readonly string[]): string => syntax.countIf(all(conditions));
  const found = [
    `${count(is("image", "before"))} AS before_rows`,
    `${sum("before")} AS before_sum`,
    `${count(is("image", "after"))} AS after_rows`,
    `${sum("after")} AS after_sum`,
    `${count(is("image", "after"), is("op", "insert"))} AS inserted`,
    `${count(is("image", "after"), is("op", "update"))} AS updated`,
    `${count(is("image", "before"), is("op", "delete"))} AS deleted`,
    `${s.stale === null ? "0" : `(SELECT count(*) FROM ${notes(s.stale.live.ref, s.release, "match")} WHERE stale)`} AS stale`,
    `${s.count === null ? "NULL" : `(SELECT count(*) FROM ${table(s.count.on)})`} AS rows`,
    `${s.moved === null ? "TRUE" : s.moved.map(anyImage).join(" OR ")} AS moved`,
  ];
  const same = s.count === null ? "TRUE" : `rows = ${s.count.rows}`;
  const images = `SELECT ${listed(found)} FROM ${table(s.changes)} WHERE ${name(imageColumns.release)} = ${s.release}`;
  return [
    sqlOp(
      `SELECT *, inserted + updated + deleted AS changed, ${same} AS same, (${same}) AND moved AS ok FROM (${images}) AS tallied`,
      {
        expect: { holds: true },
        returns: {
          before_rows: "int64",
          before_sum: "string",
          after_rows: "int64",
          after_sum: "string",
          inserted: "int64",
          updated: "int64",
          deleted: "int64",
          stale: "int64",
          rows: "int64",
          moved: "bool",
          changed: "int64",
          same: "bool",
          ok: "bool",
        },
      },
    ),
  ];
}

const anyImage = (t: NonNullable<Step<"tally">["moved"]>[number]): string =>
  `EXISTS (SELECT 1 FROM ${table(t.changes)} WHERE ${name(imageColumns.release)} = ${t.release})`;
