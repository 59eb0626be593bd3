import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DOUBLE,
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBScalarFunction,
  type DuckDBType,
  type DuckDBValue,
  INTEGER,
  VARCHAR,
} from "@duckdb/node-api";
import { bigFit, bigScaled, bigText } from "./decimals.js";
import { fingerprint } from "./farm.js";
import { formatTime, parseFormatted } from "./format-time.js";
import { canonical, doubleText, type Node, parseJson, parsePath, scalar, walk, write } from "./json.js";
import { dateText, parseDate, parseDatetime, parseTime, parseTimestamp, utcAhead } from "./temporal.js";

type Row = (...args: DuckDBValue[]) => DuckDBValue;

/** A function of DuckDB written here; NULL in any argument makes NULL. */
function scalarFunction(
  name: string,
  parameterTypes: readonly DuckDBType[],
  returnType: DuckDBType,
  row: Row,
): DuckDBScalarFunction {
  return DuckDBScalarFunction.create({
    name,
    parameterTypes,
    returnType,
    mainFunction: (_info, input, output) => {
      const vectors = parameterTypes.map((_, k) => input.getColumnVector(k));
      for (let r = 0; r < input.rowCount; r++) {
        const args = vectors.map((v) => v.getItem(r));
        output.setItem(r, args.includes(null) ? null : row(...args));
      }
      output.flush();
    },
  });
}

const fail = (what: string): never => {
  throw new Error(`bq|${what}`);
};
const known = <T>(value: T | null, what: string): T => (value === null ? fail(what) : value);

/** Fifteen digits if they tell the number, else seventeen, without an exponent where there need be none. */
export function doubleWritten(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  if (x === 0) return "0";
  const short = x.toPrecision(15);
  const [mantissa = "", exponent] = (Number(short) === x ? short : x.toPrecision(17)).split("e");
  const trimmed = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  if (exponent !== undefined) return `${trimmed}e${exponent.replace(/^([+-])(\d)$/, "$10$2")}`;
  // printf's %g has an exponent below 1e-4; toPrecision below 1e-6.
  if (Math.abs(x) >= 1e-4) return trimmed;
  const [m = "", e = ""] = Number(trimmed).toExponential().split("e");
  return `${m}e${e.replace(/^([+-])(\d)$/, "$10$2")}`;
}

const pick = (document: string, path: string): Node | null =>
  walk(parseJson(document, "as is"), parsePath(path) ?? fail(`Unsupported operator in JSONPath: ${path}`));

/** A document that is no JSON gives NULL, as for functions over STRING. */
const lenient = (body: () => string | null): string | null => {
  try {
    return body();
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("bq|")) throw error;
    return null;
  }
};

