import type { BlockResult } from "../../adapter/operations.js";
import type { ColumnShape } from "../../adapter/shapes.js";
import { factsOf, type PlannedCheck, readChecks } from "../../check/planned.js";
import type { CheckResult } from "../../check/result.js";
import { CutoverError } from "../../errors/index.js";
import type { LedgerEvent, Published } from "../../ledger/events.js";
import { afterPublish } from "../../ledger/fold.js";
import { digest } from "../../ledger/names.js";
import { opOf } from "../../plan/release.js";
import { countsOf } from "../look/report.js";
import type { Validation } from "../look/reports.js";
import { lostLease, refused, type Work } from "../session/work.js";
import { type SampleContext, withSamples } from "./samples.js";

/** What a block that published, or rehearsed it, came to. */
export interface Outcome {
  readonly published: Published;
  readonly checks: readonly CheckResult[];
  readonly event: Pick<LedgerEvent, "release" | "at">;
}

/** How the samples of each table are shown. */
export const sampleContext =
  (tables: readonly { readonly alias: string; readonly columns: readonly ColumnShape[] }[], w: Work) =>
  (alias: string): SampleContext => ({
    columns: tables.find((t) => t.alias === alias)?.columns ?? [],
    redact: w.ctx.tables[alias]?.redact ?? [],
    queries: (w.ctx.tables[alias]?.checks ?? []).flatMap((c) => (c.kind === "noRows" ? [c.name] : [])),
  });

const plannedOf = (p: Published): readonly PlannedCheck[] => Object.values(p.tables).flatMap((t) => t.checks);

export function outcome(
  w: Work,
  p: Published,
  result: BlockResult,
  release: number,
  at: string,
  of: (alias: string) => SampleContext,
): Outcome {
  const checks = sampled(w, p, result, of);
  for (const c of checks) w.ctx.emit(release, { type: "check", result: c });
  const facts = factsOf(result.results);
  return { published: { ...p, facts }, checks, event: { release, at } };
}

/** After a commit nothing may fail: results without samples are better than a release that seems not to be. */
function sampled(w: Work, p: Published, result: BlockResult, of: (alias: string) => SampleContext): readonly CheckResult[] {
  try {
    return withSamples(plannedOf(p), result.results, of);
  } catch (err) {
    w.ctx.log.warn({ err }, "the samples of a check could not be shown");
    return readChecks(plannedOf(p), factsOf(result.results));
  }
}

/** Why a block was refused. */
export function refusal(
  w: Work,
  p: Published,
  result: Extract<BlockResult, { outcome: "refused" }>,
  of: (alias: string) => SampleContext,
  aliases: readonly string[],
  fence: bigint,
): CutoverError {
  const { pipeline } = w.ctx.settings;
  const release = w.release ?? undefined;
  if (result.at === opOf.fence) return lostLease(w, fence);
  if (plannedOf(p).some((c) => c.op === result.at)) {
    const checks = withSamples(plannedOf(p), result.results, of);
    for (const c of checks) w.ctx.emit(w.release, { type: "check", result: c });
    return checksFailed(checks, { pipeline, release }, w.thrown[0]);
  }
  const table = aliases.find((a) => result.at.startsWith(`${a}.`));
  return table !== undefined && result.at.startsWith(opOf.capture(table))
    ? outsideScope(w, table)
    : refused(`${result.at} of release ${release ?? "?"}`, pipeline);
}

/** Why a load into a candidate was refused. */
export const loadRefused = (w: Work, held: { readonly fence: bigint }, table: string, at: string): CutoverError =>
  at === opOf.fence
    ? lostLease(w, held.fence)
    : at.startsWith(opOf.capture(table))
      ? outsideScope(w, table)
      : refused(at, w.ctx.settings.pipeline);

function outsideScope(w: Work, table: string): CutoverError<"BAD_ROW"> {
  const reason = "keys of the load live in partitions outside its scope";
  const where = { pipeline: w.ctx.settings.pipeline, release: w.release ?? undefined, table };
  return new CutoverError("BAD_ROW", `${table}: ${reason}; load those partitions too`, { row: null, reason, ...where });
}

export function checksFailed(
  checks: readonly CheckResult[],
  where: { readonly pipeline: string; readonly release?: number | undefined },
  cause?: unknown,
): CutoverError<"CHECKS_FAILED"> {
  const failed = checks.filter((c) => c.outcome === "fail");
  const told = failed.map((c) => `${c.table} ${c.check}: ${c.message}`).join("; ");
  const message = `${failed.length} of ${checks.length} checks failed, live is as it was: ${told}`;
  return new CutoverError("CHECKS_FAILED", message, { checks, ...where }, cause === undefined ? {} : { cause });
}

/** A validation as users see it: what was validated is named by a digest of contents and results. */
export function validation(o: Outcome): Validation {
  const state = afterPublish(o.published, o.event.release, o.event.at);
  const contents = Object.fromEntries(
    Object.entries(o.published.tables).map(([id, t]) => {
      const { rows, sum, hash, watermark } = state.tables[id] ?? {};
      return [id, [rows, sum, hash, watermark, countsOf(t, o.published.facts)]];
    }),
  );
  // Not what they observed: an age, say, is another each time.
  const results = o.checks.map((c) => [c.table, c.check, c.outcome]);
  return {
    ok: o.checks.every((c) => c.outcome !== "fail"),
    digest: digest([o.event.release, contents, results], 32),
    checks: o.checks,
  };
}
