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
  /** false: what it gave once it does not give again, such as a queue. See {@link rows}. */
  readonly rewindable: boolean;
  /** Told how far its rows are published, once that is durable. */
  ack?(position: string): Promise<void>;
}
export type Stream<R> = Iterable<R> | AsyncIterable<R>;

export type SourceDefinition = { readonly rewindable: boolean; readonly totals: SourceTotals | null } & (
  | {
      readonly kind: "rows";
      readonly from: (signal: AbortSignal) => Stream<object>;
      /** The source's own position of a row; null: it has none. */
      readonly position: ((row: never) => unknown) | null;
      readonly ack: ((position: string) => unknown) | null;
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

/** What is to be known of a stream of rows. */
export interface RowsOptions<R> {
  readonly totals?: SourceTotals;
  /**
   * false: what the source gave once it does not give again (a queue that was consumed). Then a rollback moves neither its position
   * nor the watermark back: the releases taken back are *pending*, and nothing is published before {@link Pipeline.redo}
   * or {@link Pipeline.discard}. Needs `position`. Default true.
   */
  readonly rewindable?: boolean;
  /** The source's own position of a row. That of the last row is published with the rows; a feed finds it in `positions`. */
  readonly position?: (row: R) => string | number | bigint;
  /**
   * Called after a publish is durable, with the position that it reached, and again by the next run if that could not be: so perhaps
   * more than once for one position. What it throws is a warning. Needs `rewindable: false`.
   */
  readonly ack?: (position: string) => Promise<void> | void;
}

/**
 * Rows from memory or a stream: an iterable, an async iterable (a Node stream of objects too), or a function that opens
 * one and gets the call's signal. Memory is bounded by a batch; the stream is read no faster than it is written.
 */
export function rows<R extends object>(
  from: Stream<R> | ((signal: AbortSignal) => Stream<R>),
  o: RowsOptions<R> = {},
): Source<R> {
  const open = typeof from === "function" ? from : (): Stream<R> => from;
  const { ack } = o;
  const definition: SourceDefinition = {
    kind: "rows",
    from: open,
    position: o.position ?? null,
    ack: ack ?? null,
    rewindable: o.rewindable ?? true,
    totals: o.totals ?? null,
  };
  const source: Source<never> = made(definition);
  return ack === undefined ? source : { ...source, ack: async (position) => ack(position) };
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
