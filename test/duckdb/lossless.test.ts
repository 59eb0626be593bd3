import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ColumnShape, type ColumnType, type FileSet, template } from "cutover/adapter";
import { describe, expect, it } from "vitest";
import { batches, column, type Desk, faultOf, folder, io, kindOf, open } from "./harness.js";

/** Stages one value of a query into a column of that type. */
async function cast(desk: Desk, expression: string, native: string, type: ColumnType): Promise<unknown> {
  await desk.q(`CREATE OR REPLACE TABLE one (x ${native})`);
  const query = { "~sql": true, strings: [`SELECT ${expression} AS x`], values: [] } as const;
  await desk.session.stage(desk.ref("one"), [column("x", type, native)], query, io());
  return (await desk.q("FROM one"))[0]?.["x"];
}
async function load(
  desk: Desk,
  set: FileSet,
  ...columns: (readonly [string, string, ColumnType])[]
): Promise<readonly unknown[]> {
  await desk.q(`CREATE OR REPLACE TABLE t (${columns.map(([name, native]) => `"${name}" ${native}`).join(", ")})`);
  await desk.session.stage(
    desk.ref("t"),
    columns.map(([name, native, type]) => column(name, type, native)),
    set,
    io(),
  );
  return (await desk.q("FROM t")).map((row) => columns.map(([name]) => row[name]));
}

