import type { SqlType } from "../datatype.js";
import { canonical } from "../json.js";
import { clockText, dateText, parseDate, parseDatetime, parseTime, parseTimestamp, stampText } from "../temporal.js";
import { items, members, parsed } from "./members.js";

/** A text that DuckDB casts to the type that holds the column; or what the service says of it. */
export type Read = { readonly text: string | null } | { readonly problem: string };

const ok = (text: string | null): Read => ({ text });
const wrong = (type: string, value: string): Read => ({ problem: `Could not parse '${value.slice(0, 200)}' as ${type}` });

const booleans: Readonly<Record<string, boolean>> = {
  true: true,
  t: true,
  yes: true,
  y: true,
  "1": true,
  false: false,
  f: false,
  no: false,
  n: false,
  "0": false,
};

const bounds = { least: -(2n ** 63n), most: 2n ** 63n - 1n };

/** A text of a CSV file (docs "Loading CSV data", Data types). */
export function fromText(raw: string, type: SqlType): Read {
  const trimmed = raw.trim();
  switch (type.kind) {
    case "INT64": {
      if (/^(?:0|-?[1-9]\d{0,17})$/.test(trimmed)) return ok(trimmed);
      if (!/^[+-]?\d+$/.test(trimmed)) return wrong("INT64", raw);
      const value = BigInt(trimmed.replace(/^\+/, ""));
      return value < bounds.least || value > bounds.most ? wrong("INT64", raw) : ok(String(value));
    }
    case "FLOAT64":
      return float(trimmed, raw);
    case "NUMERIC":
    case "BIGNUMERIC":
      return decimal(trimmed, type);
    case "BOOL": {
      const value = booleans[trimmed.toLowerCase()];
      return value === undefined ? wrong("BOOL", raw) : ok(String(value));
    }
    case "DATE": {
      const days = parseDate(trimmed);
      return days === null ? wrong("DATE", raw) : ok(dateText(days));
    }
    case "TIME": {
      const micros = parseTime(trimmed);
      return micros === null ? wrong("TIME", raw) : ok(clockText(micros));
    }
    case "DATETIME": {
      const micros = parseDatetime(trimmed);
      return micros === null ? wrong("DATETIME", raw) : ok(stampText(micros));
    }
    case "TIMESTAMP": {
      const micros = parseTimestamp(trimmed);
      return micros === null ? wrong("TIMESTAMP", raw) : ok(stampText(micros));
    }
    case "BYTES":
      return /^(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2}(?:==)?|[A-Za-z0-9+/_-]{3}=?)?$/.test(trimmed)
        ? ok(Buffer.from(trimmed, "base64").toString("hex"))
        : wrong("BYTES", raw);
    case "JSON":
      try {
        return ok(canonical(raw));
      } catch {
        return { problem: `Invalid JSON value: '${raw.slice(0, 200)}'` };
      }
    case "STRING":
      return type.length !== undefined && [...raw].length > type.length
        ? { problem: `maximum length ${type.length} exceeded; got length ${[...raw].length}` }
        : ok(raw);
    case "ARRAY":
    case "STRUCT":
      return { problem: `CSV data cannot hold ${type.kind}` };
    case "INTERVAL":
      return interval(trimmed);
    case "RANGE":
      return /^\[.+, .+\)$/.test(trimmed) ? ok(trimmed) : wrong("RANGE", raw);
    default:
      return ok(raw);
  }
}

/** `1-2 3 4:5:6.7` or `P1Y2M3DT4H5M6.7S` (docs "Data types", Interval type), as DuckDB writes it. */
function interval(text: string): Read {
  const iso = /^P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?\d+(?:\.\d{1,6})?)S)?)?$/.exec(text);
  if (iso) {
    const names = ["years", "months", "days", "hours", "minutes", "seconds"];
    const parts = names.flatMap((name, k) => (iso[k + 1] === undefined ? [] : [`${iso[k + 1]} ${name}`]));
    return ok(parts.join(" ") || "0 days");
  }
  const plain = /^(-?)(\d+)-(\d+) (-?\d+) (-?)(\d+):(\d+):(\d+(?:\.\d{1,6})?)$/.exec(text);
  if (!plain) return wrong("INTERVAL", text);
  const [, sign, years, months, days, clock, hours, minutes, seconds] = plain;
  return ok(
    `${sign}${years} years ${sign}${months} months ${days} days ${clock}${hours} hours ${clock}${minutes} minutes ${clock}${seconds} seconds`,
  );
}

function float(text: string, raw: string): Read {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) {
    const value = Number(text);
    // A table keeps no negative zero (docs "Data types", Floating point semantics).
    return Number.isFinite(value) ? ok(String(value === 0 ? 0 : value)) : wrong("FLOAT64", raw);
  }
  const found = /^([+-]?)(nan|inf|infinity)$/i.exec(text);
  if (!found) return wrong("FLOAT64", raw);
  return ok(found[2]?.toLowerCase() === "nan" ? "nan" : `${found[1] === "-" ? "-" : ""}inf`);
}

