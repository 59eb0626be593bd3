import { type ColumnShape, stored, type TableRef } from "../../adapter/shapes.js";
import { CutoverError } from "../../errors/index.js";
import { quarantineShapes } from "../../ledger/quarantine.js";
import type { TableLoad } from "../../plan/in-place.js";
import type { Staged } from "../load/load.js";
import type { Work } from "../session/work.js";

/** What a release puts aside, or takes back from there: the quarantine as it is, and what it does not have already. */
export async function withAside(w: Work, staged: readonly Staged[], tables: readonly TableLoad[]): Promise<readonly TableLoad[]> {
  const loads: TableLoad[] = [];
  for (const t of tables) {
    const { aside, redriven } = staged.find((s) => s.found.id === t.id) ?? {};
    if (aside == null && redriven !== true) {
      loads.push(t);
      continue;
    }
    const quarantine = await openQuarantine(w, t.alias, t.id);
    const fresh = aside == null ? null : (await w.run({ kind: "countFresh", staged: aside.ref, quarantine }, t.alias)).rows[0];
    const put = aside == null ? null : { ...aside, fresh: Number(fresh?.["fresh"] ?? 0) };
    loads.push({ ...t, aside: { quarantine, staged: put, redriven: redriven === true } });
  }
  return loads;
}

/** The quarantine of a table, made when it is first needed; columns that an older one lacks are added. */
async function openQuarantine(w: Work, alias: string, id: string): Promise<TableRef> {
  const ref = w.names.quarantine(id);
  const columns = quarantineShapes(w.ctx.adapter.syntax);
  const there = await w.describe(ref, "columns");
  if (there === null) {
    await w.run({ kind: "create", ref, columns, ifNotExists: true, scratch: false }, alias);
    return ref;
  }
  const missing = missingColumns(w, alias, columns, stored(there.columns), ref);
  if (missing.length > 0) await w.run({ kind: "addColumns", on: there, columns: missing }, alias);
  return ref;
}

/** What an older quarantine lacks. One with columns of other types is not touched. */
function missingColumns(
  w: Work,
  alias: string,
  wanted: readonly ColumnShape[],
  there: readonly ColumnShape[],
  ref: TableRef,
): readonly ColumnShape[] {
  const found = (c: ColumnShape): ColumnShape | undefined => there.find((t) => t.name === c.name);
  const other = wanted.filter((c) => found(c) !== undefined && found(c)?.type !== c.type).map((c) => c.name);
  const strict = there.filter((t) => !t.nullable && !wanted.some((c) => c.name === t.name)).map((t) => t.name);
  const lost = wanted.filter((c) => found(c) === undefined && needed.has(c.name)).map((c) => c.name);
  const odd = [...other, ...strict, ...lost];
  if (odd.length === 0) return wanted.filter((c) => found(c) === undefined);
  const name = ref.path.join(".");
  const alternative = `give the table ${name} another name; a new one is made`;
  const message = `${alias}: its quarantine ${name} has another shape than this version writes (${odd.join(", ")}); nothing was changed. To go on, ${alternative}`;
  const where = { table: alias, pipeline: w.ctx.settings.pipeline };
  throw new CutoverError("UNSUPPORTED", message, { capability: "a quarantine of another shape", alternative, ...where });
}
/** Without these the rows that are there could not be told apart, or read. */
const needed: ReadonlySet<string> = new Set(["pipeline", "release", "id", "row_json", "state"]);
