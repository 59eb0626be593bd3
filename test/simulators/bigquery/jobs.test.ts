import type { BigQuery, JobMetadata } from "@google-cloud/bigquery";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { manyRows, type Project, projects, refusedBy } from "./support.js";

const pool = projects();
let project: Project;
let client: BigQuery;

beforeEach(async () => {
  project = await pool.start();
  client = project.client();
});
afterEach(() => pool.end());

const run = async (query: string, more: object = {}): Promise<JobMetadata> => {
  const [job] = await client.createQueryJob({ query, ...more });
  await job.getQueryResults();
  return (await job.getMetadata())[0] as JobMetadata;
};

describe("a query job", () => {
  it("has a reference, times, statistics and the user", async () => {
    const { id, jobReference, statistics, status, user_email: user } = await run("SELECT 1 AS a", { jobId: "mine" });
    expect(jobReference).toEqual({ projectId: "test-project", jobId: "mine", location: "US" });
    expect({ id, user, state: status?.state }).toEqual({ id: "test-project:US.mine", user: "tester@example.com", state: "DONE" });
    expect(Number(statistics?.creationTime)).toBeGreaterThan(0);
    expect(Number(statistics?.endTime)).toBeGreaterThanOrEqual(Number(statistics?.startTime));
    expect(statistics?.query).toMatchObject({ statementType: "SELECT", totalBytesBilled: "0", cacheHit: false });
  });

  it("that changes rows tells how many", async () => {
    await client.dataset("app").createTable("t", { schema: [{ name: "a", type: "INTEGER" }] });
    const { statistics } = await run("INSERT INTO app.t (a) VALUES (1)");
    expect(statistics?.query).toMatchObject({
      statementType: "INSERT",
      numDmlAffectedRows: "1",
      dmlStats: { insertedRowCount: "1", updatedRowCount: "0", deletedRowCount: "0" },
    });
  });

  it("is billed for 10 MB at least where it reads anything", async () => {
    await client.dataset("app").createTable("t", { schema: [{ name: "a", type: "INTEGER" }] });
    await run("INSERT INTO app.t (a) VALUES (1)");
    const { statistics } = await run("SELECT a FROM app.t");
    expect(statistics).toMatchObject({ totalBytesProcessed: "8", query: { totalBytesBilled: "10485760" } });
    expect(project.sim.counts.bytes).toMatchObject({ processed: 8, billed: 10_485_760 });
  });

  it("that fails is there with its error, and its result is refused with that error", async () => {
    // the client throws where the first answer tells of the failure already
    await refusedBy(run("SELECT * FROM app.nowhere", { jobId: "lost" }));
    const [{ status }] = await client.job("lost").getMetadata();
    expect(status).toMatchObject({ state: "DONE", errorResult: { reason: "notFound" }, errors: [{ reason: "notFound" }] });
    expect(await refusedBy(client.job("lost").getQueryResults())).toMatchObject({ code: 404, reason: "notFound" });
    expect(project.sim.counts.log.at(-1)?.outcome).toBe("notFound");
  });

  it("keeps its labels; labels of another form are refused", async () => {
    const { configuration } = await run("SELECT 1 AS a", { labels: { cutover: "flights" } });
    expect(configuration?.labels).toEqual({ cutover: "flights" });
    expect(project.sim.counts.log.at(-1)?.labels).toEqual({ cutover: "flights" });
    expect(await refusedBy(run("SELECT 1 AS a", { labels: { Cutover: "x" } }))).toMatchObject({ code: 400, reason: "invalid" });
  });

  it("has a text of 1 MB at most", async () => {
    const long = (n: number) => `SELECT 1 AS a /*${"x".repeat(n)}*/`;
    await run(long(1_048_576 - long(0).length));
    const refused = await refusedBy(run(long(1_048_577 - long(0).length)));
    expect(refused).toMatchObject({ code: 400, message: expect.stringContaining("The query is too large") });
  });

  it("that asks for what the simulator has not is refused, never run without it", async () => {
    expect(await refusedBy(run("SELECT 1 AS a", { createSession: true }))).toMatchObject({ code: 501, reason: "notImplemented" });
    expect(await refusedBy(run("SELECT 1 AS a", { clustering: { fields: ["a"] } }))).toMatchObject({ code: 501 });
    expect(project.sim.counts.jobs).toBe(0);
  });

  it("in legacy SQL, the API's default, is refused", async () => {
    const { status } = await project.rest("POST", "/jobs", { configuration: { query: { query: "SELECT 1" } } });
    expect(status).toBe(501);
  });

  it("answers that it runs where nobody waits for its end", async () => {
    const hurried = await pool.start({ patience: 0 });
    const held = hurried.sim.faults.hold({ sql: "SELECT 1" });
    const [job, answered] = await hurried.client().createQueryJob({ query: "SELECT 1 AS a" });
    await held.reached;
    expect(answered.status?.state).not.toBe("DONE");
    expect((await job.getMetadata())[0].status.state).toBe("RUNNING");
    held.release();
    expect((await job.getQueryResults())[0]).toEqual([{ a: 1 }]);
  });

  it("can be pending", async () => {
    const held = project.sim.faults.hold({ sql: "SELECT 1" }, "pending");
    const [job] = await client.createQueryJob({ query: "SELECT 1 AS a" });
    const [{ status, statistics }] = await job.getMetadata();
    expect({ state: status.state, started: statistics.startTime }).toEqual({ state: "PENDING", started: undefined });
    held.release();
    expect((await job.getQueryResults())[0]).toEqual([{ a: 1 }]);
  });
});

