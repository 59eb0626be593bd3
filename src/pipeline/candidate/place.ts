import { randomUUID } from "node:crypto";
import { resultJson } from "../../adapter/interactive.js";
import type { BlockResult, OpResult } from "../../adapter/operations.js";
import type { TableRef, TableShape } from "../../adapter/shapes.js";
import { CutoverError, isCutoverError } from "../../errors/index.js";
import { payloads } from "../../ledger/events.js";
import type { PendingIntent, Place } from "../../ledger/intent.js";
import { besideLive } from "../../ledger/names.js";
import { readJson } from "../../ledger/portable.js";
import type { Plan } from "../../plan/compile.js";
import { marking, type Placing, swapping } from "../../plan/intent.js";
import { unchanged } from "../../plan/release.js";
import type { Held } from "../lease/held.js";
import type { Work } from "../session/work.js";

/** Told on what takes live's place, where that cannot be told in the same transaction. */
export const markerOf = (w: Work, fence: bigint): string | null =>
  w.ctx.adapter.capabilities.transactionalDdl ? null : `${fence}-${randomUUID().slice(0, 13)}`;

/** What a version needs before it is decided that it takes live's place: live's grants, and the marker. */
export async function prepare(w: Work, placings: readonly Placing[]): Promise<void> {
  const { steps } = marking(placings, w.ctx.adapter.capabilities.grants);
  for (const s of steps) if ("step" in s) await w.run(s.step);
}

/** The intent that a block has just recorded. */
export function intended(w: Work, held: Held, plan: Plan, result: BlockResult): PendingIntent {
  const last = plan.steps.at(-1);
  const event = last !== undefined && "step" in last && last.step.kind === "record" ? last.step.events.at(-1) : undefined;
  if (event === undefined) throw new Error("the block records no intent");
  const found = (id: string): OpResult | undefined => result.results.get(id);
  const facts = Object.fromEntries(event.facts.map((id) => [id, JSON.parse(resultJson(found(id))) as unknown]));
  const parsed = payloads.intent.parse({ ...(readJson(event.payload, w.names.database) as object), facts });
  return { release: event.release, fence: String(held.fence), intent: parsed };
}

/**
 * Carries out what was decided, and records it. Whatever comes between, the next owner carries it on: each step looks at
 * what has been done. Not ended by an abort, since it is decided.
 * @throws CutoverError `PUBLISH_FAILED` with state `before`: the engine refuses, and the intent is withdrawn. Others: nobody
 * knows, or not yet.
 */
export async function carryOut(w: Work, held: Held, p: PendingIntent, placings: readonly Placing[] | null): Promise<void> {
  const calm = w.calm();
  for (const [i, place] of p.intent.places.entries()) {
    try {
      await placeOne(calm, held, p, place, placings?.[i] ?? null);
    } catch (e) {
      // Some tables have moved already: what is left can only be carried on.
      throw i > 0 || p.intent.begun === true ? undecided(e) : await withdrawnOr(calm, held, p, place, e);
    }
  }
  await held.record(finalEvents(p), calm).catch((e: unknown) => {
    throw undecided(e);
  });
}

function finalEvents(p: PendingIntent): { readonly release: number; readonly event: string; readonly text: string }[] {
  const last = p.intent.events.length - 1;
  return p.intent.events.map(({ release, event, payload }, i) => {
    if (i < last) return { release, event, text: payload };
    const facts = event === "published" ? `,"facts":${JSON.stringify(p.intent.facts)}` : "";
    return { release, event, text: `${payload.slice(0, -1)}${facts},"by":${JSON.stringify(p.fence)}}` };
  });
}

async function placeOne(w: Work, held: Held, p: PendingIntent, place: Place, known: Placing | null): Promise<void> {
  const at: TableRef = { path: place.path };
  if (known !== null) await w.run(swapping(known).step, place.alias);
  else await carryOn(w, held, p, place);
  const foreign = await lookBehind(w, place);
  await sameGrants(w, place, at);
  if (place.spent === null) return;
  const spent: TableRef = { path: place.spent };
  const kept = foreign && place.spent.join("\0") === place.keepAs?.join("\0");
  if (kept)
    await w.run({ kind: "rename", from: spent, to: besideLive(place.path, "foreign", Number(held.fence), "f") }, place.alias);
  else await w.run({ kind: "drop", ref: spent }, place.alias);
}

/** What another owner began. Whoever was paused must not find the candidate again: it gets a name of this owner's first. */
async function carryOn(w: Work, held: Held, p: PendingIntent, place: Place): Promise<void> {
  const at: TableRef = { path: place.path };
  let candidate = await standing(w, place);
  if (candidate !== null && p.fence !== String(held.fence)) {
    const own: TableRef = { path: [...place.candidate.slice(0, -1), fencedName(place, held.fence)] };
    if (own.path.at(-1) !== candidate.path.at(-1)) await w.run({ kind: "rename", from: candidate, to: own }, place.alias);
    candidate = own;
  }
  const live = await w.describe(at);
  if (live?.marker === place.marker) {
    if (candidate !== null && place.keepAs !== null) await setAside(w, place, candidate, { path: place.keepAs });
    return;
  }
  const shape = candidate === null ? null : await w.describe(candidate);
  if (shape === null) throw gone(w, p, place);
  // Live must still be what was decided about.
  const decided = live === null ? null : { ...live, version: place.was?.version ?? live.version };
  await w.run(swapping({ place, live: decided, candidate: shape }).step, place.alias);
}

