import type { TableRef, TableShape } from "../adapter/shapes.js";
import { rowsOf, stored } from "../adapter/shapes.js";
import type { CheckDefinition } from "../check/checks.js";
import { type CompiledChecks, compileChecks } from "../check/compile.js";
import type { Referred } from "../check/observe.js";
import type { Published, PublishedTable } from "../ledger/events.js";
import type { TableState } from "../ledger/state.js";
import type { TableCounts } from "../pipeline/look/reports.js";
import type { SourceTotals } from "../source/source.js";
import { ident } from "../sql/sql.js";
import type { Plan, PlannedStep } from "./compile.js";
import { intend, type Placing, placing } from "./intent.js";
import { fence, head, type JsRunner, note, opOf, type ReleaseFacts, record, unchanged, validate } from "./release.js";

/** One table of a candidate. */
export interface TableSwap {
  readonly alias: string;
  readonly id: string;
  /** null: the table does not exist yet. */
  readonly live: TableShape | null;
  /** Live without the columns that this pipeline itself has added since they were recorded; absent: there are none. */
  readonly recorded?: TableShape;
  readonly at: TableRef;
  readonly candidate: TableShape;
  readonly keepAs: TableRef;
  readonly key: readonly string[];
  readonly partition: string | null;
  readonly hash: string;
  readonly watermark: string | null;
  readonly was: TableState | null;
  readonly staged: number;
  readonly counts: TableCounts;
  readonly raw: TableRef | null;
  readonly totals: SourceTotals | null;
  readonly checks: readonly CheckDefinition[];
  /** What its references point to; absent: it has none. */
  readonly referred?: Readonly<Record<string, Referred>>;
}

/** The checks of a candidate: always over all of its rows. */
export function candidateChecks(t: TableSwap): CompiledChecks {
  return compileChecks(t.checks, {
    alias: t.alias,
    columns: stored(t.candidate.columns),
    key: t.key,
    partition: t.partition,
    self: rowsOf(t.candidate.ref),
    effective: null,
    delta: t.raw === null ? null : ident(t.raw.path),
    totals: t.totals,
    rowsBefore: t.was?.rows ?? null,
    against: t.live === null ? null : { table: t.live.ref },
    changed: null,
    observed: t.was?.observed ?? {},
    referred: t.referred ?? {},
    proven: [],
  });
}

const scanCandidate = (t: TableSwap): PlannedStep => ({
  id: opOf.scan(t.alias),
  step: { kind: "scan", on: t.candidate.ref, columns: stored(t.candidate.columns), expected: null },
});

const judged = (tables: readonly TableSwap[], js: JsRunner): Plan["steps"] => [
  ...validate(
    tables.map((t) => ({ alias: t.alias, live: t.candidate, checks: candidateChecks(t) })),
    js,
  ),
  ...tables.map(scanCandidate),
];

/** Checks and tallies of the candidate's tables, apart from live: nothing is changed. */
export const planRehearsal = (tables: readonly TableSwap[], js: JsRunner): Plan => ({
  name: "validate",
  atomic: true,
  steps: judged(tables, js),
});

export const liveScan = (alias: string): string => `${alias}.live`;

/** What publishes a candidate: one block; where DDL is not transactional, the block that decides it, and what it decides. */
export interface SwapPlan {
  readonly plan: Plan;
  readonly published: Published;
  readonly placings: readonly Placing[];
  /** The record of the release. */
  readonly recorded: PlannedStep;
}
/** The tables of a candidate and of live change places, if all of live still holds exactly what the ledger recorded. */
export function planSwap(tables: readonly TableSwap[], facts: ReleaseFacts, js: JsRunner): SwapPlan {
  // What no release accounts for was empty when the candidate was opened.
  const unmoved = tables.flatMap((t) =>
    t.live === null ? [] : [unchanged(liveScan(t.alias), t.recorded ?? t.live, t.was, facts.hashVersion)],
  );
  const published: Published = {
    ...head(facts, "swap"),
    tables: Object.fromEntries(tables.map((t) => [t.id, publishedTable(t)])),
    facts: {},
  };
  const recorded = record(facts, published);
  const decide = [fence(facts), ...unmoved, ...judged(tables, js), ...note(facts, published)];
  const { marker } = facts;
  if (marker !== null) {
    const placings = tables.map((t) => placing({ ...t, marker }));
    return {
      plan: { name: "swap", atomic: true, steps: [...decide, intend(recorded, placings)] },
      published,
      placings,
      recorded,
    };
  }
  const swaps = tables.map((t): PlannedStep => {
    const { live, candidate, at, keepAs } = t;
    return { id: `${t.alias}.swap`, step: { kind: "swap", live, candidate, at, keepAs, marker: String(facts.release) } };
  });
  return { plan: { name: "swap", atomic: true, steps: [...decide, ...swaps, recorded] }, published, placings: [], recorded };
}

const publishedTable = (t: TableSwap): PublishedTable => ({
  alias: t.alias,
  path: [...t.at.path],
  hash: t.hash,
  watermark: t.watermark,
  staged: t.staged,
  counts: { ...t.counts },
  undo: { kind: "swap", kept: t.live === null ? null : [...t.keepAs.path], fingerprint: t.live?.fingerprint ?? null },
  tally: null,
  scan: opOf.scan(t.alias),
  checks: [...candidateChecks(t).planned],
  loses: true,
  changes: null,
});
