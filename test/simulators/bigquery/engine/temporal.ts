/** Dates and times as text and as numbers (docs "Data types": canonical formats; "Conversion rules"). */
export const least = -62_135_596_800_000_000n;
export const most = 253_402_300_799_999_999n;

const dayMs = 86_400_000;

export function daysOf(year: number, month: number, day: number): number | null {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  return Math.round(date.getTime() / dayMs);
}

export function dateText(days: number): string {
  const date = new Date(days * dayMs);
  const pad = (n: number, width: number) => String(n).padStart(width, "0");
  return `${pad(date.getUTCFullYear(), 4)}-${pad(date.getUTCMonth() + 1, 2)}-${pad(date.getUTCDate(), 2)}`;
}

/** Zero, three or six digits behind the point, as the service writes fractions of seconds. */
export function fraction(micros: bigint): string {
  if (micros === 0n) return "";
  const six = micros.toString().padStart(6, "0");
  return `.${six.endsWith("000") ? six.slice(0, 3) : six}`;
}

const floorDiv = (a: bigint, b: bigint): bigint => (a >= 0n || a % b === 0n ? a / b : a / b - 1n);

export function clockText(micros: bigint): string {
  const seconds = micros / 1_000_000n;
  const two = (n: bigint) => n.toString().padStart(2, "0");
  return `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}${fraction(micros % 1_000_000n)}`;
}

export function stampText(micros: bigint, between = " "): string {
  const days = floorDiv(micros, 86_400_000_000n);
  return `${dateText(Number(days))}${between}${clockText(micros - days * 86_400_000_000n)}`;
}

const dayPattern = /^(\d{4})-(\d{1,2})-(\d{1,2})/;
const clockPattern = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{0,9}))?/;

/** Days since 1970; null: not a date. */
export function parseDate(text: string): number | null {
  const found = dayPattern.exec(text.trim());
  if (!found || found[0].length !== text.trim().length) return null;
  return daysOf(Number(found[1]), Number(found[2]), Number(found[3]));
}

function clock(text: string): { micros: bigint; rest: string } | null {
  const found = clockPattern.exec(text);
  if (!found) return null;
  const [hours, minutes, seconds] = [Number(found[1]), Number(found[2]), Number(found[3])];
  const digits = found[4] ?? "";
  if (hours > 23 || minutes > 59 || seconds > 59 || digits.slice(6).replace(/0+$/, "") !== "") return null;
  const micros = BigInt((hours * 60 + minutes) * 60 + seconds) * 1_000_000n + BigInt(digits.slice(0, 6).padEnd(6, "0"));
  return { micros, rest: text.slice(found[0].length) };
}

export function parseTime(text: string): bigint | null {
  const found = clock(text.trim());
  return found && found.rest === "" ? found.micros : null;
}

function dayAndClock(text: string): { micros: bigint; rest: string } | null {
  const found = dayPattern.exec(text);
  const days = found && daysOf(Number(found[1]), Number(found[2]), Number(found[3]));
  if (!found || days === null) return null;
  const start = BigInt(days) * 86_400_000_000n;
  const rest = text.slice(found[0].length);
  if (!/^[Tt ]\d/.test(rest)) return { micros: start, rest };
  const time = clock(rest.slice(1));
  return time && { micros: start + time.micros, rest: time.rest };
}

export function parseDatetime(text: string): bigint | null {
  const found = dayAndClock(text.trim());
  return found && found.rest === "" ? found.micros : null;
}

/** With a zone at the end: Z, UTC, an offset or the name of a zone; without one it is UTC. */
export function parseTimestamp(text: string): bigint | null {
  const found = dayAndClock(text.trim());
  if (!found) return null;
  const zone = found.rest.trim();
  const offset = zone === "" ? 0n : zoneOffset(zone, found.micros);
  if (offset === null) return null;
  const micros = found.micros - offset;
  return micros < least || micros > most ? null : micros;
}

/** Microseconds by which the zone's clock is ahead of UTC at that local time; null: no such zone. */
export function zoneOffset(zone: string, localMicros: bigint): bigint | null {
  if (/^(z|utc)$/i.test(zone)) return 0n;
  const fixed = /^(?:UTC)?([+-])(\d{1,2})(?::(\d{2}))?$/i.exec(zone);
  if (fixed) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3] ?? 0);
    return minutes > 14 * 60 ? null : BigInt(fixed[1] === "-" ? -minutes : minutes) * 60_000_000n;
  }
  if (!/^[A-Za-z_]+(\/[A-Za-z_+-]+)*/.test(zone)) return null;
  const first = utcAhead(zone, localMicros);
  return first === null ? null : utcAhead(zone, localMicros - first);
}

/** The same, of a point in time. */
export function utcAhead(zone: string, utcMicros: bigint): bigint | null {
  if (/^(z|utc)$/i.test(zone) || /^(?:UTC)?[+-]\d/i.test(zone)) return zoneOffset(zone, utcMicros);
  try {
    const ms = Number(floorDiv(utcMicros, 1000n));
    const parts = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    }).formatToParts(ms);
    const of = (type: string) => Number(parts.find((p) => p.type === type)?.value);
    const local = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
    return BigInt(local - Math.floor(ms / 1000) * 1000) * 1000n;
  } catch {
    return null;
  }
}
