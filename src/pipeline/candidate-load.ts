import { factsOf } from "../check/planned.js";
import { CutoverError } from "../errors/index.js";
import { imageShapes } from "../ledger/shapes.js";
import { applied, planApply } from "../plan/apply.js";
import type { Source } from "../source/source.js";
import { exactNames } from "../table/exact.js";
import { findColumn } from "../table/resolve.js";
import { laterText } from "../table/watermark.js";
import { candidateShape, type Progress } from "./candidate-open.js";
import { type AnyFeed, openFeed } from "./feed.js";
import type { Held } from "./held.js";
import { stageTable } from "./load.js";
import type { LoadReport } from "./reports.js";
import { type Found, readableWatermark } from "./tables.js";
import { loadRefused } from "./verdict.js";
import type { Work } from "./work.js";

/** Loads into the candidate at once; the images that this makes are only there to count, and go again. */
export async function loadCandidate(w: Work, held: Held, feed: AnyFeed, p: Progress): Promise<LoadReport> {
  const { found } = p;
  const sources = await openFeed(w, feed, held.state, p.id, p.fromStart);
  const other = sources.find(([alias]) => alias !== found.alias);
  if (other !== undefined)
    throw new CutoverError("NOT_FOUND", `this candidate has the table ${found.alias}, not ${other[0]}`, {
      what: "table",
      name: other[0],
    });
  const source = sources[0]?.[1] as Source | undefined;
  const candidate = await candidateShape(w, p);
  const target: Found = { ...found, live: candidate, state: p.fromStart ? null : found.state };
  const { cursor } = found.definition;
  const { identifiers } = w.ctx.adapter.capabilities;
  const type = cursor === null ? undefined : findColumn(candidate.columns, cursor, identifiers)?.type;
  if (type !== undefined) readableWatermark(w, found.alias, p.watermark, type);
  const generation = p.raw === null ? 0 : 1 - p.generation;
  p.generations = Math.max(p.generations, generation + 1);
  const staged = source === undefined ? null : await stageTable(w, target, source, p.id, null, generation);
  if (staged === null) return { release: p.id, staged: { [found.alias]: { rows: 0, quarantined: 0 } }, warnings: w.warnings };
  const scratch = w.names.scratch(found.id, p.id);
  await w.run({ kind: "drop", ref: scratch }, found.alias);
  await w.run(
    {
      kind: "create",
      ref: scratch,
      columns: imageShapes(w.ctx.adapter.syntax, candidate.columns),
      ifNotExists: false,
      scratch: true,
    },
    found.alias,
  );
  const exact = exactNames(found.definition, candidate.columns, identifiers);
  const plan = planApply({
    alias: found.alias,
    candidate,
    delta: staged.delta,
    given: staged.given,
    rows: staged.rows,
    scratch,
    scope: staged.scope,
    release: p.id,
    key: exact.key,
    cursor: exact.cursor,
    lease: w.names.lease,
    fence: held.fence,
  });
  const result = await held.during((limit) => w.block(plan, "commit", limit));
  if (result.outcome === "refused") throw loadRefused(w, held, found.alias, result.at);
  await w.run({ kind: "drop", ref: scratch }, found.alias);
  p.counts = applied(p.counts, factsOf(result.results), found.alias, staged.rows);
  p.loads += 1;
  p.staged += staged.rows;
  p.raw = staged.raw;
  p.generation = generation;
  // What several loads brought is no longer in one place to be held against their totals.
  p.totals = p.loads === 1 ? staged.totals : null;
  p.watermark = type === undefined ? p.watermark : laterText(p.watermark, staged.watermark, type);
  return { release: p.id, staged: { [found.alias]: { rows: staged.rawRows, quarantined: 0 } }, warnings: w.warnings };
}
