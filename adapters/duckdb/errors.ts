import { endedBy, endedWords, type Fault, type FaultKind, messageOf, missingDriver } from "cutover/adapter";

/** An error that already knows how it is to be explained. */
export class DuckDBFault extends Error {
  override readonly name = "DuckDBFault";
  readonly fault: Fault;

  constructor(message: string, fault: Fault, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.fault = fault;
  }
}

export const fault = (kind: FaultKind, message: string, hint: string, cause?: unknown): DuckDBFault =>
  new DuckDBFault(message, { kind, outcome: "not-applied", hint }, cause);

/** The error of a call that its signal or its time limit ended. */
export const cancelled = (reason: "signal" | "time", cause?: unknown): DuckDBFault =>
  fault("cancelled", ...endedWords(reason), cause);
/** A view that no longer fits its table, by the statement that would have made it again: the engine shortens it in its message. */
export function brokenView(e: unknown): unknown {
  const { kind } = classify(e);
  if (kind !== "syntax" && kind !== "missing-object") return e;
  const hint =
    "A view on the table needs what its new version does not have: change or drop the view first, or keep the column. Nothing was changed.";
  return fault("unsupported", messageOf(e), hint, e);
}
/** What a failed COMMIT means: DuckDB rolls it back, unless the disk failed while it was written. */
export function commitFailed(e: unknown): DuckDBFault {
  const known = classify(e);
  const unsure = known.kind === "resources" || known.kind === "other" || known.kind === "corrupt";
  return new DuckDBFault(messageOf(e), { ...known, outcome: unsure ? "unknown" : "not-applied" }, e);
}
type Pattern = readonly [test: RegExp, kind: FaultKind, hint: string];
const constraint: Pattern = [
  /^Constraint Error/,
  "bad-data",
  "A row violates a constraint of the table (key, NOT NULL, CHECK or foreign key), or a type; mend the source, or the table.",
];
/** What DuckDB says in its messages → kind and hint. The first that fits decides, so the special ones come first. */
const patterns: readonly Pattern[] = [
  [/^INTERRUPT Error/, "cancelled", "The statement was interrupted and nothing was changed; run it again when you want it."],
  [
    /No space left on device|write file.*(?:ENOSPC|disk)|Could not write all bytes|max_temp_directory_size|disk (?:is )?full/i,
    "resources",
    "The disk is full; free space, or set `temp_directory` to a larger disk, then run again.",
  ],
  [
    /^Out of Memory Error|could not allocate|failed to allocate/i,
    "resources",
    "DuckDB reached its memory limit; raise `memory_limit` in `config`, or set `temp_directory`, then run again.",
  ],
  [
    /Can't open a connection to same database file with a different configuration/,
    "unsupported",
    "This process has the file open with other settings; give `duckdb({ instance })` that instance, or use the same `config`.",
  ],
  [
    /Conflict on (?:update|tuple deletion)|write-write conflict|Transaction conflict|Failed to commit|(?:has been|been) altered by a different transaction|different transaction/i,
    "conflict",
    "Another writer changed the same rows or table at the same time; nothing was changed, run again.",
  ],
  [
    /not a valid DuckDB database file|Corrupt database|checksum.*does not match|Serialization Error|corrupted? (?:database|file)|database has been invalidated|Cannot read.*storage version|unsupported.*storage version/i,
    "corrupt",
    "The database file is damaged or written by another version of DuckDB; restore it from a copy, or open it with that version.",
  ],
  [
    /^(?:IO|HTTP) Error: .*(?:Cannot open file|No such file|database does not exist|Is a directory)/,
    "missing-object",
    "The path does not lead to a database file; check it, and create its folder.",
  ],
  [
    /attached in read-only mode|read-only mode|Permission denied|^Permission Error|Operation not permitted|Read-only file system/i,
    "denied",
    "The database cannot be written; open it without `readOnly`, and check the permissions of file and folder.",
  ],
  [
    /No files found that match|No magic bytes|too small to be a Parquet|Malformed JSON in file|JSON transform error in file|TProtocolException|Error when sniffing file|CSV Error|Invalid Parquet|parquet.*(?:corrupt|footer)|schema mismatch in glob|Snappy decompression|ZSTD Decompression|out of buffer/i,
    "bad-file",
    "The file is missing, empty, truncated or of another format; write it again and load once more.",
  ],
  [/^HTTP Error|Connection Error|Could not establish connection|timed? ?out/i, "transient", "The network failed; run again."],
  [
    /^Catalog Error: .*(?:already exists)|^Dependency Error/,
    "unsupported",
    "Other objects depend on the table, or bear the name; drop what depends on it, or publish in place.",
  ],
  [
    /^Catalog Error: Cannot (?:drop|change|alter)/,
    "unsupported",
    "Something depends on the column, such as an index; drop that first, or make the change on a table without it.",
  ],
  [/^Catalog Error/, "missing-object", "A table, column or function that the statement names does not exist; check the name."],
  constraint,
  [
    /^(?:Conversion|Out of Range|Mismatch Type|Invalid Type) Error/,
    "bad-data",
    "A value does not fit the type of its column; mend the source, or the type.",
  ],
  [
    /^Invalid Input Error: cutover: |^cutover: /,
    "bad-data",
    "A value does not fit its column without loss; mend the source, or the column's type.",
  ],
  [
    /^(?:Parser|Binder|Syntax) Error|Cannot prepare multiple statements/,
    "syntax",
    "The statement is not valid SQL here; correct it.",
  ],
  [/^Not implemented Error/i, "unsupported", "This version of DuckDB cannot do that; use another way, or another version."],
  [
    /^(?:IO|FATAL|INTERNAL) Error/i,
    "other",
    "DuckDB failed; its own message says why. Reopen the database before you run again.",
  ],
];

/** Explains a native error; for everything that a session throws. */
export function classify(e: unknown): Fault {
  if (e instanceof DuckDBFault) return e.fault;
  const native = messageOf(e);
  const missing = missingDriver(e, "@duckdb/node-api", "@duckdb/");
  if (missing !== null) return missing;
  const ended = endedBy(e);
  if (ended !== null) return cancelled(ended, e).fault;
  const message = native.replace(/^Failed to (?:extract statements|append|appender\w*): /, "");
  const lock = /Could not set lock on file "(.*?)": Conflicting lock is held in (.*?)(?:\. See|$)/.exec(message);
  if (lock) {
    const detail = (lock[2] ?? "another process").replace(/^.*\/(?=[^/]* \(PID)/, "");
    const hint = `Another process (${detail}) has "${lock[1]}" open, and DuckDB lets one write at a time; close it there, or wait.`;
    return { kind: "locked", outcome: "not-applied", native, detail, hint };
  }
  if (/Could not set lock on file|being used by another process/.test(message)) {
    return {
      kind: "locked",
      outcome: "not-applied",
      native,
      detail: "another process",
      hint: "Another process has the database file open; close it there, or wait.",
    };
  }
  // What an appender refuses comes without the class of the error; it is nearly always a value.
  const found =
    patterns.find(([pattern]) => pattern.test(message)) ?? (native.startsWith("Failed to append") ? constraint : undefined);
  if (found === undefined) return { kind: "other", outcome: "not-applied", native, hint: "Look at the error underneath." };
  return { kind: found[1], outcome: "not-applied", native, hint: found[2] };
}
