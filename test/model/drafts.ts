import fc from "fast-check";
import type { Action, Call, Feed, Owner } from "./actions.js";
import { agrees, type Kept, type Model, unaccounted } from "./model.js";
import { type Row, rowOf, type TableName, type Value } from "./rows.js";

/** An action, as far as it can be said without knowing where it happens; null: it cannot happen there. */
export type Draft = (m: Model) => readonly Action[] | null;

interface ItemDraft {
  readonly id: number | null;
  readonly name: string | null;
  readonly v: number;
  /** Relative to the watermark: late and stale rows, equal ones, new ones. */
  readonly ahead: number;
}
const rarely = <T, U>(value: T, instead: fc.Arbitrary<U>) =>
  fc.oneof({ arbitrary: instead, weight: 99 }, { arbitrary: fc.constant(value), weight: 1 });
const name = fc.constantFrom(null, "a", "b");
const itemDraft: fc.Arbitrary<ItemDraft> = fc.record({
  id: rarely(null, fc.integer({ min: 1, max: 6 })),
  name,
  v: rarely(150, fc.integer({ min: 0, max: 2 })),
  ahead: fc.integer({ min: -3, max: 2 }),
});
const dayDraft: fc.Arbitrary<Row> = fc.record<Record<string, Value>>({
  day: rarely(null, fc.constantFrom("2001-01-01", "2001-01-02", "2001-01-03")),
  place: name,
  n: rarely(150, fc.integer({ min: 0, max: 2 })),
});
const itemsDraft = rarely([], fc.array(itemDraft, { minLength: 1, maxLength: 4 }));
const daysDraft = rarely([], fc.array(dayDraft, { minLength: 1, maxLength: 5 }));
interface FeedDraft {
  readonly items?: readonly ItemDraft[] | undefined;
  readonly days?: readonly Row[] | undefined;
}
const feedDraft: fc.Arbitrary<FeedDraft> = fc.oneof(
  { arbitrary: fc.record({ items: itemsDraft }), weight: 3 },
  { arbitrary: fc.record({ days: daysDraft }), weight: 2 },
  { arbitrary: fc.record({ items: itemsDraft, days: daysDraft }), weight: 2 },
);
const itemRows = (m: Model, drafts: readonly ItemDraft[]): Row[] =>
  drafts.map(({ ahead, ...row }) => ({ ...row, seq: Math.max(0, (m.tables.items.known?.watermark ?? 0) + ahead) }));
const feedOf = (m: Model, d: FeedDraft): Feed => ({
  ...(d.items === undefined ? {} : { items: itemRows(m, d.items) }),
  ...(d.days === undefined ? {} : { days: d.days }),
});

const by = fc.constantFrom<Owner>(0, 1);
const slot = fc.constantFrom(0, 1);
const tableName = fc.constantFrom<TableName>("items", "days");

/** Seldom: also where it is likely to be refused, or to do nothing. */
const anyway = fc.integer({ min: 0, max: 4 }).map((n) => n === 0);
/** What must go before a publish. */
const released = (m: Model, o: Owner, stubborn: boolean): Call[] =>
  m.held === null || stubborn ? [] : [{ do: "unhold", by: o }];
/** A load, published at once; on hold mostly after lifting it. */
const run: fc.Arbitrary<Draft> = fc.record({ by, feed: feedDraft, anyway }).map(
  ({ by: o, feed, anyway: stubborn }): Draft =>
    (m) => [...released(m, o, stubborn), { do: "run", by: o, feed: feedOf(m, feed) }],
);
/** Whether it was a first load, which has no redo. */
const first = (k: Kept): boolean => Object.values(k.touches).some((t) => t.undo.kind === "fill");
/** 0: the release before, without naming it; n: the n-th before live. Mostly where a redo is possible afterwards. */
export const rollback: fc.Arbitrary<Draft> = fc.record({ by, back: fc.constantFrom(0, 0, 1, 1, 2, 5), anyway }).map(
  ({ by: o, back, anyway: stubborn }): Draft =>
    (m) => {
      if (stubborn) return [{ do: "rollback", by: o, to: back === 0 ? null : (m.line.at(-1 - back) ?? 0) }];
      const way = m.kept.slice(m.kept.findLastIndex(first) + 1);
      const to = way.at(-1 - Math.min(back, way.length - 1))?.previous;
      return to === undefined ? null : [{ do: "rollback", by: o, to: back === 0 ? null : to }];
    },
);
const small: fc.Arbitrary<Draft> = fc
  .record({ by, what: fc.constantFrom("redo", "redo", "redo", "redo", "unhold", "recover", "audit", "hold"), anyway })
  .map(
    ({ by: o, what, anyway: stubborn }): Draft =>
      (m) => {
        const idle = (what === "redo" && m.undone.length === 0) || (what === "unhold" && m.held === null);
        if (idle && !stubborn) return null;
        return [what === "hold" ? { do: what, by: o, reason: "month end" } : ({ do: what, by: o } as Action)];
      },
  );
const adopt: fc.Arbitrary<Draft> = fc.record({ by, ahead: fc.option(fc.integer({ min: -2, max: 1 })), anyway }).map(
  ({ by: o, ahead, anyway: stubborn }): Draft =>
    (m) => {
      if (agrees(m) && !stubborn) return null;
      const watermark = m.tables.items.known?.watermark ?? null;
      const given = ahead === null || watermark === null || !m.tables.items.there ? null : Math.max(0, watermark + ahead);
      return [{ do: "adopt", by: o, watermark: given }];
    },
);

