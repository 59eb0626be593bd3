import { randomUUID } from "node:crypto";
import type { TableShape } from "../../adapter/shapes.js";
import { CutoverError, isCutoverError } from "../../errors/index.js";
import { type Payload, payloadText } from "../../ledger/events.js";
import { sandboxNames, sandboxSchema } from "../../ledger/names.js";
import { tableKey } from "../../ledger/portable.js";
import type { SandboxState } from "../../ledger/state.js";
import { compileStep, type PlannedStep } from "../../plan/compile.js";
import type { TableDefinition } from "../../table/definition.js";
import { configError } from "../config.js";
import type { Context } from "../context.js";
import { type Duration, milliseconds } from "../duration.js";
import { emitter } from "../events.js";
import { ledgerTables } from "../lease/bootstrap.js";
import { fencedSteps } from "../lease/fenced.js";
import type { Held } from "../lease/held.js";
import { leased, look } from "../lease/lease.js";
import { findTables } from "../load/tables.js";
import { type CallOptions, operate, type Work } from "../session/work.js";
import { dropSandbox, nameIn, namesIn, ownSchema } from "./sandbox-drop.js";

/** How long a sandbox stays, and what it is called. */
export interface SandboxOptions extends CallOptions {
  /** 1s to 30d. When it is over, the next operation of the pipeline drops the sandbox, in whichever process. */
  readonly ttl: Duration;
  /** The name of its schema, exactly; there must be none of that name. Default: a new name that begins with `cutover_sandbox_`. */
  readonly schema?: string;
}
/** A sandbox that stands: a context to work in, and where each table is. */
export interface Made {
  readonly ctx: Context;
  readonly schema: string;
  readonly expires: string;
  /** By alias. */
  readonly paths: Readonly<Record<string, readonly [string, ...string[]]>>;
}

const [SHORTEST, LONGEST] = [1000, 30 * 86_400_000];

function checkOptions(o: SandboxOptions): { readonly ttlMs: number; readonly schema: string | null } {
  const ttlMs = milliseconds(o?.ttl);
  const issues = [];
  if (ttlMs === null || ttlMs < SHORTEST || ttlMs > LONGEST)
    issues.push({ path: "ttl", message: 'expected how long the sandbox stays, from "1s" to "30d"' });
  const schema = o?.schema ?? null;
  if (schema !== null && (typeof schema !== "string" || schema === ""))
    issues.push({ path: "schema", message: "expected the name of a schema, or nothing" });
  if (issues.length > 0 || ttlMs === null) throw configError(issues);
  return { ttlMs, schema };
}

function refuse(ctx: Context, capability: string, alternative: string, why: string): never {
  const { pipeline } = ctx.settings;
  throw new CutoverError("UNSUPPORTED", `${why}; use ${alternative}`, { capability, alternative, pipeline });
}
function refuseEngine(ctx: Context): void {
  const { name, capabilities } = ctx.adapter;
  if (ctx.sandbox !== null)
    refuse(ctx, "a sandbox of a sandbox", "sandbox() of the pipeline itself", `${ctx.sandbox} is a sandbox already`);
  if (capabilities.clone === "none")
    refuse(
      ctx,
      "clone",
      "rebuild(), or a pipeline on a copy of the database",
      `${name} clones no tables, so it has no sandboxes`,
    );
}

/** Clones every table of the pipeline into a schema of its own, and what the ledger knows of them. */
export async function makeSandbox(ctx: Context, o: SandboxOptions): Promise<Made> {
  const { ttlMs, schema: given } = checkOptions(o);
  refuseEngine(ctx);
  const schema = given ?? sandboxSchema(ctx.settings.pipeline, randomUUID().slice(0, 8));
  return leased(ctx, "clone", o, 0, (w, held) =>
    w.stage("clone", async () => {
      const ref = namesIn(w, schema).schema;
      if (await w.call("hasSchema", undefined, (io) => w.session.hasSchema(ref, io)))
        throw configError([{ path: "schema", message: `there is a schema ${schema} already; name another, or leave it out` }]);
      const { steps, paths } = await planned(w, held, schema);
      // What cannot be cloned is refused before anything is made.
      for (const s of steps) compileStep(ctx.adapter, s.step);
      const box: SandboxState = { schema, until: new Date(Date.parse(held.now) + ttlMs).toISOString(), ready: true };
      await held.append("sandboxed", held.state.live, { schema, until: box.until });
      try {
        await fencedSteps(w, held, "sandbox", steps);
        await held.last("sandbox-ready", held.state.live, { schema });
      } catch (e) {
        await undo(w, held, box);
        throw e;
      }
      return { ctx: inside(ctx, schema, paths), schema, expires: box.until, paths };
    }),
  );
}

type Baseline = Payload<"adopted">["tables"][string];

