import { errors } from "./errors.js";
import { decode } from "./names.js";
import { SimError } from "./types.js";

/** What DuckDB refuses, in the service's words. */
export function fromDuck(error: unknown): unknown {
  if (error instanceof SimError || !(error instanceof Error)) return error;
  const message = error.message;
  // Raised by macros and functions of ours, as code|state|text.
  const own = /(\d{6})\|(\w{5})\|([\s\S]*)$/.exec(message);
  if (own) return new SimError(own[1] ?? "", own[2] ?? "", (own[3] ?? "").split("\n\nLINE ")[0] ?? "");
  for (const [pattern, make] of translations) {
    const found = pattern.exec(message);
    if (found) return make(found);
  }
  return new SimError("000603", "XX000", `SQL execution internal error: not simulated: ${message.split("\n")[0]}`);
}

type Make = (found: RegExpExecArray) => SimError;
const number = (value: string) => new SimError("100038", "22018", `Numeric value '${value}' is not recognized`);

const translations: readonly (readonly [RegExp, Make])[] = [
  [/^INTERRUPT/i, () => errors.canceled()],
  [/Interrupted/, () => errors.canceled()],
  [/NOT NULL constraint failed: [^.]+\.(.+)$/m, (f) => errors.noDefault(decode(f[1] ?? ""))],
  [/CHECK constraint failed/, () => new SimError("100078", "22000", "String is too long and would be truncated")],
  [
    /Could not convert string ['"]([\s\S]*?)['"] to (?:INT|DECIMAL|UINT|DOUBLE|FLOAT|HUGEINT|UHUGEINT)/,
    (f) => number(f[1] ?? ""),
  ],
  [
    /Could not convert string ['"]([\s\S]*?)['"] to BOOL/,
    (f) => new SimError("100037", "22018", `Boolean value '${f[1]}' is not recognized`),
  ],
  [
    /(?:timestamp|date\/time|TIMESTAMP)[^"']*["']([^"']*)["']/,
    (f) => new SimError("100035", "22007", `Timestamp '${f[1]}' is not recognized`),
  ],
  [/Unknown TimeZone '([^']*)'/, (f) => new SimError("100035", "22007", `Timestamp '${f[1]}' is not recognized`)],
  [/date field[^"']*["']([^"']*)["']/i, (f) => new SimError("100040", "22007", `Date '${f[1]}' is not recognized`)],
  [/time field[^"']*["']([^"']*)["']/i, (f) => new SimError("100108", "22007", `Time '${f[1]}' is not recognized`)],
  [/Malformed JSON/, () => new SimError("100069", "22P02", "Error parsing JSON")],
  [
    /Could not cast value ([^ ]+) to (DECIMAL\([^)]*\))|Casting value "([^"]+)" to type ([^ ]+) failed/,
    (f) =>
      new SimError(
        "100132",
        "22003",
        `Number out of representable range: type ${(f[2] ?? f[4] ?? "").replace("DECIMAL", "FIXED[SB16]")}{not null}, value ${f[1] ?? f[3]}`,
      ),
  ],
  [
    /out of range|Overflow in/i,
    (f) => new SimError("100046", "22003", `Number out of representable range: ${f.input.split("\n")[0]}`),
  ],
  [
    /Table "([^"]+)" does not have a column named "([^"]+)"|Values list "([^"]+)" does not have a column named "([^"]+)"/,
    (f) => errors.invalidIdentifier(`${decode(f[1] ?? f[3] ?? "")}.${decode(f[2] ?? f[4] ?? "")}`),
  ],
  [/Referenced (?:column|table) "([^"]+)" not found/, (f) => errors.invalidIdentifier(decode(f[1] ?? ""))],
  [
    /Referenced update column (\S+) not found|does not have a column with name "([^"]+)"/,
    (f) => errors.invalidIdentifier(decode(f[1] ?? f[2] ?? "")),
  ],
  [
    /Ambiguous reference to column name "([^"]+)"/,
    (f) => new SimError("002028", "42601", `SQL compilation error:\nambiguous column name '${decode(f[1] ?? "")}'`),
  ],
  [
    /column "([^"]+)" must appear in the GROUP BY/,
    (f) => new SimError("000979", "42601", `SQL compilation error:\n[${decode(f[1] ?? "")}] is not a valid group by expression`),
  ],
  [
    /More than one row returned by a subquery/,
    () => new SimError("090150", "22000", "Single-row subquery returns more than one row."),
  ],
  [
    /Set operations can only apply to expressions with the same number/,
    () =>
      new SimError("001789", "42601", "SQL compilation error:\ninvalid number of result columns for set operator input branches"),
  ],
  [
    /No function matches the given name and argument types '([^']+)'|Cannot compare values of type ([^-]+)-|Could not choose a best candidate function for the function call "([^"]+)"/,
    (f) => errors.argumentTypes(`'${f[1] ?? f[2] ?? f[3]}'`),
  ],
];
