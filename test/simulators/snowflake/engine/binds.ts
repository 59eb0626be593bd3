import { type DataType, held, types } from "./datatype.js";
import { errors } from "./errors.js";
import { duck, text } from "./names.js";
import type { SimBind } from "./types.js";

/** A bind as SQL. The driver sends dates in milliseconds and timestamps in nanoseconds (snowflake-sdk connection/result, bind_uploader.js). */
export interface Bound {
  readonly sql: string;
  readonly type: DataType | null;
  readonly constant?: string;
}

const kinds: Readonly<Record<string, DataType>> = {
  TEXT: types.text(),
  FIXED: types.number(),
  REAL: types.real,
  BOOLEAN: types.boolean,
  DATE: types.date,
  TIME: types.time(),
  TIMESTAMP_NTZ: types.ntz(),
  TIMESTAMP_LTZ: types.ltz(),
  TIMESTAMP_TZ: types.tz(),
  BINARY: types.binary(),
  VARIANT: types.variant,
  OBJECT: types.object,
  ARRAY: types.array,
};

export type Binds = Readonly<Record<string, SimBind>>;

export function bound(binds: Binds | undefined, name: string): Bound {
  const bind = binds?.[name];
  if (!bind) throw errors.bindMissing(name);
  const type = kinds[bind.type.toUpperCase()];
  if (!type) throw errors.unsupported(`bind of type ${bind.type}`);
  if (Array.isArray(bind.value)) return { sql: fromText(`"·b".${duck(`·${name}`)}`, type), type };
  const value = bind.value as string | null;
  if (value === null) return { sql: "NULL", type: null };
  if (type.name === "TEXT") return { sql: text(value), type, constant: value };
  if (type.name === "FIXED" && /^-?\d+(\.\d+)?$/.test(value)) {
    const digits = value.replace(/[-.]/g, "").length;
    return {
      sql: digits > 38 ? "error('100039|22003|Numeric value is out of range')" : `(${value})`,
      type: types.number(38, value.split(".")[1]?.length ?? 0),
      constant: value,
    };
  }
  return { sql: fromText(text(value), type), type };
}

function fromText(sql: string, type: DataType): string {
  switch (type.name) {
    case "TEXT":
      return sql;
    case "DATE":
      return `CASE WHEN regexp_full_match(${sql}, '-?\\d+') THEN CAST(make_timestamp(CAST(${sql} AS BIGINT) * 1000) AS DATE) ELSE CAST(${sql} AS DATE) END`;
    case "TIMESTAMP_NTZ":
      return `make_timestamp(CAST(${sql} AS BIGINT) // 1000)`;
    case "TIMESTAMP_LTZ":
      return `make_timestamptz(CAST(${sql} AS BIGINT) // 1000)`;
    case "TIMESTAMP_TZ":
      return `make_timestamptz(CAST(split_part(${sql}, ' ', 1) AS BIGINT) // 1000)`;
    case "TIME":
      return `CAST(make_timestamp(CAST(${sql} AS BIGINT) // 1000) AS TIME)`;
    case "BINARY":
      return `unhex(${sql})`;
    case "BOOLEAN":
      return `sf_boolean(${sql})`;
    default:
      return `CAST(${sql} AS ${held(type)})`;
  }
}

/** Rows of an array bind; 1 where no bind is an array. */
export function bindRows(binds: Binds | undefined): number | null {
  const arrays = Object.values(binds ?? {}).filter((b) => Array.isArray(b.value));
  if (arrays.length === 0) return null;
  const lengths = new Set(arrays.map((b) => (b.value as readonly unknown[]).length));
  if (lengths.size !== 1 || arrays.length !== Object.keys(binds ?? {}).length) throw errors.bindRows();
  return [...lengths][0] ?? 0;
}

/** The rows of an array bind as a relation; each row has a column for each bind. */
export function bindRelation(binds: Binds, rows: number): string {
  const names = Object.keys(binds).map((name) => duck(`·${name}`));
  if (rows === 0) return `(SELECT ${names.map((n) => `CAST(NULL AS VARCHAR) AS ${n}`).join(", ")} WHERE FALSE) AS "·b"`;
  const lists = Object.values(binds).map((b) =>
    (b.value as readonly (string | null)[]).map((v) => (v === null ? "NULL" : text(v))),
  );
  return `(SELECT ${lists.map((l, k) => `unnest(CAST([${l.join(", ")}] AS VARCHAR[])) AS ${names[k]}`).join(", ")}) AS "·b"`;
}
