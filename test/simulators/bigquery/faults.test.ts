import type { BigQuery } from "@google-cloud/bigquery";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Fault } from "./server.js";
import { type Project, projects, refusedBy } from "./support.js";

const pool = projects();
let project: Project;
let client: BigQuery;

beforeEach(async () => {
  project = await pool.start();
  client = project.client();
  await client.dataset("app").createTable("t", { schema: [{ name: "a", type: "INTEGER" }] });
});
afterEach(() => pool.end());

const insert = async (jobId = "insert") => {
  const [job] = await client.createQueryJob({ query: "INSERT INTO app.t (a) VALUES (1)", jobId });
  await job.getQueryResults();
};
const rows = async (): Promise<unknown> => (await client.query("SELECT COUNT(*) AS n FROM app.t"))[0][0].n;
const exists = async (id = "insert"): Promise<boolean> => (await project.rest("GET", `/jobs/${id}`)).status === 200;

describe("a fault of the request that starts a job", () => {
  it.each<[string, Fault, boolean]>([
    ["a connection lost before the effect", { drop: true }, false],
    ["a connection lost while the job runs", { drop: true, at: "running" }, true],
    ["a connection lost after the effect", { drop: true, at: "after" }, true],
    ["HTTP 503 before it", { status: 503 }, false],
    ["HTTP 503 after it", { status: 503, at: "after" }, true],
    ["HTTP 502 of a proxy", { status: 502 }, false],
    ["a body that ends in the middle", { body: "truncated" }, true],
  ])("%s", async (_, fault, happened) => {
    const struck = project.sim.faults.add({ sql: /INSERT/ }, fault);
    await refusedBy(insert());
    expect({ times: struck.times, exists: await exists() }).toEqual({ times: 1, exists: happened });
    if (happened) await client.job("insert").getQueryResults();
    expect(await rows()).toBe(happened ? 1 : 0);
  });

  it.each<[string, Fault, unknown, string]>([
    ["a rate limit", { status: 403, reason: "rateLimitExceeded" }, 403, "rateLimitExceeded"],
    ["a quota", { status: 403, reason: "quotaExceeded", message: "Quota exceeded: …" }, 403, "quotaExceeded"],
    ["too many requests", { status: 429 }, 429, "rateLimitExceeded"],
    ["a service that is busy", { status: 503 }, 503, "backendError"],
    ["a permission", { status: 403, reason: "accessDenied" }, 403, "accessDenied"],
  ])("in the service's words: %s", async (_, fault, code, reason) => {
    project.sim.faults.add({ kind: "query" }, fault);
    expect(await refusedBy(insert())).toMatchObject({ code, reason });
    expect(await exists()).toBe(false);
  });

  it("can tell when to come again", async () => {
    project.sim.faults.add({ endpoint: "tables.get" }, { status: 503, retryAfter: 7 });
    const { status, headers } = await project.rest("GET", "/datasets/app/tables/t");
    expect({ status, after: headers.get("retry-after") }).toEqual({ status: 503, after: "7" });
  });

  it("can be a body that is no JSON, which the client hands on as it is", async () => {
    project.sim.faults.add({ endpoint: "tables.get" }, { body: "malformed" });
    const [found] = await client.dataset("app").table("t").getMetadata();
    expect(found).toBe("<html>");
  });

  it("is bridged by the client where it may repeat: with its own id there is one job", async () => {
    project.sim.faults.add({ sql: /INSERT/ }, { status: 503, at: "after" });
    const patient = project.client({ autoRetry: true, retryOptions: { maxRetryDelay: 0.01 } });
    await (await patient.createQueryJob("INSERT INTO app.t (a) VALUES (1)"))[0].getQueryResults();
    expect(await rows()).toBe(1);
    expect(project.sim.counts.log[0]).toMatchObject({ requests: 2 });
  });
});

