import { dataTypeOf, held } from "./datatype.js";
import type { Translation } from "./environment.js";
import { errors } from "./errors.js";
import { duck, text } from "./names.js";
import type { Argument, Col } from "./translate/model.js";
import type { SimColumn, SimResult } from "./types.js";

/** Rows as a relation of DuckDB: what SHOW, DESCRIBE and INFORMATION_SCHEMA tell. */
export function relationOfRows(columns: readonly SimColumn[], rows: readonly (readonly (string | null)[])[]): string {
  const names = columns.map((c) => duck(c.name)).join(", ");
  const typed = (value: string | null, c: SimColumn): string => fromWire(value, c);
  if (rows.length === 0) return `(SELECT ${columns.map((c) => `${typed(null, c)} AS ${duck(c.name)}`).join(", ")} WHERE FALSE)`;
  const values = rows.map((row) => `(${columns.map((c, k) => typed(row[k] ?? null, c)).join(", ")})`);
  return `(SELECT * FROM (VALUES ${values.join(", ")}) AS "·R" (${names}))`;
}

/** A value in wire form as SQL of DuckDB. */
function fromWire(value: string | null, c: SimColumn): string {
  const type = dataTypeOf(c);
  const kind = held(type.name === "FIXED" ? { name: "FIXED", precision: c.precision ?? 38, scale: c.scale ?? 0 } : type);
  if (value === null) return `CAST(NULL AS ${kind})`;
  switch (c.type) {
    case "TEXT":
      return text(value);
    case "BOOLEAN":
      return value === "1" || value === "true" ? "TRUE" : "FALSE";
    case "DATE":
      return `(DATE '1970-01-01' + CAST(${value} AS INTEGER))`;
    case "TIMESTAMP_NTZ":
    case "TIMESTAMP_LTZ":
    case "TIMESTAMP_TZ": {
      const [seconds = "0", fraction = ""] = (value.split(" ")[0] ?? "").split(".");
      const micros =
        BigInt(seconds) * 1_000_000n +
        BigInt(`${seconds.startsWith("-") ? "-" : ""}${fraction.padEnd(6, "0").slice(0, 6) || "0"}`);
      return `${c.type === "TIMESTAMP_NTZ" ? "make_timestamp" : "make_timestamptz"}(${micros})`;
    }
    case "TIME": {
      const [seconds = "0", fraction = ""] = value.split(".");
      return `CAST(make_timestamp(${BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, "0").slice(0, 6) || "0")}) AS TIME)`;
    }
    case "BINARY":
      return `unhex(${text(value)})`;
    default:
      return `CAST(${text(value)} AS ${kind})`;
  }
}

const kept = 50;

export function remember(results: Map<string, SimResult>, queryId: string, result: SimResult): void {
  results.set(queryId, result);
  if (results.size > kept) results.delete(results.keys().next().value ?? "");
}

/** `RESULT_SCAN(LAST_QUERY_ID())` (docs "RESULT_SCAN"). */
export function resultScan(t: Translation, args: readonly Argument[]): { sql: () => string; columns: () => readonly Col[] } {
  const id = args[0]?.value;
  if (!id) throw errors.fewArguments("RESULT_SCAN", 1, 0);
  const { session } = t.statement;
  const queryId = id.constant ?? (/^LAST_QUERY_ID/.test(id.text) ? session.queryIds.at(-1) : undefined);
  const result = queryId === undefined ? undefined : session.results.get(queryId);
  if (!queryId || !result) throw errors.unknownStatement(queryId ?? "");
  let rows: (readonly (string | null)[])[] = [];
  t.prepare.push(async () => {
    if (Array.isArray(result.rows)) rows = result.rows as (readonly (string | null)[])[];
    else for await (const some of result.rows as AsyncIterable<readonly (readonly (string | null)[])[]>) rows = rows.concat(some);
  });
  const columns = result.columns.map((c) => ({ name: c.name, type: dataTypeOf(c), nullable: c.nullable }));
  return { sql: () => relationOfRows(result.columns, rows), columns: () => columns };
}
