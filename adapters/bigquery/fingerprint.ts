import type { TableAnswer } from "./answers.js";
import type { Field } from "./link.js";

/** How a table is cut into partitions. */
export type Partitioning =
  /** `column` null: by the time of ingestion, `_PARTITIONTIME`. `type`: of the column; TIMESTAMP for ingestion time. */
  | {
      readonly kind: "time";
      readonly column: string | null;
      readonly unit: "HOUR" | "DAY" | "MONTH" | "YEAR";
      readonly type: "DATE" | "TIMESTAMP" | "DATETIME";
      readonly expirationMs: string | null;
    }
  | {
      readonly kind: "range";
      readonly column: string;
      readonly start: string;
      readonly end: string;
      readonly interval: string;
    };
export interface Binding {
  readonly role: string;
  readonly members: readonly string[];
  readonly condition?: unknown;
}
/** What a swap must carry over, and a clone repeat: JSON. */
export interface Fingerprint {
  readonly partitioning: Partitioning | null;
  readonly requirePartitionFilter: boolean;
  readonly clustering: readonly string[];
  readonly description: string | null;
  readonly friendlyName: string | null;
  /** Those of people: without the marks of cutover. */
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since 1970, as text. */
  readonly expires: string | null;
  /** Columns as the API has them: descriptions and policy tags of the nested ones too. */
  readonly fields: readonly Field[];
  readonly primaryKey: readonly string[];
  readonly foreignKeys: readonly unknown[];
  /** The table's own IAM policy; null: it was not asked for, or may not be read. */
  readonly iam: readonly Binding[] | null;
  /** What a swap would take off, and a clone not have: each as a noun phrase. */
  readonly fixed: readonly string[];
  /** Where live is a view: the name of the table beside it that holds the rows. */
  readonly version?: string;
}

/** What is told by more calls than one. */
export type Beside = Pick<Fingerprint, "iam" | "fixed">;
export const nothingBeside: Beside = { iam: null, fixed: [] };

export function fingerprintOf(t: TableAnswer, beside: Beside): Fingerprint {
  return {
    partitioning: partitioningOf(t),
    requirePartitionFilter: t.requirePartitionFilter ?? t.timePartitioning?.requirePartitionFilter ?? false,
    clustering: t.clustering?.fields ?? [],
    description: t.description ?? null,
    friendlyName: t.friendlyName ?? null,
    labels: splitLabels(t.labels ?? {}).own,
    expires: t.expirationTime ?? null,
    fields: t.schema?.fields ?? [],
    primaryKey: t.tableConstraints?.primaryKey?.columns ?? [],
    foreignKeys: t.tableConstraints?.foreignKeys ?? [],
    ...beside,
    fixed: [
      ...(t.encryptionConfiguration?.kmsKeyName === undefined ? [] : ["an encryption key of its own"]),
      ...(t.maxStaleness === undefined ? [] : ["a max_staleness, and so changes that are not yet applied"]),
      ...beside.fixed,
    ],
  };
}

function partitioningOf(t: TableAnswer): Partitioning | null {
  const { timePartitioning: time, rangePartitioning: range } = t;
  if (range !== undefined) return { kind: "range", column: range.field, ...range.range };
  if (time === undefined) return null;
  const column = time.field ?? null;
  const word = t.schema?.fields.find((f) => f.name.toLowerCase() === column?.toLowerCase())?.type;
  const type = word === "DATE" || word === "DATETIME" ? word : "TIMESTAMP";
  return { kind: "time", column, unit: time.type, type, expirationMs: time.expirationMs ?? null };
}

/** The same, as tables.insert takes it. */
export function partitioned(p: Partitioning | null): Readonly<Record<string, unknown>> {
  if (p === null) return {};
  if (p.kind === "range")
    return { rangePartitioning: { field: p.column, range: { start: p.start, end: p.end, interval: p.interval } } };
  const more = {
    ...(p.column === null ? {} : { field: p.column }),
    ...(p.expirationMs === null ? {} : { expirationMs: p.expirationMs }),
  };
  return { timePartitioning: { type: p.unit, ...more } };
}

/** The adapter's own form again: it has been through the core, and through JSON. */
export function readFingerprint(value: unknown): Fingerprint | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "object" && "partitioning" in value && "fixed" in value) return value as Fingerprint;
  throw new Error("cutover: the fingerprint of a table is not one that the BigQuery adapter wrote");
}

/** Labels in which the mark of a release stands; where one value is too short for it, it goes on in `cutover_marker_2` and so on. */
const MARKER = "cutover_marker";
const isMarker = (key: string): boolean => /^cutover_marker(?:_\d+)?$/.test(key);
const LONGEST = 63;
/** A label of tables that were made for a view to stand for. */
export const VERSION_LABEL = "cutover_version";

/** What is no value of a label is written as hexadecimal digits behind `x-`. */
export function markLabels(marker: string): Readonly<Record<string, string>> {
  const plain = /^[a-z0-9_-]+$/.test(marker) && !marker.startsWith("x-");
  const written = plain ? marker : `x-${Buffer.from(marker).toString("hex")}`;
  const parts = written.match(new RegExp(`.{1,${LONGEST}}`, "g")) ?? [];
  return Object.fromEntries(parts.map((part, i) => [i === 0 ? MARKER : `${MARKER}_${i + 1}`, part]));
}
/** Labels apart: those of people, and the mark of a release. */
export function splitLabels(labels: Readonly<Record<string, string>>): {
  readonly own: Readonly<Record<string, string>>;
  readonly marker: string | null;
} {
  const own = Object.fromEntries(Object.entries(labels).filter(([key]) => !isMarker(key) && key !== VERSION_LABEL));
  const parts: string[] = [];
  for (let i = 1; ; i++) {
    const part = labels[i === 1 ? MARKER : `${MARKER}_${i}`];
    if (part === undefined) break;
    parts.push(part);
  }
  if (parts.length === 0) return { own, marker: null };
  const written = parts.join("");
  return { own, marker: written.startsWith("x-") ? Buffer.from(written.slice(2), "hex").toString() : written };
}
