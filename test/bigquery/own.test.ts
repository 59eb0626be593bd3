import { BigQuery } from "@google-cloud/bigquery";
import { cutover, query, rows, sql } from "cutover";
import { type BigQueryOptions, bigquery } from "cutover/bigquery";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Etl, failure, goodRun, manyOrders, order, orders, type Region, region, type World } from "./world.js";

let here: Region;
beforeAll(async () => {
  here = await region();
});
afterAll(() => here.close());

/** A client of the application's, with settings of its own. */
const clientOf = (w: World, more: object = {}): BigQuery => {
  const { projectId, apiEndpoint, authClient } = w.login;
  return new BigQuery({ projectId, apiEndpoint, authClient, ...more });
};
const etlOn = (w: World, options: BigQueryOptions): Etl =>
  w.own(cutover({ warehouse: bigquery(options), pipeline: "p", ledgerSchema: w.ledger, tables: { orders: orders(w.dataset) } }));

describe("a client of the application's own", () => {
  test("works, beside what the application does with it, and is left as it was", async () => {
    const w = here.world();
    const client = clientOf(w);
    const before = { ...client };
    const etl = etlOn(w, { client, dataset: w.dataset });
    await Promise.all([goodRun(etl, 1), client.query({ query: "SELECT 1 AS a", location: "US" })]);
    await etl.run({ orders: rows(manyOrders(3000)) });
    await etl.rollback();
    expect(await w.live()).toEqual(["1=v1"]);
    await etl.close();
    expect({ ...client }).toEqual(before);
    expect((await client.query("SELECT 1 AS a"))[0]).toEqual([{ a: 1 }]);
    expect(await client.dataset(w.dataset).exists()).toEqual([true]);
  });
  test("sees by its interceptors all that is sent by it, uploads too", async () => {
    const w = here.world();
    const client = clientOf(w);
    const sent: string[] = [];
    const request = <R extends { readonly method?: string; readonly uri?: string }>(r: R): R => {
      sent.push(`${r.method} ${new URL(String(r.uri)).pathname.replace(/^\/bigquery\/v2\/projects\/[^/]+/, "")}`);
      return r;
    };
    client.interceptors.push({ request } as never);
    await goodRun(etlOn(w, { client, dataset: w.dataset }), 1);
    expect(sent.filter((s) => s === "POST /jobs").length).toBeGreaterThan(0);
    expect(sent).toContain("POST /upload/bigquery/v2/projects/test-project/jobs");
  });
  test("may repeat requests by itself: what it repeats happens once", async () => {
    const w = here.world();
    const retryOptions = { autoRetry: true, maxRetries: 2, retryDelayMultiplier: 1, maxRetryDelay: 0.01, totalTimeout: 10 };
    const etl = etlOn(w, { client: clientOf(w, { retryOptions }), dataset: w.dataset });
    await goodRun(etl, 1);
    const struck = w.sim.faults.add({ sql: / publish /, user: w.user }, { status: 503, at: "after" });
    await goodRun(etl, 2);
    expect(struck.times).toBe(1);
    expect(await w.live()).toEqual(["1=v1", "2=v2"]);
    expect((await etl.audit()).ok).toBe(true);
  });
  test("may repeat none: then it is done here", async () => {
    const w = here.world();
    const etl = etlOn(w, { client: clientOf(w, { autoRetry: false }), dataset: w.dataset });
    await goodRun(etl, 1);
    const struck = w.sim.faults.add({ sql: / publish /, user: w.user }, { status: 503, at: "after" });
    await goodRun(etl, 2);
    expect(struck.times).toBe(1);
    expect(await w.live()).toEqual(["1=v1", "2=v2"]);
  });
  test("has a default dataset and labels of others' concern: names in a query stand for those of `dataset`", async () => {
    const w = here.world();
    await w.sql("CREATE TABLE $.source AS SELECT 1 AS id, 'a' AS v");
    const mark = w.sim.counts.mark();
    const etl = etlOn(w, { client: clientOf(w), dataset: w.dataset, labels: { team: "data" } });
    expect(await etl.run({ orders: query(sql`SELECT id, v FROM source`) })).toMatchObject({ status: "published" });
    const jobs = w.sim.counts.since(mark).log.filter((j) => /publish/.test(j.sql));
    expect(jobs.length).toBeGreaterThan(0);
    for (const job of jobs) expect(job.labels).toEqual({ cutover: "p", team: "data" });
  });
  test("is shared by two pipelines; one that is closed takes nothing from the other", async () => {
    const w = here.world();
    const client = clientOf(w);
    const [one, other] = [etlOn(w, { client, dataset: w.dataset }), etlOn(w, { client, dataset: w.dataset })];
    await goodRun(one, 1);
    await one.close();
    await goodRun(other, 2);
    expect(await failure(() => one.status(), "CLOSED")).toBeInstanceOf(Error);
  });
  test("of another project is asked for its own, and `projectId` outweighs it", async () => {
    const w = here.world();
    const client = clientOf(w, { projectId: "elsewhere" });
    const e = await failure(() => etlOn(w, { client, dataset: w.dataset }).status(), "ADAPTER");
    expect(e.message).toMatch(/elsewhere.*`projectId`/s);
    await goodRun(etlOn(w, { client, projectId: "test-project", dataset: w.dataset }), 1);
  });
  test("that cannot log in is told by its own error, and asked anew the next time", async () => {
    const w = here.world();
    const client = clientOf(w);
    const broken = new Error("the vault is sealed");
    const { request } = client;
    let sealed = true;
    client.request = function (this: BigQuery, ...args: Parameters<typeof request>) {
      if (sealed) (args[1] as unknown as (e: Error) => void)(broken);
      else Reflect.apply(request, this, args);
    } as typeof request;
    const etl = etlOn(w, { client, dataset: w.dataset });
    const e = await failure(() => etl.run({ orders: rows([order(1)]) }), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "denied", outcome: "not-applied", pipeline: "p" });
    expect(e.message).toContain("the vault is sealed");
    sealed = false;
    await goodRun(etl, 1);
  });
  test("that throws at once is told by its own error too", async () => {
    const w = here.world();
    const client = {
      getProjectId: async () => "test-project",
      request: () => {
        throw new Error("no longer open");
      },
    };
    const e = await failure(() => etlOn(w, { client: client as never, dataset: w.dataset }).status(), "ADAPTER");
    expect(e.message).toContain("no longer open");
    expect(e.context).toMatchObject({ outcome: "not-applied" });
  });
});

describe("a way to log in of the application's own", () => {
  test("is asked for headers for each request, and keeps what it is", async () => {
    const w = here.world();
    const { authClient } = w.login;
    const before = { ...authClient };
    const etl = etlOn(w, { ...w.login, authClient });
    await goodRun(etl, 1);
    await etl.close();
    expect({ ...authClient, credentials: undefined }).toEqual({ ...before, credentials: undefined });
    await goodRun(etlOn(w, { ...w.login, authClient }), 2);
  });
  test("whose token changes between requests goes on with the new one", async () => {
    const w = here.world();
    const { authClient } = w.login;
    const etl = etlOn(w, { ...w.login, authClient });
    await goodRun(etl, 1);
    authClient.setCredentials({ access_token: "no longer" } as never);
    const e = await failure(() => etl.run({ orders: rows([order(2)]) }), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "denied", outcome: "not-applied" });
    authClient.setCredentials({ access_token: w.sim.token(w.user) } as never);
    await goodRun(etl, 2);
    expect(await w.live()).toEqual(["1=v1", "2=v2"]);
  });
});
