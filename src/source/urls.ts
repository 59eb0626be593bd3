import { CutoverError, isCutoverError } from "../errors/index.js";

const url = /[a-z][a-z0-9+.-]*:\/\/[^\s'"<>]+/gi;

/** A path or URL as messages may show it: without user, password and query, which hold credentials and signatures. */
export function shownUrl(given: string): string {
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(given);
  return given.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, "$1…@").replace(isUrl ? /[?#].*$/s : /\?[\w.~-]+=.*$/s, "?…");
}

/** The parts of a URL that no message may show, as they are written and as an engine may write them. */
function secretsOf(given: string): readonly string[] {
  const user = /:\/\/([^/?#]*)@/.exec(given)?.[1] ?? "";
  const query = shownUrl(given) === given ? "" : (/[?#](.*)$/s.exec(given)?.[1] ?? "");
  const values = query.split("&").map((p) => p.slice(p.indexOf("=") + 1));
  const parts = [user, user.slice(user.indexOf(":") + 1), query, ...values.filter((v) => v.length >= 8)];
  // Shorter ones would take half of a message away.
  return parts.flatMap((p) => [p, decoded(p)]).filter((p) => p.length >= 4);
}
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** The function that takes the secrets of these URLs out of a text; null where they have none. */
export function scrubber(urls: readonly string[]): ((text: string) => string) | null {
  const secret = urls.filter((u) => shownUrl(u) !== u);
  if (secret.length === 0) return null;
  const longestFirst = secret.flatMap(secretsOf).sort((a, b) => b.length - a.length);
  return (text) => {
    const shown = secret.reduce((t, u) => t.replaceAll(u, shownUrl(u)), text).replaceAll(url, shownUrl);
    return longestFirst.reduce((t, part) => t.replaceAll(part, "…"), shown);
  };
}

/** The same error without them, its cause included. */
export function scrubbed(e: unknown, hide: (text: string) => string): unknown {
  if (!isCutoverError(e)) return e;
  const deep = (v: unknown): unknown => {
    if (typeof v === "string") return hide(v);
    if (typeof v !== "object" || v === null) return v;
    return Array.isArray(v) ? v.map(deep) : Object.fromEntries(Object.entries(v).map(([k, x]) => [k, deep(x)]));
  };
  const { cause } = e;
  const text = cause instanceof Error ? cause.message : String(cause);
  const told = cause === undefined ? {} : { cause: new Error(hide(text)) };
  return new CutoverError(e.code, hide(e.message), deep(e.context) as typeof e.context, { ...told, retryable: e.retryable });
}
