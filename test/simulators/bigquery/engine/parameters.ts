import { type SqlType, type Typed, types, type Value } from "./datatype.js";
import type { Env } from "./env.js";
import { canonical } from "./json.js";
import { clockText, dateText, parseDate, parseDatetime, parseTime, parseTimestamp, stampText } from "./temporal.js";
import { type QueryRequest, SimError, type SimParameterType, type SimParameterValue } from "./types.js";
import { decimalText } from "./values.js";

const bad = (message: string): SimError => new SimError("invalid", 400, message);

const simple: Readonly<Record<string, SqlType>> = {
  INT64: types.int64,
  INTEGER: types.int64,
  FLOAT64: types.float64,
  FLOAT: types.float64,
  NUMERIC: types.numeric,
  BIGNUMERIC: types.bignumeric,
  BOOL: types.bool,
  BOOLEAN: types.bool,
  STRING: types.string,
  BYTES: types.bytes,
  DATE: types.date,
  TIME: types.time,
  DATETIME: types.datetime,
  TIMESTAMP: types.timestamp,
  JSON: types.json,
  GEOGRAPHY: types.geography,
  INTERVAL: types.interval,
};

function typeOf(t: SimParameterType, v: SimParameterValue | undefined): SqlType {
  const name = t.type.toUpperCase();
  if (name === "ARRAY" && t.arrayType) return types.array(typeOf(t.arrayType, v?.arrayValues?.[0]));
  if (name === "STRUCT")
    return types.struct(
      (t.structTypes ?? []).map((f) => ({ name: f.name ?? null, type: typeOf(f.type, v?.structValues?.[f.name ?? ""]) })),
    );
  const found = simple[name];
  if (!found) throw bad(`Invalid parameter type: ${t.type}`);
  return found;
}

function given(type: SqlType, v: SimParameterValue | undefined): Value {
  if (type.kind === "ARRAY") return v?.arrayValues ? v.arrayValues.map((item) => given(type.element as SqlType, item)) : null;
  if (type.kind === "STRUCT")
    return v?.structValues ? (type.fields ?? []).map((f) => given(f.type, v.structValues?.[f.name ?? ""])) : null;
  const text = v?.value;
  if (text === null || text === undefined) return null;
  const read = scalar(type, text);
  if (read === null) throw bad(`Invalid value for ${type.kind} parameter: "${text.slice(0, 100)}"`);
  return read;
}

/** null: no value of that type. */
function scalar(type: SqlType, text: string): Value {
  switch (type.kind) {
    case "INT64": {
      if (!/^[+-]?\d{1,19}$/.test(text.trim())) return null;
      const value = BigInt(text.trim().replace(/^\+/, ""));
      return BigInt.asIntN(64, value) === value ? value : null;
    }
    case "FLOAT64":
      return double(text.trim());
    case "NUMERIC":
    case "BIGNUMERIC":
      return /^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(text.trim()) ? decimalText(text.trim().replace(/^\+/, "")) : null;
    case "BOOL":
      return /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : null;
    case "BYTES":
      return Buffer.from(text, "base64");
    case "DATE": {
      const days = parseDate(text);
      return days === null ? null : dateText(days);
    }
    case "TIME": {
      const micros = parseTime(text);
      return micros === null ? null : clockText(micros);
    }
    case "DATETIME": {
      const micros = parseDatetime(text);
      return micros === null ? null : stampText(micros);
    }
    case "TIMESTAMP":
      return parseTimestamp(text);
    case "JSON":
      try {
        return canonical(text);
      } catch {
        return null;
      }
    default:
      return text;
  }
}

function double(text: string): number | null {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  const found = /^([+-]?)(nan|inf|infinity)$/i.exec(text);
  if (!found) return null;
  return found[2]?.toLowerCase() === "nan" ? Number.NaN : found[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** Query parameters with their types (REST QueryParameter). */
export function parameters(q: Pick<QueryRequest, "parameters" | "parameterMode">): Env["parameters"] {
  const positional: Typed[] = [];
  const named = new Map<string, Typed>();
  for (const p of q.parameters) {
    const type = typeOf(p.parameterType, p.parameterValue);
    const typed = { type, value: given(type, p.parameterValue) };
    if (q.parameterMode === "NAMED" && p.name !== undefined) named.set(p.name.toLowerCase(), typed);
    else positional.push(typed);
  }
  return { positional, named };
}
