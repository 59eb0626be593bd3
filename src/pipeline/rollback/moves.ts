import { stored, type TableShape } from "../../adapter/shapes.js";
import { CutoverError } from "../../errors/index.js";
import { besideLive, recordedOf, schemaOf } from "../../ledger/names.js";
import { type Kept, tallyOf } from "../../ledger/state.js";
import { firstSwap, type Move, olderThanSwap, type TableMove } from "../../plan/rollback.js";
import { keyOf } from "../load/tables.js";
import type { Work } from "../session/work.js";

/** What a rollback or redo means for each table: live, the version that comes back, and what must not be lost. */
export async function tableMoves(
  w: Work,
  m: Omit<Move, "tables">,
  fence: bigint | null,
  overwrite = false,
): Promise<readonly TableMove[]> {
  const moves: TableMove[] = [];
  for (const [alias, definition] of Object.entries(w.ctx.tables)) {
    const { ref, id } = keyOf(w, definition);
    if (!m.releases.some((k) => k.tables[id] !== undefined)) continue;
    const at = firstSwap(m, id);
    const live = await w.describe(ref, at === null ? "columns" : "whole");
    if (live === null) throw missing(w, alias, ref.path);
    const undo = m.releases.find((k) => k.release === at)?.tables[id]?.undo;
    const what = m.direction === "undo" ? "undone" : "before";
    // Where names are dropped one by one, none is used twice: whoever was paused may drop it late.
    const keepAs = besideLive(
      live.ref.path,
      what,
      m.direction === "undo" ? m.from : (at ?? m.to),
      fence === null ? "" : `f${fence}_`,
    );
    const back = undo?.kind === "swap" ? await version(w, alias, undo) : null;
    const foreign = m.direction === "undo" && at !== null ? takenSince(m, id, at) : undefined;
    if (foreign !== undefined && !overwrite) throw wouldLose(w, alias, id, foreign, at as number);
    moves.push({ id, alias, live, keepAs, back, copy: null, foreign: foreign !== undefined, overrule: null });
    // Undo exchanges in the version that comes back; redo in the one that leaves, which is live until then.
    const on = m.direction === "undo" ? (back ?? live) : live;
    for (const { release, t } of olderThanSwap(m, id))
      if (t.undo.kind === "images") requireSameColumns(alias, release, on, t.undo.changes);
  }
  const untold = m.releases.flatMap((k) => Object.keys(k.tables)).find((id) => !moves.some((t) => t.id === id));
  if (untold === undefined) return moves;
  const name = (JSON.parse(untold) as string[]).join(".");
  const message = `the releases between changed the table ${name}, which is no longer in the configuration of ${w.ctx.settings.pipeline}; add it to roll back`;
  throw new CutoverError("NOT_FOUND", message, { what: "table", name });
}

/** The release that took into the ledger what others wrote since a swap: that is in the version that leaves, and nowhere else. */
const takenSince = (m: Omit<Move, "tables">, id: string, swap: number): Kept | undefined =>
  m.releases.slice(m.releases.findIndex((k) => k.release === swap) + 1).find((k) => k.tables[id]?.foreign === true);

function wouldLose(w: Work, alias: string, id: string, taken: Kept, swap: number): CutoverError<"DRIFTED"> {
  const t = taken.tables[id] as Kept["tables"][string];
  const { pipeline } = w.ctx.settings;
  const message = `${alias}: others wrote to the table after release ${swap} swapped it (release ${taken.release} took that into the ledger), and going back over the swap would lose it; nothing was changed. Go back to ${swap} at most, or use onDrift: "overwrite", which keeps a copy`;
  const [expected, found] = [tallyOf(t.was ?? t.is), tallyOf(t.is)];
  return new CutoverError("DRIFTED", message, { expected, found, pipeline, table: alias, release: taken.release });
}

async function version(
  w: Work,
  alias: string,
  undo: { readonly kept: readonly string[] | null; readonly fingerprint?: unknown },
): Promise<TableShape> {
  if (undo.kept === null) {
    const alternative = "publish an empty release by rebuild(), or drop the table yourself and run again";
    throw new CutoverError(
      "UNSUPPORTED",
      `${alias}: there was no table before that release, and a rollback drops none; ${alternative}`,
      { capability: "rollback to no table", alternative, table: alias },
    );
  }
  const there = await w.describe({ path: undo.kept });
  if (there === null) throw missing(w, alias, undo.kept);
  return { ...there, fingerprint: undo.fingerprint };
}
/** A table that the ledger knows is gone. */
export const missing = (w: Work, alias: string, path: readonly string[]): CutoverError<"NOT_FOUND"> =>
  new CutoverError("NOT_FOUND", `${alias}: the table ${path.join(".")} that the ledger knows is gone`, {
    what: "table",
    name: path.join("."),
    table: alias,
    pipeline: w.ctx.settings.pipeline,
  });

/**
 * Images of releases before a column came to the end of the table get it too, empty: so they are compared with it, and a value in it
 * is a write of others.
 */
export async function widenImages(w: Work, m: Omit<Move, "tables">, tables: readonly TableMove[]): Promise<void> {
  for (const t of tables) {
    const columns = stored((m.direction === "undo" ? (t.back ?? t.live) : t.live).columns);
    const paths = olderThanSwap(m, t.id).flatMap(({ t: { undo } }) => (undo.kind === "images" ? [undo.changes] : []));
    for (const path of new Map(paths.map((p) => [p.join("\0"), p])).values()) {
      if (path.at(-1)?.endsWith(`_${schemaOf(columns)}`)) continue;
      const images = await w.describe({ path }, "columns");
      const lacking = columns.filter((c) => images?.columns.every((i) => i.name !== c.name));
      const more = lacking.map(({ name, type, native }) => ({ name, type, native, nullable: true }));
      if (images !== null && more.length > 0) await w.run({ kind: "addColumns", on: images, columns: more }, t.alias);
    }
  }
}

/** Images without a column that the table has now would lose its values, unless it came at the end and may be empty. */
function requireSameColumns(alias: string, release: number, on: TableShape, changes: readonly string[]): void {
  const schema = schemaOf(recordedOf(on.columns, changes.at(-1) ?? ""));
  if (changes.at(-1)?.endsWith(`_${schema}`)) return;
  const alternative = "take the columns back to what they were, or adopt() the table as a new baseline";
  const message = `${alias}: its columns are not those of release ${release} any more, so the images of that release cannot be exchanged; ${alternative}`;
  throw new CutoverError("UNSUPPORTED", message, {
    capability: "rollback over a change of columns",
    alternative,
    table: alias,
    release,
  });
}