describe("what does not fit without loss fails the whole", () => {
  it.each([
    ["1.5::DOUBLE", "BIGINT", "int64"],
    ["1e30::DOUBLE", "BIGINT", "int64"],
    ["'nan'::DOUBLE", "BIGINT", "int64"],
    ["9007199254740993::BIGINT", "DOUBLE", "float64"],
    ["300::BIGINT", "TINYINT", "int64"],
    ["-1::INTEGER", "UINTEGER", "int64"],
    ["1.005::DECIMAL(9,3)", "DECIMAL(18,2)", "decimal(18,2)"],
    ["0.123::DOUBLE", "DECIMAL(18,2)", "decimal(18,2)"],
    ["0.123456789012::DOUBLE", "FLOAT", "float64"],
    ["'2024-01-01 00:00:00.123456789'::TIMESTAMP_NS", "TIMESTAMP", "datetime"],
    ["'2024-01-01 00:00:00.5'::TIMESTAMP", "TIMESTAMP_S", "datetime"],
    ["'2024-01-01 10:00:00'::TIMESTAMP", "DATE", "date"],
    ["2::INTEGER", "BOOLEAN", "bool"],
    ["'\\xFF'::BLOB", "VARCHAR", "string"],
    ["'1.5'", "BIGINT", "int64"],
    ["'1e-1'", "BIGINT", "int64"],
    ["''", "BIGINT", "int64"],
    ["'1.005'", "DECIMAL(18,2)", "decimal(18,2)"],
    ["'1.5e-2'", "DECIMAL(18,2)", "decimal(18,2)"],
    ["'1e400'", "DOUBLE", "float64"],
    ["'2024-01-01 10:00'", "DATE", "date"],
    ["'2024-02-30'", "DATE", "date"],
    ["'10:00:00.1234567'", "TIME", "time"],
    ["'2024-01-01 00:00:00.1234567'", "TIMESTAMP", "datetime"],
    ["'2024-01-01T00:00:00.1234567Z'", "TIMESTAMP WITH TIME ZONE", "timestamp"],
    ["'yesterday'", "TIMESTAMP", "datetime"],
    ["'c'", "ENUM('a', 'b')", "string"],
    ["'zz'", "UUID", "string"],
    ["'{bad'", "JSON", "json"],
  ] as const)("%s into %s", async (expression, native, type) => {
    const desk = await open();
    const found = await faultOf(desk, cast(desk, expression, native, type));
    expect(found).toMatchObject({ kind: "bad-data", outcome: "not-applied", hint: expect.stringMatching(/[a-z].*\.$/) });
    expect(await desk.q("FROM one")).toEqual([]);
  });

  it.each([
    ["2.0::DOUBLE", "BIGINT", "int64", 2n],
    ["9007199254740992::BIGINT", "DOUBLE", "float64", 9007199254740992],
    ["0.1::DOUBLE", "FLOAT", "float64", Math.fround(0.1)],
    ["0.1::DOUBLE", "DECIMAL(18,2)", "decimal(18,2)", "0.10"],
    ["1.50::DECIMAL(9,2)", "DECIMAL(9,1)", "decimal(9,1)", "1.5"],
    ["'2024-01-01 00:00:00.123456000'::TIMESTAMP_NS", "TIMESTAMP", "datetime", 1_704_067_200_123_456n],
    ["DATE '2024-01-01'", "TIMESTAMP", "datetime", 1_704_067_200_000_000n],
    ["{'a': [1, NULL]}", "JSON", "json", '{"a":[1,null]}'],
    ["'é'::VARCHAR", "BLOB", "bytes", new Uint8Array([0xc3, 0xa9])],
    ["' 12 '", "BIGINT", "int64", 12n],
    ["'+5.00'", "BIGINT", "int64", 5n],
    ["'1e-2'", "DECIMAL(18,2)", "decimal(18,2)", "0.01"],
    ["'.5'", "DECIMAL(18,2)", "decimal(18,2)", "0.50"],
    ["'-inf'", "DOUBLE", "float64", Number.NEGATIVE_INFINITY],
    ["'2024-01-01T02:00:00+02:00'", "TIMESTAMP", "datetime", 1_704_067_200_000_000n],
    ["'2024-01-01 00:00:00'", "TIMESTAMP WITH TIME ZONE", "timestamp", 1_704_067_200_000_000n],
    ["'2023-12-31 19:00:00.000001-05'", "TIMESTAMP WITH TIME ZONE", "timestamp", 1_704_067_200_000_001n],
    ["'2024-01-01'", "TIMESTAMP", "datetime", 1_704_067_200_000_000n],
    ["'2024-01-01T00:00:00.100000000Z'", "TIMESTAMP", "datetime", 1_704_067_200_100_000n],
  ] as const)("%s fits %s", async (expression, native, type, value) => {
    expect(await cast(await open(), expression, native, type)).toEqual(value);
  });

  it("refuses rows whose values are of another type, and leaves what was staged before", async () => {
    const desk = await open();
    await desk.q("CREATE TABLE t (x INTEGER, s VARCHAR, j JSON)");
    const columns = [column("x", "int64", "INTEGER"), column("s", "string", "VARCHAR"), column("j", "json", "JSON")];
    await desk.session.stage(desk.ref("t"), columns, batches([1n, "a", "{}"]), io());
    for (const bad of [
      [2n ** 31n, "a", "{}"],
      ["1", "a", "{}"],
      [1, "a", "{}"],
      [1n, "\udfff", "{}"],
      [1n, 5, "{}"],
      [1n, "a", "{"],
      [undefined, "a", "{}"],
    ]) {
      expect(await kindOf(desk, desk.session.stage(desk.ref("t"), columns, batches([7n, "x", "1"], bad), io()))).toBe("bad-data");
    }
    expect(await desk.q("FROM t")).toEqual([{ x: 1n, s: "a", j: "{}" }]);
  });

  it("rows that the table itself refuses, and what stood there before stays", async () => {
    const desk = await open();
    await desk.q("CREATE TABLE t AS SELECT 5 AS x");
    const columns = [{ ...column("x", "int64", "BIGINT"), nullable: false }, column("m", "string", "ENUM('a')")];
    const kind = (given: readonly ColumnShape[], ...rows: readonly (readonly unknown[])[]) =>
      kindOf(desk, desk.session.stage(desk.ref("t"), given, batches(...rows), io()));
    expect(await kind(columns, [1n, "a"], [null, "a"])).toBe("bad-data");
    expect(await kind(columns, [1n, "a"], [2n, "b"])).toBe("bad-data");
    expect(await kind(columns.slice(0, 1), [1n], [null])).toBe("bad-data");
    expect(await kind([column("x", "string", "UUID")], ["no uuid"])).toBe("bad-data");
    expect(await desk.q("FROM t")).toEqual([{ x: 5n }]);
    expect(await desk.session.stage(desk.ref("t"), columns, batches([1n, "a"]), io())).toEqual({ rows: 1 });
    expect(await desk.q("FROM t")).toEqual([{ x: 1n, m: "a" }]);
  });

  it("passes on what a source throws, untouched", async () => {
    const desk = await open();
    await desk.q("CREATE TABLE t (x BIGINT)");
    const broken = new Error("the feed broke");
    async function* feed() {
      yield { rows: 1, columns: [[1n]] };
      throw broken;
    }
    await expect(desk.session.stage(desk.ref("t"), [column("x", "int64", "BIGINT")], feed(), io())).rejects.toBe(broken);
    expect(await desk.q("FROM t")).toEqual([]);
  });
});

