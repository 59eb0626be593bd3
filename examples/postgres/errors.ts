import type { Fault, FaultKind } from "cutover/adapter";

/** An error that already knows how it is to be explained. */
export class PostgresFault extends Error {
  override readonly name = "PostgresFault";
  readonly fault: Fault;

  constructor(kind: FaultKind, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.fault = { kind, outcome: "not-applied", hint };
  }
}

export const cancelled = (reason: unknown): PostgresFault =>
  new PostgresFault("cancelled", "the call was aborted", "Run again when you want it; nothing was changed.", reason);

type Meaning = readonly [sqlstate: RegExp, kind: FaultKind, hint: string];
/** What an SQLSTATE means. The first that fits decides, so single codes come before their classes. */
const meanings: readonly Meaning[] = [
  [/^(?:40|55P03)/, "conflict", "Another transaction worked on the same rows; nothing was changed, run again."],
  [/^57014/, "cancelled", "The statement was cancelled and nothing was changed; run it again when you want it."],
  [/^(?:08|57P)/, "transient", "The connection or the server went away; run again."],
  [/^(?:28|42501|25006)/, "denied", "The role lacks a privilege; grant it."],
  [/^(?:42P01|42703|42704|42883|3D|3F)/, "missing-object", "A table, column, type or function does not exist; check the name."],
  [
    /^(?:42P06|42P07|42P16|42710|42701|2BP01|0A)/,
    "unsupported",
    "Something else bears the name or depends on the table; change or drop that first, or publish in place.",
  ],
  [/^22/, "bad-data", "A value does not fit its column; mend the source, or the column's type."],
  [/^23/, "bad-data", "A row violates a constraint of the table; mend the source, or the table."],
  [/^42/, "syntax", "The statement is not valid SQL here; correct it."],
  [/^53/, "resources", "Postgres ran out of memory, disk or connections; free some, then run again."],
  [/^XX00[12]/, "corrupt", "The database is damaged; restore it from a copy."],
];

/** Explains whatever a session throws, by its SQLSTATE. */
export function classify(e: unknown): Fault {
  if (e instanceof PostgresFault) return e.fault;
  if (!(e instanceof Error))
    return { kind: "other", outcome: "unknown", native: typeof e === "object" ? Object.prototype.toString.call(e) : String(e) };
  if (e.name === "AbortError" || e.name === "TimeoutError") return cancelled(e).fault;
  const state = sqlstate(e);
  // Not from the server: who knows what it had done by then.
  if (state === null) return { kind: "other", outcome: "unknown", native: e.message };
  const found = meanings.find(([pattern]) => pattern.test(state));
  const outcome = state.startsWith("08") ? "unknown" : "not-applied";
  const native = `${state} ${e.message}`;
  return found === undefined ? { kind: "other", outcome, native } : { kind: found[1], outcome, native, hint: found[2] };
}

export function sqlstate(e: unknown): string | null {
  const code = e instanceof Error && "code" in e ? e.code : null;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}