describe("a fault within a job", () => {
  it.each([
    [false, 0],
    [true, 1],
  ])("can make it fail with backendError (after its effect: %s)", async (effect, found) => {
    project.sim.faults.add({ sql: /INSERT/ }, { job: { reason: "backendError", effect } });
    expect((await refusedBy(insert())).message).toContain("backendError");
    const [{ status }] = await client.job("insert").getMetadata();
    expect(status).toMatchObject({ state: "DONE", errorResult: { reason: "backendError" } });
    expect(await refusedBy(client.job("insert").getQueryResults())).toMatchObject({ code: 400, reason: "jobBackendError" });
    expect(await rows()).toBe(found);
  });

  it("can make it hang until it is cancelled", async () => {
    project.sim.faults.add({ sql: /INSERT/ }, { hang: true });
    const [job] = await client.createQueryJob({ query: "INSERT INTO app.t (a) VALUES (1)" });
    expect((await project.rest("GET", `/queries/${job.id}?timeoutMs=5`)).body).toMatchObject({ jobComplete: false });
    await job.cancel();
    expect(await refusedBy(job.getQueryResults())).toMatchObject({ reason: "stopped" });
    expect(await rows()).toBe(0);
  });
});

describe("a fault of another request", () => {
  it("can be chosen by its endpoint and its job", async () => {
    await insert("one");
    await insert("two");
    project.sim.faults.add({ endpoint: ["jobs.get", "results"], job: "two" }, { status: 503 }, 2);
    await client.job("one").getMetadata();
    expect(await refusedBy(client.job("two").getMetadata())).toMatchObject({ code: 503 });
    expect(await refusedBy(client.job("two").getQueryResults())).toMatchObject({ code: 503 });
    await client.job("two").getQueryResults();
  });

  it("can be chosen by its table and its user", async () => {
    const struck = project.sim.faults.add({ endpoint: "tables.get", table: "app.t", user: "nobody@example.com" }, { drop: true });
    await client.dataset("app").table("t").getMetadata();
    expect(struck.times).toBe(0);
    project.sim.faults.add({ endpoint: "tables.get", table: /^app\.t$/ }, { status: 500 });
    expect(await refusedBy(client.dataset("app").table("t").getMetadata())).toMatchObject({ code: 500, reason: "internalError" });
  });
});

describe("faults", () => {
  it("strike as often as told, from the n-th on", async () => {
    const struck = project.sim.faults.add({ sql: /INSERT/, nth: 2 }, { status: 400, reason: "invalid" }, 2);
    await insert("a");
    expect(await refusedBy(insert("b"))).toMatchObject({ code: 400 });
    expect(await refusedBy(insert("c"))).toMatchObject({ code: 400 });
    await insert("d");
    expect(struck.times).toBe(2);
  });

  it("leave dry runs alone unless told otherwise", async () => {
    const estimate = () => client.createQueryJob({ query: "SELECT 1 AS a", dryRun: true });
    const struck = project.sim.faults.add({}, { status: 500 });
    await estimate();
    struck.remove();
    project.sim.faults.add({ dryRun: true }, { status: 500 });
    expect(await refusedBy(estimate())).toMatchObject({ code: 500 });
  });

  it("can be taken back", async () => {
    project.sim.faults.add({}, { status: 500 }).remove();
    await insert("a");
    project.sim.faults.add({}, { status: 500 });
    project.sim.faults.clear();
    await insert("b");
  });

  it("can hold a request until it is let go", async () => {
    const held = project.sim.faults.hold({ sql: /INSERT/ }, "before");
    const inserted = insert();
    expect(await held.reached).toMatchObject({ endpoint: "jobs.insert", kind: "query", jobId: "insert" });
    expect(await exists()).toBe(false);
    held.release();
    await inserted;
    expect(await rows()).toBe(1);
  });

  it("that hold a job for ever do not hold up the simulator's end", async () => {
    for (const at of ["pending", "running", "done"] as const) {
      const held = project.sim.faults.hold({ sql: /INSERT/ }, at);
      await client.createQueryJob({ query: "INSERT INTO app.t (a) VALUES (1)" });
      await held.reached;
    }
    await pool.end();
  });

  it("can hold an answer whose request has had its effect", async () => {
    const held = project.sim.faults.hold({ endpoint: "jobs.insert", sql: /INSERT/ }, "after");
    const inserted = insert();
    await held.reached;
    await client.job("insert").getQueryResults();
    held.release();
    await inserted;
  });
});
