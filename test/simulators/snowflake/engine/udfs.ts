import {
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBScalarFunction,
  type DuckDBType,
  type DuckDBValue,
  VARCHAR,
} from "@duckdb/node-api";
import { canonical, double, elements, entries, shownDoubles } from "./json.js";

type Row = (...args: DuckDBValue[]) => DuckDBValue;

/** A function of DuckDB in JavaScript; NULL in any argument gives NULL. */
function scalar(name: string, parameterTypes: readonly DuckDBType[], returnType: DuckDBType, row: Row): DuckDBScalarFunction {
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

export function registerFunctions(connection: DuckDBConnection): void {
  const functions = [
    scalar("sf_canonical", [VARCHAR], VARCHAR, (s) => canonical(String(s))),
    scalar("sf_try_canonical", [VARCHAR], VARCHAR, (s) => {
      try {
        return canonical(String(s));
      } catch {
        return null;
      }
    }),
    scalar("sf_real_json", [DOUBLE], VARCHAR, (x) => double(Number(x))),
    scalar("sf_stamp", [VARCHAR, BOOLEAN], VARCHAR, (s, zoned) => stamp(String(s), zoned === true)),
    scalar("sf_shown", [VARCHAR], VARCHAR, (s) => shownDoubles(String(s))),
    scalar("sf_tme", [DOUBLE], VARCHAR, (x) => minimal(Number(x))),
    scalar("sf_get", [VARCHAR, VARCHAR], VARCHAR, (v, key) => member(String(v), (k) => k === key)),
    scalar(
      "sf_get_ignore_case",
      [VARCHAR, VARCHAR],
      VARCHAR,
      (v, key) => member(String(v), (k) => k === key) ?? member(String(v), (k) => k.toUpperCase() === String(key).toUpperCase()),
    ),
    scalar("sf_flatten", [VARCHAR, BOOLEAN], VARCHAR, (s, outer) => flatten(String(s), outer === true)),
  ];
  for (const f of functions) connection.registerScalarFunction(f);
}

/** The forms of AUTO detection that have a date in ISO order, as DuckDB reads them (docs "Date & time input and output formats"). */
function stamp(value: string, zoned: boolean): string {
  const iso =
    /^\s*(\d{4}-\d{1,2}-\d{1,2})(?:[T ](\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?))?\s*(Z|[+-]\d{1,2}(?::?\d{2})?)?\s*$/i.exec(
      value,
    );
  if (!iso) throw new Error(`100035|22007|Timestamp '${value}' is not recognized`);
  const [, day = "", clock = "00:00:00", zone = ""] = iso;
  const whole = clock.split(":").length === 2 ? `${clock}:00` : clock;
  const time = whole.replace(/(\.\d{6})\d+/, "$1");
  if (!zoned || zone === "") return `${day} ${time}`;
  if (zone.toUpperCase() === "Z") return `${day} ${time}+00`;
  const [, sign = "+", hours = "0", minutes = "00"] = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(zone) ?? [];
  return `${day} ${time}${sign}${hours.padStart(2, "0")}:${minutes}`;
}

function minimal(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x > 0 ? "inf" : "-inf";
  return x.toExponential().replace("e+", "E").replace("e", "E");
}

function member(document: string, is: (key: string) => boolean): string | null {
  const at = elements(document);
  if (at) return at.find((_, k) => is(String(k))) ?? null;
  const found = entries(document)?.find(([key]) => is(key));
  return found ? found[1] : null;
}

/** Elements of an array or object as a JSON array of [key, index, value, path] (docs "FLATTEN"). */
function flatten(value: string, outer: boolean): string {
  const rows = [
    ...(elements(value) ?? []).map((v, k) => `{"i":${k},"v":${v},"p":"[${k}]"}`),
    ...(entries(value) ?? []).map(
      ([k, v]) => `{"k":${JSON.stringify(k)},"v":${v},"p":${JSON.stringify(/^[A-Za-z_]\w*$/.test(k) ? k : `['${k}']`)}}`,
    ),
  ];
  if (rows.length === 0 && outer) rows.push("{}");
  return `[${rows.join(",")}]`;
}
