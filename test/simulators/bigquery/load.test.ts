import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Jobs, openJobs } from "./engine-jobs.js";

let jobs: Jobs;
let n = 0;
let name = "";
beforeAll(async () => {
  jobs = await openJobs();
});
afterAll(() => jobs.close());
beforeEach(() => {
  name = `t${++n}`;
});

const fields = (...list: readonly string[]) => ({
  fields: list.map((text) => {
    const [field = "", type = "", mode] = text.split(" ");
    return { name: field, type, ...(mode ? { mode } : {}) };
  }),
});
const into = () => ({ destinationTable: { ...jobs.name(name) } });
const ndjson = (schema: object) => ({ ...into(), sourceFormat: "NEWLINE_DELIMITED_JSON", schema: schema as never });
const csv = (schema: object, more: object = {}) => ({ ...into(), sourceFormat: "CSV", schema: schema as never, ...more });

describe("NDJSON", () => {
  it("reads every type without loss", async () => {
    const schema = fields(
      "i INT64",
      "f FLOAT64",
      "n NUMERIC",
      "b BOOL",
      "s STRING",
      "x BYTES",
      "d DATE",
      "t TIME",
      "dt DATETIME",
      "ts TIMESTAMP",
      "j JSON",
    );
    const row = {
      i: "9223372036854775807",
      f: "NaN",
      n: "12345678901234567890123456789.123456789",
      b: true,
      s: 'a"\n\u0000€',
      x: Buffer.from([0, 255]).toString("base64"),
      d: "0001-01-01",
      t: "23:59:59.999999",
      dt: "2024-02-29 01:02:03.000004",
      ts: "2024-01-01 00:00:00.000001+00:00",
      j: { b: 1, a: [1.5, null] },
    };
    const done = await jobs.load(`${JSON.stringify(row)}\n`, ndjson(schema));
    expect(done.outputRows).toBe(1);
    expect((await jobs.rows(name))[0]).toEqual([
      "9223372036854775807",
      "NaN",
      "12345678901234567890123456789.123456789",
      "true",
      'a"\n\u0000€',
      "AP8=",
      "0001-01-01",
      "23:59:59.999999",
      "2024-02-29T01:02:03.000004",
      "1704067200000001",
      '{"a":[1.5,null],"b":1}',
    ]);
  });

  it("tells a JSON null from a member that is not there", async () => {
    await jobs.load('{"j":null,"s":"x"}\n{"s":"y"}\n', ndjson(fields("j JSON", "s STRING")));
    expect(await jobs.rows(name)).toEqual([
      ["null", "x"],
      [null, "y"],
    ]);
  });

  it("rounds integers that are no strings as 53 bits do", async () => {
    await jobs.load('{"i":9007199254740993}\n{"i":"9007199254740993"}\n', ndjson(fields("i INT64")));
    expect(await jobs.rows(name)).toEqual([["9007199254740992"], ["9007199254740993"]]);
  });

  it("reads gzip, arrays and records", async () => {
    const schema = {
      fields: [
        { name: "a", type: "INT64", mode: "REPEATED" },
        { name: "r", type: "RECORD", fields: [{ name: "k", type: "STRING" }] },
      ],
    };
    await jobs.load(gzipSync('{"a":[1,2],"r":{"k":"v"}}\n{}\n'), ndjson(schema));
    expect(await jobs.rows(name)).toEqual([
      [[{ v: "1" }, { v: "2" }], { f: [{ v: "v" }] }],
      [[], null],
    ]);
  });

  const refusals: readonly (readonly [string, string, RegExp])[] = [
    ["an unknown field", '{"i":1,"other":2}', /position 0: No such field: other\./],
    ["a missing required field", "{}", /Missing required field: i\./],
    ["NULL in a required field", '{"i":null}', /Only optional fields can be set to NULL\. Field: i; Value: NULL/],
    ["a text that is no integer", '{"i":"1x"}', /Could not parse '1x' as INT64\. Field: i; Value: "1x"/],
    ["an integer out of range", '{"i":"9223372036854775808"}', /as INT64/],
    ["a fraction for an integer", '{"i":1.5}', /Could not convert value to integer/],
    ["an array for one value", '{"i":[1]}', /Array specified for non-repeated field/],
    ["what is no JSON", '{"i":1', /Parser terminated before end of string/],
  ];
  it.each(refusals)("refuses %s, and the table stays as it was", async (_what, line, message) => {
    const schema = fields("i INT64 REQUIRED");
    await jobs.load('{"i":1}\n', ndjson(schema));
    await expect(jobs.load(`${line}\n`, ndjson(schema))).rejects.toMatchObject({
      reason: "invalid",
      message: expect.stringMatching(message),
    });
    expect(await jobs.rows(name)).toEqual([["1"]]);
  });

  it("leaves out as many bad records as it may", async () => {
    const done = await jobs.load('{"i":1}\n{"i":"x"}\n', { ...ndjson(fields("i INT64")), maxBadRecords: 1 });
    expect(done).toMatchObject({ outputRows: 1, badRecords: 1 });
  });
});