describe("a job's id", () => {
  it("can be used once: the second is told that it exists, and can read how the first one ended", async () => {
    await run("SELECT 1 AS a", { jobId: "once" });
    const refused = await refusedBy(run("SELECT 1 AS a", { jobId: "once" }));
    expect(refused).toMatchObject({
      code: 409,
      reason: "duplicate",
      message: expect.stringContaining("Already Exists: Job test-project:US.once"),
    });
    expect((await client.job("once").getQueryResults())[0]).toEqual([{ a: 1 }]);
    expect(project.sim.counts.log).toMatchObject([{ id: "once", requests: 2, outcome: "ok" }]);
  });

  it("can be used once even where the job failed", async () => {
    await refusedBy(run("SELECT * FROM app.nowhere", { jobId: "once" }));
    expect(await refusedBy(run("SELECT 1 AS a", { jobId: "once" }))).toMatchObject({ code: 409 });
  });

  it("has letters, digits, _ and -, and 1,024 of them", async () => {
    await run("SELECT 1 AS a", { jobId: "x".repeat(1024) });
    expect(await refusedBy(run("SELECT 1 AS a", { jobId: "x".repeat(1025) }))).toMatchObject({ code: 400 });
    expect(await refusedBy(run("SELECT 1 AS a", { jobId: "a.b" }))).toMatchObject({ code: 400 });
  });

  it("is looked for in the location that is named, and without one in the US and EU only", async () => {
    const europe = await pool.start({ location: "europe-west3" });
    const far = europe.client();
    await (await far.createQueryJob({ query: "SELECT 1 AS a", jobId: "there" }))[0].getQueryResults();
    expect((await europe.rest("GET", "/jobs/there?location=europe-west3")).status).toBe(200);
    expect((await europe.rest("GET", "/jobs/there?location=EU")).status).toBe(404);
    const { status, body } = await europe.rest("GET", "/jobs/there");
    expect({ status, body }).toMatchObject({ status: 404, body: { error: { errors: [{ reason: "notFound" }] } } });
  });
});

describe("a job that lasts", () => {
  it("is waited for by asking for its result", async () => {
    const held = project.sim.faults.hold({ sql: "SELECT 1" });
    const [job] = await client.createQueryJob({ query: "SELECT 1 AS a" });
    const early = (await project.rest("GET", `/queries/${job.id}?timeoutMs=5`)).body;
    expect(early).toMatchObject({ jobComplete: false, jobReference: { jobId: job.id } });
    const asked = job.getQueryResults();
    held.release();
    expect((await asked)[0]).toEqual([{ a: 1 }]);
  });

  it("is cancelled: it ends as stopped, without an effect", async () => {
    await client.dataset("app").createTable("t", { schema: [{ name: "a", type: "INTEGER" }] });
    const held = project.sim.faults.hold({ sql: /INSERT/ });
    const [job] = await client.createQueryJob({ query: "INSERT INTO app.t (a) VALUES (1)" });
    await held.reached;
    const [answer] = await job.cancel();
    expect(answer.kind).toBe("bigquery#jobCancelResponse");
    expect(await refusedBy(job.getQueryResults())).toMatchObject({ reason: "stopped" });
    const [{ status }] = await job.getMetadata();
    expect(status.errorResult).toMatchObject({
      reason: "stopped",
      message: "Job execution was cancelled: User requested cancellation",
    });
    expect((await client.query("SELECT COUNT(*) AS n FROM app.t"))[0]).toEqual([{ n: 0 }]);
  });

  it("that has done its work is not stopped any more", async () => {
    await client.dataset("app").createTable("t", { schema: [{ name: "a", type: "INTEGER" }] });
    const held = project.sim.faults.hold({ sql: /INSERT/ }, "done");
    const [job] = await client.createQueryJob({ query: "INSERT INTO app.t (a) VALUES (1)" });
    await held.reached;
    await job.cancel();
    held.release();
    await job.getQueryResults();
    const [{ status }] = await job.getMetadata();
    expect(status).toEqual({ state: "DONE" });
    expect((await client.query("SELECT COUNT(*) AS n FROM app.t"))[0]).toEqual([{ n: 1 }]);
  });

  it("ends at jobTimeoutMs as stopped", async () => {
    project.sim.faults.add({ sql: "SELECT 1" }, { hang: true });
    const [job] = await client.createQueryJob({ query: "SELECT 1 AS a", jobTimeoutMs: 20 });
    expect(await refusedBy(job.getQueryResults())).toMatchObject({
      reason: "stopped",
      message: expect.stringContaining("Job timed out after 0s"),
    });
  });

  it("cannot be deleted before it has ended, and is gone then", async () => {
    const held = project.sim.faults.hold({ sql: "SELECT 1" });
    const [job] = await client.createQueryJob({ query: "SELECT 1 AS a" });
    const remove = () => project.rest("DELETE", `/jobs/${job.id}/delete?location=US`);
    expect(await remove()).toMatchObject({ status: 400, body: { error: { errors: [{ reason: "resourceInUse" }] } } });
    held.release();
    await job.getQueryResults();
    expect((await remove()).status).toBe(204);
    expect(await refusedBy(job.getMetadata())).toMatchObject({ code: 404 });
  });
});

