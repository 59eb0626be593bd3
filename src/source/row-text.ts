import { inspect } from "node:util";

/**
 * Rows as JSON text that people read and that becomes the same row again: what JSON has no word for is an object with one
 * tag, such as `{"$bigint":"1"}`.
 */
const tags = ["$bigint", "$date", "$bytes", "$number", "$text", "$literal"] as const;
type Tag = (typeof tags)[number];
const isTag = (name: string | undefined): name is Tag => tags.includes(name as Tag);

/** Of a row that is longer, so many characters are kept, as text. */
const LONGEST = 262_144;
/** How deep a row may be nested. */
const DEEPEST = 100;
/** Stands in the place of a redacted value. */
export const REDACTED = "[redacted]";

const plain = (v: object): boolean => {
  const proto: unknown = Object.getPrototypeOf(v);
  return proto === Object.prototype || proto === null;
};

function tagged(v: unknown, depth: number): unknown {
  switch (typeof v) {
    case "bigint":
      return { $bigint: String(v) };
    case "number":
      return Number.isFinite(v) && !Object.is(v, -0) ? v : { $number: Object.is(v, -0) ? "-0" : String(v) };
    case "string":
    case "boolean":
    case "undefined":
      return v;
    case "object":
      return v === null ? null : ofObject(v, depth);
    default:
      throw new TypeError(`JSON holds no ${typeof v}`);
  }
}
function ofObject(v: object, depth: number): unknown {
  if (depth > DEEPEST) throw new RangeError("nested too deep, or in a circle");
  if (v instanceof Date) return { $date: Number.isNaN(v.getTime()) ? "invalid" : v.toISOString() };
  if (v instanceof Uint8Array) return { $bytes: Buffer.from(v.buffer, v.byteOffset, v.byteLength).toString("base64") };
  if (Array.isArray(v)) return v.map((x) => tagged(x, depth + 1));
  if ("toJSON" in v && typeof v.toJSON === "function") return tagged(v.toJSON(), depth + 1);
  if (!plain(v) && Object.keys(v).length === 0) throw new TypeError("an object without fields of its own");
  const fields = Object.entries(v).map(([k, x]) => [k, tagged(x, depth + 1)] as const);
  const [only] = fields;
  return fields.length === 1 && isTag(only?.[0]) ? { $literal: only } : Object.fromEntries(fields);
}

/** A row without the values of these fields, whatever the case of their names. */
function masked(row: unknown, redact: readonly string[]): unknown {
  if (redact.length === 0) return row;
  // Of what has no fields nobody can tell what is secret.
  if (typeof row !== "object" || row === null || Array.isArray(row)) return REDACTED;
  const secret = new Set(redact.map((r) => r.toLowerCase()));
  const names = Object.keys(row);
  return Object.fromEntries(names.map((n) => [n, secret.has(n.toLowerCase()) ? REDACTED : (row as Record<string, unknown>)[n]]));
}

/** A row as the quarantine keeps it; one that JSON cannot hold as text of its own kind. Never throws. */
export function rowText(row: unknown, redact: readonly string[]): string {
  try {
    const text = JSON.stringify(tagged(masked(row, redact), 0)) as string | undefined;
    if (text !== undefined && text.length <= LONGEST) return text;
    if (text !== undefined) return JSON.stringify({ $text: text.slice(0, LONGEST).toWellFormed() });
  } catch {
    // Functions, circles, fields that throw: shown below.
  }
  if (redact.length > 0) return JSON.stringify({ $text: "not shown: JSON cannot hold it, and columns are redacted" });
  return JSON.stringify({ $text: shown(row) });
}
function shown(row: unknown): string {
  try {
    return inspect(row, { depth: 4, breakLength: Number.POSITIVE_INFINITY }).slice(0, LONGEST).toWellFormed();
  } catch {
    return `a ${typeof row} that cannot be shown`;
  }
}

/** The row behind a text of {@link rowText}; undefined where it was not kept as a row. */
export function rowOf(text: string): unknown {
  const revive = (v: unknown): unknown => {
    if (typeof v !== "object" || v === null) return v;
    if (Array.isArray(v)) return v.map(revive);
    const entries = Object.entries(v);
    const [tag, value] = entries.length === 1 ? (entries[0] as [string, unknown]) : ["", null];
    if (!isTag(tag)) return Object.fromEntries(entries.map(([k, x]) => [k, revive(x)]));
    return untagged(tag, value, revive);
  };
  const parsed: unknown = JSON.parse(text);
  return isText(parsed) ? undefined : revive(parsed);
}
const isText = (v: unknown): boolean => typeof v === "object" && v !== null && "$text" in v && Object.keys(v).length === 1;

function untagged(tag: Tag, value: unknown, revive: (v: unknown) => unknown): unknown {
  if (tag === "$bigint") return BigInt(String(value));
  if (tag === "$date") return new Date(String(value));
  if (tag === "$bytes") return new Uint8Array(Buffer.from(String(value), "base64"));
  if (tag === "$number") return Number(value);
  if (tag === "$text") return value;
  const [name, inner] = value as [string, unknown];
  return { [name]: revive(inner) };
}
