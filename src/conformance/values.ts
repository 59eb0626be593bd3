import type { ColumnType } from "../table/types.js";

const micros = (text: string, fraction = 0n): bigint => BigInt(Date.parse(`${text}Z`)) * 1000n + fraction;
const days = (text: string): number => Date.parse(`${text}T00:00:00Z`) / 86_400_000;
const moments = [
  micros("0001-01-01T00:00:00"),
  micros("1969-12-31T23:59:59", 999_999n),
  0n,
  1n,
  micros("2024-02-29T12:34:56", 789_012n),
  micros("9999-12-31T23:59:59", 999_999n),
];
const nines = "9".repeat(38);
/** JSON that an engine keeps whole or refuses. */
export const longNumbers: string = `{"many":${"1234567890".repeat(3)},"fraction":0.12345678901234567890123}`;

/** The types that are asked for: decimals at both ends of the scale and between. */
export const types = [
  "int64",
  "float64",
  "decimal(38,0)",
  "decimal(38,10)",
  "decimal(38,37)",
  "string",
  "bool",
  "date",
  "time",
  "timestamp",
  "datetime",
  "bytes",
  "json",
] as const satisfies readonly ColumnType[];
export type AskedType = (typeof types)[number];

/** Values of each type that are easily spoiled, in the canonical form of a batch; no NULL among them. */
export const extremes: Readonly<Record<AskedType, readonly unknown[]>> = {
  int64: [0n, 1n, -1n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)],
  float64: [
    0,
    -0,
    0.1,
    -1.5,
    1 / 3,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    2.2250738585072014e-308,
    Number.MIN_VALUE,
  ],
  "decimal(38,0)": ["0", "1", "-1", "90071992547409931", nines, `-${nines}`],
  "decimal(38,10)": ["0", "0.1", "-0.0000000001", "1.2345678901", `${nines.slice(10)}.${nines.slice(28)}`, "-12345678901234.5"],
  "decimal(38,37)": ["0", "0.1", `9.${nines.slice(1)}`, `-0.${nines.slice(1)}`, `0.${"0".repeat(36)}1`],
  string: [
    "",
    " ",
    "plain",
    "NULL",
    "Grüße, 世界",
    "𝒳 😀 👩‍👩‍👧",
    "e\u0301 is not \u00e9",
    `'single' "double" \`back\``,
    "back\\slash \\n \\' \\x41",
    "line\nline\r\nline\ttab",
    "'; DROP TABLE kept; --",
    "$1 ? :name @p {x} %s $y /* c */",
    "  spaces, and a comma  ",
  ],
  bool: [true, false],
  date: [days("0001-01-01"), days("1969-12-31"), 0, days("2024-02-29"), days("9999-12-31")],
  time: [0n, 1n, 45_296_789_012n, 86_399_999_999n],
  timestamp: moments,
  datetime: moments,
  bytes: [new Uint8Array(), new Uint8Array([0]), Uint8Array.from({ length: 256 }, (_, i) => i)],
  json: [
    "{}",
    "[]",
    "null",
    "true",
    '""',
    '"NULL"',
    "9007199254740993",
    '{"a":{"b":[1,2.5,{"c":null}]},"empty":{},"list":[]}',
    '{"ключ":"Grüße 😀","quote":"\'\\"\\\\","line":"a\\nb"}',
  ],
};
/** One long value for each type that has long ones: a megabyte. */
export const large: Readonly<Partial<Record<AskedType, unknown>>> = {
  string: "0123456789abcde\n".repeat(65_536),
  bytes: Uint8Array.from({ length: 1_048_576 }, (_, i) => i % 251),
  json: JSON.stringify({ long: "0123456789abcdef".repeat(65_536) }),
};

/** Whether a canonical value is the other, to the last digit; a JSON text may be written otherwise, a decimal with more zeros. */
export function same(type: ColumnType, a: unknown, b: unknown): boolean {
  if (a === null || b === null) return a === b;
  if (type.startsWith("decimal")) return typeof a === "string" && typeof b === "string" && digits(a) === digits(b);
  if (type === "json") return typeof a === "string" && typeof b === "string" && jsonForm(a) === jsonForm(b);
  if (type !== "bytes") return Object.is(a, b);
  return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0;
}

/** A number's text without what does not count: `-01.50e1` and `-15` are one. */
function digits(text: string): string {
  const m = /^([+-]?)0*(\d*)(?:\.(\d*?))?(?:[eE]([+-]?\d+))?$/.exec(text.trim());
  if (m === null) return `no number: ${text}`;
  const all = `${m[2]}${m[3] ?? ""}`;
  const bare = all.replace(/0+$/, "");
  const exponent = Number(m[4] ?? 0) - (m[3] ?? "").length + all.length - bare.length;
  const significant = bare.replace(/^0+/, "");
  return significant === "" ? "0" : `${m[1] === "-" ? "-" : ""}${significant}e${exponent}`;
}

/** A JSON text in one form: keys in order, numbers by all of their digits. */
function jsonForm(text: string): string {
  // JSON.parse would round the numbers, so each goes in as a text that no string of ours can be.
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    token.startsWith('"') ? `"s${token.slice(1)}` : `"n${digits(token)}"`,
  );
  try {
    return JSON.stringify(ordered(JSON.parse(marked)));
  } catch {
    return `no JSON: ${text}`;
  }
}
function ordered(v: unknown): unknown {
  if (Array.isArray(v)) return v.map(ordered);
  if (typeof v !== "object" || v === null) return v;
  return Object.fromEntries(
    Object.entries(v)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, x]) => [k, ordered(x)]),
  );
}

/** A value for a message: short, and unlike any other. */
export function shown(v: unknown): string {
  if (v instanceof Uint8Array) return `${v.length} bytes ${Buffer.from(v.subarray(0, 16)).toString("hex")}`;
  if (typeof v === "string") return v.length > 80 ? `${JSON.stringify(v.slice(0, 80))} … (${v.length})` : JSON.stringify(v);
  if (typeof v === "bigint") return `${v}n`;
  return Object.is(v, -0) ? "-0" : String(v);
}
