import { type SqlOp, type Step, sqlOp } from "cutover/adapter";
import { columnsOf, deleted, listed, name, table, visibly } from "./words.js";

/** The first rows of an empty table, visible at once. */
export function fill(s: Step<"fill">): readonly SqlOp[] {
  const columns = columnsOf(s.live);
  const names = listed(columns.map((c) => name(c.name)));
  const values = listed(columns.map((c) => (s.given.includes(c.name) ? name("d", c.name) : (c.default ?? "NULL"))));
  const insert = `INSERT INTO ${table(s.live.ref)} (${names}) SELECT ${values} FROM ${table(s.delta)} AS d${s.deletes === null ? "" : ` WHERE NOT (${deleted(s.deletes, "d")})`}`;
  return [sqlOp(visibly(insert, s.inserts), { expect: { affected: s.inserts } })];
}
