import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { ColumnShape, FileSet, TableRef } from "cutover/adapter";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { columnsOf, stage } from "../../adapters/bigquery/stage/index.js";
import { localRows } from "../../adapters/bigquery/stage/local.js";
import { parquetFile } from "../../src/conformance/parquet.js";
import { failure, io, type Place, places } from "./links.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "files-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const file = async (name: string, content: string | Uint8Array): Promise<string> => {
  await writeFile(join(folder, name), content);
  return join(folder, name);
};
const column = (name: string, type: ColumnShape["type"], native: string, nullable = true): ColumnShape => ({
  name,
  type,
  native,
  nullable,
});
const columns = [column("id", "int64", "INT64"), column("v", "string", "STRING"), column("j", "json", "JSON")];
async function read(set: FileSet, wanted = columns): Promise<readonly (readonly unknown[])[]> {
  const rows: unknown[][] = [];
  for await (const b of localRows(wanted, set)) for (let i = 0; i < b.rows; i++) rows.push(b.columns.map((c) => c[i]));
  return rows;
}
const csv = (...urls: readonly string[]): FileSet => ({ urls, format: "csv" });
const ndjson = (...urls: readonly string[]): FileSet => ({ urls, format: "ndjson" });

describe("local CSV files", () => {
  it("are read by their headers, in any order and case, compressed or not", async () => {
    const urls = [
      await file("a.csv", '\ufeffid,j,"V",more\n1,[1],"x, ""y""\n z",\n'),
      await file("b.csv.gz", gzipSync("v,ID,j,more\n,2,,\n\n")),
      await file("it's *.csv", 'id,v,j,more\r\n3,"",null,'),
    ];
    expect(await read(csv(...urls))).toEqual([
      [1n, 'x, "y"\n z', "[1]"],
      [2n, null, null],
      [3n, "", "null"],
    ]);
  });
  it("keep what stands across the parts in which a file is read", async () => {
    const long = `"${'0123456789\r\n""é'.repeat(60_000)}"`;
    const url = await file("long.csv", `id,v,j\n1,${long},\n2,${long},{}\n`);
    const rows = await read(csv(url));
    expect(rows.map((r) => r[0])).toEqual([1n, 2n]);
    expect(rows[1]?.[1]).toBe('0123456789\r\n"é'.repeat(60_000));
  });
  it.each([
    ["a field too few", "id,v,j\n1,,\n2,\n", "line 3"],
    ["quotes that stay open", 'id,v,j\n1,"x,\n', "line 2"],
    ["quotes inside a field", 'id,v,j\n1,x"y",\n', "line 2"],
    ["a value that does not fit", "id,v,j\n1.5,,\n", '"1.5"'],
    ["no such column", "id,v\n1,\n", 'no column "j"'],
  ])("are refused: %s", async (_, content, told) => {
    const url = await file("bad.csv", content);
    await expect(read(csv(url))).rejects.toThrow(told);
  });
  it("are refused where they are no UTF-8, or cut off", async () => {
    await expect(read(csv(await file("l.csv", Buffer.from("id,v,j\n1,\xe9,\n", "latin1"))))).rejects.toThrow("cannot be read");
    const whole = gzipSync(`id,v,j\n${"1,x,\n".repeat(10_000)}`);
    await expect(read(csv(await file("c.csv.gz", whole.subarray(0, whole.length - 20))))).rejects.toThrow("cannot be read");
  });
  it("are refused where their columns differ", async () => {
    const urls = [await file("a.csv", "id,v,j\n"), await file("b.csv", "id,v,j,k\n")];
    await expect(read(csv(...urls))).rejects.toThrow("has other columns than");
  });
  it.each([
    ["int64", "INT64", " +12.00 ", 12n],
    ["float64", "FLOAT64", "-inf", Number.NEGATIVE_INFINITY],
    ["float64", "FLOAT64", "1e3", 1000],
    ["decimal(10,3)", "NUMERIC(10,3)", "-1.25e-1", "-0.125"],
    ["bool", "BOOL", "Yes", true],
    ["date", "DATE", "2024-01-01 00:00:00", 19_723],
    ["time", "TIME", "12:34", 45_240_000_000n],
    ["timestamp", "TIMESTAMP", "2024-01-01 02:00:00.5+02:00", 1_704_067_200_500_000n],
    ["timestamp", "TIMESTAMP", "2024-01-01T00:00:00 UTC", 1_704_067_200_000_000n],
    ["timestamp", "TIMESTAMP", "2024-01-01", 1_704_067_200_000_000n],
    ["datetime", "DATETIME", "2024-01-01T00:00:00", 1_704_067_200_000_000n],
    ["bytes", "BYTES", "AP8=", new Uint8Array([0, 255])],
  ] as const)("hold %s as people write it: %s %s", async (type, native, text, value) => {
    const url = await file("v.csv", `v\n"${text}"\n`);
    expect(await read(csv(url), [column("v", type, native)])).toEqual([[value]]);
  });
  it.each([
    ["int64", "INT64", "0x10"],
    ["int64", "INT64", ""],
    ["float64", "FLOAT64", "1e400"],
    ["bool", "BOOL", "2"],
    ["date", "DATE", "2024-02-30"],
    ["date", "DATE", "2024-01-01 10:00"],
    ["timestamp", "TIMESTAMP", "2024-01-01 00:00:00.1234567"],
    ["bytes", "BYTES", "no base64!"],
  ] as const)("hold no %s: %s %s", async (type, native, text) => {
    const url = await file("v.csv", `v\n"${text}"\n`);
    await expect(read(csv(url), [column("v", type, native)])).rejects.toThrow('column "v"');
  });
});

