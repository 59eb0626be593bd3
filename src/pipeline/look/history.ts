import { fromRecord } from "../../check/planned.js";
import { type Outline, readOutlines } from "../../ledger/fold.js";
import { emptyState, type State } from "../../ledger/state.js";
import { configError } from "../config.js";
import type { Context } from "../context.js";
import { look } from "../lease/lease.js";
import { type CallOptions, operate } from "../session/work.js";
import { checksOf } from "./report.js";
import type { ReleaseSummary } from "./reports.js";

/** Events on one page at most: an event can hold much, and a page is a round trip. */
const PAGE = 100;

/** Releases, from the one that was settled last on: page by page, each with a session of its own, so that a slow reader holds none. */
export async function* history(ctx: Context, o: CallOptions & { readonly limit?: number } = {}): AsyncGenerator<ReleaseSummary> {
  const wanted = o.limit ?? Number.POSITIVE_INFINITY;
  if (!(wanted >= 0)) throw configError([{ path: "limit", message: "expected a number of releases, 0 or more" }]);
  const size = Math.min(PAGE, Math.ceil(wanted) * 2 + 2);
  const { state, ...first } = await readPage(ctx, o, size, null);
  const told = teller(state);
  let left = wanted;
  let page: Page = first;
  for (;;) {
    for (const summary of told(page.events)) {
      if (left <= 0) return;
      left -= 1;
      yield summary;
    }
    if (page.before === null || left <= 0) return;
    page = await readPage(ctx, o, size, page.before);
  }
}

interface Page {
  /** Newest first. */
  readonly events: readonly Outline[];
  /** Where the next page begins; null: this is the last. */
  readonly before: number | null;
}
function readPage(ctx: Context, o: CallOptions, limit: number, before: number | null): Promise<Page & { readonly state: State }> {
  return operate(ctx, "audit", o, async (w) => {
    const state = before === null ? ((await look(w))?.state ?? null) : emptyState;
    if (state === null) return { state: emptyState, events: [], before: null };
    const { rows } = await w.run({
      kind: "findEvents",
      journal: w.names.journal,
      pipeline: ctx.settings.pipeline,
      events: ["published", "rejected", "abandoned", "summary", "rolled-back", "redone"],
      payload: null,
      release: null,
      ...(before === null ? {} : { before }),
      limit,
    });
    const events = readOutlines(rows, w.names.database).toReversed();
    if (rows.length < limit) return { state, events, before: null };
    // What an owner wrote who had lost the lease is told by the event before it, so the oldest is read again with the next page.
    const oldest = Math.min(...rows.map((r) => Number(r["seq"])));
    if (before !== null && oldest + 1 >= before) return { state, events, before: oldest };
    return { state, events: events.filter((e) => e.seq > oldest), before: oldest + 1 };
  });
}

/** What became of a release since is told by the last rollback or redo that names it, which comes first. */
function teller(state: State): (events: readonly Outline[]) => Generator<ReleaseSummary> {
  const back = new Set(state.kept.map((k) => k.previous));
  // The event of a rollback may have been compacted since.
  const moved = new Map<number, "rolled-back" | "redone">(
    state.undone.flatMap((u) => u.releases.map((k) => [k.release, "rolled-back"])),
  );
  return function* (events) {
    for (const e of events) {
      if (e.event === "rolled-back" || e.event === "redone")
        for (const r of e.payload.releases) if (!moved.has(r)) moved.set(r, e.event);
      if (e.event !== "published" && e.event !== "rejected" && e.event !== "abandoned" && e.event !== "summary") continue;
      const gone = moved.get(e.release) === "rolled-back";
      moved.delete(e.release);
      yield {
        release: e.release,
        state: gone ? "rolled-back" : e.event === "summary" ? e.payload.state : e.event,
        strategy: e.payload.strategy,
        at: e.at,
        canRollBackTo: back.has(e.release),
        checks: e.event === "published" ? checksOf(e.payload) : fromRecord(e.payload.checks),
        ...("note" in e.payload && e.payload.note !== undefined ? { note: e.payload.note } : {}),
      };
    }
  };
}