/** Digits beyond the scale are rounded half away from zero, without a word (docs "Data types", Parameterized data types). */
function decimal(text: string, type: SqlType): Read {
  if (type.precision === undefined && /^-?\d{1,20}(?:\.\d{1,9})?$/.test(text)) return ok(text);
  const found = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text);
  if (!found || !/\d/.test(`${found[2]}${found[3] ?? ""}`)) return { problem: `Invalid ${type.kind} value: ${text}` };
  const [, sign, whole = "", behind = "", exponent = "0"] = found;
  const scale = type.scale ?? (type.precision !== undefined ? 0 : type.kind === "NUMERIC" ? 9 : 38);
  const shift = Number(exponent) - behind.length + scale;
  const digits = BigInt(`${whole}${behind}` || "0");
  const unit = 10n ** BigInt(Math.abs(shift));
  const scaled = shift >= 0 ? digits * unit : (digits + unit / 2n) / unit;
  const most =
    type.precision !== undefined
      ? 10n ** BigInt(type.precision)
      : 10n ** BigInt(type.kind === "NUMERIC" ? 29 + scale : 38 + scale);
  if (scaled >= most) return { problem: `Invalid ${type.kind} value: ${text}` };
  const padded = scaled.toString().padStart(scale + 1, "0");
  const point = padded.length - scale;
  return ok(`${sign === "-" && scaled !== 0n ? "-" : ""}${padded.slice(0, point)}${scale > 0 ? `.${padded.slice(point)}` : ""}`);
}

/** A value of a JSON line as it is written (docs "Loading JSON data", Data types). `undefined`: there is no such member. */
export function fromJson(raw: string | undefined, type: SqlType): Read {
  // A JSON column takes a null as a value; one that is not there is NULL (nrkno/bigquery-scala#428).
  if (raw === undefined) return ok(null);
  if (type.kind === "JSON") return fromText(raw, type);
  if (raw === "null") return ok(null);
  if (type.kind === "ARRAY" || type.kind === "STRUCT") return nested(raw, type);
  if (type.kind === "RANGE") return range(raw, type);
  if (raw.startsWith('"')) {
    const text = parsed(raw);
    return typeof text === "string" ? fromText(text, type) : wrong(type.kind, raw);
  }
  if (raw.startsWith("{") || raw.startsWith("[")) {
    return {
      problem: raw.startsWith("[")
        ? "Array specified for non-repeated field"
        : "Nested object specified for a field that is no record",
    };
  }
  if (type.kind === "BOOL") return raw === "true" || raw === "false" ? ok(raw) : fromText(raw, type);
  if (raw === "true" || raw === "false") return { problem: `Could not convert value to ${type.kind.toLowerCase()}` };
  if (type.kind === "STRING" || type.kind === "BYTES") return { problem: "Could not convert value to string" };
  if (type.kind === "INT64") {
    const value = Number(raw);
    if (!Number.isInteger(value)) return { problem: "Could not convert value to integer" };
    // Integers that are no strings lose what 53 bits do not hold (docs "Loading JSON data", Limitations).
    return fromText(Number.isSafeInteger(value) ? String(value) : BigInt(value).toString(), type);
  }
  return fromText(raw, type);
}

/** A range is an object with `start` and `end`, null where it has no bound (docs "Loading JSON data"). */
function range(raw: string, type: SqlType): Read {
  const all = members(raw);
  const element = type.element as SqlType;
  if (!all) return { problem: "Range field must be imported as a JSON object" };
  const sides = ["start", "end"].map((side) => fromJson(all.get(side), element));
  const bad = sides.find((side) => "problem" in side);
  if (bad) return bad;
  const [start, end] = sides.map((side) => ("text" in side ? (side.text ?? "UNBOUNDED") : "UNBOUNDED"));
  return ok(`[${start}, ${end})`);
}

/** Arrays and records, as JSON for DuckDB; names of fields as it holds them. */
function nested(raw: string, type: SqlType): Read {
  if (type.kind === "ARRAY") {
    const all = items(raw);
    if (!all) return { problem: "Repeated field must be imported as a JSON array" };
    const read = all.map((item) => fromJson(item, type.element as SqlType));
    const bad = read.find((r) => "problem" in r);
    if (bad) return bad;
    const texts = read.map((r) => ("text" in r ? r.text : null));
    if (texts.includes(null)) return { problem: "Only optional fields can be set to NULL" };
    return ok(`[${texts.map((t) => inner(t, type.element as SqlType)).join(",")}]`);
  }
  const all = members(raw);
  if (!all) return { problem: "Record field must be imported as a JSON object" };
  const fields = type.fields ?? [];
  const byName = new Map([...all].map(([name, value]) => [name.toLowerCase(), value]));
  const unknown = [...all.keys()].find((name) => !fields.some((f) => f.name?.toLowerCase() === name.toLowerCase()));
  if (unknown !== undefined) return { problem: `No such field: ${unknown}` };
  const parts: string[] = [];
  for (const [k, f] of fields.entries()) {
    const read = fromJson(byName.get((f.name ?? "").toLowerCase()), f.type);
    if ("problem" in read) return read;
    parts.push(`"f${k}":${inner(read.text, f.type)}`);
  }
  return ok(`{${parts.join(",")}}`);
}

const inner = (text: string | null, type: SqlType): string => {
  if (text === null) return type.kind === "ARRAY" ? "[]" : "null";
  return type.kind === "ARRAY" || type.kind === "STRUCT" ? text : JSON.stringify(text);
};

export const hasBytes = (type: SqlType): boolean =>
  type.kind === "BYTES" ||
  (type.element !== undefined && hasBytes(type.element)) ||
  (type.fields ?? []).some((f) => hasBytes(f.type));
