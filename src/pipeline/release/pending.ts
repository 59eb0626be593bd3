import { CutoverError } from "../../errors/index.js";
import { pendingReleases } from "../../ledger/consumed.js";
import type { Kept, State } from "../../ledger/state.js";
import { untilAbort } from "../../source/abortable.js";
import { type Source, sourceOf } from "../../source/source.js";
import type { Context } from "../context.js";
import type { Held } from "../lease/held.js";
import { leased } from "../lease/lease.js";
import type { Staged } from "../load/load.js";
import type { Load } from "../load/source-shapes.js";
import type { Found } from "../load/tables.js";
import type { RunReport, Warning } from "../look/reports.js";
import { cleanUp } from "../recovery/clean-up.js";
import type { CallOptions, Work } from "../session/work.js";

/** What a rollback took back of sources that cannot rewind would be lost with the next release: nothing is published before that is settled. */
export function refusePending(w: Work, held: Held): void {
  const releases = pendingReleases(held.state);
  if (releases.length === 0) return;
  held.giveBack();
  const { pipeline } = w.ctx.settings;
  const which = releases.length === 1 ? `release ${releases[0]}` : `releases ${releases.join(", ")}`;
  const message = `${which} of ${pipeline} was rolled back, and its source will not give its rows again: redo() publishes them again, discard() gives them up`;
  throw new CutoverError("PENDING", message, { releases, pipeline });
}

/** Of a first load no images are kept, so nothing that goes back with it, or went before it, could be published again. */
export function refuseStranded(ctx: Context, s: State, releases: readonly Kept[]): void {
  const filled = releases.find((k) => Object.values(k.tables).some((t) => t.undo.kind === "fill"));
  const consumed = releases.filter((k) => Object.values(k.tables).some((t) => t.consumed === true)).map((k) => k.release);
  const lost = [...new Set([...consumed, ...pendingReleases(s)])].sort((a, b) => a - b);
  if (filled === undefined || lost.length === 0) return;
  const { pipeline } = ctx.settings;
  const alternative = `rollback() one release at a time, and discard() to give up what is pending before release ${filled.release} goes back`;
  const message = `release ${filled.release} of ${pipeline} was a first load, of which no images are kept: going back over it cannot be redone, and the rows of ${lost.length === 1 ? "release" : "releases"} ${lost.join(", ")} would be lost, since their source will not give them again; use ${alternative}`;
  throw new CutoverError("UNSUPPORTED", message, {
    capability: "rollback of a first load with changes of a source that cannot rewind",
    alternative,
    pipeline,
  });
}

/** Gives up what a rollback took back of sources that cannot rewind. */
export function discard(ctx: Context, o?: CallOptions): Promise<void> {
  return leased(ctx, "rollback", o, 0, async (w, held) => {
    const before = held.state;
    const releases = [...pendingReleases(before)];
    if (releases.length === 0) return;
    await held.append("discarded", before.live, { releases });
    await cleanUp(w, held, before, held.state, []);
  });
}

/** Notes the last row that passes, which tells how far the source has been read. */
export function tracker(load: Load): {
  readonly passed: ((item: unknown) => void) | null;
  position(alias: string): string | null;
} {
  if (load.kind !== "rows" || load.rewindable || load.position === null) return { passed: null, position: () => null };
  const { position } = load;
  let last: unknown;
  let any = false;
  return {
    passed: (item) => {
      last = item;
      any = true;
    },
    position(alias) {
      if (!any) return null;
      try {
        return String(position(last as never));
      } catch (cause) {
        const reason = `its \`position\` threw: ${cause instanceof Error ? cause.message : String(cause)}`;
        throw new CutoverError("SOURCE", `the source of ${alias} failed: ${reason}`, { table: alias, reason }, { cause });
      }
    },
  };
}

/** Sources that are told how far they have been published: by table. */
export interface Acks {
  /** A source that is read for a table, and how far an earlier release has published it. */
  add(found: Found, source: Source, durable: string | null): void;
  staged(s: Staged): void;
  /** After a publish, or where there was nothing to publish: tells each source how far it is durable. */
  tell(ctx: Context, o: CallOptions, report: RunReport): Promise<RunReport>;
}
interface Due {
  readonly ack: (position: string) => unknown;
  durable: string | null;
  staged: string | null;
}
export function makeAcks(): Acks {
  const due = new Map<string, Due>();
  return {
    add(found, source, durable) {
      const given = sourceOf(source);
      if (given?.kind !== "rows" || given.ack === null) return;
      due.set(found.alias, { ack: given.ack, durable, staged: due.get(found.alias)?.staged ?? null });
    },
    staged(s) {
      const d = due.get(s.found.alias);
      if (d !== undefined && s.position !== null) d.staged = s.position;
    },
    async tell(ctx, o, report) {
      const warnings: Warning[] = [];
      const signal = AbortSignal.any([ctx.closing.signal, ...(o.signal === undefined ? [] : [o.signal])]);
      for (const [alias, d] of due) {
        const position = report.status === "published" ? (d.staged ?? d.durable) : d.durable;
        if (position === null) continue;
        try {
          await untilAbort(signal, () => d.ack(position) as PromiseLike<unknown>);
        } catch (err) {
          ctx.log.warn({ err, pipeline: ctx.settings.pipeline }, "a source was not told how far it is published");
          const reason = err instanceof Error ? err.message : String(err);
          const message = `${alias}: published up to ${position}, but its source could not be told (the next run tells it): ${reason}`;
          warnings.push({ code: "ACK", message });
        }
      }
      return warnings.length === 0 ? report : { ...report, warnings: [...report.warnings, ...warnings] };
    },
  };
}

/** What is consumed for a sandbox is missing in live. */
export function refuseInSandbox(w: Work, table: string, load: Load): void {
  if (load.rewindable || w.ctx.sandbox === null) return;
  const alternative = "a source with rewindable: true, such as a copy of the messages";
  const message = `${table}: a sandbox reads no source that cannot rewind (rewindable: false), since its rows would be missing in live; use ${alternative}`;
  const capability = "sources that cannot rewind in a sandbox";
  throw new CutoverError("UNSUPPORTED", message, { capability, alternative, table });
}

/** A candidate may be thrown away, and then what was read from such a source is gone. */
export function noCandidate(table: string): CutoverError<"UNSUPPORTED"> {
  const alternative = "a release in place";
  const message = `${table}: a source that cannot rewind (rewindable: false) is not read into a candidate, which may be thrown away; use ${alternative}`;
  const capability = "a source that cannot rewind in a candidate";
  return new CutoverError("UNSUPPORTED", message, { capability, alternative, table });
}
