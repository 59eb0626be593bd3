import { BigQuery } from "@google-cloud/bigquery";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { authClient } from "./client.js";
import { type Project, projects, refusedBy } from "./support.js";

const pool = projects();
let project: Project;
let client: BigQuery;

beforeEach(async () => {
  project = await pool.start({ users: ["tester@example.com", "other@example.com"], bodyBytes: 2_000_000 });
  client = project.client();
});
afterEach(() => pool.end());

const schema = [{ name: "a", type: "INTEGER" }];

describe("a request", () => {
  it("needs a token that is known, each of which is a user", async () => {
    const { authClient: _, ...options } = project.sim.connectionOptions();
    const stranger = new BigQuery({ ...options, authClient: authClient("another"), autoRetry: false });
    expect(await refusedBy(stranger.getDatasets())).toMatchObject({ code: 401, reason: "authError" });
    await project.client({ user: "other@example.com" }).query("SELECT 1 AS a");
    expect(project.sim.counts.log.map((j) => j.user)).toEqual(["other@example.com"]);
    expect((await client.getJobs())[0]).toEqual([]);
    expect((await client.getJobs({ allUsers: true }))[0]).toHaveLength(1);
  });

  it("for another project is refused", async () => {
    const lost = project.client({ projectId: "another" });
    expect(await refusedBy(lost.query("SELECT 1 AS a"))).toMatchObject({ code: 403, reason: "accessDenied" });
    expect(await refusedBy(lost.dataset("app").getMetadata())).toMatchObject({ code: 404, reason: "notFound" });
  });

  it("to start a job needs the permission for it", async () => {
    project.sim.engine.revoke("tester@example.com", "bigquery.jobs.create");
    expect(await refusedBy(client.createQueryJob("SELECT 1 AS a"))).toMatchObject({ code: 403, reason: "accessDenied" });
    expect(await refusedBy(client.query("SELECT 1 AS a"))).toMatchObject({ code: 403, reason: "accessDenied" });
    expect(project.sim.counts.jobs).toBe(0);
  });

  it("for the job of another user needs a permission of its own", async () => {
    await (await client.createQueryJob({ query: "SELECT 1 AS a", jobId: "mine" }))[0].getQueryResults();
    project.sim.engine.revoke("other@example.com", "bigquery.jobs.get");
    const other = project.client({ user: "other@example.com" });
    expect(await refusedBy(other.job("mine").getMetadata())).toMatchObject({ code: 403, reason: "accessDenied" });
  });

  it("that nothing knows, is too large or no JSON is refused", async () => {
    expect((await project.rest("GET", "/nonsense")).status).toBe(404);
    expect((await project.rest("POST", "/jobs", "x".repeat(2_000_001))).status).toBe(413);
    expect((await project.rest("POST", "/jobs", "{")).status).toBe(400);
    expect((await project.rest("POST", "/jobs", {})).status).toBe(400);
    expect(project.sim.counts.jobs).toBe(0);
  });

  it("is counted by its endpoint, with its bytes", async () => {
    await client.dataset("app").getMetadata();
    const mark = project.sim.counts.mark();
    await client.query("SELECT 1 AS a");
    await client.dataset("app").createTable("t", { schema });
    const { requests, endpoints, kinds, log, bytes } = project.sim.counts.since(mark);
    expect({ requests, endpoints, kinds }).toEqual({
      requests: 2,
      endpoints: { "jobs.query": 1, "tables.insert": 1 },
      kinds: { query: 1 },
    });
    expect(log).toMatchObject([{ sql: "SELECT 1 AS a", statementType: "SELECT", rows: 1, outcome: "ok" }]);
    expect(bytes.up).toBeGreaterThan(0);
    expect(bytes.down).toBeGreaterThan(0);
  });
});