function parsed(s: string, wide: string): string {
  try {
    return canonical(s, wide === "round" ? "round" : "exact");
  } catch (error) {
    return fail(`Invalid input to PARSE_JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Decimals as integers of 10^-scale, for products and quotients with more digits than DuckDB has. */
const scaled = (s: string, digits: number): bigint => {
  const [whole = "0", behind = ""] = s.split(".");
  const value = BigInt((whole.replace("-", "") || "0") + behind.slice(0, digits).padEnd(digits, "0"));
  return s.startsWith("-") ? -value : value;
};
const half = (n: bigint, d: bigint): bigint => {
  const size = (2n * (n < 0n ? -n : n) + (d < 0n ? -d : d)) / (2n * (d < 0n ? -d : d));
  return n < 0n === d < 0n ? size : -size;
};
const unscaled = (n: bigint, digits: number): string => {
  const size = (n < 0n ? -n : n).toString().padStart(digits + 1, "0");
  if (size.length > (digits === 9 ? 38 : 77)) fail("numeric overflow");
  return `${n < 0n ? "-" : ""}${digits === 0 ? size : `${size.slice(0, -digits)}.${size.slice(-digits)}`}`;
};

function shifted(by: bigint, shift: (by: bigint) => bigint): bigint {
  if (by < 0n) return fail(`Bitwise shift by negative offset: ${by}`);
  return by >= 64n ? 0n : BigInt.asIntN(64, shift(by));
}

const bytesOf = (value: DuckDBValue): Uint8Array => (value as DuckDBBlobValue).bytes;

export function registerFunctions(connection: DuckDBConnection): void {
  const functions = [
    scalarFunction("bq_fail", [VARCHAR], VARCHAR, (s) => fail(String(s))),
    scalarFunction("bq_double", [DOUBLE], VARCHAR, (x) => doubleWritten(Number(x))),
    scalarFunction("bq_json", [VARCHAR, VARCHAR], VARCHAR, (s, wide) => parsed(String(s), String(wide))),
    scalarFunction("bq_json_query", [VARCHAR, VARCHAR], VARCHAR, (s, path) =>
      lenient(() => {
        const found = pick(String(s), String(path));
        return found && !(found.k === "word" && found.text === "null") ? write(found) : null;
      }),
    ),
    scalarFunction("bq_json_member", [VARCHAR, VARCHAR], VARCHAR, (s, path) =>
      lenient(() => {
        const found = pick(String(s), String(path));
        return found ? write(found) : null;
      }),
    ),
    scalarFunction("bq_json_value", [VARCHAR, VARCHAR], VARCHAR, (s, path) =>
      lenient(() => {
        const found = pick(String(s), String(path));
        return found ? scalar(found) : null;
      }),
    ),
    // Arrays come as JSON text of strings, for from_json.
    scalarFunction("bq_json_items", [VARCHAR, VARCHAR, BOOLEAN], VARCHAR, (s, path, values) =>
      lenient(() => {
        const found = pick(String(s), String(path));
        if (found?.k !== "array") return null;
        if (values === true && found.items.some((n) => n.k === "object" || n.k === "array")) return null;
        return JSON.stringify(found.items.map((n) => (values === true ? scalar(n) : write(n))));
      }),
    ),
    scalarFunction("bq_json_double", [DOUBLE], VARCHAR, (x) => doubleText(Number(x))),
    scalarFunction("bq_json_type", [VARCHAR], VARCHAR, (s) => {
      const n = parseJson(String(s), "round");
      return n.k === "word" ? (n.text === "null" ? "null" : "boolean") : n.k;
    }),
    scalarFunction("bq_date", [VARCHAR], VARCHAR, (s) => dateText(known(parseDate(String(s)), `Invalid date: '${String(s)}'`))),
    scalarFunction("bq_clock", [VARCHAR], BIGINT, (s) => known(parseTime(String(s)), `Invalid time string "${String(s)}"`)),
    scalarFunction("bq_datetime", [VARCHAR], BIGINT, (s) =>
      known(parseDatetime(String(s)), `Invalid datetime string "${String(s)}"`),
    ),
    scalarFunction("bq_timestamp", [VARCHAR], BIGINT, (s) =>
      known(parseTimestamp(String(s)), `Invalid timestamp: '${String(s)}'`),
    ),
    scalarFunction("bq_ahead", [BIGINT, VARCHAR], BIGINT, (us, zone) =>
      known(utcAhead(String(zone), us as bigint), `Invalid time zone: ${String(zone)}`),
    ),
    scalarFunction("bq_mul", [VARCHAR, VARCHAR, INTEGER], VARCHAR, (a, b, d) => {
      const digits = Number(d);
      return unscaled(half(scaled(String(a), 38) * scaled(String(b), 38), 10n ** BigInt(76 - digits)), digits);
    }),
    scalarFunction("bq_div", [VARCHAR, VARCHAR, INTEGER], VARCHAR, (a, b, d) => {
      const digits = Number(d);
      const by = scaled(String(b), 38);
      if (by === 0n) fail(`division by zero: ${String(a)} / ${String(b)}`);
      return unscaled(half(scaled(String(a), 38) * 10n ** BigInt(digits), by), digits);
    }),
    scalarFunction("bq_big_scaled", [VARCHAR], VARCHAR, (s) =>
      known(bigScaled(String(s)), `Invalid BIGNUMERIC value: ${String(s)}`),
    ),
    scalarFunction("bq_big_text", [VARCHAR], VARCHAR, (s) => bigText(String(s))),
    scalarFunction("bq_big_fit", [VARCHAR, INTEGER, INTEGER], VARCHAR, (s, p, d) =>
      known(
        bigFit(String(s), Number(p), Number(d)),
        `numeric overflow: ${bigText(String(s))} does not fit BIGNUMERIC(${Number(p)}, ${Number(d)})`,
      ),
    ),
    scalarFunction("bq_left", [BIGINT, BIGINT], BIGINT, (a, b) => shifted(b as bigint, (by) => (a as bigint) << by)),
    scalarFunction("bq_right", [BIGINT, BIGINT], BIGINT, (a, b) =>
      shifted(b as bigint, (by) => BigInt.asUintN(64, a as bigint) >> by),
    ),
    scalarFunction("bq_farm", [BLOB], BIGINT, (b) => fingerprint(bytesOf(b))),
    scalarFunction("bq_format", [VARCHAR, BIGINT], VARCHAR, (format, us) => formatTime(String(format), us as bigint, fail)),
    scalarFunction("bq_parse", [VARCHAR, VARCHAR], BIGINT, (format, s) => parseFormatted(String(format), String(s), fail)),
    scalarFunction("bq_base64", [VARCHAR], BLOB, (s) => {
      const text = String(s);
      if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text.replace(/\s/g, ""))) fail(`Invalid base64 string: ${text}`);
      return new DuckDBBlobValue(Buffer.from(text, "base64"));
    }),
    scalarFunction("bq_unhex", [VARCHAR], BLOB, (s) => {
      if (!/^[0-9a-fA-F]*$/.test(String(s))) fail(`Failed to decode invalid hexadecimal string: ${String(s)}`);
      const even = String(s).length % 2 === 0 ? String(s) : `0${String(s)}`;
      return new DuckDBBlobValue(Buffer.from(even, "hex"));
    }),
  ];
  for (const f of functions) connection.registerScalarFunction(f);
}
