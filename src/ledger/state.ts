import * as z from "zod";
import { recordedCheck } from "../check/planned.js";
import { pending } from "./intent.js";
import { done } from "./progress.js";

/** Rows and additive checksum of a table. The checksum names its version: algorithm, encoding and columns. */
export interface Tally {
  readonly rows: number;
  readonly checksum: string;
}

export const tableState = z.object({
  path: z.array(z.string()),
  rows: z.number(),
  /** Exact sum as text. */
  sum: z.string(),
  /** Version of the checksum: algorithm and encoding, then the columns. */
  hash: z.string(),
  watermark: z.string().nullable(),
  /** Checks that a full scan found to hold for all rows, or that have been kept true since. */
  proven: z.array(z.string()),
  /** The images table that is known to exist; null: none yet. */
  changes: z.array(z.string()).nullable(),
  /** Releases since the last full scan. */
  sinceScan: z.number(),
  /** The last release that may have taken rows away: what refers to the table is proven for what it was since. */
  lost: z.number().optional(),
  /** What checks observed in the last published releases, by metric, oldest first. */
  observed: z.record(z.string(), z.array(z.number())).optional(),
});
export type TableState = z.infer<typeof tableState>;

export const undo = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("images"),
    changes: z.array(z.string()),
    key: z.array(z.string()),
    before: z.number(),
    after: z.number(),
  }),
  /** The first rows of an empty table: no images are kept. */
  z.object({ kind: z.literal("fill") }),
  /** The version before stands under `kept`; null: there was no table. `fingerprint` is what it had when it was live. */
  z.object({ kind: z.literal("swap"), kept: z.array(z.string()).nullable(), fingerprint: z.unknown() }),
]);
export type Undo = z.infer<typeof undo>;

/** A published release, as far as going back over it needs it. */
export const kept = z.object({
  release: z.number(),
  previous: z.number(),
  at: z.string(),
  strategy: z.enum(["in-place", "swap"]),
  note: z.string().optional(),
  key: z.string().optional(),
  tables: z.record(
    z.string(),
    z.object({
      undo,
      was: tableState.nullable(),
      is: tableState,
      /** A full scan found what no release had written, and took it into `is`. */
      foreign: z.boolean().optional(),
      /** The quarantine that it wrote to: a rollback takes that back as well. */
      quarantine: z.array(z.string()).optional(),
      /** Its source cannot rewind: what a rollback takes back is pending. */
      consumed: z.boolean().optional(),
    }),
  ),
});
export type Kept = z.infer<typeof kept>;

/** A release made by steps, not settled yet. */
export const openRelease = z.object({
  release: z.number(),
  strategy: z.enum(["in-place", "swap"]),
  state: z.enum(["open", "loaded", "validated"]),
  at: z.string(),
  process: z.string(),
  clonedFrom: z.number(),
  tables: z.array(z.string()),
  candidates: z.record(z.string(), z.array(z.string())),
  /** Until then others leave it alone (ISO text). */
  until: z.string(),
  /** A hold of somebody's: until then (ISO text) it is left alone whatever `until` says, and after it nobody may go on. */
  heldUntil: z.string().optional(),
  /** Built from nothing as a whole, so that its sources are read from the start. */
  fromStart: z.boolean().optional(),
  /** Live's exact names, by table, and the tables of a candidate that were built from nothing. */
  paths: z.record(z.string(), z.array(z.string())).default({}),
  built: z.array(z.string()).default([]),
  /** What its steps did, oldest first. */
  done: z.array(done).default([]),
  /** A rebase has begun and not ended: the candidate's tables may hold anything. */
  unfinished: z.boolean().optional(),
  /** What the last validation of what it holds now found. */
  checks: z.array(recordedCheck).optional(),
});
export type OpenRelease = z.infer<typeof openRelease>;

/** A copy of the tables in a schema of its own. */
export const sandbox = z.object({
  schema: z.string(),
  /** Then it is dropped, by whoever comes (ISO text). */
  until: z.string(),
  /** false: it was never finished. */
  ready: z.boolean(),
});
export type SandboxState = z.infer<typeof sandbox>;
/** Rows of others that a rollback overwrote: before-images under a release number of their own. */
export const overwritten = z.object({ release: z.number(), changes: z.array(z.string()) });
export type Overwritten = z.infer<typeof overwritten>;
/** Until when others leave an open release alone. */
export const heldOr = (o: OpenRelease): string => o.heldUntil ?? o.until;

export const state = z.object({
  /** The release that readers see; 0: what was there before the first one. */
  live: z.number(),
  tables: z.record(z.string(), tableState),
  /** What can be rolled back, oldest first. */
  kept: z.array(kept),
  /** Rollbacks since the last publish, the latest last: `redo` takes back the latest. Releases oldest first. */
  undone: z.array(z.object({ from: z.number(), to: z.number(), releases: z.array(kept) })),
  open: z.array(openRelease),
  held: z.string().nullable(),
  /** How far sources that cannot rewind have been published, by table; a rollback does not move it back. */
  positions: z.record(z.string(), z.string()).optional(),
  /** Decided, but not known to be carried out. */
  pending: pending.nullable().default(null),
  sandboxes: z.array(sandbox).default([]),
  /** What rollbacks overwrote: the latest of them, as many as releases are kept. */
  overwritten: z.array(overwritten).optional(),
});
export type State = z.infer<typeof state>;

export const emptyState: State = {
  live: 0,
  tables: {},
  kept: [],
  undone: [],
  open: [],
  held: null,
  pending: null,
  sandboxes: [],
};
export const tallyOf = (t: Pick<TableState, "rows" | "sum" | "hash">): Tally => ({
  rows: t.rows,
  checksum: `${t.hash}:${t.sum}`,
});
