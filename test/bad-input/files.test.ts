import { copyFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { files, table } from "cutover";
import { describe, expect, test } from "vitest";
import { directory, refused, type World, world } from "./support.js";

const head = "id,customer,amount,updated_at";
const line = (n: number): string => `${n},c${n},${n}.50,2024-01-01T00:00:00Z`;
const json = (n: number): string => JSON.stringify({ id: n, customer: `c${n}`, amount: n, updated_at: "2024-01-01T00:00:00Z" });
const select = (n: number): string =>
  `SELECT ${n}::BIGINT AS id, 'c' AS customer, 1.5::DECIMAL(10,2) AS amount, TIMESTAMPTZ '2024-01-01 00:00:00Z' AS updated_at`;

async function start(): Promise<{ w: World; at: (name: string) => string; load: (...names: string[]) => Promise<unknown> }> {
  const w = await world();
  const dir = await directory();
  const at = (name: string): string => join(dir, name);
  return { w, at, load: (...names) => w.etl.run({ orders: files(names.map(at)) }) };
}
const badFile = async (w: World, act: () => unknown, ...said: RegExp[]) => {
  const e = await refused(w, act, "BAD_SOURCE");
  expect(e.context).toMatchObject({ table: "orders", pipeline: "p", release: 3 });
  expect(e.context.reason).not.toBe("");
  for (const words of said) expect(e.message).toMatch(words);
  return e;
};

describe("a file that is missing", () => {
  test.each(["a.parquet", "a.csv", "a.ndjson", "nobody/*.parquet"])("%s", async (name) => {
    const { w, load } = await start();
    await badFile(w, () => load(name), new RegExp(`${name.replaceAll(/[.*]/g, "\\$&")}`));
  });
  test("one of several", async () => {
    const { w, at, load } = await start();
    await writeFile(at("a.csv"), `${head}\n${line(9)}\n`);
    await badFile(w, () => load("a.csv", "b.csv"), /b\.csv/);
  });
  test("a directory without such files", async () => {
    const { w, at } = await start();
    await badFile(w, () => w.etl.run({ orders: files(at(""), { format: "parquet" }) }), /parquet|cutover-bad/);
  });
});

describe("a file that is empty (0 bytes)", () => {
  test.each(["a.parquet", "a.csv", "a.ndjson"])("%s", async (name) => {
    const { w, at, load } = await start();
    await writeFile(at(name), "");
    await badFile(w, () => load(name), new RegExp(name.replace(".", "\\.")), /empty/);
  });
  test("among others", async () => {
    const { w, at } = await start();
    await writeFile(at("a.csv"), `${head}\n${line(9)}\n`);
    await writeFile(at("b.csv"), "");
    await badFile(w, () => w.etl.run({ orders: files(at("*.csv")) }), /b\.csv.*empty/);
  });
  test("a header without rows is nothing to do", async () => {
    const { at, load } = await start();
    await writeFile(at("a.csv"), `${head}\n`);
    expect(await load("a.csv")).toMatchObject({ status: "nothing-to-do" });
  });
});

describe("a file that is truncated or garbled", () => {
  test.each([0.5, 0.95])("parquet, cut at %d of its length", async (share) => {
    const { w, at, load } = await start();
    await w.sql(
      `COPY (SELECT range::BIGINT AS id, md5(range::VARCHAR) AS customer, 1.5::DECIMAL(10,2) AS amount, TIMESTAMPTZ '2024-01-01 00:00:00Z' AS updated_at FROM range(5000)) TO '${at("whole.parquet")}'`,
    );
    const bytes = Number((await w.sql(`SELECT size::INT AS n FROM read_blob('${at("whole.parquet")}')`))[0]!["n"]);
    await copyFile(at("whole.parquet"), at("cut.parquet"));
    await truncate(at("cut.parquet"), Math.floor(bytes * share));
    await badFile(w, () => load("cut.parquet"), /cut\.parquet/);
  });
  test("parquet that is text", async () => {
    const { w, at, load } = await start();
    await writeFile(at("a.parquet"), "this is no parquet file, although it is long enough");
    await badFile(w, () => load("a.parquet"), /a\.parquet/);
  });
  test("csv: a line cut off in the middle", async () => {
    const { w, at, load } = await start();
    await writeFile(at("a.csv"), `${head}\n${line(8)}\n${line(9)}\n10,c1`);
    await badFile(w, () => load("a.csv"), /a\.csv/);
  });
  test("csv: a line with too many values", async () => {
    const { w, at, load } = await start();
    await writeFile(at("a.csv"), `${head}\n${line(8)}\n${line(9)},surplus\n${line(10)}\n`);
    await badFile(w, () => load("a.csv"), /a\.csv/);
  });
  test("csv: a quote that never ends", async () => {
    const { w, at, load } = await start();
    await writeFile(at("a.csv"), `${head}\n8,"c8,8.50,2024-01-01T00:00:00Z\n${line(9)}\n`);
    await badFile(w, () => load("a.csv"), /a\.csv/);
  });
  test("ndjson: an object cut off in the middle", async () => {
    const { w, at, load } = await start();
    await writeFile(at("a.ndjson"), `${json(8)}\n${json(9).slice(0, -12)}`);
    await badFile(w, () => load("a.ndjson"), /a\.ndjson/);
  });
  test.each([
    ["a line that is no JSON", "this is none"],
    ["a line that is no object", "[1, 2]"],
  ])("ndjson: %s", async (_, text) => {
    const { w, at, load } = await start();
    await writeFile(at("a.ndjson"), `${json(8)}\n${text}\n`);
    await badFile(w, () => load("a.ndjson"), /a\.ndjson/);
  });
});

describe("a file of another schema", () => {
  test.each([
    ["a.csv", "id,customer,updated_at\n9,c9,2024-01-01T00:00:00Z\n", /lacks amount/],
    ["a.csv", `${head},colour\n${line(9)},red\n`, /no colour.*onUnknownColumn/],
    ["a.csv", "a,b,c\n1,2,3\n", /lacks id, customer, amount, updated_at; the table has no a, b, c/],
    ["a.ndjson", '{"id":9,"customer":"c9","amount":1}\n', /lacks updated_at/],
    ["a.ndjson", `${json(9).slice(0, -1)},"colour":"red"}\n`, /no colour/],
  ])("%s: %j", async (name, text, said) => {
    const { w, at, load } = await start();
    await writeFile(at(name), text);
    await badFile(w, () => load(name), said, /orders/);
  });
  test("parquet without a column, and with one too many", async () => {
    const { w, at, load } = await start();
    await w.sql(`COPY (SELECT 9::BIGINT AS id, 'x' AS colour) TO '${at("a.parquet")}'`);
    await badFile(w, () => load("a.parquet"), /lacks customer, amount, updated_at/, /no colour/);
  });
  test.each([
    ["parquet: a column more", `${select(9)}, 1 AS extra`],
    ["parquet: another type", select(9).replace("9::BIGINT", "'nine'")],
  ])("two files with different schemas (%s)", async (_, other) => {
    const { w, at } = await start();
    await w.sql(`COPY (${select(8)}) TO '${at("1.parquet")}'`);
    await w.sql(`COPY (${other}) TO '${at("2.parquet")}'`);
    await badFile(w, () => w.etl.run({ orders: files(at("*.parquet")) }), /2\.parquet.*other columns/);
  });
  test("two csv files with different columns", async () => {
    const { w, at, load } = await start();
    await writeFile(at("1.csv"), `${head}\n${line(8)}\n`);
    await writeFile(at("2.csv"), `${head},extra\n${line(9)},1\n`);
    await badFile(w, () => load("1.csv", "2.csv"), /2\.csv.*other columns/);
  });
  test("two ndjson files, of which one lacks a column in every line", async () => {
    const { w, at, load } = await start();
    await writeFile(at("1.ndjson"), `${json(8)}\n`);
    await writeFile(at("2.ndjson"), '{"id":9,"amount":1,"updated_at":"2024-01-01T00:00:00Z"}\n');
    await badFile(w, () => load("1.ndjson", "2.ndjson"), /customer/);
  });
});

describe("values that do not fit", () => {
  test.each([
    ["text into decimal", `9,c9,lots,2024-01-01T00:00:00Z`, /amount.*lots/],
    ["too many digits after the point", "9,c9,1.234,2024-01-01T00:00:00Z", /amount.*1\.234/],
    ["too many digits before the point", "9,c9,123456789.00,2024-01-01T00:00:00Z", /amount.*123456789/],
    ["beyond int64", "9223372036854775808,c9,1,2024-01-01T00:00:00Z", /id.*9223372036854775808/],
    ["a fraction into int64", "9.5,c9,1,2024-01-01T00:00:00Z", /id.*9\.5/],
    ["no date", "9,c9,1,yesterday", /updated_at.*yesterday/],
    ["an impossible date", "9,c9,1,2024-02-30T00:00:00Z", /updated_at.*2024-02-30/],
  ])("csv: %s", async (_, text, said) => {
    const { w, at, load } = await start();
    await writeFile(at("a.csv"), `${head}\n${line(8)}\n${text}\n`);
    await badFile(w, () => load("a.csv"), said);
  });
  test.each([
    ["beyond int64", `{"id":9223372036854775808,"customer":"c","amount":1,"updated_at":"2024-01-01T00:00:00Z"}`, /id/],
    ["decimals that do not fit", `{"id":9,"customer":"c","amount":1.234,"updated_at":"2024-01-01T00:00:00Z"}`, /amount/],
    ["text into int64", `{"id":"nine","customer":"c","amount":1,"updated_at":"2024-01-01T00:00:00Z"}`, /id/],
  ])("ndjson: %s", async (_, text, said) => {
    const { w, at, load } = await start();
    await writeFile(at("a.ndjson"), `${text}\n`);
    await badFile(w, () => load("a.ndjson"), said);
  });
  test.each([
    ["DOUBLE into BIGINT", select(9).replace("9::BIGINT", "9.5::DOUBLE"), /id.*9\.5/],
    ["HUGEINT into BIGINT", select(9).replace("9::BIGINT", "(2::HUGEINT ** 100)::HUGEINT"), /id/],
    ["DOUBLE into DECIMAL", select(9).replace("1.5::DECIMAL(10,2)", "1.234::DOUBLE"), /amount.*1\.234/],
    ["DECIMAL into a smaller one", select(9).replace("1.5::DECIMAL(10,2)", "1.234::DECIMAL(12,3)"), /amount.*1\.234/],
  ])("parquet: %s", async (_, query, said) => {
    const { w, at, load } = await start();
    await w.sql(`COPY (${query}) TO '${at("a.parquet")}'`);
    await badFile(w, () => load("a.parquet"), said);
  });
  test("a DOUBLE that is whole goes into BIGINT", async () => {
    const { w, at, load } = await start();
    await w.sql(`COPY (${select(9).replace("9::BIGINT", "9.0::DOUBLE")}) TO '${at("a.parquet")}'`);
    expect(await load("a.parquet")).toMatchObject({ status: "published" });
  });
  test("a NULL key", async () => {
    const { w, at, load } = await start();
    await writeFile(at("a.csv"), `${head}\n,c9,1,2024-01-01T00:00:00Z\n`);
    const e = await refused(w, () => load("a.csv"), "BAD_ROW");
    expect(e.context).toMatchObject({ table: "orders", column: "id" });
  });
  test("a NULL that the definition does not allow", async () => {
    const { w, at, load } = await start();
    await w.sql(`COPY (${select(9).replace("'c'", "NULL::VARCHAR")}) TO '${at("a.parquet")}'`);
    const e = await refused(w, () => load("a.parquet"), "BAD_SOURCE");
    expect(e.context).toMatchObject({ table: "orders", pipeline: "p" });
    expect(e.message).toMatch(/customer/);
  });
  test("an INTEGER live column that is too small", async () => {
    const { w, at } = await start();
    await w.sql("CREATE TABLE main.small (id INTEGER)");
    const small = w.pipeline({ pipeline: "small", tables: { t: table("main.small", { key: "id" } as never) } });
    await writeFile(at("a.csv"), "id\n2147483648\n");
    const e = await refused(w, () => small.run({ t: files(at("a.csv")) }), "BAD_SOURCE");
    expect(e.message).toMatch(/id.*2147483648.*INTEGER/);
  });
});

describe("what a file is", () => {
  test.each(["a.txt", "a", "a.parquet.bak"])("cannot be told of %s", async (name) => {
    const { w, at, load } = await start();
    await writeFile(at(name), `${head}\n${line(9)}\n`);
    const e = await refused(w, () => load(name), "CONFIG");
    expect(e.context.issues).toEqual([{ path: "feed.orders", message: expect.stringMatching(/format/) }]);
    expect(e.message).toContain(name);
    expect(await w.etl.run({ orders: files(at(name), { format: "csv" }) })).toMatchObject({ status: "published" });
  });
  test("differs between the files of one source", async () => {
    const { w, load } = await start();
    const e = await refused(w, () => load("a.csv", "b.parquet"), "CONFIG");
    expect(e.message).toMatch(/a\.csv.*b\.parquet/);
  });
  test("is none that anything reads", async () => {
    const { w, at } = await start();
    const e = await refused(w, () => w.etl.run({ orders: files(at("a.csv"), { format: "xlsx" as never }) }), "UNSUPPORTED");
    expect(e.message).toMatch(/xlsx.*csv, ndjson, parquet/);
  });
});
