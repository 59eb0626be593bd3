import { CutoverError, isCutoverError } from "../../errors/index.js";
import { fold } from "../../ledger/fold.js";
import { type LedgerNames, ledgerNames } from "../../ledger/names.js";
import { heldOr, type State } from "../../ledger/state.js";
import type { PlannedStep } from "../../plan/compile.js";
import { fence } from "../../plan/release.js";
import type { Row } from "../../sql/sql.js";
import { ownerName } from "../context.js";
import type { Found } from "../load/tables.js";
import { refused, type Work } from "../session/work.js";
import type { Held } from "./held.js";
import { giveUp, letRunOut, type Taken, takeLease } from "./take.js";

/** Makes the tables the pipeline's own. A table belongs to one pipeline. */
export async function claimTables(w: Work, held: Held, tables: readonly Found[]): Promise<void> {
  const fresh = tables.filter((t) => t.state === null).map((t) => t.id);
  if (fresh.length === 0) return;
  const { pipeline } = w.ctx.settings;
  let owners = await claim(w, held, fresh, [], undefined);
  while (owners !== null) {
    const other = owners.find((r) => r["pipeline"] !== pipeline);
    if (other === undefined) return;
    const by = String(other["pipeline"]);
    const ids = owners.filter((r) => r["pipeline"] === by).map((r) => String(r["table_name"]));
    owners = await takeOver(w, held, by, ids, fresh);
    if (owners === null) throw claimed(w, tables.find((t) => t.id === other["table_name"])?.alias, by);
  }
  throw refused("the claim of its tables", pipeline);
}

function claimed(w: Work, table: string | undefined, by: string): CutoverError<"CLAIMED"> {
  const { pipeline } = w.ctx.settings;
  const message = `table ${table} belongs to pipeline ${by}; pipelines are the only writers of their tables`;
  return new CutoverError("CLAIMED", message, { by, table, pipeline });
}

/** Who owns the tables, once those that were free, or of the pipeline `instead`, have become the pipeline's own. null: refused. */
async function claim(
  w: Work,
  held: Held,
  tables: readonly string[],
  before: readonly PlannedStep[],
  instead: string | undefined,
): Promise<readonly Row[] | null> {
  const { turn, claims } = w.names;
  const { pipeline } = w.ctx.settings;
  const taking = { kind: "claim", turn, claims, tables, pipeline, ...(instead === undefined ? {} : { instead }) } as const;
  const steps = [
    ...before,
    { id: "claim", step: taking },
    { id: "claims", step: { kind: "readClaims", claims, tables } as const },
  ];
  const result = await held.during((limit) => w.block({ name: "claim", atomic: true, steps }, "commit", limit));
  return result.outcome === "refused" ? null : (result.results.get("claims")?.rows ?? []);
}

/**
 * A claim counts from the first release or baseline on: before, it may come from a name that was mistyped. So tables of
 * which a pipeline has neither pass over, if nobody works on it. Its lease is held meanwhile: it can neither publish what it
 * has staged nor begin anew. Who owns the tables now; null: they stay its own.
 */
async function takeOver(
  w: Work,
  held: Held,
  by: string,
  ids: readonly string[],
  tables: readonly string[],
): Promise<readonly Row[] | null> {
  const theirs = ledgerNames(w.session.home, w.ctx.settings.ledgerSchema, by);
  const taken = await holdLease(w, theirs, by);
  if (taken === null) return null;
  try {
    if (!unused(fold(taken.events), ids, taken.now)) return null;
    return await claim(w, held, tables, [fence({ lease: theirs.lease, fence: taken.fence })], by);
  } finally {
    // One that was left by an owner who died must look so to the next one, who tidies up.
    if (taken.tookOver) await letRunOut(w, theirs, taken.fence);
    else await giveUp(w, theirs, taken.fence, 0);
  }
}

/** The lease of another pipeline, and its state; null: somebody has it. */
async function holdLease(w: Work, theirs: LedgerNames, by: string): Promise<Taken | null> {
  try {
    const taken = await takeLease(w, theirs, { pipeline: by, owner: ownerName(), releases: 0, instead: null });
    return "row" in taken ? null : taken;
  } catch (e) {
    if (isCutoverError(e, "ADAPTER") && ["missing-object", "conflict"].includes(e.context.kind)) return null;
    throw e;
  }
}

/** Whether a pipeline has no release, no baseline and no open release of the tables. */
function unused(s: State, ids: readonly string[], now: string): boolean {
  const releases = [...s.kept, ...s.undone.flatMap((u) => u.releases)];
  const known = new Set([...Object.keys(s.tables), ...releases.flatMap((k) => Object.keys(k.tables))]);
  return s.open.every((o) => heldOr(o) <= now) && ids.every((id) => !known.has(id));
}
