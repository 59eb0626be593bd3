import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import type { ColumnShape } from "cutover/adapter";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BigQueryFault } from "../../adapters/bigquery/errors.js";
import { linesOf } from "../../adapters/bigquery/stage/lines.js";
import { fieldOf, nativeOf } from "../../adapters/bigquery/stage/schema.js";
import { spool } from "../../adapters/bigquery/stage/spool.js";

const column = (type: ColumnShape["type"], native: string, nullable = true): ColumnShape => ({
  name: "v",
  type,
  native,
  nullable,
});
const line = (c: ColumnShape, v: unknown): string => linesOf([c])({ rows: 1, columns: [[v]] }).trimEnd();

describe("a row on its way to a load job", () => {
  it.each([
    ["int64", "INT64", 9_007_199_254_740_993n, '{"v":"9007199254740993"}'],
    ["int64", "INT64", -1n, '{"v":-1}'],
    ["float64", "FLOAT64", Number.NaN, '{"v":"NaN"}'],
    ["float64", "FLOAT64", Number.NEGATIVE_INFINITY, '{"v":"-Infinity"}'],
    ["float64", "FLOAT64", -0, '{"v":"-0.0"}'],
    ["float64", "FLOAT64", 1e-7, '{"v":1e-7}'],
    ["decimal(38,9)", "NUMERIC", "0.100000000", '{"v":"0.100000000"}'],
    ["string", "STRING", "", '{"v":""}'],
    ["string", "STRING", 'a"\n\u0000\u2028', `{"v":${JSON.stringify('a"\n\u0000\u2028')}}`],
    ["string", "STRING(2)", "😀😀", '{"v":"😀😀"}'],
    ["date", "DATE", -719_162, '{"v":"0001-01-01"}'],
    ["time", "TIME", 86_399_999_999n, '{"v":"23:59:59.999999"}'],
    ["timestamp", "TIMESTAMP", -1n, '{"v":"1969-12-31 23:59:59.999999+00:00"}'],
    ["timestamp", "TIMESTAMP", 253_402_300_799_999_999n, '{"v":"9999-12-31 23:59:59.999999+00:00"}'],
    ["datetime", "DATETIME", 1n, '{"v":"1970-01-01 00:00:00.000001"}'],
    ["bytes", "BYTES", new Uint8Array([0, 255]), '{"v":"AP8="}'],
    ["json", "JSON", "null", '{"v":null}'],
    ["json", "JSON", '{"a":\n18446744073709551615}', '{"v":{"a": 18446744073709551615}}'],
    ["string", "ARRAY<INT64>", "[1,\n2]", '{"v":[1, 2]}'],
    ["string", "INTERVAL", "1-2 -3 -4:5:6.5", '{"v":"P1Y2M-3DT-4H-5M-6.5S"}'],
    ["string", "GEOGRAPHY", "POINT(1 2)", '{"v":"POINT(1 2)"}'],
    ["string", "STRING", null, "{}"],
  ] as const)("%s in %s: %s", (type, native, value, written) => {
    expect(line(column(type, native), value)).toBe(written);
  });

  it.each([
    ["int64", "INT64", 2n ** 63n],
    ["float64", "FLOAT64", "1"],
    ["decimal(5,2)", "NUMERIC(5,2)", "1.234"],
    ["decimal(38,10)", "NUMERIC", "0.0000000001"],
    ["decimal(5,2)", "NUMERIC(5,2)", ""],
    ["string", "STRING(3)", "four"],
    ["string", "STRING", "\ud800"],
    ["string", "ARRAY<INT64>", "1"],
    ["bytes", "BYTES(1)", new Uint8Array(2)],
    ["date", "DATE", 2_932_897],
    ["timestamp", "TIMESTAMP", 253_402_300_800_000_000n],
    ["time", "TIME", 86_400_000_000n],
    ["json", "JSON", "{"],
    // A float of 64 bits has not so many digits.
    ["json", "JSON", '{"n":0.12345678901234567890123}'],
    ["json", "JSON", "[123456789012345678901]"],
    ["bool", "BOOL", 1],
  ] as const)("is refused: %s in %s: %s", (type, native, value) => {
    expect(() => line(column(type, native), value)).toThrow(
      expect.objectContaining({ fault: expect.objectContaining({ kind: "bad-data" }) }),
    );
  });

  it("is refused with NULL where the column is NOT NULL", () => {
    expect(() => line(column("string", "STRING", false), null)).toThrow('column "v"');
  });
  it("is refused where it is longer than a load job takes", () => {
    expect(() => line(column("string", "STRING"), "x".repeat(100_000_000))).toThrow("100 MB");
  });
  it("keeps JSON numbers that only look long", () => {
    for (const json of ["1.0000000000000000000", "123456789012345680000", "1e300", '"1234567890123456789.1"', "5e-324"])
      expect(line(column("json", "JSON"), json)).toBe(`{"v":${json}}`);
  });
});

