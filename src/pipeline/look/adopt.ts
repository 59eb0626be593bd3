import { stored } from "../../adapter/shapes.js";
import { CutoverError } from "../../errors/index.js";
import { payloadText } from "../../ledger/events.js";
import { fence, opOf } from "../../plan/release.js";
import type { Context } from "../context.js";
import { claimTables } from "../lease/claims.js";
import type { Held } from "../lease/held.js";
import { leased } from "../lease/lease.js";
import { type Pending, settling } from "../lease/settle.js";
import { watermarkText } from "../load/set-watermark.js";
import { definitionOf, type Found, findTables, hashOf, keyOf } from "../load/tables.js";
import { cleanUp } from "../recovery/clean-up.js";
import { refusePending } from "../release/pending.js";
import { withSamples } from "../release/samples.js";
import { checksFailed, sampleContext } from "../release/verdict.js";
import { type CallOptions, lostLease, type Work } from "../session/work.js";
import { liveChecks } from "./look.js";
import type { AuditReport } from "./reports.js";

export interface AdoptOptions extends CallOptions {
  /** How far each table's source has been read already. */
  readonly watermarks?: Readonly<Record<string, unknown>>;
}

/** Takes what is there as the baseline: rows, checksum, full checks. Loads nothing. Older releases can no longer be gone back to, and tables that are no longer configured are given up. */
export async function adopt(ctx: Context, o: AdoptOptions = {}): Promise<AuditReport> {
  for (const alias of Object.keys(o.watermarks ?? {})) definitionOf(ctx, alias);
  return settling<"adopted", AuditReport>(ctx, o, (begun) =>
    leased(ctx, "adopt", o, 0, (w, held) => w.stage("adopt", () => takeBaseline(w, held, o, begun))),
  );
}

async function takeBaseline(
  w: Work,
  held: Held,
  o: AdoptOptions,
  begun: (p: Pending<"adopted", AuditReport>) => void,
): Promise<AuditReport> {
  const { ctx } = w;
  refusePending(w, held);
  const tables = (await findTables(w, held.state)).filter((t) => t.live !== null);
  if (tables.length === 0)
    throw new CutoverError("NOT_FOUND", "none of the tables exists yet; the first run makes them", {
      what: "table",
      name: Object.keys(ctx.tables).join(", "),
      pipeline: ctx.settings.pipeline,
    });
  await claimTables(w, held, tables);
  const checks: Awaited<ReturnType<typeof liveChecks>>[] = [];
  for (const t of tables) checks.push(await liveChecks(w, held.state, t));
  const planned = checks.flatMap((c) => c.planned);
  const events = tables.map((t) => [
    t.id,
    {
      path: [...t.ref.path],
      rows: 0,
      sum: "0",
      hash: hashOf(ctx, t.live?.columns ?? []),
      watermark: watermarkOf(w, t, o.watermarks?.[t.alias]),
      proven: planned.filter((c) => c.table === t.alias && c.severity === "error").map((c) => c.id),
      changes: t.state?.changes ?? null,
      sinceScan: 0,
      scan: opOf.scan(t.alias),
    },
  ]);
  const configured = new Set(Object.values(ctx.tables).map((d) => keyOf(w, d).id));
  const left = Object.keys(held.state.tables).filter((id) => !configured.has(id));
  const given = { tables: Object.fromEntries(events), ...(left.length === 0 ? {} : { left }) };
  const payload = payloadText("adopted", given, w.names.database);
  const row = {
    pipeline: ctx.settings.pipeline,
    release: held.state.live,
    seq: held.nextSeq(),
    event: "adopted",
    fence: held.fence,
    payload,
    facts: tables.map((t) => opOf.scan(t.alias)),
  };
  const steps = [
    fence({ lease: w.names.lease, fence: held.fence }),
    ...tables.map((t) => ({
      id: opOf.scan(t.alias),
      step: { kind: "scan" as const, on: t.ref, columns: stored(t.live?.columns ?? []), expected: null },
    })),
    ...checks.flatMap((c) => c.plan.steps),
    { id: "record", step: { kind: "record" as const, journal: w.names.journal, events: [row] } },
  ];
  const before = held.state;
  begun({
    what: "the baseline",
    stage: "adopt",
    event: "adopted",
    release: row.release,
    fence: held.fence,
    resolve: async ({ payload: { facts } }, by, now) => {
      if (now !== null) await cleanUp(by, now, before, now.state, []);
      return report(tables, (alias) => facts[opOf.scan(alias)]?.[0] ?? {}, ctx);
    },
  });
  const result = await held.during((limit) => w.block({ name: "adopt", atomic: true, steps }, "commit", limit));
  if (result.outcome === "refused") {
    if (result.at === opOf.fence) throw lostLease(w, held.fence);
    const of = sampleContext(
      tables.map((t) => ({ alias: t.alias, columns: stored(t.live?.columns ?? []) })),
      w,
    );
    throw checksFailed(withSamples(planned, result.results, of), { pipeline: ctx.settings.pipeline });
  }
  const kept = Object.fromEntries(Object.entries(before.tables).filter(([id]) => configured.has(id)));
  await cleanUp(w, held, before, { ...before, tables: kept, kept: [], undone: [] }, []);
  return report(tables, (alias) => result.results.get(opOf.scan(alias))?.rows[0] ?? {}, ctx);
}

function watermarkOf(w: Work, t: Found, given: unknown): string | null {
  if (given === undefined || given === null) return t.state?.watermark ?? null;
  return watermarkText(w, t, `watermarks.${t.alias}`, given);
}

function report(
  tables: readonly Found[],
  scanned: (alias: string) => Readonly<Record<string, unknown>>,
  ctx: Context,
): AuditReport {
  const found = tables.map((t) => {
    const row = scanned(t.alias);
    const tally = { rows: Number(row["rows"]), checksum: `${hashOf(ctx, t.live?.columns ?? [])}:${String(row["sum"])}` };
    return [t.alias, { recorded: tally, found: tally }] as const;
  });
  return { ok: true, tables: Object.fromEntries(found) };
}