/** What makes the sandbox: its ledger, whose lease tells whose the schema is, then the tables, then what is known of them. */
async function planned(
  w: Work,
  held: Held,
  schema: string,
): Promise<{ readonly steps: readonly PlannedStep[]; readonly paths: Made["paths"] }> {
  const { adapter } = w.ctx;
  const names = namesIn(w, schema);
  const { caseSensitive } = adapter.capabilities.identifiers;
  const found = await findTables(w, held.state);
  const own = sandboxNames(found.map((t) => t.ref.path));
  const placed = found.map((t, i) => {
    const ref = { path: [...names.schema.path, own[i] ?? t.alias] };
    return { ...t, to: ref, key: tableKey(ref.path, names.database, caseSensitive) };
  });
  const clones: PlannedStep[] = [];
  for (const t of placed) {
    const from: TableShape | null = t.live === null ? null : await w.describe(t.ref);
    if (from !== null) clones.push({ id: `${t.alias}.clone`, step: { kind: "clone", from, to: t.to, depth: 0, empty: false } });
  }
  const known = placed.flatMap(({ key, state, live, to }): readonly (readonly [string, Baseline])[] =>
    state === null || live === null ? [] : [[key, { ...state, path: [...to.path], changes: null, scan: "" }]],
  );
  const adopted = {
    pipeline: nameIn(w.ctx, schema),
    release: 0,
    seq: 1,
    event: "adopted",
    fence: 0n,
    payload: payloadText("adopted", { tables: Object.fromEntries(known) }, names.database),
    facts: [],
  };
  const { rows } = await w.run({ kind: "readLease", lease: w.names.lease });
  const ledger = ledgerTables(w.ctx, names, Number(rows[0]?.["releases"] ?? 0)).toReversed();
  return {
    steps: [
      { id: "schema", step: { kind: "createSchema", ref: names.schema, ifNotExists: false } },
      ...ledger.map((step, i) => ({ id: `ledger.${i}`, step })),
      ...clones,
      ...(known.length === 0
        ? []
        : [{ id: "record", step: { kind: "record" as const, journal: names.journal, events: [adopted] } }]),
    ],
    paths: Object.fromEntries(
      placed.map((t) => {
        const [database = "", ...rest] = t.to.path;
        return [t.alias, [database, ...rest] as const];
      }),
    ),
  };
}

/** What a sandbox works with: the same tables under other names, a ledger of its own, and no end but its own. */
function inside(ctx: Context, schema: string, paths: Made["paths"]): Context {
  const pipeline = nameIn(ctx, schema);
  const moved = new Map(Object.entries(ctx.tables).map(([alias, d]) => [JSON.stringify(d.name), paths[alias]]));
  const tables = Object.entries(ctx.tables).map(([alias, d]): [string, TableDefinition] => {
    // References between the tables of the pipeline stay among themselves.
    const checks = d.checks.map((c) => (c.kind === "references" ? { ...c, to: moved.get(JSON.stringify(c.to)) ?? c.to } : c));
    return [alias, { ...d, name: paths[alias] ?? d.name, checks }];
  });
  return {
    ...ctx,
    settings: { ...ctx.settings, pipeline, ledgerSchema: schema },
    tables: Object.fromEntries(tables),
    emit: emitter(pipeline, ctx.observers, ctx.log),
    sandbox: schema,
    ...unended(),
  };
}
const unended = (): Pick<Context, "closing" | "running"> => ({ closing: new AbortController(), running: new Set() });

/** One that could not be finished goes at once; where even that fails, whoever has the lease next does it. */
async function undo(w: Work, held: Held, box: SandboxState): Promise<void> {
  const calm = w.calm();
  const { schema } = box;
  try {
    const now = await look(calm);
    if (now === null || BigInt(now.lease["lease_fence"] as bigint) === held.fence) return await dropSandbox(calm, held, box);
    // Others have settled it; but what was made after they looked, only this owner knows of.
    if (now.state.sandboxes.some((b) => b.schema === schema)) return;
    const ref = await ownSchema(calm, schema);
    if (ref !== null) await calm.run({ kind: "dropSchema", ref });
  } catch (err) {
    w.ctx.log.warn({ err, schema }, "a sandbox that was not finished could not be dropped; recovery does it");
  }
}

/** Drops a sandbox for its owner. While others work on the pipeline its schema goes all the same; then recovery records it. */
export async function dropOwn(outside: Context, made: Made, o: CallOptions | undefined): Promise<void> {
  const ctx: Context = { ...outside, ...unended() };
  const mine = (b: SandboxState): boolean => b.schema === made.schema && b.until === made.expires;
  const leave = ctx.pool.join();
  try {
    await leased(ctx, "clone", o, 0, async (w, held) => {
      const box = held.state.sandboxes.find(mine);
      if (box !== undefined) await dropSandbox(w, held, box);
    });
  } catch (e) {
    if (!isCutoverError(e, "LEASE_HELD")) throw e;
    await operate(ctx, "clone", o, async (w) => {
      const ref = (await look(w))?.state.sandboxes.some(mine) ? await ownSchema(w, made.schema) : null;
      if (ref !== null) await w.run({ kind: "dropSchema", ref });
    });
  } finally {
    await leave();
  }
}
