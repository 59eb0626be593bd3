import { join } from "node:path";
import { type ColumnShape, type ColumnType, stored, template } from "cutover/adapter";
import { describe, expect, it } from "vitest";
import { batches, column, type Desk, folder, io, kindOf, open } from "./harness.js";

const natives: readonly (readonly [ColumnType, string, readonly unknown[]])[] = [
  ["int64", "BIGINT", [2n ** 63n - 1n, -(2n ** 63n), 0n, null]],
  ["int64", "INTEGER", [2_147_483_647n, -2_147_483_648n, 0n, null]],
  ["int64", "TINYINT", [127n, -128n, 0n, null]],
  ["int64", "UINTEGER", [4_294_967_295n, 0n, null]],
  [
    "float64",
    "DOUBLE",
    [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 5e-324, 1.7976931348623157e308, 0.1, null],
  ],
  ["float64", "FLOAT", [0.5, -0, Number.NaN, null]],
  [
    "decimal(38,0)",
    "DECIMAL(38,0)",
    ["99999999999999999999999999999999999999", "-99999999999999999999999999999999999999", "0", null],
  ],
  [
    "decimal(38,38)",
    "DECIMAL(38,38)",
    ["0.99999999999999999999999999999999999999", "-0.00000000000000000000000000000000000001", null],
  ],
  ["decimal(18,2)", "DECIMAL(18,2)", ["9999999999999999.99", "-0.01", "0.00", null]],
  ["decimal(4,1)", "DECIMAL(4,1)", ["999.9", "-999.9", null]],
  ["decimal(9,3)", "DECIMAL(9,3)", ["999999.999", null]],
  ["decimal(38,0)", "HUGEINT", ["170141183460469231731687303715884105727", "-1", null]],
  ["decimal(20,0)", "UBIGINT", ["18446744073709551615", "0", null]],
  [
    "string",
    "VARCHAR",
    ["", "NULL", "a'b\"c,d;e\nf\r\ng\th\\i", "𝔘𝕟𝕚 👩‍👩‍👧 é", "x".repeat(1_000_000), " leading", "\u0000nul", null],
  ],
  ["bool", "BOOLEAN", [true, false, null]],
  ["date", "DATE", [-719_162, 2_932_896, 0, null]],
  ["time", "TIME", [0n, 86_399_999_999n, 1n, null]],
  ["timestamp", "TIMESTAMP WITH TIME ZONE", [-62_135_596_800_000_000n, 253_402_300_799_999_999n, 1n, -1n, null]],
  ["datetime", "TIMESTAMP", [-62_135_596_800_000_000n, 253_402_300_799_999_999n, 1n, -1n, null]],
  ["datetime", "TIMESTAMP_S", [1_704_067_200_000_000n, null]],
  ["datetime", "TIMESTAMP_MS", [1_704_067_200_123_000n, null]],
  ["bytes", "BLOB", [new Uint8Array(), new Uint8Array([0, 255, 92, 39, 34, 10]), null]],
  ["json", "JSON", ['{"a":9007199254740993,"b":[1,null,"x"]}', '"text"', "123456789012345678901234567890", null]],
  ["string", "UUID", ["5e6f5a3e-1111-4222-8333-444455556666", null]],
  ["string", "ENUM('a', 'it''s')", ["a", "it's", null]],
  ["string", "INTEGER[]", ["[1, 2, NULL]", "[]", null]],
  ["string", "STRUCT(a INTEGER, b VARCHAR)", ["{'a': 1, 'b': x y}", null]],
  ["string", "INTERVAL", ["1 day 02:00:00", null]],
  ["string", "TIMESTAMP_NS", ["2024-01-01 00:00:00.123456789", null]],
];
const columns: readonly ColumnShape[] = natives.map(([type, native], i) => column(`c${i} ${native.slice(0, 6)}`, type, native));
const height = Math.max(...natives.map(([, , values]) => values.length));
const rows = Array.from({ length: height }, (_, r) => natives.map(([, , values]) => values[Math.min(r, values.length - 1)]));

async function table(desk: Desk, name: string): Promise<void> {
  await desk.q(`CREATE TABLE ${name} (${columns.map((c) => `"${c.name}" ${c.native}`).join(", ")})`);
}
async function content(desk: Desk, name: string): Promise<readonly unknown[][]> {
  const returns = columns.map((c) => c);
  const found: unknown[][] = [];
  for await (const batch of desk.session.stream(template`SELECT * FROM ${{ ident: [name] }} ORDER BY rowid`, returns, io())) {
    for (const row of batch) found.push(columns.map((c) => row[c.name]));
  }
  return found;
}
// A NUL ends what a CSV reader takes for text.
const portable = (r: readonly unknown[]): readonly unknown[] => r.map((v) => (v === "\u0000nul" ? "nul" : v));