describe("files", () => {
  const file = (name: string, content: string | Uint8Array, dir = folder()): string => {
    writeFileSync(join(dir, name), content);
    return join(dir, name);
  };
  const csv = (content: string): FileSet => ({ urls: [file("f.csv", content)], format: "csv" });
  const ndjson = (content: string): FileSet => ({ urls: [file("f.ndjson", content)], format: "ndjson" });

  it("CSV: by name, an empty field is NULL, an empty quoted one is empty text", async () => {
    const desk = await open();
    expect(
      await load(desk, csv('b,a,unused\n"",1,x\n,2,\n"q""\n",,z\n'), ["a", "BIGINT", "int64"], ["B", "VARCHAR", "string"]),
    ).toEqual([
      [1n, ""],
      [2n, null],
      [null, 'q"\n'],
    ]);
    expect(await load(desk, csv("a\n"), ["a", "BIGINT", "int64"])).toEqual([]);
    expect(
      await load(desk, csv("at\n2024-01-01 00:00:00\n2024-01-01T01:00:00+01:00\n"), [
        "at",
        "TIMESTAMP WITH TIME ZONE",
        "timestamp",
      ]),
    ).toEqual([[1_704_067_200_000_000n], [1_704_067_200_000_000n]]);
  });

  it("NDJSON: no digit is lost, nested values are JSON, a missing key is NULL", async () => {
    const desk = await open();
    const lines = [
      '{"d": 0.12345678901234567890123, "i": 9223372036854775807, "j": {"d": 1, "big": 9007199254740993}, "s": 7}',
      '{"d": "99999999999999.00000000000000000000001", "i": null, "s": "é"}',
      '{ "d" :-1e-3, "j": [1], "s": {"a": true}}',
      "{}",
    ];
    const found = await load(
      desk,
      ndjson(lines.join("\n")),
      ["d", "DECIMAL(38,23)", "decimal(38,23)"],
      ["i", "BIGINT", "int64"],
      ["j", "JSON", "json"],
      ["s", "VARCHAR", "string"],
    );
    expect(found).toEqual([
      ["0.12345678901234567890123", 9223372036854775807n, '{"d":1,"big":9007199254740993}', "7"],
      ["99999999999999.00000000000000000000001", null, null, "é"],
      ["-0.00100000000000000000000", null, "[1]", '{"a":true}'],
      [null, null, null, null],
    ]);
  });

  it("NDJSON: digits that cannot be told apart are refused", async () => {
    const desk = await open();
    const twice = ndjson('{"d": 0.1, "j": {"d": 0.10000000000000000000001}}\n');
    expect(await kindOf(desk, load(desk, twice, ["d", "DECIMAL(38,23)", "decimal(38,23)"]))).toBe("bad-data");
  });

  it("several files, folders and globs; never files with different columns", async () => {
    const desk = await open();
    const dir = folder();
    file("1.csv", "a,b\n1,x\n", dir);
    file("2.csv", "b,a\ny,2\n", dir);
    const columns = [
      ["a", "BIGINT", "int64"],
      ["b", "VARCHAR", "string"],
    ] as const;
    const both = [
      [1n, "x"],
      [2n, "y"],
    ];
    for (const urls of [
      [join(dir, "*.csv")],
      [dir],
      [join(dir, "1.csv"), join(dir, "2.csv")],
      [`file://${dir}/1.csv`, join(dir, "2.csv")],
    ]) {
      expect(await load(desk, { urls, format: "csv" }, ...columns)).toEqual(both);
    }
    file("3.csv", "a,c\n3,z\n", dir);
    expect(await faultOf(desk, load(desk, { urls: [dir], format: "csv" }, ...columns))).toMatchObject({
      kind: "bad-file",
      hint: expect.stringContaining("3.csv"),
    });
    await desk.q(`COPY (SELECT 1::BIGINT AS a) TO '${dir}/1.parquet'`);
    await desk.q(`COPY (SELECT 1.5::DOUBLE AS a) TO '${dir}/2.parquet'`);
    expect(await kindOf(desk, load(desk, { urls: [`${dir}/*.parquet`], format: "parquet" }, ["a", "BIGINT", "int64"]))).toBe(
      "bad-file",
    );
  });

  it("a file that is missing, empty, cut off or of another kind is named", async () => {
    const desk = await open();
    const dir = folder();
    await desk.q(`COPY (SELECT range AS a, repeat('x', 100) AS b FROM range(10000)) TO '${dir}/good.parquet'`);
    const good = readFileSync(join(dir, "good.parquet"));
    file("cut.parquet", good.subarray(0, good.length - 50), dir);
    file("hole.parquet", Buffer.concat([good.subarray(0, 4), Buffer.alloc(2000), good.subarray(2004)]), dir);
    file("empty.csv", "", dir);
    file("cut.csv", 'a,b\n1,"open', dir);
    file("cut.ndjson", '{"a":1}\n{"a":', dir);
    file("other.csv", "z\n1\n", dir);
    mkdirSync(join(dir, "void"));
    const cases = [
      ["cut.parquet", "parquet"],
      ["hole.parquet", "parquet"],
      ["empty.csv", "csv"],
      ["cut.csv", "csv"],
      ["cut.ndjson", "ndjson"],
      ["other.csv", "csv"],
      ["none.csv", "csv"],
      ["none*.csv", "csv"],
      ["void", "csv"],
      ["good.parquet", "ndjson"],
      ["cut.csv", "parquet"],
    ] as const;
    for (const [name, format] of cases) {
      const found = await faultOf(desk, load(desk, { urls: [join(dir, name)], format }, ["a", "BIGINT", "int64"]));
      expect(found, name).toMatchObject({ kind: "bad-file", outcome: "not-applied", hint: expect.stringContaining(name) });
    }
  });

  it("columnsOf tells names and types of files and queries", async () => {
    const desk = await open();
    const shown = async (source: Parameters<Desk["session"]["columnsOf"]>[0]) =>
      (await desk.session.columnsOf(source, io())).map((c) => [c.name, c.type]);
    expect(await shown(csv("id,at,note\n1,2024-01-01 00:00:00,x\n"))).toEqual([
      ["id", "int64"],
      ["at", "datetime"],
      ["note", "string"],
    ]);
    expect(await shown(ndjson('{"id":1,"o":{"a":1}}\n{"id":2.5,"late":true}\n'))).toEqual([
      ["id", "float64"],
      ["o", "json"],
      ["late", "bool"],
    ]);
    expect(await shown(template`SELECT 1::BIGINT AS a, ${"x"} AS b, uuid() AS c, sum(1) AS d`)).toEqual([
      ["a", "int64"],
      ["b", "string"],
      ["c", "string"],
      ["d", "decimal(38,0)"],
    ]);
  });
});
