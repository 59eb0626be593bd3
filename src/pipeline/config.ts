import * as z from "zod";
import { type Adapter, adapterOf, type Warehouse } from "../adapter/define.js";
import { CutoverError } from "../errors/index.js";
import { definitionOf, type Tables } from "../table/define.js";
import type { Issue, TableDefinition } from "../table/definition.js";
import { type Duration, milliseconds } from "./duration.js";
import type { Logger, Observer } from "./events.js";

/** What `cutover()` is given. Checked as a whole: every mistake is told at once, by path (`CONFIG`). */
export interface Config<T extends Tables = Tables> {
  /** From an adapter, such as `duckdb({ path })`. Pipelines that share the value share its connections. */
  readonly warehouse: Warehouse;
  /** The name under which the ledger knows these tables: 1 to 200 characters. */
  readonly pipeline: string;
  /** By alias: the name that feeds, reports and errors use. At least one. */
  readonly tables: T;
  /** How many releases can be rolled back: 1 to 1000. Default 3. */
  readonly keep?: number;
  /** The schema of the ledger, in the database of the tables; made when it is missing. Default `cutover_ledger`. */
  readonly ledgerSchema?: string;
  /** A full scan of each table at least every so many releases. Default 50. */
  readonly scanEvery?: number;
  /**
   * The most that a block may read, in bytes: one that would read more is refused (`BUDGET`) before anything is spent. Only
   * where the warehouse can tell beforehand (BigQuery). Default: no limit.
   */
  readonly maxBytes?: number;
  /**
   * What becomes of releases that swap several tables where the warehouse swaps one at a time (Snowflake, BigQuery): `refuse`
   * (default) or `allow`. Readers may then see some tables before the release and some after it, for a moment, or, after a
   * crash between two swaps, until the next call carries the release on.
   */
  readonly mixedReads?: "refuse" | "allow";
  readonly lease?: {
    /** How long an owner that falls silent keeps the pipeline, and the longest that a block may take. 1s to 7d, default 5m. */
    readonly ttl?: Duration;
    /** How long to wait for another owner before `LEASE_HELD`. Default 0. */
    readonly wait?: Duration;
  };
  /** Where warnings go that fail nothing. Default: nowhere. */
  readonly logger?: Logger;
  /** Told of every event, in this order, at once. */
  readonly observers?: readonly Observer[];
}
export interface Settings {
  readonly pipeline: string;
  readonly keep: number;
  readonly ledgerSchema: string;
  readonly scanEvery: number;
  readonly maxBytes: number | null;
  readonly mixedReads: "refuse" | "allow";
  readonly ttlMs: number;
  readonly waitMs: number;
}

const duration = z.custom<Duration>((d) => milliseconds(d) !== null, {
  error: 'expected milliseconds, or a duration such as "5m"',
});
/** Far below what timers can count (24 days), and long enough for any block. */
const LONGEST_TTL = 7 * 86_400_000;

const settings = z.strictObject({
  warehouse: z.custom<Warehouse>((w) => typeof w === "object" && w !== null && adapterOf(w as Warehouse) !== null, {
    error: "expected a warehouse, such as duckdb({ path })",
  }),
  pipeline: z.string().min(1).max(200),
  tables: z
    .record(z.string(), z.unknown())
    .refine((t) => Object.keys(t).length > 0, { error: "a pipeline needs at least one table" }),
  keep: z.int().min(1).max(1000).default(3),
  ledgerSchema: z.string().min(1).default("cutover_ledger"),
  scanEvery: z.int().min(1).default(50),
  maxBytes: z.int().min(0).optional(),
  mixedReads: z.enum(["refuse", "allow"]).default("refuse"),
  lease: z
    .strictObject({
      ttl: duration
        .refine((d) => (milliseconds(d) ?? 0) >= 1000, { error: "a lease lasts at least 1s" })
        .refine((d) => (milliseconds(d) ?? 0) <= LONGEST_TTL, { error: "a lease lasts at most 7d: heartbeats renew it" })
        .optional(),
      wait: duration.optional(),
    })
    .default({}),
  logger: z.unknown().optional(),
  observers: z.array(z.unknown()).optional(),
});

/**
 * A configuration, checked as a whole.
 * @throws CutoverError `CONFIG` with every mistake, by path.
 */
export function checkConfig(config: Config): {
  readonly adapter: Adapter;
  readonly settings: Settings;
  readonly tables: Readonly<Record<string, TableDefinition>>;
} {
  const parsed = settings.safeParse(config);
  const issues: Issue[] = parsed.success ? [] : parsed.error.issues.map((i) => ({ path: i.path.join("."), message: i.message }));
  const tables: Record<string, TableDefinition> = {};
  for (const [alias, t] of Object.entries((typeof config?.tables === "object" && config.tables) || {})) {
    const defined = typeof t === "object" && t !== null ? definitionOf(t) : null;
    if (defined === null) issues.push({ path: `tables.${alias}`, message: "expected a table, made by table()" });
    else {
      tables[alias] = defined.definition;
      issues.push(...defined.issues.map((i) => ({ path: `tables.${alias}.${i.path}`, message: i.message })));
    }
  }
  const named = Object.entries(tables).map(([alias, t]) => [alias, JSON.stringify(t.name)] as const);
  for (const [i, [alias, name]] of named.entries()) {
    const first = named.findIndex(([, n]) => n === name);
    if (first < i) issues.push({ path: `tables.${alias}`, message: `the same table as tables.${named[first]?.[0]}` });
  }
  const adapter = parsed.success ? adapterOf(parsed.data.warehouse) : null;
  if (parsed.success && parsed.data.maxBytes !== undefined && adapter?.capabilities.estimates === false)
    issues.push({ path: "maxBytes", message: `${adapter.name} cannot tell what a block would read; leave it out` });
  if (issues.length > 0 || !parsed.success || adapter === null) throw configError(issues);
  const d = parsed.data;
  return {
    adapter,
    tables,
    settings: {
      pipeline: d.pipeline,
      keep: d.keep,
      ledgerSchema: d.ledgerSchema,
      scanEvery: d.scanEvery,
      maxBytes: d.maxBytes ?? null,
      mixedReads: d.mixedReads,
      ttlMs: Math.round(milliseconds(d.lease.ttl ?? "5m") ?? 0),
      waitMs: milliseconds(d.lease.wait ?? 0) ?? 0,
    },
  };
}
export function configError(issues: readonly Issue[]): CutoverError<"CONFIG"> {
  const lines = issues.map((i) => `${i.path}: ${i.message}`);
  return new CutoverError("CONFIG", `${issues.length === 1 ? "1 mistake" : `${issues.length} mistakes`}: ${lines.join("; ")}`, {
    issues,
  });
}