describe("CSV", () => {
  it("keeps an empty text that is quoted, and takes one that is not for NULL", async () => {
    await jobs.load('a,b\n"",\n"x ""y""","1"\n', csv(fields("a STRING", "b INT64"), { skipLeadingRows: 1 }));
    expect(await jobs.rows(name)).toEqual([
      ["", null],
      ['x "y"', "1"],
    ]);
  });

  it("wants newlines in quotes to be allowed", async () => {
    const schema = fields("a STRING");
    await expect(jobs.load('"x\ny"\n', csv(schema))).rejects.toThrow(/Missing close quote character/);
    await jobs.load('"x\ny"\n', csv(schema, { allowQuotedNewlines: true }));
    expect(await jobs.rows(name)).toEqual([["x\ny"]]);
  });

  it("takes a whole line for a value where nothing divides and nothing quotes", async () => {
    await jobs.load('{"a": "b,c"}\n', csv(fields("line STRING"), { fieldDelimiter: "\u0001", quote: "" }));
    expect(await jobs.rows(name)).toEqual([['{"a": "b,c"}']]);
  });

  it("finds columns by name", async () => {
    await jobs.load(
      "B,a,c\n1,x,9\n",
      csv(fields("a STRING", "b INT64"), { skipLeadingRows: 1, sourceColumnMatch: "NAME", ignoreUnknownValues: true }),
    );
    expect(await jobs.rows(name)).toEqual([["x", "1"]]);
  });

  it.each([
    ["too many values", "1,2\n", /Too many values in row/],
    ["too few values", "\n\n1\n", /contains only 1 columns/],
    ["data behind a quote", '"1"x,2\n', /Data between close quote character/],
    ["a zero byte", "a\0,1\n", /ASCII 0/],
  ] as const)("refuses %s", async (what, content, message) => {
    const schema = what === "too many values" ? fields("a STRING") : fields("a STRING", "b INT64");
    await expect(jobs.load(content, csv(schema))).rejects.toThrow(message);
  });
});

