import type { BlockResult, Inspect } from "../../adapter/operations.js";
import type { ColumnShape, TableRef } from "../../adapter/shapes.js";
import type { Step } from "../../adapter/steps.js";
import { ledgerShapes } from "../../ledger/shapes.js";
import type { PlannedStep } from "../../plan/compile.js";
import type { Row, Sql } from "../../sql/sql.js";
import type { ColumnType } from "../../table/types.js";
import { shape } from "../columns.js";
import { gate, type Place } from "../place.js";
import { type Ending, endingOf } from "./words.js";

type Seeded = ColumnShape & { readonly value: string | number | null };
export const seeded = (place: Place, name: string, type: ColumnType, value: string | number | null): Seeded => ({
  ...shape(place.adapter, name, `${type}?`),
  value,
});

/** A lease that nobody holds, as the core makes it. */
export async function leaseAt(place: Place, name = "lease"): Promise<TableRef> {
  const ref = place.at(name);
  await place.step({ kind: "seed", ref, columns: ledgerShapes(place.adapter.syntax).lease });
  return ref;
}
export interface Ledger {
  readonly lease: TableRef;
  readonly journal: TableRef;
}
/** A lease that nobody holds, and an empty journal, as the core makes them. */
export async function ledgerAt(place: Place): Promise<Ledger> {
  const [lease, journal] = [await leaseAt(place), place.at("journal")];
  await place.create(journal, ledgerShapes(place.adapter.syntax).journal);
  return { lease, journal };
}

/** Takes a lease for an hour, unless told otherwise. */
export const leasing = (lease: TableRef, owner: string, o: Partial<Step<"lease">> = {}): Step<"lease"> => ({
  kind: "lease",
  lease,
  owner,
  process: `process of ${owner}`,
  deadProcess: false,
  ttlMs: 3_600_000,
  releases: 1,
  instead: null,
  ...o,
});
export const readLease = async (place: Place, lease: TableRef): Promise<Row> =>
  (await place.step({ kind: "readLease", lease })).rows[0] ?? {};

type Event = Step<"record">["events"][number];
export const event = (over: Partial<Event> = {}): Event => ({
  pipeline: "orders",
  release: 1,
  seq: 1,
  event: "noted",
  fence: 1n,
  payload: "{}",
  facts: [],
  ...over,
});
export const recording = (journal: TableRef, ...events: readonly Event[]): PlannedStep => ({
  id: "record",
  step: { kind: "record", journal, events },
});
export const reading = (
  { lease, journal }: Ledger,
  pipeline = "orders",
  anchors: readonly string[] = ["published"],
): PlannedStep => ({ id: "state", step: { kind: "readState", lease, journal, pipeline, anchors } });
/** The events among rows of a state. */
export const eventsOf = (rows: readonly Row[]): readonly Row[] => rows.filter((r) => r["event"] !== null);

export interface Side {
  readonly ending: Ending;
  readonly result: BlockResult | null;
}
type Script = (gate: readonly Inspect[]) => readonly (PlannedStep | Inspect)[];
/**
 * Two blocks, each in a session of its own, that are open at the same time: each waits at its gate until the other has
 * come to its own, or is over. `look` is read at the gate. A script has no gate: there they just begin together.
 */
export async function overlapping(place: Place, look: Sql, ...sides: readonly [Script, Script]): Promise<readonly [Side, Side]> {
  const other = await place.open();
  const gates = [gate(), gate()] as const;
  const run = async (i: 0 | 1): Promise<Side> => {
    const wait: Inspect = {
      id: "gate",
      inspect: async (query) => {
        await query(look);
        gates[i].open();
        await gates[i === 0 ? 1 : 0].passed;
        return { ok: true };
      },
    };
    let result: BlockResult | null = null;
    const steps = sides[i](place.adapter.capabilities.transaction === "interactive" ? [wait] : []);
    const work = place.block(steps, { session: i === 0 ? place.session : other }).then((r) => {
      result = r;
      return r.outcome === "committed";
    });
    const ending = await endingOf(place, work).finally(gates[i].open);
    return { ending, result };
  };
  return Promise.all([run(0), run(1)]);
}
