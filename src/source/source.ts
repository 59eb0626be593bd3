import type { FileSet } from "../adapter/session.js";
import type { Sql } from "../sql/sql.js";

/** What a source says of itself, for `reconcile()`: rows, and sums by column (exact as text or bigint). */
export interface SourceTotals {
  readonly rows?: number;
  readonly sums?: Readonly<Record<string, string | number | bigint>>;
}
/** Where rows come from. */
export interface Source<out R = unknown> {
  readonly kind: "rows" | "files" | "query";
  readonly "~row"?: R;
  /** false: its position never moves back. All sources so far can be read again. */
  readonly rewindable: boolean;
}
export type Stream<R> = Iterable<R> | AsyncIterable<R>;

export type SourceDefinition = { readonly rewindable: boolean; readonly totals: SourceTotals | null } & (
  | {
      readonly kind: "rows";
      readonly from: (signal: AbortSignal) => Stream<object>;
      /** The source's own position of a row; null: it has none. */
      readonly position: ((row: never) => unknown) | null;
    }
  | { readonly kind: "files"; readonly files: FileSet }
  | { readonly kind: "query"; readonly sql: Sql }
);
interface Defined extends Source<never> {
  readonly "~source": SourceDefinition;
}
const made = (definition: SourceDefinition): Defined => ({
  kind: definition.kind,
  rewindable: definition.rewindable,
  "~source": definition,
});
/** What is behind a source; null for a value that this module did not make. */
export const sourceOf = (s: Source | null): SourceDefinition | null => (s as Partial<Defined> | null)?.["~source"] ?? null;

/**
 * Rows from memory or a stream: an iterable, an async iterable (a Node stream of objects too), or a function that opens
 * one and gets the call's signal. Memory is bounded by a batch; the stream is read no faster than it is written.
 */
export function rows<R extends object>(
  from: Stream<R> | ((signal: AbortSignal) => Stream<R>),
  o: { readonly totals?: SourceTotals } = {},
): Source<R> {
  const open = typeof from === "function" ? from : (): Stream<R> => from;
  const source: Source<never> = made({ kind: "rows", from: open, position: null, rewindable: true, totals: o.totals ?? null });
  return source;
}

/** CSV (with a header line), NDJSON or Parquet. */
export type FileFormat = FileSet["format"];
const endings: readonly (readonly [RegExp, FileFormat])[] = [
  [/\.(parquet|pq)$/i, "parquet"],
  [/\.(csv|tsv)(\.gz|\.zst)?$/i, "csv"],
  [/\.(ndjson|jsonl)(\.gz|\.zst)?$/i, "ndjson"],
];
/** The format that all names end in; null when they differ or tell nothing. */
export function formatOf(urls: readonly string[]): FileFormat | null {
  const found = urls.map((u) => endings.find(([ending]) => ending.test(u))?.[1] ?? null);
  return found.every((f) => f === found[0]) ? (found[0] ?? null) : null;
}

/**
 * Files that the engine reads itself: paths, globs or URLs; CSV (with a header), NDJSON or Parquet, told from their
 * names unless `format` says it. Columns are matched by name.
 */
export function files(
  from: string | URL | readonly (string | URL)[],
  o: { readonly format?: FileFormat; readonly totals?: SourceTotals } = {},
): Source<never> {
  const given = Array.isArray(from) ? from : [from];
  const urls = given.map((u: string | URL) =>
    u instanceof URL ? (u.protocol === "file:" ? decodeURIComponent(u.pathname) : u.href) : u,
  );
  const format = o.format ?? formatOf(urls);
  // Without a format nothing can be read: the load says so, with the table's name.
  return made({
    kind: "files",
    files: { urls, format: format ?? ("" as FileFormat) },
    rewindable: true,
    totals: o.totals ?? null,
  });
}

/** A query inside the warehouse. */
export function query(q: Sql): Source<never> {
  return made({ kind: "query", sql: q, rewindable: true, totals: null });
}
