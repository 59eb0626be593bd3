import type { TableRef } from "../../adapter/shapes.js";
import { isCutoverError } from "../../errors/index.js";
import { imagesTables } from "../../ledger/images.js";
import type { PendingIntent } from "../../ledger/intent.js";
import { besidePrefix } from "../../ledger/names.js";
import { tableKey } from "../../ledger/portable.js";
import type { OpenRelease, SandboxState, State } from "../../ledger/state.js";
import { carryOut } from "../candidate/place.js";
import { thisProcess } from "../context.js";
import { fencedSteps } from "../lease/fenced.js";
import type { Held } from "../lease/held.js";
import { keyOf } from "../load/tables.js";
import type { RecoveryReport } from "../look/reports.js";
import { viewsWithout } from "../look/views.js";
import { dropSandboxes, overdue } from "../sandbox/sandbox-drop.js";
import type { Work } from "../session/work.js";

/** How long a release made by steps is left alone after its last step. */
export const GRACE_MS = 3_600_000;
export const graceFrom = (now: string): string => new Date(Date.parse(now) + GRACE_MS).toISOString();

const abandonedBy = (w: Work, held: Held, o: OpenRelease): boolean =>
  o.heldUntil !== undefined
    ? o.heldUntil <= held.now
    : o.until <= held.now || (w.ctx.adapter.capabilities.exclusiveProcess && o.process !== thisProcess);

/**
 * Settles what an owner left behind. A release is published if and only if its journal row is there, since that row
 * commits with the data; so what remains is to close what nobody will continue, and to drop what belongs to nothing.
 */
export async function settleLeftovers(w: Work, held: Held, thorough: boolean): Promise<RecoveryReport> {
  const { pending } = held.state;
  const finished = pending === null ? [] : [await finish(w, held, pending)];
  const dead = held.state.open.filter((o) => abandonedBy(w, held, o));
  const boxes = await dropSandboxes(w, held, thorough);
  if (dead.length === 0 && !held.tookOver && !thorough && pending === null) return { settled: [], dropped: boxes };
  if (held.tookOver) {
    w.ctx.log.warn({ pipeline: w.ctx.settings.pipeline }, "the owner before did not give the lease up; settling what it left");
    w.warnings.push({ code: "TOOK_OVER", message: "the owner before did not finish; what it left behind was settled" });
  }
  const report = await drop(w, held, dead, thorough || pending !== null);
  return { settled: [...finished, ...report.settled], dropped: [...boxes, ...report.dropped] };
}

/** What an owner left behind, and nobody has settled yet. */
export interface Leftovers {
  readonly pending: PendingIntent | null;
  /** Releases that nobody will continue. */
  readonly dead: readonly OpenRelease[];
  /** Tables that belong to nothing; none are told while something decided is to be carried out, which makes and takes tables. */
  readonly orphans: readonly TableRef[];
  /** Sandboxes whose time is over. */
  readonly sandboxes: readonly SandboxState[];
}
/** The same as {@link settleLeftovers} finds thoroughly, nothing of it settled. */
export async function lookForLeftovers(w: Work, held: Held): Promise<Leftovers> {
  const { pending } = held.state;
  const dead = held.state.open.filter((o) => abandonedBy(w, held, o));
  const open = held.state.open.filter((o) => !dead.includes(o));
  const found = pending === null ? await orphans(w, { ...held.state, open }, dead, held.release, true) : [];
  return { pending, dead, orphans: found, sandboxes: overdue(held) };
}

/** Carries out what the owner before had decided. */
async function finish(w: Work, held: Held, pending: PendingIntent): Promise<RecoveryReport["settled"][number]> {
  try {
    await carryOut(w, held, pending, null);
    return { release: pending.release, as: "published" };
  } catch (e) {
    const withdrawn = isCutoverError(e, "UNSUPPORTED") || (isCutoverError(e, "PUBLISH_FAILED") && e.context.state === "before");
    if (!withdrawn) throw e;
    w.warnings.push({ code: "WITHDRAWN", message: e.message });
    return { release: pending.release, as: "not-published" };
  }
}

function drop(w: Work, held: Held, dead: readonly OpenRelease[], thorough: boolean): Promise<RecoveryReport> {
  const state: State = { ...held.state, open: held.state.open.filter((o) => !dead.includes(o)) };
  return w.stage("recover", async () => {
    const found = await orphans(w, state, dead, held.release, thorough);
    // Dropped first: a candidate of a table that is no longer configured is known by its open release only.
    await fencedSteps(w, held, "recover", [
      ...(await viewsWithout(w, state, found)),
      ...found.map((ref, i) => ({ id: `drop.${i}`, step: { kind: "drop" as const, ref } })),
    ]);
    for (const o of dead)
      await held.append("abandoned", o.release, {
        strategy: o.strategy,
        reason: o.heldUntil === undefined ? "nobody continued it" : `its hold expired at ${o.heldUntil}`,
      });
    return {
      settled: dead.map((o) => ({ release: o.release, as: "not-published" as const })),
      dropped: found.map((ref) => ref.path.join(".")),
    };
  });
}