describe("local NDJSON files", () => {
  it("keep the digits of numbers and the text of what is nested", async () => {
    const wanted = [column("d", "decimal(38,9)", "NUMERIC"), column("j", "json", "JSON"), column("s", "string", "STRING")];
    const lines = [
      '{"d":12345678901234567890.123456789,"j":{"a":[1.10,"}"]},"s":"\\"\\u00e9\u2028"}',
      '  { "s" : [1, 2] , "x" : {"d":1} , "d" : null , "J" : "t" }\r',
      "",
      '{"d":1e2}',
    ];
    expect(await read(ndjson(await file("a.ndjson", lines.join("\n"))), wanted)).toEqual([
      ["12345678901234567890.123456789", '{"a":[1.10,"}"]}', '"é\u2028'],
      [null, '"t"', "[1, 2]"],
      ["100.0", null, null],
    ]);
  });
  it.each([
    ["what is no object", "[1]", "line 1"],
    ["what is no JSON", '{"id":1,}', "line 1"],
    ["a key twice", '{"id":1,"id":2}', "line 1"],
    ["a column that no object has", '{"id":1,"v":""}', 'no column "j"'],
    ["a value that does not fit", '{"id":1.5,"v":"","j":1}', '"1.5"'],
  ])("are refused: %s", async (_, content, told) => {
    await expect(read(ndjson(await file("bad.ndjson", `${content}\n`)))).rejects.toThrow(told);
  });
  it("are found by folder and by pattern", async () => {
    await mkdir(join(folder, "deep", "er"), { recursive: true });
    for (const name of ["deep/1.ndjson", "deep/er/2.ndjson", "deep/no.txt"]) await file(name, '{"id":1,"v":"x","j":1}\n');
    expect(await read(ndjson(join(folder, "deep")))).toHaveLength(1);
    expect(await read(ndjson(join(folder, "**/*.ndjson")))).toHaveLength(2);
    await expect(read(ndjson(join(folder, "*.parquet")))).rejects.toThrow("no file at");
  });
});