describe("a native type", () => {
  it.each([
    "INT64",
    "NUMERIC(10,2)",
    "STRING(3)",
    "ARRAY<FLOAT64>",
    "STRUCT<`a b` INT64, `c` ARRAY<STRUCT<`d` NUMERIC(5,2)>>>",
    "RANGE<DATE>",
  ])("%s is the same after the way through the API", (native) => {
    expect(nativeOf(fieldOf({ name: "v", native, nullable: true }))).toBe(native);
  });
  it("is REQUIRED where it is not nullable, and an array REPEATED", () => {
    expect(fieldOf({ name: "v", native: "INT64", nullable: false })).toEqual({ name: "v", type: "INT64", mode: "REQUIRED" });
    expect(fieldOf({ name: "v", native: "ARRAY<INT64>", nullable: false })).toEqual({
      name: "v",
      type: "INT64",
      mode: "REPEATED",
    });
  });
  it.each(["ARRAY<INT64", "NUMERIC(a)", "", "ARRAY<ARRAY<INT64>>"])("that is none is refused: %s", (native) => {
    expect(() => fieldOf({ name: "v", native, nullable: true })).toThrow(BigQueryFault);
  });
});

describe("rows that wait for their upload", () => {
  const before = process.env["TMPDIR"];
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rows-"));
    process.env["TMPDIR"] = folder;
  });
  afterEach(async () => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    await rm(folder, { recursive: true, force: true });
  });
  /** Texts that hardly get smaller, of so many MB. */
  async function* texts(mb: number, end?: () => never): AsyncGenerator<string> {
    for (let i = 0; i < mb; i++) yield randomBytes(750_000).toString("base64");
    end?.();
  }

  it("few in memory, many in a file, and can be sent more than once", async () => {
    const few = await spool(texts(1));
    expect(await readdir(folder)).toEqual([]);
    const many = await spool(texts(14));
    expect(await readdir(folder)).toHaveLength(1);
    for (const spooled of [few, many]) {
      const [first, second] = [await buffer(spooled.body()), await buffer(spooled.body())];
      expect(first.equals(second)).toBe(true);
      expect(gunzipSync(first).length % 1_000_000).toBe(0);
      await spooled.close();
    }
    expect(await readdir(folder)).toEqual([]);
  });
  it("leave nothing when their source fails", async () => {
    const failing = texts(14, () => {
      throw new Error("of the source");
    });
    await expect(spool(failing)).rejects.toThrow("of the source");
    expect(await readdir(folder)).toEqual([]);
  });
  it("are refused where they are more than a load job takes", async () => {
    const e = await spool(texts(14), 9_000_000).catch((error: unknown) => error);
    expect(e).toMatchObject({ fault: { kind: "unsupported", outcome: "not-applied" } });
    expect((e as BigQueryFault).fault.hint).toContain("gs://");
    expect(await readdir(folder)).toEqual([]);
  });
  it("are refused with what to do when there is no room for them", async () => {
    process.env["TMPDIR"] = join(folder, "nowhere");
    const e = await spool(texts(14)).catch((error: unknown) => error);
    expect(e).toMatchObject({ fault: { kind: "resources", outcome: "not-applied" } });
    expect((e as BigQueryFault).fault.hint).toContain("TMPDIR");
  });
});
