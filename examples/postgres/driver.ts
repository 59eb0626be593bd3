import { setImmediate } from "node:timers/promises";
import type { ColumnType, IoOptions, OpResult, Row, TypedValue } from "cutover/adapter";
import { cancelled } from "./errors.js";
import { decode, encode } from "./values.js";

type Converters = Readonly<Record<number, (value: string) => string>>;
interface Options {
  readonly rowMode: "array";
  readonly parsers: Converters;
  readonly serializers: Converters;
  readonly blob?: Blob;
}
interface Answer {
  readonly rows: readonly unknown[];
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
  readonly command?: string;
  readonly rowCount?: number;
}
interface Transaction {
  query(text: string, params: (string | null)[], options: Options): Promise<Answer>;
  exec(text: string): Promise<unknown>;
  rollback(): Promise<void>;
}
/** A `PGlite` of `@electric-sql/pglite`, by the one method that is used. Its transactions take turns with all other statements. */
export interface PGliteLike {
  transaction<T>(body: (tx: Transaction) => Promise<T>): Promise<T>;
}

/** A statement with `$n`, and its values. */
export interface Statement {
  readonly text: string;
  readonly values: readonly TypedValue[];
}
type Returns = Readonly<Record<string, ColumnType>>;
/** What can be done in a transaction. */
export interface Block {
  /** One statement. Rows come back in canonical form, by the types asked for or by their own. */
  run(statement: Statement, returns?: Returns, blob?: Blob): Promise<OpResult>;
  rollback(): Promise<void>;
}
/** Runs `body` in a transaction of its own, which is committed unless `body` throws or rolls back. */
export type Within = <T>(o: IoOptions, body: (block: Block) => Promise<T>) => Promise<T>;

/** What the text of a value depends on; for one transaction, since the connection is the application's. */
const SETTINGS = `SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres';
SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL standard_conforming_strings = on`;

/** Makes a client ready: values go in and come out as text for each type that it would convert by itself. */
export async function connect(client: PGliteLike): Promise<Within> {
  const none: Options = { rowMode: "array", parsers: {}, serializers: {} };
  const { rows } = await client.transaction((tx) => tx.query("SELECT CAST(oid AS integer) FROM pg_catalog.pg_type", [], none));
  const texts: Converters = Object.fromEntries(rows.flat().map((oid) => [Number(oid), (value: string) => value]));
  return async (o, body) => {
    try {
      return await client.transaction(async (tx) => {
        await heed(o.signal);
        await tx.exec(SETTINGS);
        return body({ run: (...statement) => run(tx, texts, ...statement), rollback: () => tx.rollback() });
      });
    } catch (e) {
      // The driver hangs the bound values on its errors, which end in logs.
      if (e instanceof Error) Reflect.deleteProperty(e, "params");
      throw o.signal.aborted && e === o.signal.reason ? cancelled(e) : e;
    }
  };
}

/** The engine runs on this very thread: aborts and timers get their turn, and are heard, between statements only. */
export async function heed(signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}

async function run(
  tx: Transaction,
  texts: Converters,
  { text, values }: Statement,
  returns: Returns = {},
  blob?: Blob,
): Promise<OpResult> {
  const options: Options = { rowMode: "array", parsers: texts, serializers: texts, ...(blob === undefined ? {} : { blob }) };
  const params = values.map((v) => encode(v.value, v.type));
  const { rows, fields, command = "", rowCount } = await tx.query(text, params, options);
  const columns = fields.map(({ name, dataTypeID }) => [name, returns[name] ?? own[dataTypeID] ?? "string"] as const);
  const row = (cells: unknown): Row => {
    if (!Array.isArray(cells)) throw new Error("unreachable: rows come as arrays");
    return Object.fromEntries(columns.map(([name, type], i) => [name, value(cells[i], type, name)]));
  };
  return { affected: changing.has(command) ? (rowCount ?? null) : null, rows: rows.map(row) };
}
const changing = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"]);

function value(cell: unknown, type: ColumnType, column: string): unknown {
  if (cell === null) return null;
  if (typeof cell === "string") return decode(cell, type);
  throw new Error(`the type of column "${column}" was made after this session was opened; open another`);
}
/** What a value is where nobody says: by the numbers that Postgres gives its types. */
const own: Readonly<Record<number, ColumnType>> = {
  16: "bool",
  17: "bytes",
  20: "int64",
  21: "int64",
  23: "int64",
  700: "float64",
  701: "float64",
  1082: "date",
  1083: "time",
  1114: "datetime",
  1184: "timestamp",
};
