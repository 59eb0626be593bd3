import { type ColumnShape, decimalOf, parseDate, parseDatetime, parseTime, parseTimestamp } from "cutover/adapter";

/** The canonical value that a text of a file stands for; undefined: none of that type, or none without loss. */
export type Reading = (text: string) => unknown;

/** How the texts of a column are read. Moments without a zone are UTC; for a column without one an offset counts: UTC's clock. */
export function readingOf(c: Pick<ColumnShape, "type">): Reading {
  if (decimalOf(c.type) !== null) return (text) => plainDigits(text.trim());
  switch (c.type) {
    case "int64":
      return (text) => {
        const digits = plainDigits(text.trim())?.replace(/\.0*$/, "");
        return digits !== undefined && /^-?\d+$/.test(digits) ? BigInt(digits) : undefined;
      };
    case "float64":
      return (text) => float(text.trim());
    case "bool":
      return (text) => booleans[text.trim().toLowerCase()];
    case "date":
      return (text) => parseDate(text.trim().replace(/[ T]00:00(?::00(?:\.0*)?)?$/, "")) ?? undefined;
    case "time":
      return (text) => parseTime(withSeconds(text.trim())) ?? undefined;
    case "timestamp":
    case "datetime":
      return (text) => moment(text.trim());
    case "bytes":
      return base64;
    default:
      return (text) => text;
  }
}

/** What the service itself takes for a BOOL in a CSV file (docs: loading CSV data, data types). */
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

function float(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number.isFinite(Number(text)) ? Number(text) : undefined;
  const [, sign, word] = /^([+-]?)(nan|inf|infinity)$/i.exec(text) ?? [];
  if (word === undefined) return undefined;
  return word.toLowerCase() === "nan" ? Number.NaN : sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** Beyond that many digits no column holds the number. */
const LONGEST = 100;
/** A number without its exponent, digit by digit. */
function plainDigits(text: string): string | undefined {
  const m = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$/.exec(text);
  if (m === null || !/\d/.test(`${m[2]}${m[3] ?? ""}`)) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = m;
  const minus = sign === "-" ? "-" : "";
  if (exponent === "0") return `${minus}${whole === "" ? "0" : whole}${fraction === "" ? "" : `.${fraction}`}`;
  const point = whole.length + Number(exponent);
  if (Math.abs(point) > LONGEST || whole.length + fraction.length > LONGEST) return undefined;
  const digits = `${whole}${fraction}`.padEnd(point, "0");
  return point > 0 ? `${minus}${digits.slice(0, point)}.${digits.slice(point)}0` : `${minus}0.${"0".repeat(-point)}${digits}`;
}

const withSeconds = (text: string): string => (/^\d{2}:\d{2}$/.test(text) ? `${text}:00` : text);

function moment(text: string): bigint | undefined {
  const zoned = text.replace(/ ?UTC$/i, "Z").replace(/^(\d{4}-\d{2}-\d{2})(?=Z|$)/, "$1 00:00:00");
  return parseTimestamp(zoned) ?? parseDatetime(zoned) ?? undefined;
}

/** As the service exports and loads bytes in text files. */
function base64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64").replace(/=+$/, "") === text.trim().replace(/=+$/, "") ? new Uint8Array(bytes) : undefined;
}
