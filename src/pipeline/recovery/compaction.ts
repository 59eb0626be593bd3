import type { Step } from "../../adapter/steps.js";
import { asRecorded } from "../../check/planned.js";
import { keyEvents, type LedgerEvent, payloadText } from "../../ledger/events.js";
import { readEvents } from "../../ledger/fold.js";
import type { State } from "../../ledger/state.js";
import type { Summary } from "../../ledger/summary.js";
import { formatTimestamp, parseCanonical } from "../../table/canonical.js";
import type { Held } from "../lease/held.js";
import { checksOf, reportOf } from "../look/report.js";
import type { Work } from "../session/work.js";

/** Of so many releases that nothing needs any more the journal keeps a line. */
export const REMEMBERED = 200;
/** Checks, and the reports that keys bring back, stay as long as they are no longer than this, in characters of JSON. */
const REPORTS = 200_000;
/** How long an engine's own history is reckoned with: `restore` reads the journal along it. */
const TIME_TRAVEL_US = 7n * 86_400_000_000n;

/** Events that settle a release, and those that tell what became of it. */
const moves = ["rolled-back", "redone"];
const telling = ["published", "rejected", "abandoned", "summary", ...moves];

export interface Compaction {
  /** How many rows of the journal go, beside an older snapshot. */
  readonly rows: number;
  /** The step that a snapshot at `below` makes possible. */
  readonly step: (below: number) => Step<"compact">;
}

/** What a snapshot of the state as it is now makes superfluous. */
export async function compactionOf(w: Work, held: Held): Promise<Compaction> {
  const { journal, database } = w.names;
  const { pipeline } = w.ctx.settings;
  const needed = neededReleases(held.state);
  const recent = w.ctx.adapter.capabilities.timeTravel
    ? (parseCanonical(held.now, "timestamp") as bigint) - TIME_TRAVEL_US
    : null;
  const found = await w.run({
    kind: "findEvents",
    journal,
    pipeline,
    events: telling,
    payload: null,
    release: null,
    limit: 2 * (REMEMBERED + needed.length),
  });
  const events = readEvents(found.rows, database);
  const stays = (e: LedgerEvent): boolean =>
    e.event === "published" && (needed.includes(e.release) || (recent !== null && e.at >= formatTimestamp(recent)));
  const { rows, from } = summaries(events, stays, pipeline, database);
  // What became of them, for those who read the journal without the state.
  const kept = events.find((e) => e.event === "published" && needed.includes(e.release))?.seq ?? null;
  const spare: Step<"compact">["spare"] = [
    { events: ["published"], releases: needed },
    { events: [keyEvents.taken], among: Object.values(keyEvents) },
    { events: ["opened"], releases: held.state.open.map((o) => o.release) },
    ...(from === null ? [] : [{ events: ["summary"], from }]),
    ...(kept === null ? [] : [{ events: moves, from: kept }]),
    ...(recent === null ? [] : [{ events: ["published", ...moves], since: recent }]),
  ];
  const counted = await w.run({
    kind: "compactable",
    journal,
    pipeline,
    below: Number.MAX_SAFE_INTEGER,
    spare: [...spare, { events: ["snapshot"], from: 0 }],
  });
  return {
    rows: Number(counted.rows[0]?.["rows"] ?? 0),
    step: (below) => ({ kind: "compact", journal, pipeline, below, spare, rows }),
  };
}

/** Releases whose own event is asked for: by who looks what became of a lost answer, by their key, by a restore. */
const neededReleases = (s: State): readonly number[] => [
  ...new Set([...s.kept, ...s.undone.flatMap((u) => u.releases)].map((k) => k.release)),
];

/** A line for each release that is not needed, newest first; `from` is the oldest line that stays of those that are there. */
function summaries(
  events: readonly LedgerEvent[],
  stays: (e: LedgerEvent) => boolean,
  pipeline: string,
  database: string,
): { readonly rows: Step<"compact">["rows"]; readonly from: number | null } {
  const moved = new Map<number, "rolled-back" | "redone">();
  const seen = new Set<number>();
  const rows: Step<"compact">["rows"][number][] = [];
  let from: number | null = null;
  let lines = 0;
  let length = 0;
  for (const e of events.toReversed()) {
    if (e.event === "rolled-back" || e.event === "redone")
      for (const r of e.payload.releases) if (!moved.has(r)) moved.set(r, e.event);
    if (e.event !== "summary" && e.event !== "published" && e.event !== "rejected" && e.event !== "abandoned") continue;
    if (seen.has(e.release) || stays(e)) continue;
    seen.add(e.release);
    if (++lines > REMEMBERED) break;
    if (e.event === "summary") {
      from = e.seq;
      continue;
    }
    const whole = summaryOf(e, moved.get(e.release) === "rolled-back", pipeline);
    const { tables: _tables, checks: _checks, ...short } = whole;
    const text = payloadText("summary", length > REPORTS ? short : whole, database);
    length += text.length;
    const at = parseCanonical(e.at, "timestamp") as bigint;
    rows.push({ release: e.release, seq: e.seq, event: "summary", at, fence: e.fence, payload: text });
  }
  return { rows, from };
}

type Settling = Extract<LedgerEvent, { readonly event: "published" | "rejected" | "abandoned" }>;
function summaryOf(e: Settling, back: boolean, pipeline: string): Summary {
  const { strategy } = e.payload;
  const { checks } = e.event === "published" ? { checks: asRecorded(checksOf(e.payload)) } : e.payload;
  const note = "note" in e.payload && e.payload.note !== undefined ? { note: e.payload.note } : {};
  const common = { strategy, ...note, ...(checks === undefined || checks.length === 0 ? {} : { checks }) };
  if (e.event !== "published") return { state: e.event, ...common, reason: e.payload.reason };
  const { key, previous } = e.payload;
  const keyed = key === undefined ? {} : { key, tables: reportOf(e.payload, e, pipeline).tables as Summary["tables"] };
  return { state: back ? "rolled-back" : "published", ...common, previous, ...keyed };
}