/** What bears the candidate's name though live is swapped: what left, or, where live was overwritten, what live is a copy of. */
async function setAside(w: Work, place: Place, candidate: TableRef, keepAs: TableRef): Promise<void> {
  const kept = await w.describe(keepAs, "columns");
  if (kept === null) await w.run({ kind: "rename", from: candidate, to: keepAs }, place.alias);
  else await w.run({ kind: "drop", ref: candidate }, place.alias);
}

const fencedName = (place: Place, fence: bigint): string => `${place.candidate.at(-1)}_f${fence}`;

/** The candidate, under its own name or under that of an owner who tried to carry it on. */
async function standing(w: Work, place: Place): Promise<TableRef | null> {
  const name = place.candidate.at(-1) ?? "";
  const schema = { path: place.candidate.slice(0, -1) };
  const found = await w.call("list", place.alias, (o) => w.session.list(schema, name, o));
  return found.find((t) => t.path.at(-1) === name || /^_f\d+$/.test((t.path.at(-1) ?? "").slice(name.length))) ?? null;
}

function gone(w: Work, p: PendingIntent, place: Place): CutoverError<"NOT_FOUND"> {
  const name = place.candidate.join(".");
  const message = `${place.alias}: the version ${name} that was to take live's place is gone`;
  const where = { table: place.alias, pipeline: w.ctx.settings.pipeline, release: p.release };
  return new CutoverError("NOT_FOUND", message, { what: "table", name, ...where });
}

/** Failures that the next attempt would meet as well. */
const final: ReadonlySet<string> = new Set(["denied", "missing-object", "resources", "unsupported", "syntax", "other"]);

/** An engine that refuses the swap for good must not stop the pipeline for good: then the intent is withdrawn. */
async function withdrawnOr(w: Work, held: Held, p: PendingIntent, place: Place, e: unknown): Promise<unknown> {
  const refused =
    isCutoverError(e, "NOT_FOUND", "UNSUPPORTED") ||
    (isCutoverError(e, "ADAPTER") && e.context.outcome === "not-applied" && final.has(e.context.kind));
  if (!refused) return undecided(e);
  try {
    const live = await w.describe({ path: place.path });
    if (live?.marker === place.marker || overwritten(w, place, live)) return undecided(e);
    const reason = e instanceof Error ? e.message : String(e);
    const abandon = p.fence !== String(held.fence) && p.intent.events.at(-1)?.event === "published";
    const abandoned = { strategy: "swap" as const, reason: "its swap was refused" };
    await held.record(
      [
        { release: p.release, event: "withdrawn", text: JSON.stringify({ reason: reason.slice(0, 2000) }) },
        ...(abandon ? [{ release: p.release, event: "abandoned", text: JSON.stringify(abandoned) }] : []),
      ],
      w,
    );
    const { pipeline } = w.ctx.settings;
    const message = `${place.alias}: the warehouse refused the swap, and nothing was changed: ${reason}`;
    const where = { pipeline, release: p.release, table: place.alias };
    if (isCutoverError(e, "UNSUPPORTED")) return e;
    return new CutoverError("PUBLISH_FAILED", message, { state: "before", ...where }, { cause: e, retryable: false });
  } catch (second) {
    return undecided(second);
  }
}

/** Where a swap overwrites live, it may have done so and not marked it yet. */
const overwritten = (w: Work, place: Place, live: TableShape | null): boolean =>
  w.ctx.adapter.capabilities.swapGuard === "atomic" && place.was !== null && live?.version !== place.was.version;

/** It is decided and not carried out: whoever asks finds it by the journal. */
function undecided(e: unknown): unknown {
  if (!isCutoverError(e)) return e;
  const kind = isCutoverError(e, "ADAPTER") ? e.context.kind : "other";
  const adapter = isCutoverError(e, "ADAPTER") ? e.context.adapter : "";
  return new CutoverError(
    "ADAPTER",
    e.message,
    { ...e.context, adapter, kind, outcome: "unknown" },
    { cause: e, retryable: true },
  );
}

/** A write that began before the swap can have come into the version that left: it is kept there, and told. */
async function lookBehind(w: Work, place: Place): Promise<boolean> {
  if (place.keepAs === null || place.was === null || w.ctx.adapter.capabilities.swapGuard !== "detect") return false;
  const ref: TableRef = { path: place.keepAs };
  try {
    const kept = await w.describe(ref);
    if (kept === null || (place.was.version !== null && kept.version === place.was.version)) return false;
    const { step } = unchanged("behind", kept, place.was, w.ctx.adapter.syntax.hashVersion);
    const { ok, rows } = await w.run(step, place.alias);
    if (ok) return false;
    const message = `${place.alias}: others wrote while the tables changed places; ${ref.path.join(".")} has ${String(rows[0]?.["rows"])} rows, recorded ${place.was.rows}, or other contents. Their rows are kept there`;
    w.warnings.push({ code: "FOREIGN_WRITES", message });
    return true;
  } catch (err) {
    w.ctx.log.warn({ err }, "the displaced table could not be looked at");
    return false;
  }
}

/** Grants that came after they were read belong to the version that left. */
async function sameGrants(w: Work, place: Place, at: TableRef): Promise<void> {
  if (!w.ctx.adapter.capabilities.grants || place.fingerprint === null) return;
  const now: TableShape | null = await w.describe(at);
  if (now !== null)
    await w.run({ kind: "regrant", ref: at, before: now.fingerprint, after: place.fingerprint, owner: true }, place.alias);
}
