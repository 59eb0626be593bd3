import * as z from "zod";
import { facts, plannedCheck, recordedCheck } from "../check/planned.js";
import { intent } from "./intent.js";
import { readJson, writeJson } from "./portable.js";
import { counts, done } from "./progress.js";
import { openRelease, overwritten, state, tableState, undo } from "./state.js";
import { summary } from "./summary.js";

/** The version that a rollback or redo took out of live: where it stands now, and what it had. */
const displaced = z.record(z.string(), z.object({ kept: z.array(z.string()), fingerprint: z.unknown() }));
export type Displaced = z.infer<typeof displaced>;

/** One table of a published release: what is known before the block, and which operations of the block tell the rest. */
export const publishedTable = z.object({
  alias: z.string(),
  path: z.array(z.string()),
  hash: z.string(),
  watermark: z.string().nullable(),
  /** Rows staged, after one row a key; 0 where nothing was loaded. */
  staged: z.number(),
  /** Among them are some that stand for deleted rows. */
  deletes: z.boolean().optional(),
  /** Counts of loads into a candidate, made before the swap. */
  counts: counts.optional(),
  undo,
  /** Images tallied by this operation … */
  tally: z.string().nullable(),
  /** … and the whole table by this one: where there are no images, or others wrote. */
  scan: z.string().nullable(),
  checks: z.array(plannedCheck),
  /** Rows, or values of a key, may have gone that were there before. */
  loses: z.boolean().optional(),
  /** Its columns are those recorded before, and the release column that this pipeline has added. */
  grown: z.boolean().optional(),
  /** The images table, made by now though this release may have none; null: none. */
  changes: z.array(z.string()).nullable().default(null),
  /** Rows of its loads that did not fit, whether the quarantine had them already or not. */
  quarantined: z.number().optional(),
  /** The quarantine that it wrote to. */
  quarantine: z.array(z.string()).optional(),
  /** How far a source that cannot rewind has been read: its own position, as text. */
  position: z.string().optional(),
});
export type PublishedTable = z.infer<typeof publishedTable>;

/** The fence of the owner who decided it, where another may have carried it out. */
const by = z.string().optional();

export const published = z.object({
  strategy: z.enum(["in-place", "swap"]),
  previous: z.number(),
  keep: z.number(),
  note: z.string().optional(),
  key: z.string().optional(),
  /** The pipeline is on hold from then on, for this reason. */
  hold: z.string().optional(),
  tables: z.record(z.string(), publishedTable),
  /** The whole state before: with it, this event alone tells the state after. */
  base: state,
  facts: facts.default({}),
  by,
});
export type Published = z.infer<typeof published>;

/** What the checks had found by then; absent: none had run. */
const checks = z.array(recordedCheck).optional();

/** Payloads by event. */
export const payloads = {
  opened: openRelease,
  loaded: z.object({ until: z.string(), did: done.optional(), facts: facts.optional() }),
  validated: z.object({ ok: z.boolean(), until: z.string(), checks }),
  /** Nobody but those who know of it touches the release until then. */
  awaiting: z.object({ until: z.string() }),
  rebasing: z.object({ until: z.string() }),
  rebased: z.object({ until: z.string(), clonedFrom: z.number(), built: z.array(z.string()), done: z.array(done) }),
  published,
  rejected: z.object({ strategy: z.enum(["in-place", "swap"]), reason: z.string(), note: z.string().optional(), checks }),
  abandoned: z.object({ strategy: z.enum(["in-place", "swap"]), reason: z.string(), checks }),
  "rolled-back": z.object({
    from: z.number(),
    to: z.number(),
    releases: z.array(z.number()),
    displaced,
    by,
    /** What others had written and this overwrote: before-images under this number, in these tables. */
    overwritten: z.array(overwritten).optional(),
  }),
  redone: z.object({ from: z.number(), to: z.number(), releases: z.array(z.number()), displaced, by }),
  intent,
  withdrawn: z.object({ reason: z.string() }),
  discarded: z.object({ releases: z.array(z.number()) }),
  held: z.object({ reason: z.string() }),
  unheld: z.object({}),
  /** Where the next run of a table reads on; null: at the start. */
  "watermark-set": z.object({ table: z.string(), watermark: z.string().nullable() }),
  /** Recorded before anything of it is made; until it is ready, whoever has the lease drops it. */
  sandboxed: z.object({ schema: z.string(), until: z.string() }),
  "sandbox-ready": z.object({ schema: z.string() }),
  "sandbox-dropped": z.object({ schema: z.string() }),
  adopted: z.object({
    tables: z.record(z.string(), tableState.extend({ scan: z.string() })),
    /** Tables that are no longer the pipeline's. */
    left: z.array(z.string()).optional(),
    facts: facts.default({}),
  }),
  /** The whole state, in place of all that came before. */
  snapshot: z.object({ state }),
  /** A settled release of which the journal keeps this and no more; under the sequence number and fence of the event that settled it. */
  summary,
} as const;
export type EventName = keyof typeof payloads;
export type Payload<E extends EventName> = z.infer<(typeof payloads)[E]>;
/** A payload to be written: what older journals lack may be left out. */
export type Written<E extends EventName> = z.input<(typeof payloads)[E]>;
export type LedgerEvent = {
  [E in EventName]: {
    readonly event: E;
    readonly release: number;
    readonly seq: number;
    readonly fence: bigint;
    readonly at: string;
    readonly payload: Payload<E>;
  };
}[EventName];

/** A payload as the journal keeps it. What could not be read again is not written: it would stop the pipeline for good. */
export function payloadText<E extends EventName>(
  event: E,
  payload: Written<E> | Omit<Written<E>, "facts">,
  database: string,
): string {
  const text = writeJson(payload, database);
  payloads[event].parse(readJson(text, database));
  return text;
}

/** Events that carry the whole state: reading begins at the last of them. */
export const anchors: readonly EventName[] = ["published", "snapshot"];
/** The payload of these is a bare idempotency key: taken by a published release, given back by its rollback. */
export const keyEvents = { taken: "key", returned: "key-returned" } as const;
