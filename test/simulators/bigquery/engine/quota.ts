import { SimError } from "./types.js";

/**
 * Quotas and limits by name. Sources: docs "Quotas and limits" (load, copy and query jobs, tables, DML, multi-statement transactions) and
 * "Troubleshoot quota and limit errors" for the messages. Those per second are off until a test sets them: they follow the engine's clock.
 */
const documented = {
  /** Load, copy and query jobs that write a table, a table and day. DML counts only where it is in the way of those: not here. */
  tableModificationsPerDay: 1_500,
  /** Metadata updates of a table in 10 seconds; documented: 5. */
  metadataUpdatesPer10s: Number.POSITIVE_INFINITY,
  /** UPDATE, DELETE, MERGE that run at the same time on a table, and that wait. */
  dmlConcurrent: 2,
  dmlQueue: 20,
  queryCharacters: 1_048_576,
  parameters: 10_000,
  partitionsPerJob: 4_000,
  transactionTables: 100,
  snapshotJobsPerDay: 50,
  clonesPerBase: 1_000,
  cloneDepth: 3,
  loadBytes: 15 * 2 ** 40,
  loadFiles: 10_000,
  gzipBytes: 4 * 2 ** 30,
  rowBytes: 100 * 2 ** 20,
  columns: 10_000,
  /** A script's variable. */
  variableBytes: 1_048_576,
  variablesBytes: 10_485_760,
  sourceTables: 1_200,
  /** No limits but what no documentation tells: whether a copy job takes labels and descriptions of the source along. */
  copyTakesLabels: 0,
  copyTakesDescription: 0,
  copyTakesExpiration: 1,
} as const;

export type QuotaName = keyof typeof documented;

const link = "For more information, see https://cloud.google.com/bigquery/docs/troubleshoot-quotas";

export interface Quotas {
  limit(name: QuotaName): number;
  /** null: the documented one again. @throws Error for a name that there is not. */
  set(name: string, value: number | null): void;
  /** A load, copy or overwriting query job on this table. */
  modification(table: string): void;
  metadata(table: string): void;
  snapshot(table: string): void;
}

const isQuota = (name: string): name is QuotaName => Object.hasOwn(documented, name);

/** `now`: microseconds of the engine's clock. */
export function quotas(now: () => bigint): Quotas {
  const own = new Map<QuotaName, number>();
  const events = new Map<string, bigint[]>();
  const limit = (name: QuotaName): number => own.get(name) ?? documented[name];
  /** Notes an event; whether it is one too many for the window. */
  const exceeds = (key: string, most: number, window: bigint): boolean => {
    if (most === Number.POSITIVE_INFINITY) return false;
    const at = now();
    const kept = (events.get(key) ?? []).filter((e) => e > at - window);
    if (kept.length >= most) return true;
    kept.push(at);
    events.set(key, kept);
    return false;
  };
  const day = 86_400_000_000n;
  return {
    limit,
    set(name, value) {
      if (!isQuota(name)) throw new Error(`no quota named ${name}`);
      if (value === null) own.delete(name);
      else own.set(name, value);
    },
    modification(table) {
      if (exceeds(`modify ${table}`, limit("tableModificationsPerDay"), day))
        throw new SimError(
          "quotaExceeded",
          403,
          `Quota exceeded: Your table exceeded quota for imports or query appends per table. ${link}`,
          "load_job_per_table.long",
        );
    },
    metadata(table) {
      if (exceeds(`metadata ${table}`, limit("metadataUpdatesPer10s"), 10_000_000n))
        throw new SimError(
          "rateLimitExceeded",
          403,
          `Exceeded rate limits: too many table update operations for this table. ${link}`,
          "table.write",
        );
    },
    snapshot(table) {
      if (exceeds(`snapshot ${table}`, limit("snapshotJobsPerDay"), day))
        throw new SimError(
          "quotaExceeded",
          403,
          `Quota exceeded: Your table exceeded quota for table snapshots per table per day. ${link}`,
        );
    },
  };
}

/** @throws SimError where the text is longer than the service takes. */
export function checkLength(sql: string, most: number): void {
  if (sql.length > most)
    throw new SimError(
      "invalid",
      400,
      `The query is too large. The maximum standard SQL query length is ${(most / 1024).toFixed(2)}K characters, including comments and white space characters.`,
    );
}