describe("a script", () => {
  it("is one job with a job for each statement, which are listed by their parent", async () => {
    const { jobReference, statistics } = await run("DECLARE x INT64 DEFAULT 1;\nSELECT 1 AS a;\nSELECT x + 1 AS x;");
    expect(statistics?.query?.statementType).toBe("SCRIPT");
    const [children] = await client.getJobs({ parentJobId: jobReference?.jobId ?? "" });
    expect(String(children.length)).toBe(statistics?.numChildJobs);
    expect(children.length).toBeGreaterThanOrEqual(2);
    for (const child of children) {
      expect(child.id).toMatch(/^script_job_[0-9a-f]{32}_\d+$/);
      const [{ statistics: own }] = await child.getMetadata();
      expect(own).toMatchObject({ parentJobId: jobReference?.jobId, scriptStatistics: { evaluationKind: expect.any(String) } });
    }
    expect((await client.getJobs())[0].map((j) => j.id)).toEqual([jobReference?.jobId]);
    expect(project.sim.counts.jobs).toBe(1);
  });
});

describe("jobs.list", () => {
  it("tells of a user's own jobs, the newest first, page by page, by state", async () => {
    for (const jobId of ["one", "two", "three"]) await run("SELECT 1 AS a", { jobId });
    const [first, next] = await client.getJobs({ maxResults: 2, autoPaginate: false });
    expect(first.map((j) => j.id)).toEqual(["three", "two"]);
    const [rest] = await client.getJobs({ ...next, autoPaginate: false });
    expect(rest.map((j) => j.id)).toEqual(["one"]);
    expect((await client.getJobs({ stateFilter: ["running"] }))[0]).toEqual([]);
  });
});

describe("a dry run", () => {
  it("tells what a query would read, and makes no job", async () => {
    const [{ metadata }] = await client.createQueryJob({ query: "SELECT 1 AS a", dryRun: true });
    expect(metadata.status).toEqual({ state: "DONE" });
    expect(metadata.statistics).toMatchObject({ totalBytesProcessed: "0", query: { schema: { fields: [{ name: "a" }] } } });
    expect(metadata.jobReference.jobId).toBeUndefined();
    expect(project.sim.counts).toMatchObject({ jobs: 0, dryRuns: 1 });
  });

  it("refuses what the query would be refused for", async () => {
    expect(await refusedBy(client.createQueryJob({ query: "SELEC", dryRun: true }))).toMatchObject({
      code: 400,
      reason: "invalidQuery",
    });
  });
});

describe("jobs.query", () => {
  it("is the client's fast path: one request, with the rows", async () => {
    const mark = project.sim.counts.mark();
    expect((await client.query(manyRows(3)))[0]).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    const { endpoints, jobs } = project.sim.counts.since(mark);
    expect({ endpoints, jobs }).toEqual({ endpoints: { "jobs.query": 1 }, jobs: 1 });
  });

  it("fails with the query's error", async () => {
    expect(await refusedBy(client.query("SELEC"))).toMatchObject({ code: 400, reason: "invalidQuery" });
  });

  it("runs once for a request that is repeated with its id", async () => {
    const body = { query: "SELECT 1 AS a", useLegacySql: false, requestId: "11111111-2222-3333-4444-555555555555" };
    const first = await project.rest("POST", "/queries", body);
    const second = await project.rest("POST", "/queries", body);
    expect(second.body["jobReference"]).toEqual(first.body["jobReference"]);
    const other = await project.rest("POST", "/queries", { ...body, query: "SELECT 1 AS a -- another" });
    expect(other.body["jobReference"]).not.toEqual(first.body["jobReference"]);
    expect(project.sim.counts.jobs).toBe(2);
  });
});

describe("a copy job", () => {
  it("copies a table and tells how many rows", async () => {
    const from = client.dataset("app").table("t");
    await client.dataset("app").createTable("t", { schema: [{ name: "a", type: "INTEGER" }] });
    await client.query("INSERT INTO app.t (a) VALUES (1)");
    const [job] = await from.createCopyJob(client.dataset("app").table("u"));
    await job.promise();
    const [{ statistics, configuration }] = await job.getMetadata();
    expect(statistics.copy).toMatchObject({ copiedRows: "1" });
    expect(configuration.jobType).toBe("COPY");
    expect(project.sim.counts.kinds).toEqual({ query: 1, copy: 1 });
    expect((await client.query("SELECT COUNT(*) AS n FROM app.u"))[0]).toEqual([{ n: 1 }]);
  });
});
