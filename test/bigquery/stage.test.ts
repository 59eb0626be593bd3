import { randomBytes } from "node:crypto";
import { type Batch, type ColumnShape, raw, type Sql, type TableRef } from "cutover/adapter";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { columnsOf, stage } from "../../adapters/bigquery/stage/index.js";
import { failure, io, type Place, places } from "./links.js";

const all = places();
let p: Place;
beforeAll(async () => {
  p = await all.open();
});
afterAll(() => all.end());
beforeEach(() => p.sim.faults.clear());

const column = (name: string, type: ColumnShape["type"], native: string, nullable = true): ColumnShape => ({
  name,
  type,
  native,
  nullable,
});
const at = (name: string): TableRef => ({ path: [p.sim.project, "app", name] });
const columns = [column("id", "int64", "INT64", false), column("V", "string", "STRING"), column("j", "json", "JSON")];
async function* rowsOf(count: number, size = 1000): AsyncGenerator<Batch> {
  for (let from = 0; from < count; from += size) {
    const ids = Array.from({ length: Math.min(size, count - from) }, (_, i) => from + i);
    const values = ids.map((i) => (i % 3 === 0 ? null : i % 3 === 1 ? "" : `"${i}",\n'`));
    yield { rows: ids.length, columns: [ids.map(BigInt), values, ids.map((i) => (i % 2 === 0 ? "null" : null))] };
  }
}
const batch = async function* (...rows: readonly (readonly unknown[])[]): AsyncGenerator<Batch> {
  yield { rows: rows.length, columns: (rows[0] ?? []).map((_, c) => rows.map((r) => r[c])) };
};
/** Jobs that were sent while `body` ran, by their kinds. */
async function jobs(body: () => Promise<unknown>): Promise<readonly string[]> {
  const mark = p.sim.counts.mark();
  await body();
  return p.sim.counts.since(mark).log.map((j) => `${j.kind} ${j.outcome}`);
}
const counted = (name: string): Promise<unknown> =>
  p.cell(
    `SELECT FORMAT('%d %d %d %d', COUNT(*), COUNT(\`V\`), COUNTIF(\`V\` = ''), COUNTIF(TO_JSON_STRING(\`j\`) = 'null' AND \`j\` IS NOT NULL)) FROM \`app\`.\`${name}\``,
  );

it("stages rows by one load job, which makes the table, NULL apart from an empty text and from a JSON null", async () => {
  expect(await jobs(() => stage(p.link, at("d1"), columns, rowsOf(3000), io()))).toEqual(["load ok"]);
  expect(await counted("d1")).toBe("3000 2000 1000 1500");
});

it("goes back to the same rows when staged again", async () => {
  for (let i = 0; i < 2; i++) expect(await stage(p.link, at("d2"), columns, rowsOf(10), io())).toEqual({ rows: 10 });
  expect(await counted("d2")).toBe("10 6 3 5");
});

it("makes an empty table of no rows, by one job", async () => {
  await stage(p.link, at("d3"), columns, rowsOf(1), io());
  expect(await jobs(() => stage(p.link, at("d3"), columns, rowsOf(0), io()))).toEqual(["query ok"]);
  expect(await counted("d3")).toBe("0 0 0 0");
});

it("sends no job when the source fails midway, or a value does not fit", async () => {
  const source = async function* (): AsyncGenerator<Batch> {
    yield* rowsOf(2000);
    throw new Error("of the source");
  };
  expect(await jobs(() => expect(stage(p.link, at("d4"), columns, source(), io())).rejects.toThrow("of the source"))).toEqual([]);
  const wrong = batch([1n, "", null], [1n << 63n, "", null]);
  expect(
    await jobs(async () => expect((await failure(stage(p.link, at("d4"), columns, wrong, io()))).kind).toBe("bad-data")),
  ).toEqual([]);
});

it("meets its own job where the answer to an upload is lost", async () => {
  p.sim.faults.add({ endpoint: "upload" }, { at: "after", drop: true });
  expect(await jobs(() => stage(p.link, at("d5"), columns, rowsOf(10), io()))).toEqual(["load ok"]);
  expect(await counted("d5")).toBe("10 6 3 5");
});

it("sends its bytes once more where the service fails", async () => {
  p.sim.faults.add({ endpoint: "upload" }, { at: "before", status: 503 });
  expect(await stage(p.link, at("d6"), columns, rowsOf(10), io())).toEqual({ rows: 10 });
  p.sim.faults.add({ kind: "load", endpoint: "upload" }, { job: { reason: "backendError" } });
  expect(await stage(p.link, at("d6"), columns, rowsOf(20), io())).toEqual({ rows: 20 });
});

