import type { TableRef, TableShape } from "../adapter/shapes.js";
import { rowsOf, stored } from "../adapter/shapes.js";
import type { CheckDefinition } from "../check/checks.js";
import { type CompiledChecks, compileChecks } from "../check/compile.js";
import type { Published } from "../ledger/events.js";
import type { TableState } from "../ledger/state.js";
import type { TableCounts } from "../pipeline/reports.js";
import type { SourceTotals } from "../source/source.js";
import { ident } from "../sql/sql.js";
import type { Plan, PlannedStep } from "./compile.js";
import { intend, type Placing, placing } from "./intent.js";
import { fence, head, type JsRunner, opOf, type ReleaseFacts, record, unchanged, validate } from "./release.js";

/** One table of a candidate. */
export interface TableSwap {
  readonly alias: string;
  readonly id: string;
  /** null: the table does not exist yet. */
  readonly live: TableShape | null;
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
    proven: [],
  });
}

const scanCandidate = (t: TableSwap): PlannedStep => ({
  id: opOf.scan(t.alias),
  step: { kind: "scan", on: t.candidate.ref, columns: stored(t.candidate.columns), expected: null },
});

/** Checks and tally of the candidate, apart from live: nothing is changed. */
export function planRehearsal(t: TableSwap, js: JsRunner): { readonly plan: Plan; readonly checks: CompiledChecks } {
  const checks = candidateChecks(t);
  const steps = [...validate([{ alias: t.alias, live: t.candidate, checks }], js), scanCandidate(t)];
  return { plan: { name: "validate", atomic: true, steps }, checks };
}

export const liveScan = (alias: string): string => `${alias}.live`;

/** What publishes a candidate: one block; where DDL is not transactional, the block that decides it, and what it decides. */
export interface SwapPlan {
  readonly plan: Plan;
  readonly published: Published;
  readonly placings: readonly Placing[];
  /** The record of the release. */
  readonly recorded: PlannedStep;
}
/** Candidate and live change places, if live still holds exactly what the ledger recorded. */
export function planSwap(t: TableSwap, facts: ReleaseFacts, js: JsRunner): SwapPlan {
  const checks = candidateChecks(t);
  // What no release accounts for was empty when the candidate was opened.
  const unmoved = t.live === null ? [] : [unchanged(liveScan(t.alias), t.live, t.was, facts.hashVersion)];
  const published: Published = {
    ...head(facts, "swap"),
    tables: {
      [t.id]: {
        alias: t.alias,
        path: [...t.at.path],
        hash: t.hash,
        watermark: t.watermark,
        staged: t.staged,
        counts: { ...t.counts },
        undo: { kind: "swap", kept: t.live === null ? null : [...t.keepAs.path], fingerprint: t.live?.fingerprint ?? null },
        tally: null,
        scan: opOf.scan(t.alias),
        checks: [...checks.planned],
        changes: null,
      },
    },
    facts: {},
  };
  const recorded = record(facts, published);
  const decide = [fence(facts), ...unmoved, ...validate([{ alias: t.alias, live: t.candidate, checks }], js), scanCandidate(t)];
  if (facts.marker !== null) {
    const placings = [placing({ ...t, marker: facts.marker })];
    return {
      plan: { name: "swap", atomic: true, steps: [...decide, intend(recorded, placings)] },
      published,
      placings,
      recorded,
    };
  }
  const steps = [
    ...decide,
    {
      id: `${t.alias}.swap`,
      step: {
        kind: "swap" as const,
        live: t.live,
        candidate: t.candidate,
        at: t.at,
        keepAs: t.keepAs,
        marker: String(facts.release),
      },
    },
    recorded,
  ];
  return { plan: { name: "swap", atomic: true, steps }, published, placings: [], recorded };
}
