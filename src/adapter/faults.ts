import type { Fault, FaultKind } from "./session.js";

/** What an error comes to, as far as adapters alike tell it. */
export type Meaning = readonly [kind: FaultKind, hint: string];

/** The message of whatever was thrown. */
export const messageOf = (e: unknown): string =>
  e instanceof Error ? e.message : typeof e === "object" ? Object.prototype.toString.call(e) : String(e);

/**
 * Explains an import that did not find the driver; null: the error is another. `among`: a part of the names of all packages that the
 * driver consists of; default: its own name.
 */
export function missingDriver(e: unknown, driver: string, among = driver): Fault | null {
  if (!(e instanceof Error) || !("code" in e)) return null;
  if (e.code !== "ERR_MODULE_NOT_FOUND" && e.code !== "MODULE_NOT_FOUND") return null;
  if (!e.message.includes(among)) return null;
  const detail = `npm install ${driver}`;
  const hint = `The driver is not installed; run \`${detail}\`.`;
  return { kind: "driver-missing", outcome: "not-applied", native: e.message, detail, hint };
}

/** What ended a call from outside: the reason of an aborted signal is the error itself. null: something else did. */
export function endedBy(e: unknown): "signal" | "time" | null {
  if (!(e instanceof Error)) return null;
  return e.name === "AbortError" ? "signal" : e.name === "TimeoutError" ? "time" : null;
}
/** What to say of a call that ended so, without an effect. */
export const endedWords = (by: "signal" | "time"): readonly [message: string, hint: string] =>
  by === "signal"
    ? ["the call was aborted", "Run again when you want it; nothing was changed."]
    : ["the time limit passed", "Raise the time limit if the work really takes that long; nothing was changed."];

const full: Meaning = [
  "resources",
  "The local disk for temporary files is full; free space, or set TMPDIR to a larger one, then run again.",
];
/** What an error code of this machine's file system means; null: it is none. `closed`: the hint where a file or folder cannot be used. */
export function localMeaning(code: string | null, closed: string): Meaning | null {
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return full;
    case "EROFS":
    case "EACCES":
    case "EPERM":
    case "ENOENT":
    case "ENOTDIR":
    case "EISDIR":
      return ["resources", closed];
    case "EMFILE":
      return ["resources", "This process has too many open files; close some, or raise its limit."];
    default:
      return null;
  }
}
