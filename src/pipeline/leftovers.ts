import type { TableRef } from "../adapter/shapes.js";
import { besidePrefix } from "../ledger/names.js";
import type { OpenRelease, State } from "../ledger/state.js";
import { thisProcess } from "./context.js";
import { fencedSteps } from "./fenced.js";
import type { Held } from "./held.js";
import type { RecoveryReport } from "./reports.js";
import { keyOf } from "./tables.js";
import type { Work } from "./work.js";

/** How long a release made by steps is left alone after its last step. */
export const GRACE_MS = 3_600_000;
export const graceFrom = (now: string): string => new Date(Date.parse(now) + GRACE_MS).toISOString();

const abandonedBy = (w: Work, held: Held, o: OpenRelease): boolean =>
  o.until <= held.now || (w.ctx.adapter.capabilities.exclusiveProcess && o.process !== thisProcess);

/**
 * Settles what an owner left behind. A release is published if and only if its journal row is there, since that row
 * commits with the data; so what remains is to close what nobody will continue, and to drop what belongs to nothing.
 */
export async function settleLeftovers(w: Work, held: Held, thorough: boolean): Promise<RecoveryReport> {
  const dead = held.state.open.filter((o) => abandonedBy(w, held, o));
  const state: State = { ...held.state, open: held.state.open.filter((o) => !dead.includes(o)) };
  if (dead.length === 0 && !held.tookOver && !thorough) return { settled: [], dropped: [] };
  if (held.tookOver) {
    w.ctx.log.warn({ pipeline: w.ctx.settings.pipeline }, "the owner before did not give the lease up; settling what it left");
    w.warnings.push({ code: "TOOK_OVER", message: "the owner before did not finish; what it left behind was settled" });
  }
  return w.stage("recover", async () => {
    for (const o of dead) await held.append("abandoned", o.release, { strategy: o.strategy, reason: "nobody continued it" });
    const dropped: string[] = [];
    const found = await orphans(w, state, held.release);
    await fencedSteps(
      w,
      held,
      "recover",
      found.map((ref, i) => ({ id: `drop.${i}`, step: { kind: "drop" as const, ref } })),
    );
    dropped.push(...found.map((ref) => ref.path.join(".")));
    return { settled: dead.map((o) => ({ release: o.release, as: "not-published" as const })), dropped };
  });
}

/** Deltas and candidates of no open release, versions of no kept one. */
async function orphans(w: Work, s: State, current: number | null): Promise<readonly TableRef[]> {
  const open = [...s.open.map((o) => o.release), ...(current === null ? [] : [current])];
  const deltas = await w.call("list", undefined, (o) => w.session.list(w.names.schema, w.names.deltas, o));
  const ofOpen = (name: string): boolean => open.some((r) => new RegExp(`_${r}_\\d*[a-z]$`).test(name));
  const held = new Set(
    [
      ...s.open.flatMap((o) => Object.values(o.candidates)),
      ...[...s.kept, ...s.undone.flatMap((u) => u.releases)].flatMap((k) =>
        Object.values(k.tables).flatMap((t) => (t.undo.kind === "swap" && t.undo.kept !== null ? [t.undo.kept] : [])),
      ),
    ].map((path) => path.at(-1) ?? ""),
  );
  const found = deltas.filter((d) => !ofOpen(d.path.at(-1) ?? ""));
  for (const definition of Object.values(w.ctx.tables)) {
    const { ref } = keyOf(w, definition);
    const beside = await w.call("list", undefined, (o) =>
      w.session.list({ path: ref.path.slice(0, -1) }, besidePrefix(ref.path), o),
    );
    found.push(...beside.filter((b) => !held.has(b.path.at(-1) ?? "")));
  }
  return found;
}
