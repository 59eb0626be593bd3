import { CutoverError } from "../../errors/index.js";
import type { Tables } from "../../table/define.js";
import type { TableDefinition } from "../../table/definition.js";
import { configError } from "../config.js";
import type { Context } from "../context.js";
import { claimTables } from "../lease/claims.js";
import { fencedSteps } from "../lease/fenced.js";
import type { Held } from "../lease/held.js";
import { leased } from "../lease/lease.js";
import { madeFor, stagedTables } from "../load/load.js";
import { definitionOf, type Found, findTables } from "../load/tables.js";
import type { RunReport } from "../look/reports.js";
import { nothingToDo, published, refuseHeld, requireTransactions, settling } from "../release/outcome.js";
import { publishInPlace } from "../release/publish.js";
import { failed } from "../release/run.js";
import { checkRunOptions } from "../release/run-options.js";
import type { CallOptions, Work } from "../session/work.js";
import { hasQuarantine, type QuarantinedRow } from "./quarantined.js";
import { type Again, stageAgain } from "./redrive-load.js";

/** What becomes of a row in quarantine: it is tried again as returned; `null` leaves it there; `"dismiss"` gives it up for good. */
export type Mend = (
  q: QuarantinedRow,
) => Readonly<Record<string, unknown>> | null | "dismiss" | Promise<Readonly<Record<string, unknown>> | null | "dismiss">;

export interface RedriveOptions extends CallOptions {
  /** Free text, kept in the journal and shown by `history()`. */
  readonly note?: string;
}
/** What a redrive did: the report of its release, and what became of the rows that waited. */
export interface RedriveReport<T extends Tables = Tables> extends RunReport<T> {
  readonly redriven: {
    /** Rows that fit now, and were loaded. Those of them that `stale` counts are older than live's, and stay in quarantine. */
    readonly loaded: number;
    /** Rows that do not fit yet; they stay. */
    readonly invalid: number;
    /** Rows that were left there. */
    readonly left: number;
    /** Rows that were given up. */
    readonly dismissed: number;
    /** Why rows do not fit: the first five reasons. */
    readonly reasons: readonly string[];
  };
}

/** Loads rows in quarantine again, as a release of its own. Those that fit leave it in the transaction that publishes them. */
export async function redrive(
  ctx: Context,
  alias: string,
  mend: Mend = (q) => q.row,
  o: RedriveOptions = {},
): Promise<RedriveReport> {
  checkRunOptions(o);
  if (typeof mend !== "function") throw configError([{ path: "mend", message: "expected a function that mends a row" }]);
  requireScope(alias, definitionOf(ctx, alias));
  requireTransactions(ctx);
  let again: Again | null = null;
  const report = await settling(ctx, o, (seen) =>
    leased(ctx, "load", o, 1, async (w, held) => {
      const release = held.release as number;
      w.release = release;
      seen(release, held.fence);
      refuseHeld(w, held);
      const [found] = await findTables(w, held.state, [alias]);
      if (found === undefined || !(await hasQuarantine(w, alias))) {
        held.giveBack();
        return nothingToDo(w, held, "in-place");
      }
      await claimTables(w, held, [found]);
      const drop = stagedTables(w, found.id, release, 1);
      try {
        again = await w.stage("load", () => stageAgain(w, found, mend, release));
        await dismiss(w, held, found, again.dismissed);
        const staged = again.staged;
        const result =
          staged === null
            ? null
            : await w.stage("publish", () => publishInPlace(w, held, [staged], release, { ...o, described: "now" }, "commit"));
        if (staged !== null && result !== null) return await published(w, held, held.state, result, madeFor(staged));
        held.giveBack();
        for (const ref of drop) await w.run({ kind: "drop", ref });
        return nothingToDo(w, held, "in-place");
      } catch (e) {
        await failed(w, held, release, e, drop, o);
        throw e;
      }
    }),
  );
  return { ...report, redriven: told(again) };
}

const told = (again: Again | null): RedriveReport["redriven"] => ({
  loaded: again?.staged?.rawRows ?? 0,
  invalid: again?.invalid ?? 0,
  left: again?.left ?? 0,
  dismissed: again?.dismissed.length ?? 0,
  reasons: again?.reasons ?? [],
});

/** A few rows cannot stand for a table, or for a partition, that they would replace. */
function requireScope(alias: string, d: TableDefinition): void {
  if (d.key.length > 0 && (d.mode === "upsert" || d.mode === "partition")) return;
  const alternative = "mend the source, load again, and dismiss the rows";
  const why = d.key.length > 0 ? "a load speaks for more than its rows" : "without a key a row takes no other's place";
  const message = `${alias}: in mode ${d.mode} ${why}, so single rows cannot be loaded again; ${alternative}`;
  throw new CutoverError("UNSUPPORTED", message, { capability: `redrive in mode ${d.mode}`, alternative, table: alias });
}

/** Rows whose ids one statement names. */
const NAMED = 1000;
async function dismiss(w: Work, held: Held, found: Found, ids: readonly string[]): Promise<void> {
  const quarantine = w.names.quarantine(found.id);
  const { pipeline } = w.ctx.settings;
  for (let i = 0; i < ids.length; i += NAMED) {
    const step = { kind: "dismiss" as const, quarantine, pipeline, ids: ids.slice(i, i + NAMED) };
    await fencedSteps(w, held, "dismiss", [{ id: "dismiss", step }]);
  }
}
