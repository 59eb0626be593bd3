import fc from "fast-check";
import type { Action, Call, Feed, Owner } from "./actions.js";
import {
  anyway,
  by,
  type Draft,
  daysDraft,
  type FeedDraft,
  feedOf,
  itemsDraft,
  released,
  slot,
  tableName,
  tableSet,
} from "./feeds.js";
import { type Model, unaccounted } from "./model.js";
import type { TableName } from "./rows.js";

export const begin: fc.Arbitrary<Draft> = fc
  .record({ by, slot, what: fc.constantFrom("begin", "begin", "clone", "clone", "rebuild"), tables: tableSet })
  .map(
    ({ by: o, slot: s, what, tables }): Draft =>
      (m) => {
        if (m.slots[s]?.fate === "open") return null;
        return [what === "begin" ? { do: what, by: o, slot: s } : ({ do: what, by: o, slot: s, tables } as Action)];
      },
  );
const both: readonly TableName[] = ["items", "days"];
/** What a feed has for these tables. */
const part = (feed: Feed, tables: readonly TableName[]): Feed => Object.fromEntries(tables.map((t) => [t, feed[t]]));
const what = fc.constantFrom(
  "load",
  "load",
  "load",
  "transform",
  "validate",
  "publish",
  "publish",
  "publish",
  "reject",
  "rebase",
  "rebase",
  "resume",
  "await",
);
export const step: fc.Arbitrary<Draft> = fc
  .record({
    by,
    slot,
    what,
    feed: fc.record({ items: itemsDraft, days: daysDraft }),
    only: fc.option(tableName, { freq: 3 }),
    anyway,
  })
  .map(
    ({ by: b, slot: s, what: w, feed, only, anyway: stubborn }): Draft =>
      (m) => {
        const o = m.slots[s] ?? null;
        if (o === null) return null;
        const of = o.candidate === null ? both : (Object.keys(o.candidate.tables) as TableName[]);
        const chosen = only === null ? of : of.filter((t) => t === only || of.length === 1);
        switch (w) {
          case "load":
            return [{ do: w, slot: s, feed: part(feedOf(m, feed), chosen) }];
          case "transform":
            return o.candidate === null ? null : [{ do: w, slot: s, table: chosen[0] as TableName }];
          case "publish":
            return [
              ...released(m, 0, stubborn),
              { do: o.candidate === null ? w : "swap", slot: s, approved: o.approved !== null },
            ];
          case "rebase":
            return o.candidate === null ? null : [{ do: w, slot: s }];
          case "resume":
            return [{ do: w, by: b, slot: s }];
          default:
            return [{ do: w as "validate" | "await" | "reject", slot: s }];
        }
      },
  );

export interface Whole {
  readonly by: Owner;
  readonly way: "in place" | "clone" | "rebuild";
  readonly tables: readonly TableName[];
  readonly feed: FeedDraft;
  readonly raise: boolean;
  readonly again: boolean;
}
export const whole: fc.Arbitrary<Whole> = fc.record({
  by,
  way: fc.constantFrom("in place", "clone", "clone", "rebuild"),
  tables: tableSet,
  feed: fc.record({ items: itemsDraft, days: daysDraft }),
  raise: fc.boolean(),
  again: fc.boolean(),
});
/** All steps of a release, one after the other. */
export function series(m: Model, s: Whole, by: Owner, slot: number): readonly Call[] | null {
  const { tables } = s;
  if (m.slots[slot]?.fate === "open" || tables.some((t) => unaccounted(m.tables[t]))) return null;
  if (s.way === "clone" && tables.some((t) => !m.tables[t].there)) return null;
  const load = { do: "load", slot, feed: part(feedOf(m, s.feed), tables) } as const;
  if (s.way === "in place")
    return [{ do: "begin", by, slot }, load, { do: "validate", slot }, { do: "publish", slot, approved: s.raise }];
  const raise: Call[] = s.raise ? [{ do: "transform", slot, table: tables.at(-1) as TableName }] : [];
  // What was done is done again, whether live has moved on or not.
  const again: Call[] = s.again ? [{ do: "rebase", slot }] : [];
  return [{ do: s.way, by, slot, tables }, load, ...raise, ...again, { do: "swap", slot }];
}
export const release: fc.Arbitrary<Draft> = fc.record({ whole, slot }).map(
  ({ whole: s, slot: n }): Draft =>
    (m) =>
      series(m, s, s.by, n),
);