it("stages more than one request holds", async () => {
  const texts = [column("v", "string", "STRING")];
  const source = async function* (): AsyncGenerator<Batch> {
    for (let i = 0; i < 24; i++) yield { rows: 1, columns: [[randomBytes(750_000).toString("base64")]] };
  };
  const mark = p.sim.counts.mark();
  expect(await stage(p.link, at("d7"), texts, source(), io())).toEqual({ rows: 24 });
  expect(p.sim.counts.since(mark).endpoints).toMatchObject({ "upload.start": 1 });
  expect(await p.cell("SELECT CAST(SUM(LENGTH(v)) AS STRING) FROM app.d7")).toBe("24000000");
});

it("keeps native types, and REQUIRED", async () => {
  const natives = [
    column("s", "string", "STRING(3)"),
    column("n", "decimal(5,2)", "NUMERIC(5,2)", false),
    column("a", "string", "ARRAY<INT64>", false),
    column("r", "string", "STRUCT<`x` INT64, `y` STRING>"),
  ];
  await stage(p.link, at("d8"), natives, batch(["abc", "123.45", "[1,2]", '{"x":1,"y":"z"}'], [null, "0", "[]", null]), io());
  const found = await columnsOf(p.link, raw("SELECT * FROM app.d8"), io());
  expect(found.map((c) => c.native)).toEqual(["STRING", "NUMERIC", "ARRAY<INT64>", "STRUCT<`x` INT64, `y` STRING>"]);
  expect(await p.cell("SELECT TO_JSON_STRING(ARRAY_AGG(t ORDER BY n DESC)) FROM app.d8 AS t")).toBe(
    '[{"s":"abc","n":"123.45","a":[1,2],"r":{"x":1,"y":"z"}},{"s":null,"n":0,"a":[],"r":null}]',
  );
});

const query = (text: string): Sql => raw(text);
it("stages a query by one job, by the names of its columns", async () => {
  const source = query("SELECT JSON '{\"a\":1}' AS J, 'x' AS v, 7 AS id, TRUE AS more");
  expect(await jobs(() => stage(p.link, at("q1"), columns, source, io()))).toEqual(["query ok"]);
  expect(await p.cell("SELECT TO_JSON_STRING(t) FROM app.q1 AS t")).toBe('{"id":7,"V":"x","j":{"a":1}}');
  expect((await failure(stage(p.link, at("q1"), columns, query("SELECT 1 AS id, '' AS v"), io()))).message).toContain(
    'no column "j"',
  );
});

it.each([
  ["1.5", "INT64", "int64"],
  ["NUMERIC '1.234'", "NUMERIC(5,2)", "decimal(5,2)"],
  ["0.1", "INT64", "int64"],
  ["'four'", "STRING(3)", "string"],
  ["TIMESTAMP '2024-01-01 00:00:01+00:00'", "DATE", "date"],
  ["'maybe'", "BOOL", "bool"],
  ["2", "BOOL", "bool"],
] as const)("refuses a query's value that does not fit: %s in %s", async (value, native, type) => {
  const e = await failure(stage(p.link, at("q2"), [column("v", type, native)], query(`SELECT ${value} AS v`), io()));
  expect(e).toMatchObject({ kind: "bad-data", outcome: "not-applied" });
  expect(e.message).toContain('column "v"');
});

it.each([
  ["NULL", "DATE", "date", "null"],
  ["0.5", "NUMERIC(5,2)", "decimal(5,2)", '"0.5"'],
  ["DATE '2024-01-01'", "TIMESTAMP", "timestamp", '"2024-01-01T00:00:00Z"'],
  ["' 2024-01-01 02:00:00+02:00 '", "TIMESTAMP", "timestamp", '"2024-01-01T00:00:00Z"'],
  ["'12.00'", "INT64", "int64", "12"],
  ["CAST('nan' AS FLOAT64)", "FLOAT64", "float64", '"NaN"'],
  ["JSON '5'", "INT64", "int64", "5"],
  ["12", "STRING", "string", '"12"'],
] as const)("takes a query's value that fits: %s in %s", async (value, native, type, json) => {
  await stage(p.link, at("q3"), [column("v", type, native)], query(`SELECT ${value} AS v`), io());
  expect(await p.cell("SELECT TO_JSON_STRING(v) FROM app.q3")).toBe(json);
});

it("refuses NULL of a query in a column that is NOT NULL", async () => {
  const e = await failure(stage(p.link, at("q4"), [column("v", "int64", "INT64", false)], query("SELECT NULL AS v"), io()));
  expect(e.outcome).toBe("not-applied");
});

it("stops where it is aborted, before the job", async () => {
  const controller = new AbortController();
  const source = async function* (): AsyncGenerator<Batch> {
    yield* rowsOf(1);
    controller.abort();
    yield* rowsOf(1);
  };
  expect(
    await jobs(async () => {
      const e = await failure(stage(p.link, at("d9"), columns, source(), io({ signal: controller.signal })));
      expect(e).toMatchObject({ kind: "cancelled", outcome: "not-applied" });
    }),
  ).toEqual([]);
});
