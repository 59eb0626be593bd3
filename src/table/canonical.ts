import { type ColumnType, decimalOf } from "./types.js";

const MICROS = 1_000_000n;
const DAY = 86_400_000;

/** `YYYY-MM-DD` → days since 1970-01-01; null when it is no such date. Years 0001 to 9999. */
export function parseDate(text: string): number | null {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!m) return null;
  const at = new Date(0);
  at.setUTCFullYear(Number(m[1]), Number(m[2]) - 1, Number(m[3]));
  const days = at.getTime() / DAY;
  return formatDate(days) === text && text >= "0001-01-01" ? days : null;
}
/** Days since 1970-01-01 → `YYYY-MM-DD`; years beyond 0001 to 9999 with a sign and six digits or more, the ends of time as words. */
export function formatDate(days: number): string {
  if (Math.abs(days) >= FOREVER_DAYS) return days > 0 ? "infinity" : "-infinity";
  // The calendar repeats every 400 years, which keeps a Date of JavaScript within its range.
  const eras = Math.floor(days / ERA_DAYS);
  const at = new Date((days - eras * ERA_DAYS) * DAY).toISOString();
  const year = Number(at.slice(0, 4)) + eras * 400;
  if (year >= 1 && year <= 9999) return `${String(year).padStart(4, "0")}${at.slice(4, 10)}`;
  return `${year < 0 ? "-" : "+"}${String(Math.abs(year)).padStart(6, "0")}${at.slice(4, 10)}`;
}
/** The reverse for every date that {@link formatDate} writes: the ledger may hold what users may not load. */
function parseAnyDate(text: string): number | null {
  if (text === "infinity" || text === "-infinity") return text === "infinity" ? FOREVER_DAYS : -FOREVER_DAYS;
  const m = /^([+-]\d{6,})(-\d{2}-\d{2})$/.exec(text);
  if (m === null) return parseDate(text);
  const year = Number(m[1]);
  const eras = Math.floor((year - 2000) / 400);
  const days = parseDate(`${String(year - eras * 400).padStart(4, "0")}${m[2]}`);
  return days === null ? null : days + eras * ERA_DAYS;
}
const ERA_DAYS = 146_097;
/** How engines write the ends of time: the last numbers of their types. */
const FOREVER_DAYS = 2_147_483_647;
const FOREVER_MICROS = 2n ** 63n - 1n;

