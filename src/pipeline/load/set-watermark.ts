import { CutoverError } from "../../errors/index.js";
import { formatCanonical } from "../../table/canonical.js";
import { encodeValue, Unfit } from "../../table/encode.js";
import { findColumn } from "../../table/resolve.js";
import { configError } from "../config.js";
import type { Context } from "../context.js";
import { leased } from "../lease/lease.js";
import type { CallOptions, Work } from "../session/work.js";
import { definitionOf, type Found, findTables } from "./tables.js";

/** Says where the next run reads on; null: from the start. An event of its own, which publishes nothing. */
export async function setWatermark(ctx: Context, alias: string, to: unknown, o: CallOptions = {}): Promise<void> {
  definitionOf(ctx, alias);
  if (to === undefined)
    throw configError([{ path: "to", message: "expected a value of the cursor's type, or null for the start" }]);
  await leased(ctx, "adopt", o, 0, async (w, held) => {
    const found = (await findTables(w, held.state, [alias]))[0] as Found;
    const watermark = to === null && found.definition.cursor !== null ? null : watermarkText(w, found, "to", to);
    if (found.state === null) throw unread(w, alias);
    if (found.state.watermark === watermark) return;
    await held.last("watermark-set", held.state.live, { table: found.id, watermark });
  });
}

/** A cursor's value as the ledger keeps it. @throws CutoverError `CONFIG` with this path. */
export function watermarkText(w: Work, t: Found, path: string, given: unknown): string | null {
  const { cursor } = t.definition;
  if (cursor === null) throw configError([{ path, message: `the table ${t.alias} has no cursor` }]);
  const live = findColumn(t.live?.columns ?? [], cursor, w.ctx.adapter.capabilities.identifiers);
  const type = live?.type ?? t.definition.columns?.find((c) => c.name === cursor)?.type ?? "string";
  if (typeof given === "number" && !Number.isFinite(given))
    throw configError([{ path, message: "expected a finite number: nothing can be read from there" }]);
  try {
    return formatCanonical(encodeValue(given, type), type);
  } catch (e) {
    if (e instanceof Unfit) throw configError([{ path, message: e.message }]);
    throw e;
  }
}

function unread(w: Work, alias: string): CutoverError<"NOT_FOUND"> {
  const { pipeline } = w.ctx.settings;
  const message = `no release of ${pipeline} has loaded ${alias} yet, so it has no watermark; a first run begins where window.from says, and adopt({ watermarks }) takes a table that is there`;
  return new CutoverError("NOT_FOUND", message, { what: "release", name: alias, table: alias, pipeline });
}