describe("datasets", () => {
  it("are made, read, changed, listed and removed", async () => {
    const [made] = await client.createDataset("more", { location: "US" });
    expect((await client.getDatasets())[0].map((d) => d.id).sort()).toEqual(["app", "more"]);
    await made.setMetadata({ description: "words" });
    expect((await made.getMetadata())[0]).toMatchObject({ description: "words", location: "US" });
    expect(await refusedBy(client.createDataset("more"))).toMatchObject({ code: 409, reason: "duplicate" });
    await made.delete();
    expect(await refusedBy(made.getMetadata())).toMatchObject({ code: 404, reason: "notFound" });
  });
});

describe("tables", () => {
  it("are made, read, changed and removed", async () => {
    const [made] = await client.dataset("app").createTable("t", { schema, labels: { a: "b" } });
    expect((await made.getMetadata())[0]).toMatchObject({
      type: "TABLE",
      labels: { a: "b" },
      schema: { fields: [{ name: "a" }] },
    });
    expect(await refusedBy(client.dataset("app").createTable("t", { schema }))).toMatchObject({ code: 409, reason: "duplicate" });
    await made.setMetadata({ description: "words" });
    expect((await made.getMetadata())[0].description).toBe("words");
    await made.delete();
    expect(await refusedBy(made.getMetadata())).toMatchObject({ code: 404, reason: "notFound" });
    expect(await refusedBy(made.delete())).toMatchObject({ code: 404 });
  });

  it("are changed only as they were read, if that is asked for", async () => {
    const [made] = await client.dataset("app").createTable("t", { schema });
    const [{ etag }] = await made.getMetadata();
    const patch = (description: string) =>
      project.rest("PATCH", "/datasets/app/tables/t", { description }, { "if-match": etag, "content-type": "application/json" });
    expect((await patch("first")).status).toBe(200);
    expect(await patch("second")).toMatchObject({
      status: 412,
      body: { error: { errors: [{ reason: "conditionNotMet" }] } },
    });
    expect((await made.getMetadata())[0].description).toBe("first");
  });

  it("are listed page by page", async () => {
    for (const name of ["a", "b", "c"]) await client.dataset("app").createTable(name, { schema });
    const dataset = client.dataset("app");
    const [first, next] = await dataset.getTables({ maxResults: 2, autoPaginate: false });
    expect(first.map((t) => t.id)).toEqual(["a", "b"]);
    const [second, last] = await dataset.getTables({ ...next, autoPaginate: false });
    expect({ second: second.map((t) => t.id), last }).toEqual({ second: ["c"], last: null });
  });

  it("show their rows", async () => {
    const [made] = await client.dataset("app").createTable("t", { schema });
    await client.query("INSERT INTO app.t (a) VALUES (1)");
    expect((await made.getRows())[0]).toEqual([{ a: 1 }]);
  });

  it("have policies of their own", async () => {
    const [made] = await client.dataset("app").createTable("t", { schema });
    const bindings = [{ role: "roles/bigquery.dataViewer", members: ["user:reader@example.com"] }];
    await made.setIamPolicy({ bindings });
    expect((await made.getIamPolicy())[0]).toMatchObject({ bindings });
    expect((await made.testIamPermissions(["bigquery.tables.get"]))[0]).toEqual({ permissions: ["bigquery.tables.get"] });
  });

  it("have policies for their rows", async () => {
    await client.dataset("app").createTable("t", { schema });
    const path = "/datasets/app/tables/t/rowAccessPolicies";
    const rowAccessPolicyReference = { projectId: "test-project", datasetId: "app", tableId: "t", policyId: "few" };
    const policy = { rowAccessPolicyReference, filterPredicate: "a > 1", grantees: ["user:reader@example.com"] };
    expect((await project.rest("POST", path, policy)).status).toBe(200);
    expect((await project.rest("GET", path)).body["rowAccessPolicies"]).toMatchObject([{ filterPredicate: "a > 1" }]);
    expect((await project.rest("GET", `${path}/few`)).body).toMatchObject({ filterPredicate: "a > 1" });
    expect((await project.rest("DELETE", `${path}/few?force=true`)).status).toBe(204);
    expect((await project.rest("GET", path)).body["rowAccessPolicies"]).toBeUndefined();
  });
});
