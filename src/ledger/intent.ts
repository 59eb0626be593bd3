import * as z from "zod";
import { facts } from "../check/planned.js";

const path = z.array(z.string());
/**
 * A table that is about to get another version, where that cannot share the journal's transaction. Live bears `marker` once
 * it has happened.
 */
export const place = z.object({
  alias: z.string(),
  /** Live's name. */
  path,
  /** The version that takes the name. */
  candidate: path,
  /** The name of the version that leaves; null: there is none. */
  keepAs: path.nullable(),
  marker: z.string(),
  /** What live had when it was found to be as recorded: its version where the engine tells one, rows and checksum. */
  was: z.object({ version: z.string().nullable(), rows: z.number(), sum: z.string(), hash: z.string() }).nullable(),
  /** What live bore (grants …), as its fingerprint tells it. */
  fingerprint: z.unknown(),
  /** A version of which a copy was made, and that is needed no more; its name is never used again. */
  spent: path.nullable(),
});
export type Place = z.infer<typeof place>;

/** What is decided and must now be carried out: its events are recorded when it is. The last is the one that matters. */
export const intent = z.object({
  events: z.array(z.object({ release: z.number(), event: z.string(), payload: z.string() })),
  places: z.array(place),
  /** Live tables were changed as it was decided: it can only be carried out, not withdrawn. */
  begun: z.boolean().optional(),
  facts: facts.default({}),
});
export type Intent = z.infer<typeof intent>;

/** An intent that the journal holds, and that nobody has reported as carried out. */
export const pending = z.object({ release: z.number(), fence: z.string(), intent });
export type PendingIntent = z.infer<typeof pending>;
