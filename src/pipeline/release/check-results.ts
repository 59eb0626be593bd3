import { notedResults, type RecordedCheck } from "../../check/planned.js";
import { isCutoverError } from "../../errors/index.js";
import { ledgerShapes } from "../../ledger/shapes.js";
import { checksView, kindly } from "../look/views.js";
import type { Work } from "../session/work.js";

/** The table of results, which ledgers of an older version lack. */
export const makeResults = async (w: Work): Promise<void> =>
  void (await w.run({
    kind: "create",
    ref: w.names.checkResults,
    columns: ledgerShapes(w.ctx.adapter.syntax).checkResults,
    ifNotExists: true,
    scratch: false,
  }));

/** Runs a block that writes results; where the table of results is missing, it is made, and the block is run again. */
export async function withChecks<R>(w: Work, body: () => Promise<R>): Promise<R> {
  try {
    return await body();
  } catch (e) {
    if (!isCutoverError(e, "ADAPTER") || e.context.kind !== "missing-object" || e.context.outcome !== "not-applied") throw e;
    if ((await w.describe(w.names.checkResults, "columns")) !== null) throw e;
    await makeResults(w);
    await kindly(w, checksView(w.names, false));
    return await body();
  }
}

/** What made a release be refused: a kindness to people, so its failure is told to the logger only. */
export async function noteRefused(w: Work, release: number, results: readonly RecordedCheck[] = []): Promise<void> {
  if (results.length === 0) return;
  const { pipeline } = w.ctx.settings;
  const step = { kind: "noteChecks" as const, results: w.names.checkResults, pipeline, release, checks: notedResults(results) };
  try {
    await withChecks(w, () => w.run(step));
  } catch (err) {
    w.ctx.log.warn({ err, pipeline, release }, "the results of checks could not be written to the ledger");
  }
}