/** `HH:MM:SS[.ffffff]` → microseconds since midnight; null when it is no such time or finer than a microsecond. */
export function parseTime(text: string): bigint | null {
  const m = /^(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?$/.exec(text);
  if (!m) return null;
  const [h, min, s] = [Number(m[1]), Number(m[2]), Number(m[3])];
  if (h > 23 || min > 59 || s > 59) return null;
  const fraction = micros(m[4]);
  return fraction === null ? null : BigInt(h * 3600 + min * 60 + s) * MICROS + fraction;
}
function micros(digits: string | undefined): bigint | null {
  const padded = (digits ?? "").padEnd(6, "0");
  return /^0*$/.test(padded.slice(6)) ? BigInt(padded.slice(0, 6)) : null;
}
/** Microseconds since midnight → `HH:MM:SS`, with six digits more where there is a fraction. */
export function formatTime(us: bigint): string {
  const s = us / MICROS;
  const f = us % MICROS;
  const two = (n: bigint): string => n.toString().padStart(2, "0");
  return `${two(s / 3600n)}:${two((s / 60n) % 60n)}:${two(s % 60n)}${f === 0n ? "" : `.${f.toString().padStart(6, "0")}`}`;
}

/** ISO text without a zone → microseconds since 1970-01-01T00:00:00; null when it is none. */
export function parseDatetime(text: string): bigint | null {
  const m = /^(\d{4}-\d{2}-\d{2})[T ](.+)$/.exec(text);
  const days = parseDate(m?.[1] ?? "");
  const time = parseTime(/^\d{2}:\d{2}$/.test(m?.[2] ?? "") ? `${m?.[2]}:00` : (m?.[2] ?? ""));
  return days === null || time === null ? null : BigInt(days) * 86_400n * MICROS + time;
}
/** Microseconds since 1970-01-01T00:00:00 → `YYYY-MM-DDTHH:MM:SS[.ffffff]`, without a zone. */
export function formatDatetime(us: bigint): string {
  if (us >= FOREVER_MICROS || us <= -FOREVER_MICROS) return us > 0n ? "infinity" : "-infinity";
  const day = 86_400n * MICROS;
  const days = us >= 0n ? us / day : -((-us + day - 1n) / day);
  return `${formatDate(Number(days))}T${formatTime(us - days * day)}`;
}
/** ISO text with a zone (`Z`, `+02:00`) → microseconds since the epoch; null when it is none, or has no zone. */
export function parseTimestamp(text: string): bigint | null {
  const m = /^(.+?) ?(?:(Z|z)|([+-])(\d{2}):?(\d{2})?)$/.exec(text);
  const local = parseDatetime(m?.[1] ?? "");
  if (!m || local === null) return null;
  if (m[2]) return local;
  if (Number(m[4]) > 23 || Number(m[5] ?? 0) > 59) return null;
  const minutes = BigInt(Number(m[4]) * 60 + Number(m[5] ?? 0));
  return local - (m[3] === "-" ? -minutes : minutes) * 60n * MICROS;
}
/** Microseconds since the epoch → the same text in UTC, with `Z`. */
export function formatTimestamp(us: bigint): string {
  const text = formatDatetime(us);
  return text.endsWith("infinity") ? text : `${text}Z`;
}
function parseAnyDatetime(text: string): bigint | null {
  if (text === "infinity" || text === "-infinity") return text === "infinity" ? FOREVER_MICROS : -FOREVER_MICROS;
  const m = /^([+-]\d{6,}-\d{2}-\d{2})T(.+)$/.exec(text);
  if (m === null) return parseDatetime(text);
  const [days, time] = [parseAnyDate(m[1] ?? ""), parseTime(m[2] ?? "")];
  return days === null || time === null ? null : BigInt(days) * 86_400n * MICROS + time;
}

/** The exact text of a canonical value: how cursors stand in the ledger, and what `diff` hands out for temporal columns. */
export function formatCanonical(value: unknown, type: ColumnType): string | null {
  if (value === null || value === undefined) return null;
  switch (type) {
    case "date":
      return formatDate(value as number);
    case "time":
      return formatTime(value as bigint);
    case "timestamp":
      return formatTimestamp(value as bigint);
    case "datetime":
      return formatDatetime(value as bigint);
    case "bytes":
      return Buffer.from(value as Uint8Array).toString("hex");
    default:
      return String(value);
  }
}
/** The reverse of {@link formatCanonical}; null when the text is none of that type. */
export function parseCanonical(text: string, type: ColumnType): unknown {
  switch (type) {
    case "int64":
      return /^[+-]?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text) ? BigInt(text) : null;
    case "float64":
      return text.trim() === "" || (Number.isNaN(Number(text)) && text !== "NaN") ? null : Number(text);
    case "bool":
      return text === "true" ? true : text === "false" ? false : null;
    case "date":
      return parseAnyDate(text);
    case "time":
      return parseTime(text);
    case "timestamp":
      return (
        parseTimestamp(text) ??
        (text.endsWith("infinity") ? parseAnyDatetime(text) : text.endsWith("Z") ? parseAnyDatetime(text.slice(0, -1)) : null)
      );
    case "datetime":
      return parseAnyDatetime(text);
    case "bytes":
      return /^([0-9a-f]{2})*$/.test(text) ? new Uint8Array(Buffer.from(text, "hex")) : null;
    case "string":
    case "json":
      return text;
    default: {
      const d = decimalOf(type);
      return d !== null && fitsDecimal(text, d.precision, d.scale) ? text : null;
    }
  }
}
/** Whether a decimal's text, without an exponent or a plus, has no more digits than that. */
export function fitsDecimal(text: string, precision: number, scale: number): boolean {
  const m = /^-?0*(\d*)(?:\.(\d*?)0*)?$/.exec(text);
  if (m === null || !/\d/.test(text)) return false;
  return (m[1] ?? "").length <= precision - scale && (m[2] ?? "").length <= scale;
}
