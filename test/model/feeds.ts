import fc from "fast-check";
import type { Action, Call, Feed, Owner } from "./actions.js";
import { type Model, pending } from "./model.js";
import type { Row, TableName, Value } from "./rows.js";

/** An action, as far as it can be said without knowing where it happens; null: it cannot happen there. */
export type Draft = (m: Model) => readonly Action[] | null;

export interface ItemDraft {
  readonly id: number | null;
  readonly name: string | null;
  readonly v: number;
  /** Relative to the watermark: late and stale rows, equal ones, new ones. */
  readonly ahead: number;
}
const rarely = <T, U>(value: T, instead: fc.Arbitrary<U>) =>
  fc.oneof({ arbitrary: instead, weight: 99 }, { arbitrary: fc.constant(value), weight: 1 });
export const name = fc.constantFrom(null, "a", "b");
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
export const itemsDraft = rarely([], fc.array(itemDraft, { minLength: 1, maxLength: 4 }));
export const daysDraft = rarely([], fc.array(dayDraft, { minLength: 1, maxLength: 5 }));
export interface FeedDraft {
  readonly items?: readonly ItemDraft[] | undefined;
  readonly days?: readonly Row[] | undefined;
}
export const feedDraft: fc.Arbitrary<FeedDraft> = fc.oneof(
  { arbitrary: fc.record({ items: itemsDraft }), weight: 3 },
  { arbitrary: fc.record({ days: daysDraft }), weight: 2 },
  { arbitrary: fc.record({ items: itemsDraft, days: daysDraft }), weight: 2 },
);
const itemRows = (m: Model, drafts: readonly ItemDraft[]): Row[] =>
  drafts.map(({ ahead, ...row }) => ({ ...row, seq: Math.max(0, (m.tables.items.known?.watermark ?? 0) + ahead) }));
export const feedOf = (m: Model, d: FeedDraft): Feed => ({
  ...(d.items === undefined ? {} : { items: itemRows(m, d.items) }),
  ...(d.days === undefined ? {} : { days: d.days }),
});

export const by = fc.constantFrom<Owner>(0, 1);
export const slot = fc.constantFrom(0, 1);
export const tableName = fc.constantFrom<TableName>("items", "days");

export const anyTable = fc.constantFrom<TableName>("items", "days", "log");
export const tableSet = fc.constantFrom<readonly TableName[]>(["items"], ["days"], ["items", "days"]);

/** Seldom: also where it is likely to be refused, or to do nothing. */
export const anyway = fc.integer({ min: 0, max: 4 }).map((n) => n === 0);
/** What must go before a publish. */
export const released = (m: Model, o: Owner, stubborn: boolean): Call[] =>
  stubborn
    ? []
    : [
        ...(pending(m).length === 0 ? [] : [{ do: "discard", by: o } as const]),
        ...(m.held === null ? [] : [{ do: "unhold", by: o } as const]),
      ];
