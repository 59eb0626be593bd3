import { type Column, columnNamed, type Partitioning } from "../catalog.js";
import { type Cursor, identifier, list, takes } from "../cursor.js";
import { types } from "../datatype.js";
import type { Env } from "../env.js";
import { invalid, runtime } from "../errors.js";
import { constantOf } from "../execute.js";
import type { Expr } from "../translate/ast.js";
import { parseExpr } from "../translate/parse-expr.js";

export interface Layout {
  readonly partition: Expr | null;
  readonly clustering: readonly string[];
}

export function layout(c: Cursor): Layout {
  const partition = takes(c, "PARTITION", "BY") ? parseExpr(c) : null;
  const clustering = takes(c, "CLUSTER", "BY") ? list(c, () => identifier(c)) : [];
  return { partition, clustering };
}

type Unit = Extract<Partitioning, { kind: "time" }>["unit"];

/** The expressions that PARTITION BY takes (docs "CREATE TABLE statement": partition_expression). */
export async function partitioning(env: Env, e: Expr, columns: readonly Column[]): Promise<Partitioning> {
  const refused = () =>
    invalid(
      "PARTITION BY expression must be DATE(<timestamp_column>), DATE(<datetime_column>), DATETIME_TRUNC(<datetime_column>, DAY/HOUR/MONTH/YEAR), a DATE column, TIMESTAMP_TRUNC(<timestamp_column>, DAY/HOUR/MONTH/YEAR), DATE_TRUNC(<date_column>, MONTH/YEAR), or RANGE_BUCKET(<int64_column>, GENERATE_ARRAY(<int64_value>, <int64_value>[, <int64_value>]))",
      e.at,
    );
  const time = (field: string | null, unit: Unit): Partitioning => ({ kind: "time", field, unit, expirationMs: null });
  if (e.k === "name" && e.path[0]?.toUpperCase() === "_PARTITIONDATE") return time(null, "DAY");
  const named = e.k === "name" ? e : e.k === "call" && e.args[0]?.value.k === "name" ? e.args[0].value : null;
  if (named?.k !== "name" || named.path.length !== 1) throw refused();
  const first = named.path[0] as string;
  const pseudo = first.toUpperCase() === "_PARTITIONTIME";
  const column = columnNamed(columns, first);
  if (!column && !pseudo) throw invalid(`Unrecognized name: ${first}`, named.at);
  const kind = pseudo ? "TIMESTAMP" : column?.type.kind;
  const field = pseudo ? null : (column as Column).name;
  if (e.k === "name") {
    if (kind === "DATE") return time(field, "DAY");
    throw refused();
  }
  if (e.k !== "call") throw refused();
  if (e.name === "RANGE_BUCKET") return await ranged(env, e, field, kind);
  if (e.name === "DATE" && (kind === "TIMESTAMP" || kind === "DATETIME")) return time(field, "DAY");
  const part = e.args[1]?.value;
  const unit = part?.k === "name" ? (part.path[0]?.toUpperCase() as Unit) : null;
  const fits = { DATE_TRUNC: ["DATE"], TIMESTAMP_TRUNC: ["TIMESTAMP", "DATETIME"], DATETIME_TRUNC: ["DATETIME"] }[e.name];
  if (
    !unit ||
    !["HOUR", "DAY", "MONTH", "YEAR"].includes(unit) ||
    !fits?.includes(kind ?? "") ||
    (kind === "DATE" && unit === "HOUR")
  )
    throw refused();
  return time(field, unit);
}

async function ranged(
  env: Env,
  e: Extract<Expr, { k: "call" }>,
  field: string | null,
  kind: string | undefined,
): Promise<Partitioning> {
  const array = e.args[1]?.value;
  if (field === null || kind !== "INT64" || array?.k !== "call" || array.name !== "GENERATE_ARRAY")
    throw invalid("RANGE_BUCKET must be of an INT64 column and GENERATE_ARRAY", e.at);
  const numbers: bigint[] = [];
  for (const a of array.args) numbers.push((await constantOf(env, a.value, types.int64)).value as bigint);
  const [start = 0n, end = 0n, interval = 1n] = numbers;
  if (interval <= 0n || end <= start)
    throw runtime("Invalid range partitioning: the end must be after the start, the interval positive");
  return { kind: "range", field, start, end, interval };
}

/** docs "Creating clustered tables": up to four columns of types that can be ordered. */
export function checkClustering(names: readonly string[], columns: readonly Column[]): readonly string[] {
  if (names.length > 4) throw runtime("Too many clustering fields; the limit is 4");
  return names.map((name) => {
    const found = columnNamed(columns, name);
    if (!found) throw runtime(`The field specified for clustering cannot be found in the schema. Invalid field: ${name}.`);
    if (["FLOAT64", "ARRAY", "STRUCT", "JSON", "BYTES", "TIME", "INTERVAL"].includes(found.type.kind))
      throw runtime(
        `CLUSTER BY expression references ${found.name} which has type ${found.type.kind}; clustering is not supported on it`,
      );
    return found.name;
  });
}