describe("the destination", () => {
  it("is overwritten with its schema, or appended to, or refused where it has rows", async () => {
    const schema = fields("i INT64");
    await jobs.load('{"i":1}\n', ndjson(schema));
    await jobs.load('{"i":2}\n', ndjson(schema));
    expect(await jobs.rows(name)).toEqual([["1"], ["2"]]);
    await expect(jobs.load('{"i":3}\n', { ...ndjson(schema), writeDisposition: "WRITE_EMPTY" })).rejects.toMatchObject({
      reason: "duplicate",
    });
    await jobs.load('{"s":"x"}\n', { ...ndjson(fields("s STRING")), writeDisposition: "WRITE_TRUNCATE" });
    expect(await jobs.rows(name)).toEqual([["x"]]);
  });

  it("refuses another schema, a schema that nobody gave, and a table that may not be made", async () => {
    await jobs.load('{"i":1}\n', ndjson(fields("i INT64")));
    await expect(jobs.load('{"i":"1"}\n', ndjson(fields("i STRING")))).rejects.toThrow(
      /Field i has changed type from INTEGER to STRING/,
    );
    name = `t${++n}`;
    await expect(jobs.load("{}\n", { ...into(), sourceFormat: "NEWLINE_DELIMITED_JSON" })).rejects.toThrow(/No schema specified/);
    await expect(jobs.load("{}\n", { ...ndjson(fields("i INT64")), createDisposition: "CREATE_NEVER" })).rejects.toMatchObject({
      reason: "notFound",
    });
  });

  it("takes no more jobs a day than the quota allows", async () => {
    jobs.core.quotas.set("tableModificationsPerDay", 2);
    const once = () => jobs.load('{"i":1}\n', ndjson(fields("i INT64")));
    await once();
    await once();
    await expect(once()).rejects.toMatchObject({ reason: "quotaExceeded" });
    jobs.core.advance(86_400_000);
    await once();
    jobs.core.quotas.set("tableModificationsPerDay", null);
  });

  it("takes rows of one partition only under its decorator", async () => {
    const day = { timePartitioning: { type: "DAY", field: "d" } };
    const schema = fields("d DATE", "i INT64");
    await jobs.load('{"d":"2024-01-01","i":1}\n{"d":"2024-01-02","i":2}\n', { ...ndjson(schema), ...day });
    const target = {
      ...ndjson(schema),
      destinationTable: { ...jobs.name(`${name}$20240102`) },
      writeDisposition: "WRITE_TRUNCATE",
    };
    await expect(jobs.load('{"d":"2024-01-01","i":9}\n', target)).rejects.toThrow(/belong to different partitions/);
    await jobs.load('{"d":"2024-01-02","i":9}\n', target);
    expect((await jobs.rows(name)).map((r) => r[1])).toEqual(["1", "9"]);
  });

  it("takes rows into the partition of now, or of the decorator, where rows are parted by the time they come", async () => {
    const job = { ...ndjson(fields("i INT64")), timePartitioning: { type: "DAY" } };
    await jobs.load('{"i":1}\n', job);
    await jobs.load('{"i":2}\n', { ...job, destinationTable: { ...jobs.name(`${name}$20240102`) } });
    expect((await jobs.rows(name)).map((r) => r[0])).toEqual(["1", "2"]);
    expect(await jobs.rows(`${name}$20240102`)).toEqual([["2"]]);
  });

  it("refuses more partitions than a job may make", async () => {
    jobs.core.quotas.set("partitionsPerJob", 1);
    const day = { timePartitioning: { type: "DAY", field: "d" } };
    await expect(jobs.load('{"d":"2024-01-01"}\n{"d":"2024-01-02"}\n', { ...ndjson(fields("d DATE")), ...day })).rejects.toThrow(
      /Too many partitions/,
    );
    jobs.core.quotas.set("partitionsPerJob", null);
  });
});

describe("Parquet", () => {
  it("brings its own columns, and decimals by the types that the job names", async () => {
    const { store } = jobs.core;
    const file = join(tmpdir(), `bigquery-load-${process.pid}.parquet`);
    await store.own.run(
      `COPY (SELECT 1 AS i, 'x' AS s, CAST(1.5 AS DECIMAL(38,20)) AS big, CAST(2.5 AS DECIMAL(10,2)) AS small, TIMESTAMPTZ '2024-01-01 00:00:00Z' AS ts) TO '${file}' (FORMAT parquet)`,
    );
    const bytes = readFileSync(file);
    rmSync(file);
    await jobs.load(bytes, { ...into(), sourceFormat: "PARQUET", decimalTargetTypes: ["NUMERIC", "BIGNUMERIC", "STRING"] });
    expect(await jobs.rows(name)).toEqual([["1", "x", "1.5", "2.5", "1704067200000000"]]);
    await expect(jobs.load("no parquet", { ...into(), sourceFormat: "PARQUET" })).rejects.toMatchObject({ reason: "invalid" });
    await expect(jobs.load(gzipSync(bytes), { ...into(), sourceFormat: "PARQUET" })).rejects.toThrow(/not in Parquet format/);
  });
});
