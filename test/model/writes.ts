import fc from "fast-check";
import type { Action } from "./actions.js";
import { anyTable, type Draft } from "./feeds.js";
import type { Model } from "./model.js";
import { type Row, rowOf, type TableName, type Value } from "./rows.js";

/** Someone else writes: a row of theirs, or what is there. */
export const write: fc.Arbitrary<Draft> = fc
  .record({ table: anyTable, what: fc.constantFrom("insert", "insert", "update", "delete"), at: fc.nat(50) })
  .map(
    ({ table, what: how, at }): Draft =>
      (m) => {
        const t = m.tables[table];
        if (!t.there) return null;
        if (how === "insert") return [writing(table, "insert", [], [theirs(table, m, at)])];
        const there = [...t.rows.keys()].sort();
        const text = there[at % Math.max(1, there.length)];
        if (text === undefined) return null;
        const row = rowOf(table, text);
        const copies = Array<Row>(t.rows.get(text) ?? 0).fill(row);
        const column = { items: "name", days: "place", log: "what" }[table];
        const changed = { [column]: `mine ${m.foreign}` };
        return [writing(table, how, copies, how === "delete" ? [] : copies.map((r) => ({ ...r, ...changed })))];
      },
  );
/** Under a key that nobody has: one that no load brings, or one that some release may have had or bring again. */
function theirs(t: TableName, m: Model, at: number): Row {
  if (t === "log") return { seq: at % 8, what: "theirs", cutover_release: null };
  if (t === "days") return { day: "2001-01-02", place: "theirs", n: at % 3 };
  const taken = new Set([...m.tables.items.rows.keys()].map((text) => rowOf("items", text)["id"]));
  const id = 1 + (at % 6);
  return { id: taken.has(id) || at % 2 === 0 ? 900 + m.foreign : id, name: "theirs", v: 7, seq: 0 };
}
const literal = (v: Value): string => (typeof v === "string" ? `'${v}'` : String(v ?? "NULL"));
function writing(table: TableName, how: string, gone: readonly Row[], come: readonly Row[]): Action {
  const where = Object.entries(gone[0] ?? {}).map(([c, v]) => `${c} IS NOT DISTINCT FROM ${literal(v)}`);
  const values = Object.values(come[0] ?? {}).map(literal);
  const set = Object.entries(come[0] ?? {}).map(([c, v]) => `${c} = ${literal(v)}`);
  const sql =
    how === "insert"
      ? `INSERT INTO ${table} VALUES (${values.join(", ")})`
      : `${how === "delete" ? "DELETE FROM" : "UPDATE"} ${table} ${how === "delete" ? "" : `SET ${set.join(", ")} `}WHERE ${where.join(" AND ")}`;
  return { do: "write", table, sql, gone, come };
}