describe("with a project", () => {
  const all = places();
  let p: Place;
  beforeAll(async () => {
    p = await all.open();
  });
  afterAll(() => all.end());
  const at = (name: string): TableRef => ({ path: [p.sim.project, "app", name] });
  const tables = async (): Promise<readonly string[]> => {
    const answer = (await p.link.rest({ method: "GET", path: "/datasets/app/tables" }, io())) as {
      readonly tables?: readonly { readonly tableReference: { readonly tableId: string } }[];
    };
    return (answer.tables ?? []).map((t) => t.tableReference.tableId);
  };
  const typesOf = async (set: FileSet): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries((await columnsOf(p.link, set, io())).map((c) => [c.name, c.type]));

  it("local text files are loaded by one job", async () => {
    const mark = p.sim.counts.mark();
    const urls = [await file("a.csv", 'id,v,j\n1,"",[1]\n'), await file("b.csv", "id,v,j\n2,,\n")];
    expect(await stage(p.link, at("f1"), columns, csv(...urls), io())).toEqual({ rows: 2 });
    expect(p.sim.counts.since(mark).kinds).toEqual({ load: 1 });
    expect(await p.cell("SELECT TO_JSON_STRING(ARRAY_AGG(t ORDER BY id)) FROM app.f1 AS t")).toBe(
      '[{"id":1,"v":"","j":[1]},{"id":2,"v":null,"j":null}]',
    );
  });
  it("Parquet files are loaded as they are, cast, and nothing else is left", async () => {
    const urls = [await file("a.parquet", parquetFile()), await file("b.parquet", parquetFile())];
    const wanted = [column("id", "int64", "INT64", false), column("c5", "string", "STRING")];
    const { rows } = await stage(p.link, at("f2"), wanted, { urls, format: "parquet" }, io());
    expect(rows).toBeGreaterThan(0);
    expect(await p.cell("SELECT CAST(COUNT(*) AS STRING) FROM app.f2")).toBe(String(rows));
    expect((await tables()).filter((t) => t.includes("_raw_"))).toEqual([]);
    const e = await failure(stage(p.link, at("f2"), [column("c5", "int64", "INT64")], { urls, format: "parquet" }, io()));
    expect(e.kind).toBe("bad-data");
    expect((await tables()).filter((t) => t.includes("_raw_"))).toEqual([]);
  });
  it("a file that is no Parquet is told by its name", async () => {
    const url = await file("bad.parquet", "PAR1 and something that is none PAR1");
    const e = await failure(stage(p.link, at("f3"), columns, { urls: [url], format: "parquet" }, io()));
    expect(e).toMatchObject({ kind: "bad-file" });
    expect(e.message).toContain("bad.parquet");
  });
  it("files of a bucket are loaded by one job and cast by another", async () => {
    await p.sim.bucket("data", {
      "in/a.csv": 'v,id,j\n"x, y",1.0,[1]\n',
      "in/b.csv": 'v,id,j\n,2,\n"",3,\n',
      "in/a.ndjson": '{"id":9007199254740993,"j":{"a":1},"v":5}\n{"id":2,"v":null}\n',
    });
    const mark = p.sim.counts.mark();
    expect(await stage(p.link, at("f4"), columns, csv("gs://data/in/*.csv"), io())).toEqual({ rows: 3 });
    expect(p.sim.counts.since(mark).kinds).toEqual({ load: 1, query: 1 });
    expect(await p.cell("SELECT TO_JSON_STRING(ARRAY_AGG(t ORDER BY id)) FROM app.f4 AS t")).toBe(
      '[{"id":1,"v":"x, y","j":[1]},{"id":2,"v":null,"j":null},{"id":3,"v":"","j":null}]',
    );
    expect(await stage(p.link, at("f5"), columns, ndjson("gs://data/in/a.ndjson"), io())).toEqual({ rows: 2 });
    expect(await p.cell("SELECT TO_JSON_STRING(ARRAY_AGG(t ORDER BY id)) FROM app.f5 AS t")).toBe(
      '[{"id":2,"v":null,"j":null},{"id":"9007199254740993","v":"5","j":{"a":1}}]',
    );
    expect((await tables()).filter((t) => t.includes("_raw_"))).toEqual([]);
  });
  it.each([
    [["s3://bucket/a.csv"], "unsupported", "s3://"],
    [["https://example.com/a.csv"], "unsupported", "https://"],
    [["gs://data/a.csv", "b.csv"], "unsupported", "b.csv"],
    [["gs://data/*/*.csv"], "bad-file", "one `*`"],
  ])("%s is refused", async (urls, kind, told) => {
    const e = await failure(stage(p.link, at("f6"), columns, csv(...urls), io()));
    expect(e.kind).toBe(kind);
    expect(`${e.message} ${e.hint}`).toContain(told);
    await expect(columnsOf(p.link, csv(...urls), io())).rejects.toThrow();
  });
  it("the columns of local files are told from what is in them", async () => {
    const url = await file("t.csv", "a,b,c d,e,f,g\n1,2024-01-01,007,2024-01-01 10:00:00Z,,true\n2.5,,x,,,false\n");
    const told = { a: "float64", b: "date", "c d": "string", e: "timestamp", f: "string", g: "bool" };
    expect(await typesOf(csv(url))).toEqual(told);
    const lines = await file("t.ndjson", '{"a":1,"b":"1","c":{},"d":null}\n{"a":2.5,"e":"2024-01-01"}\n');
    expect(await typesOf(ndjson(lines))).toEqual({ a: "float64", b: "string", c: "json", d: "string", e: "date" });
    const parquet = { urls: [await file("t.parquet", parquetFile())], format: "parquet" } as const;
    expect(await typesOf(parquet)).toMatchObject({
      id: "int64",
      c1: "float64",
      c3: "decimal(38,10)",
      c9: "timestamp",
      c10: "datetime",
    });
  });
});