/** The cleanup of a release that is out though its answer was lost. What fails is a warning, as after any release. */
export async function sweep(w: Work, held: Held): Promise<void> {
  try {
    await drop(w, held, [], true);
  } catch (err) {
    w.ctx.log.warn({ err, pipeline: w.ctx.settings.pipeline }, "cleanup failed after the commit");
    w.warnings.push({ code: "CLEANUP", message: `published, but cleaning up failed: ${String(err)}` });
  }
}

const nameOf = (path: readonly string[]): string => path.at(-1) ?? "";

/** Deltas and candidates of no open release, versions of no kept one; if `thorough`, images that nothing refers to. */
async function orphans(
  w: Work,
  s: State,
  dead: readonly OpenRelease[],
  current: number | null,
  thorough: boolean,
): Promise<readonly TableRef[]> {
  const list = (schema: TableRef, prefix: string): Promise<readonly TableRef[]> =>
    w.call("list", undefined, (o) => w.session.list(schema, prefix, o));
  const open = [...s.open.map((o) => o.release), ...(current === null ? [] : [current])];
  const deltas = await list(w.names.schema, w.names.deltas);
  const ofOpen = (name: string): boolean => open.some((r) => new RegExp(`_${r}_\\d*[a-z]$`).test(name));
  const versions = [...s.kept, ...s.undone.flatMap((u) => u.releases)].flatMap((k) =>
    Object.values(k.tables).flatMap((t) => (t.undo.kind === "swap" && t.undo.kept !== null ? [t.undo.kept] : [])),
  );
  const needed = new Set([...s.open.flatMap((o) => Object.values(o.candidates)), ...versions, ...imagesTables(s)].map(nameOf));
  const found = deltas.filter((d) => !ofOpen(nameOf(d.path)));
  const add = (refs: readonly TableRef[]): void =>
    void found.push(...refs.filter((r) => !needed.has(nameOf(r.path)) && !found.some((f) => nameOf(f.path) === nameOf(r.path))));
  for (const { id, paths } of await ownTables(w, s, list)) {
    for (const path of paths) {
      const beside = await list({ path: path.slice(0, -1) }, besidePrefix(path));
      // What others wrote is never dropped.
      add(beside.filter((t) => !nameOf(t.path).startsWith(`${besidePrefix(path)}foreign_`)));
    }
    if (thorough) add(await list(w.names.schema, w.names.changesOf(id)));
  }
  for (const path of dead.flatMap((o) => Object.values(o.candidates))) if ((await w.describe({ path })) !== null) add([{ path }]);
  return found;
}

type Listing = (schema: TableRef, prefix: string) => Promise<readonly TableRef[]>;
/**
 * The tables whose leftovers are this pipeline's: those that its state accounts for, and those configured that it has
 * claimed. What stands beside a table is named by the table as it is spelled, which may differ by case from the configuration.
 */
async function ownTables(
  w: Work,
  s: State,
  list: Listing,
): Promise<readonly { readonly id: string; readonly paths: readonly (readonly string[])[] }[]> {
  const known = Object.entries(s.tables).map(([id, t]) => ({ id, path: t.path }));
  const fresh = Object.values(w.ctx.tables)
    .map((d) => keyOf(w, d))
    .filter(({ id }) => s.tables[id] === undefined);
  const claims =
    fresh.length === 0 ? [] : (await w.run({ kind: "readClaims", claims: w.names.claims, tables: fresh.map((f) => f.id) })).rows;
  const claimed = fresh.filter(({ id }) =>
    claims.some((c) => c["table_name"] === id && c["pipeline"] === w.ctx.settings.pipeline),
  );
  const { caseSensitive } = w.ctx.adapter.capabilities.identifiers;
  const owned = [...known, ...claimed.map(({ id, ref }) => ({ id, path: ref.path }))];
  const found = [];
  for (const { id, path } of owned) {
    const schema = path.slice(0, -1);
    const there = caseSensitive ? [] : await list({ path: schema }, nameOf(path));
    const spelled = there.filter((t) => tableKey(t.path, w.names.database, caseSensitive) === id).map((t) => nameOf(t.path));
    found.push({ id, paths: [...new Set([nameOf(path), ...spelled])].map((name) => [...schema, name]) });
  }
  return found;
}