const begin: fc.Arbitrary<Draft> = fc
  .record({ by, slot, what: fc.constantFrom("begin", "begin", "clone", "clone", "rebuild"), table: tableName })
  .map(
    ({ by: o, slot: s, what, table }): Draft =>
      (m) => {
        if (m.slots[s]?.fate === "open") return null;
        return [what === "begin" ? { do: what, by: o, slot: s } : ({ do: what, by: o, slot: s, table } as Action)];
      },
  );
const what = fc.constantFrom("load", "load", "load", "transform", "validate", "publish", "publish", "publish", "reject");
const step: fc.Arbitrary<Draft> = fc
  .record({
    slot,
    what,
    feed: fc.record({ items: itemsDraft, days: daysDraft }),
    only: fc.option(tableName, { freq: 3 }),
    anyway,
  })
  .map(
    ({ slot: s, what: w, feed, only, anyway: stubborn }): Draft =>
      (m) => {
        const o = m.slots[s] ?? null;
        if (o === null) return null;
        const given = feedOf(m, feed);
        const table = o.candidate?.table ?? only;
        const loaded = table === null ? given : ({ [table]: given[table] } as Feed);
        switch (w) {
          case "load":
            return [{ do: w, slot: s, feed: loaded }];
          case "transform":
            return o.candidate === null ? null : [{ do: w, slot: s, table: o.candidate.table }];
          case "publish":
            return [...released(m, 0, stubborn), { do: o.candidate === null ? w : "swap", slot: s }];
          default:
            return [{ do: w as "validate" | "reject", slot: s }];
        }
      },
  );

interface Whole {
  readonly by: Owner;
  readonly way: "in place" | "clone" | "rebuild";
  readonly table: TableName;
  readonly feed: { readonly items: readonly ItemDraft[]; readonly days: readonly Row[] };
  readonly raise: boolean;
}
const whole: fc.Arbitrary<Whole> = fc.record({
  by,
  way: fc.constantFrom("in place", "clone", "clone", "rebuild"),
  table: tableName,
  feed: fc.record({ items: itemsDraft, days: daysDraft }),
  raise: fc.boolean(),
});
/** All steps of a release, one after the other. */
function series(m: Model, s: Whole, by: Owner, slot: number): readonly Call[] | null {
  const { table } = s;
  if (m.slots[slot]?.fate === "open" || unaccounted(m.tables[table])) return null;
  if (!m.tables[table].there && s.way === "clone") return null;
  const load = { do: "load", slot, feed: { [table]: feedOf(m, s.feed)[table] } as Feed } as const;
  if (s.way === "in place") return [{ do: "begin", by, slot }, load, { do: "validate", slot }, { do: "publish", slot }];
  const raise: Call[] = s.raise ? [{ do: "transform", slot, table }] : [];
  return [{ do: s.way, by, slot, table }, load, ...raise, { do: "swap", slot }];
}
const release: fc.Arbitrary<Draft> = fc.record({ whole, slot }).map(
  ({ whole: s, slot: n }): Draft =>
    (m) =>
      series(m, s, s.by, n),
);

/** Someone else writes: a row of theirs, or what is there. */
const write: fc.Arbitrary<Draft> = fc
  .record({ table: tableName, what: fc.constantFrom("insert", "insert", "update", "delete"), at: fc.nat(50) })
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
        const changed = table === "items" ? { name: `mine ${m.foreign}` } : { place: `mine ${m.foreign}` };
        return [writing(table, how, copies, how === "delete" ? [] : copies.map((r) => ({ ...r, ...changed })))];
      },
  );
/** Under a key that nobody has: one that no load brings, or one that some release may have had or bring again. */
function theirs(t: TableName, m: Model, at: number): Row {
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

/** A call whose owner dies, or whose connection is lost around its commit. */
const fallible: fc.Arbitrary<Draft> = fc.oneof(
  { arbitrary: run, weight: 4 },
  { arbitrary: rollback, weight: 2 },
  { arbitrary: small, weight: 2 },
  { arbitrary: adopt, weight: 1 },
);
const die: fc.Arbitrary<Draft> = fc.record({ at: fc.nat(70), one: fallible, whole, series: fc.boolean() }).map(
  ({ at, one, whole: s, series: many }): Draft =>
    (m) => {
      const calls = many ? series(m, s, 2, 2) : one(m);
      if (calls === null) return null;
      return [{ do: "die", at, calls: calls.map((c) => ({ ...c, ...("by" in c ? { by: 2 } : {}) })) as Call[] }];
    },
);
const lose: fc.Arbitrary<Draft> = fc.record({ side: fc.constantFrom("before", "after"), one: fc.oneof(fallible, step) }).map(
  ({ side, one }): Draft =>
    (m) => {
      const calls = (one(m) ?? []) as Call[];
      const last = calls.at(-1);
      return last === undefined ? null : [...calls.slice(0, -1), { do: "lose", side, call: last }];
    },
);

export const draft: fc.Arbitrary<Draft> = fc.oneof(
  { arbitrary: run, weight: 10 },
  { arbitrary: rollback, weight: 6 },
  { arbitrary: small, weight: 10 },
  { arbitrary: release, weight: 4 },
  { arbitrary: begin, weight: 3 },
  { arbitrary: step, weight: 7 },
  { arbitrary: write, weight: 3 },
  { arbitrary: adopt, weight: 2 },
  { arbitrary: die, weight: 5 },
  { arbitrary: lose, weight: 2 },
);