describe("every type, to its last digit", () => {
  it("goes in by rows and comes out the same", async () => {
    const desk = await open();
    await table(desk, "t");
    expect(await desk.session.stage(desk.ref("t"), columns, batches(...rows), io())).toEqual({ rows: rows.length });
    expect(await content(desk, "t")).toEqual(rows);
  });

  it("is described by its canonical type", async () => {
    const desk = await open();
    await table(desk, "t");
    const found = stored((await desk.shape("t")).columns);
    expect(found.map((c) => [c.name, c.type, c.native])).toEqual(columns.map((c) => [c.name, c.type, c.native]));
  });

  it.each(["csv", "ndjson", "parquet"] as const)("goes through %s as the engine writes it", async (format) => {
    const desk = await open();
    const file = join(folder(), `t.${format}`);
    await table(desk, "t");
    await table(desk, "u");
    await desk.session.stage(desk.ref("t"), columns, batches(...rows.map(portable)), io());
    // Parquet holds no HUGEINT, a float in JSON cannot be NaN, and DuckDB writes "-.1" there, which is no JSON.
    const asText = (c: ColumnShape): boolean =>
      format !== "csv" &&
      (c.native === "HUGEINT" || (format === "ndjson" && (c.type === "float64" || c.native === "DECIMAL(38,38)")));
    const exported = columns.map((c) => (asText(c) ? `CAST("${c.name}" AS VARCHAR) AS "${c.name}"` : `"${c.name}"`));
    const how = { csv: "(HEADER)", ndjson: "(FORMAT json)", parquet: "(FORMAT parquet)" }[format];
    await desk.q(`COPY (SELECT ${exported.join(", ")} FROM t) TO '${file}' ${how}`);
    await desk.session.stage(desk.ref("u"), columns, { urls: [file], format }, io());
    expect(await content(desk, "u")).toEqual(rows.map(portable));
  });

  it("goes through a query", async () => {
    const desk = await open();
    await table(desk, "t");
    await table(desk, "u");
    await desk.session.stage(desk.ref("t"), columns, batches(...rows), io());
    await desk.session.stage(desk.ref("u"), columns, template`SELECT * FROM ${{ ident: ["t"] }} WHERE ${1n} = 1`, io());
    expect(await content(desk, "u")).toEqual(rows);
  });

  it("replaces what was staged, and takes columns in any order", async () => {
    const desk = await open();
    await desk.q("CREATE TABLE t (a BIGINT, b VARCHAR)");
    const [a, b] = [column("a", "int64", "BIGINT"), column("b", "string", "VARCHAR")];
    await desk.session.stage(desk.ref("t"), [a, b], batches([1n, "x"]), io());
    await desk.session.stage(desk.ref("t"), [b, a], batches(["y", 2n], ["z", 3n]), io());
    expect(await desk.q("FROM t")).toEqual([
      { a: 2n, b: "y" },
      { a: 3n, b: "z" },
    ]);
  });

  it("binds values with their type, NULL too", async () => {
    const desk = await open();
    const op = {
      sql: template`SELECT typeof(${{ value: null, type: "date" }}) AS n, ${{ value: "1.50", type: "decimal(10,2)" }} AS d, ${2n ** 62n} AS i, ${new Date(0)} AS t, ${-0} AS z`,
    };
    expect((await desk.session.execute(op, io())).rows).toEqual([{ n: "DATE", d: "1.50", i: 2n ** 62n, t: 0n, z: -0 }]);
    expect(
      await kindOf(desk, desk.session.execute({ sql: template`SELECT ${{ value: "1.505", type: "decimal(10,2)" }}` }, io())),
    ).toBe("bad-data");
    expect(await kindOf(desk, desk.session.execute({ sql: template`SELECT ${"\ud800"}` }, io()))).toBe("bad-data");
  });

  it("hands results back as the types asked for", async () => {
    const desk = await open();
    const op = {
      sql: template`SELECT sum(1) AS n, 1.5::DOUBLE AS f, [1, 2] AS l, 5 AS s, 3::DECIMAL(9,2) AS w`,
      returns: { n: "int64", f: "float64", l: "string", s: "string", w: "int64" },
    } as const;
    expect((await desk.session.execute(op, io())).rows).toEqual([{ n: 1n, f: 1.5, l: "[1, 2]", s: "5", w: 3n }]);
    expect(await desk.q("SELECT {'a': 1} AS s, 1 AS \"__proto__\", 170141183460469231731687303715884105727 AS h")).toHaveLength(
      1,
    );
  });
});
