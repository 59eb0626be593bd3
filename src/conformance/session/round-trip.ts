import assert from "node:assert/strict";
import type { Capabilities } from "../../adapter/capabilities.js";
import type { Adapter } from "../../adapter/define.js";
import type { ColumnShape, TableRef } from "../../adapter/shapes.js";
import { isCutoverError } from "../../errors/index.js";
import { inline } from "../../sql/render.js";
import { ident, join, type Row, raw, type Sql, template } from "../../sql/sql.js";
import type { ColumnType } from "../../table/types.js";
import { type CaseDefinition, reason } from "../case.js";
import { shapes } from "../columns.js";
import { csv, inFolder, ndjson, writable } from "../files.js";
import { parquetFile } from "../parquet.js";
import { calm, type Place } from "../place.js";
import { type AskedType, extremes, large, longNumbers, same, shown, types } from "../values.js";
import { explained, faultOf, id, value } from "./words.js";

type Rows = readonly (readonly unknown[])[];
interface Way {
  readonly name: string;
  readonly asks?: (type: AskedType, v: unknown) => boolean;
  /** A megabyte in one value is asked for too. */
  readonly large: boolean;
  readonly skip?: (c: Capabilities) => string | false;
  readonly put: (place: Place, into: TableRef, columns: readonly ColumnShape[], rows: Rows) => Promise<unknown>;
  /** Absent: by `execute`. */
  readonly read?: (place: Place, from: Sql, columns: readonly ColumnShape[]) => Promise<readonly Row[]>;
}

/** Whether the engine has the type at all; a decimal that it cannot hold must be refused, not narrowed. */
export function supported(adapter: Adapter, type: ColumnType): boolean {
  try {
    adapter.syntax.type(type);
    return true;
  } catch (e) {
    if (isCutoverError(e, "UNSUPPORTED") && type.startsWith("decimal")) return false;
    throw e;
  }
}

const select = (rows: Rows, type: ColumnType): Sql =>
  join(
    rows.map(([n, v]) => template`SELECT ${{ value: n, type: "int64" }} AS ${id}, ${{ value: v, type }} AS ${value}`),
    " UNION ALL ",
  );
const typeIn = (columns: readonly ColumnShape[]): ColumnType => columns[1]?.type ?? "string";
/** In one statement, but for long values, which have one each. */
async function byStatements(place: Place, into: TableRef, columns: readonly ColumnShape[], rows: Rows, written: (q: Sql) => Sql) {
  await place.create(into, columns);
  const isLong = ([, v]: readonly unknown[]): boolean => (typeof v === "string" || v instanceof Uint8Array) && v.length > 100_000;
  const parts = [rows.filter((r) => !isLong(r)), ...rows.filter(isLong).map((r) => [r])];
  for (const part of parts) {
    const insert = template`INSERT INTO ${ident(into.path)} (${id}, ${value}) ${select(part, typeIn(columns))}`;
    await place.execute(written(insert));
  }
}
const stage: Way["put"] = (place, ...to) => place.stage(...to);
const lacks =
  (format: "csv" | "ndjson" | "parquet") =>
  (c: Capabilities): string | false =>
    reason({ [`the engine reads no ${format}`]: !c.files.includes(format) });

const ways: readonly Way[] = [
  {
    name: "by a parameter",
    large: true,
    put: (place, into, columns, rows) => byStatements(place, into, columns, rows, (q) => q),
  },
  {
    name: "by a literal",
    large: true,
    put: (place, into, columns, rows) => byStatements(place, into, columns, rows, (q) => raw(inline(q, place.adapter.syntax))),
  },
  { name: "by stage", large: true, put: stage },
  {
    name: "by stage from a query",
    large: true,
    async put(place, into, columns, rows) {
      const source = place.at("source");
      await place.stage(source, columns, rows);
      const query = template`SELECT ${value}, ${id} FROM ${ident(source.path)}`;
      await place.session.stage(into, columns, query, calm());
    },
  },
  {
    name: "by stage from a query with parameters",
    large: false,
    put: (place, into, columns, rows) => place.session.stage(into, columns, select(rows, typeIn(columns)), calm()),
  },
  { name: "by stream", large: true, put: stage, read: streamed },
  {
    name: "by a CSV file",
    large: false,
    asks: (type) => writable("csv", type),
    skip: lacks("csv"),
    put: (place, into, columns, rows) =>
      inFolder(async (file) => {
        const urls = [await file("values.csv", csv(columns, rows))];
        await place.session.stage(into, columns, { urls, format: "csv" }, calm());
      }),
  },
  {
    name: "by an NDJSON file",
    large: false,
    asks: (type, v) => writable("ndjson", type, v),
    skip: lacks("ndjson"),
    put: (place, into, columns, rows) =>
      inFolder(async (file) => {
        const urls = [await file("values.ndjson", ndjson(columns, rows))];
        await place.session.stage(into, columns, { urls, format: "ndjson" }, calm());
      }),
  },
];

const long = (v: unknown): number => (typeof v === "string" || v instanceof Uint8Array ? v.length : 0);

