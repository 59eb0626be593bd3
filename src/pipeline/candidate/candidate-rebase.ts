import type { TableShape } from "../../adapter/shapes.js";
import { CutoverError } from "../../errors/index.js";
import { type BroughtTo, type Done, settled } from "../../ledger/progress.js";
import type { OpenRelease } from "../../ledger/state.js";
import { opOf } from "../../plan/release.js";
import { findColumn } from "../../table/resolve.js";
import { laterText } from "../../table/watermark.js";
import type { Held } from "../lease/held.js";
import { findTables, withOwnColumn } from "../load/tables.js";
import { graceFrom } from "../recovery/leftovers.js";
import { type Progress, progressOf, type TableProgress } from "../release/progress.js";
import { requireSameColumns } from "../release/publish.js";
import type { Work } from "../session/work.js";
import { refuseGaps } from "./candidate-gaps.js";
import { apply } from "./candidate-load.js";
import { candidateShape, makeTables, requireOriginal } from "./candidate-open.js";

/**
 * Makes a candidate anew from live as it is now: every load's staged rows are applied again, and every transform runs again, in
 * order. Begins by recording that it has begun, so that nobody takes a candidate for whole that is half made.
 */
export async function rebase(w: Work, held: Held, open: OpenRelease): Promise<void> {
  const p = progressOf(w, held.state, open);
  const tables = await findTables(w, held.state, open.tables);
  for (const found of tables) requireOriginal(w, found, open.built.includes(found.id) ? "start" : "live", held.state);
  const read = p.tables.map((t, i) => ({ ...t, found: tables[i] ?? t.found }));
  refuseGaps(w, read);
  await held.append("rebasing", p.id, { until: graceFrom(held.now) });
  const made = read.map((t) => ({ ...t, loads: [], watermark: t.fromStart ? null : (t.found.state?.watermark ?? null) }));
  await w.stage("clone", () => makeTables(w, held, made));
  const done = await w.stage("load", () => again(w, held, { ...p, tables: made }, open.done));
  const { built } = open;
  await held.last("rebased", p.id, { until: graceFrom(held.now), clonedFrom: held.state.live, built, done });
}

/** What its tables have come to so far, by alias. */
type Tables = Map<string, TableProgress>;

async function again(w: Work, held: Held, p: Progress, before: readonly Done[]): Promise<Done[]> {
  const tables: Tables = new Map(p.tables.map((t) => [t.found.alias, t]));
  const done: Done[] = [];
  for (const d of before) {
    if (d.kind === "transform") {
      await w.call("transform", undefined, (io) => w.session.execute({ sql: d.statement }, io));
      done.push(d);
    } else done.push(await loadAgain(w, held, p, d, tables));
  }
  return done;
}

async function loadAgain(w: Work, held: Held, p: Progress, d: Extract<Done, { kind: "load" }>, tables: Tables): Promise<Done> {
  const brought = [];
  const now: Record<string, BroughtTo> = {};
  for (const [alias, was] of Object.entries(d.tables)) {
    const t = tables.get(alias);
    if (t === undefined)
      throw new CutoverError("NOT_FOUND", `the candidate has no table ${alias}`, { what: "table", name: alias });
    const shape = await candidateShape(w, p, t);
    const own = (await withOwnColumn(w, { ...t.found, live: shape })).live ?? shape;
    const candidate = await withColumns(w, alias, own, was.staged);
    const watermark = watermarkOf(w, t, candidate, was);
    brought.push({ t, candidate, staged: was.staged });
    now[alias] = { ...was, watermark, tally: opOf.tally(alias) };
    tables.set(alias, { ...t, watermark, loads: [...t.loads, was] });
  }
  const facts = await apply(w, held, p, brought, []);
  return settled({ kind: "load", tables: now }, facts);
}

/** A new copy of live lacks the columns that the loads had added to the one before. */
async function withColumns(w: Work, alias: string, shape: TableShape, s: BroughtTo["staged"]): Promise<TableShape> {
  const lacking = s.columns.filter(
    (c) => s.given.includes(c.name) && c.nullable && shape.columns.every((h) => h.name !== c.name),
  );
  if (lacking.length === 0) return shape;
  await w.run({ kind: "addColumns", on: shape, columns: lacking }, alias);
  return (await w.describe(shape.ref)) ?? shape;
}

/** How far the table has been read once these rows are in it. Refuses rows that fit live no more. */
function watermarkOf(w: Work, t: TableProgress, candidate: TableShape, { staged }: BroughtTo): string | null {
  const { found } = t;
  const { cursor } = found.definition;
  const type = cursor === null ? undefined : findColumn(candidate.columns, cursor, w.ctx.adapter.capabilities.identifiers)?.type;
  requireSameColumns(w, { ...staged, found }, candidate.columns);
  return type === undefined ? t.watermark : laterText(t.watermark, staged.watermark, type);
}
