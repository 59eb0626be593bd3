import * as z from "zod";
import { recordedCheck } from "../check/planned.js";

const counts = z.object({
  inserted: z.number(),
  updated: z.number(),
  deleted: z.number(),
  unchanged: z.number(),
  stale: z.number(),
  quarantined: z.number(),
});
/** What a report says of one table. */
const tableReport = counts.extend({
  rows: z.number(),
  checksum: z.string(),
  watermark: z.object({ before: z.string().nullable(), after: z.string().nullable() }),
});

/** What is left of a release when the journal is compacted: what history() tells, and the report that its key brings back. */
export const summary = z.object({
  state: z.enum(["published", "rolled-back", "rejected", "abandoned"]),
  strategy: z.enum(["in-place", "swap"]),
  note: z.string().optional(),
  reason: z.string().optional(),
  key: z.string().optional(),
  previous: z.number().optional(),
  /** By alias; only of a release with a key. */
  tables: z.record(z.string(), tableReport).optional(),
  checks: z.array(recordedCheck).optional(),
});
export type Summary = z.infer<typeof summary>;
