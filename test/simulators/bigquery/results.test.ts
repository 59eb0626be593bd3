import type { BigQuery } from "@google-cloud/bigquery";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { manyRows, type Project, projects, refusedBy } from "./support.js";

const pool = projects();
let project: Project;
let client: BigQuery;

beforeEach(async () => {
  project = await pool.start({ pageBytes: 10_000 });
  client = project.client();
});
afterEach(() => pool.end());

const jobOf = async (query: string) => (await client.createQueryJob({ query }))[0];

describe("a result", () => {
  it("comes in pages where it is larger than an answer may be", async () => {
    const job = await jobOf(manyRows(2000));
    const mark = project.sim.counts.mark();
    const [rows] = await job.getQueryResults();
    expect(rows.map((r: { n: number }) => r.n)).toEqual(Array.from({ length: 2000 }, (_, n) => n + 1));
    expect(project.sim.counts.since(mark).endpoints["results"]).toBeGreaterThan(3);
  });

  it("comes in pages through the client's fast path too", async () => {
    expect((await client.query(manyRows(2000)))[0]).toHaveLength(2000);
  });

  it("comes in pages of so many rows as are asked for, from where is asked", async () => {
    const job = await jobOf(manyRows(5));
    const [first, next, answer] = await job.getQueryResults({ maxResults: 2, autoPaginate: false });
    expect(first).toEqual([{ n: 1 }, { n: 2 }]);
    expect(answer).toMatchObject({ totalRows: "5", jobComplete: true, totalBytesProcessed: "0" });
    const [second, last] = await job.getQueryResults({ ...next, maxResults: 3, autoPaginate: false });
    expect({ second, last }).toEqual({ second: [{ n: 3 }, { n: 4 }, { n: 5 }], last: null });
    expect((await job.getQueryResults({ startIndex: "4", autoPaginate: false }))[0]).toEqual([{ n: 5 }]);
  });

  it("can be asked for without rows, to wait for its end", async () => {
    const job = await jobOf(manyRows(5));
    const { body } = await project.rest("GET", `/queries/${job.id}?maxResults=0`);
    expect(body).toMatchObject({ jobComplete: true, totalRows: "5", schema: { fields: [{ name: "n" }] } });
    expect(body["rows"]).toBeUndefined();
  });

  it("is refused for a page that nobody named", async () => {
    const job = await jobOf("SELECT 1 AS a");
    expect(await refusedBy(job.getQueryResults({ pageToken: "nonsense", autoPaginate: false }))).toMatchObject({ code: 400 });
  });

  it("of a job that is no query is refused", async () => {
    await client.dataset("app").createTable("t", { schema: [{ name: "a", type: "INTEGER" }] });
    const [job] = await client.dataset("app").table("t").createCopyJob(client.dataset("app").table("u"));
    expect(await refusedBy(job.getQueryResults())).toMatchObject({ code: 400 });
  });
});

describe("timestamps", () => {
  it.each([
    ["as floats that lose digits, without an option", "", "1.672574400123456E9"],
    ["as microseconds", "&formatOptions.useInt64Timestamp=true", "1672574400123456"],
    ["as microseconds by name", "&formatOptions.timestampOutputFormat=INT64", "1672574400123456"],
    ["as text", "&formatOptions.timestampOutputFormat=ISO8601_STRING", "2023-01-01T12:00:00.123456Z"],
  ])("come %s", async (_, options, expected) => {
    const job = await jobOf("SELECT TIMESTAMP '2023-01-01 12:00:00.123456+00' AS t");
    const { body } = await project.rest("GET", `/queries/${job.id}?location=US${options}`);
    expect(body["rows"]).toEqual([{ f: [{ v: expected }] }]);
  });

  it("within lists and records follow the option too", async () => {
    const job = await jobOf("SELECT [STRUCT(TIMESTAMP '2023-01-01 12:00:00.123456+00' AS t)] AS l");
    const { body } = await project.rest("GET", `/queries/${job.id}?location=US`);
    expect(body["rows"]).toEqual([{ f: [{ v: [{ v: { f: [{ v: "1.672574400123456E9" }] } }] }] }]);
  });

  it("keep their microseconds through the client", async () => {
    const [[row]] = await client.query("SELECT TIMESTAMP '2023-01-01 12:00:00.123456+00' AS t");
    expect(row.t.value).toBe("2023-01-01T12:00:00.123456000Z");
  });
});
