import type { Capabilities } from "../adapter/capabilities.js";
import type { Warehouse } from "../adapter/define.js";
import type { TableRef } from "../adapter/shapes.js";
import type { Sql } from "../sql/sql.js";
import type { CaseDefinition, ConformanceCase, Given, Group } from "./case.js";
import { faultCases } from "./faults/index.js";
import { operationCases } from "./operations/index.js";
import { openPlace } from "./place.js";
import { sessionCases } from "./session/index.js";
import { stepCases } from "./steps/index.js";

/** A place for one case. */
export interface Opened {
  readonly warehouse: Warehouse;
  /** Where places share a database: the schema of this one's ledger, removed by `dispose`. Default `cutover_ledger`. */
  readonly ledgerSchema?: string;
  /** Removes the place, after the case. */
  dispose(): Promise<void>;
}
/** What the kit needs to know of an adapter. */
export interface Harness {
  /** An empty place that nothing else uses: a database or schema of its own. Asked once a case, and more often by the fault walk. */
  readonly open: () => Promise<Opened>;
  /** As the adapter declares them: they decide what is asked, and what must be refused. */
  readonly capabilities: Capabilities;
  /** Default: all, in the order session, steps, operations, faults. */
  readonly groups?: readonly Group[];
  /**
   * Statements that give a table what a clone and a swap of your engine must carry: an index, a constraint, a comment, a
   * grant. The table has the columns `id` (int64, NOT NULL) and `note` (string). Absent: those cases are skipped.
   */
  readonly decorate?: (table: TableRef) => readonly Sql[];
  readonly faults?: FaultOptions;
  /** Told what is worth a line beside the outcome, such as how many points were walked. */
  readonly note?: (c: ConformanceCase, text: string) => void;
}
/** How much of the fault walk is walked. */
export interface FaultOptions {
  /** Pairs of faults in a row for each operation: so many, chosen by `seed`, or all. Default 12. */
  readonly pairs?: number | "all";
  /** Kinds of faults at each operation inside a block: `one`, another at each, or `all`. Default `one`: all of them undo the block. */
  readonly inside?: "one" | "all";
  /** Every n-th of the single faults, from one that `seed` chooses; of variants, or of all operations. Default 1: every fault. */
  readonly every?: number | { readonly variants: number };
  /** Default: the time; it is noted, so that a failure can be walked again. */
  readonly seed?: number;
}

/**
 * The cases that an adapter must pass, as data for any runner. Nothing is opened before a case runs; each has a place of
 * its own. What an engine cannot do is skipped with the reason, and asked to be refused.
 */
export function conformance(h: Harness): readonly ConformanceCase[] {
  const given: Given = { decorated: h.decorate !== undefined };
  const definitions: Readonly<Record<Group, readonly CaseDefinition[]>> = {
    session: sessionCases,
    steps: stepCases(h.decorate ?? (() => [])),
    operations: operationCases(h.decorate ?? (() => [])),
    faults: faultCases({
      open: h.open,
      pairs: h.faults?.pairs ?? 12,
      every: h.faults?.every ?? 1,
      inside: h.faults?.inside ?? "one",
      seed: h.faults?.seed ?? Date.now() % 1_000_000,
    }),
  };
  const groups = h.groups ?? (["session", "steps", "operations", "faults"] as const);
  return groups.flatMap((group) => definitions[group].map((d) => bound(group, d, h, given)));
}

function bound(group: Group, d: CaseDefinition, h: Harness, given: Given): ConformanceCase {
  const made: ConformanceCase = {
    name: `${group}: ${d.name}`,
    group,
    invariant: d.invariant ?? null,
    also: d.also ?? [],
    skip: d.skip?.(h.capabilities, given) ?? false,
    timeoutMs: d.timeoutMs ?? 60_000,
    async run() {
      const place = await openPlace(await h.open());
      try {
        await d.run(place, (text) => h.note?.(made, text));
      } finally {
        await place.dispose();
      }
    },
  };
  return made;
}