async function streamed(place: Place, from: Sql, columns: readonly ColumnShape[]): Promise<readonly Row[]> {
  const all: Row[] = [];
  for await (const rows of place.session.stream(from, columns, calm())) all.push(...rows);
  return all;
}
const executed = (place: Place, from: Sql, columns: readonly ColumnShape[]): Promise<readonly Row[]> =>
  place.query(from, Object.fromEntries(columns.map((c) => [c.name, c.type])));

/** Says of each value how it came back otherwise, so that one run shows all that is wrong with a type. */
function assertSame(type: ColumnType, rows: Rows, found: readonly Row[]): void {
  const byId = new Map(found.map((r) => [r["id"], r["value"]]));
  const wrong = rows.filter(([n, v]) => !byId.has(n) || !same(type, byId.get(n), v));
  const told = wrong.map(([n, v]) => `${shown(v)} came back as ${byId.has(n) ? shown(byId.get(n)) : "no row"}`);
  assert.equal(told.length, 0, `${type}: ${told.join("; ")}`);
  assert.equal(found.length, rows.length, `${type}: as many rows as went in`);
}

const roundTrip = (type: AskedType, way: Way): CaseDefinition => ({
  name: `${type} comes back as it went in, ${way.name}`,
  invariant: 8,
  ...(way.skip === undefined ? {} : { skip: way.skip }),
  async run(place, note) {
    if (!supported(place.adapter, type)) return note(`${type} is refused as UNSUPPORTED`);
    const values = [...extremes[type].filter((v) => way.asks?.(type, v) ?? true), null].map(kept(place.adapter));
    const { statementBytes } = place.adapter.capabilities.limits;
    // As a literal a long value may become four times as long.
    if (way.large && large[type] !== undefined && long(large[type]) * 4 < statementBytes) values.push(large[type]);
    const rows = values.map((v, i) => [BigInt(i), v]);
    const columns = shapes(place.adapter, { id: "int64", value: `${type}?` });
    const into = place.at("kept");
    await way.put(place, into, columns, rows);
    const all = template`SELECT ${id}, ${value} FROM ${ident(into.path)}`;
    assertSame(type, rows, await (way.read ?? executed)(place, all, columns));
  },
});

/** A value as the engine keeps it: some have one zero. */
const kept =
  ({ capabilities }: Adapter) =>
  (v: unknown): unknown =>
    Object.is(v, -0) && !capabilities.negativeZero ? 0 : v;

const fromParquet = (type: AskedType): CaseDefinition => ({
  name: `${type} comes back as it went in, by a Parquet file`,
  skip: lacks("parquet"),
  async run(place, note) {
    if (!supported(place.adapter, type)) return note(`${type} is refused as UNSUPPORTED`);
    const column = `c${types.indexOf(type)}`;
    const columns = shapes(place.adapter, { id: "int64", [column]: `${type}?` });
    const into = place.at("kept");
    await inFolder(async (file) =>
      place.session.stage(into, columns, { urls: [await file("values.parquet", parquetFile())], format: "parquet" }, calm()),
    );
    const rows = Array.from({ length: 14 }, (_, i) => [BigInt(i), kept(place.adapter)(extremes[type][i] ?? null)]);
    const query = template`SELECT ${id}, ${ident([column])} AS ${value} FROM ${ident(into.path)}`;
    assertSame(type, rows, await executed(place, query, shapes(place.adapter, { id: "int64", value: type })));
  },
});

/** Every type, by every way in and out. */
export const roundTripCases: readonly CaseDefinition[] = [
  ...types.flatMap((type) => [
    ...ways.filter((way) => extremes[type].some((v) => way.asks?.(type, v) ?? true)).map((way) => roundTrip(type, way)),
    fromParquet(type),
  ]),
  ...ways.map(
    (way): CaseDefinition => ({
      name: `a JSON number of many digits comes in whole or is refused, ${way.name}`,
      ...(way.skip === undefined ? {} : { skip: way.skip }),
      async run(place, note) {
        const columns = shapes(place.adapter, { id: "int64", value: "json?" });
        const into = place.at("kept");
        const rows = [[1n, longNumbers]];
        try {
          await way.put(place, into, columns, rows);
        } catch (e) {
          const { kind } = explained(place.adapter, e);
          assert.ok(kind === "bad-data" || kind === "syntax", `it is bad data, not ${kind}`);
          return note(`refused: ${kind}`);
        }
        const all = template`SELECT ${id}, ${value} FROM ${ident(into.path)}`;
        assertSame("json", rows, await (way.read ?? executed)(place, all, columns));
      },
    }),
  ),
  {
    name: "a Parquet file without a column asked for is refused",
    skip: lacks("parquet"),
    async run(place) {
      const columns = shapes(place.adapter, { id: "int64", absent: "string?" });
      const into = place.at("kept");
      await inFolder(async (file) => {
        const urls = [await file("values.parquet", parquetFile())];
        const what = "a file that lacks a column is refused, not filled up with NULL";
        await faultOf(place, what, () => place.session.stage(into, columns, { urls, format: "parquet" }, calm()));
      });
    },
  },
];
