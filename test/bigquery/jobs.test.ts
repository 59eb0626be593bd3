import { Readable } from "node:stream";
import { afterEach, expect, it } from "vitest";
import { failure, io, places } from "./links.js";

const here = places();
afterEach(() => here.end());

const insert = { query: { query: "INSERT INTO app.t (n) VALUES (1)" } };
const count = "SELECT COUNT(*) AS n FROM app.t";

it("runs a query as one job in the dataset's location, with labels, and its rows come with its end", async () => {
  const { sim, link } = await here.open({}, { labels: { team: "data" }, maximumBytesBilled: 20_000_000 });
  const mark = sim.counts.mark();
  const done = await link.run({ query: { query: "SELECT 1 AS a" } }, io());
  const rows: unknown[] = [];
  for await (const page of link.pages(done, io())) rows.push(...page);
  expect(rows).toEqual([["1"]]);
  expect(done.schema.map((f) => f.name)).toEqual(["a"]);
  const { jobs, requests, log } = sim.counts.since(mark);
  expect({ jobs, requests }).toEqual({ jobs: 1, requests: 2 });
  expect(log[0]).toMatchObject({
    labels: { cutover: "shop", team: "data" },
    location: "US",
    sql: "/* cutover shop test */ SELECT 1 AS a",
  });
  const [job] = sim.jobs();
  expect(job).toMatchObject({
    configuration: { query: { useLegacySql: false, useQueryCache: false, maximumBytesBilled: "20000000" } },
  });
});

it("takes a value with the client's token for a project as it is", async () => {
  const { sim, link } = await here.open();
  await link.run({ query: { query: "SELECT 1 AS a /* {{projectId}} */" } }, io());
  expect(sim.counts.log[0]?.sql).toContain("{{projectId}}");
});

it("reads a result page by page", async () => {
  const { link } = await here.open();
  const query = "SELECT n FROM UNNEST(GENERATE_ARRAY(1, 25000)) AS n ORDER BY n";
  const sizes: number[] = [];
  for await (const page of link.pages(await link.run({ query: { query } }, io()), io())) sizes.push(page.length);
  expect(sizes).toEqual([10_000, 10_000, 5000]);
});

for (const [what, fault] of Object.entries({
  "the answer is lost": { at: "after", drop: true },
  "the answer is an error of a machine in between": { at: "after", status: 502 },
  "the answer is no JSON": { body: "malformed" },
  "the answer is cut off": { body: "truncated" },
} as const)) {
  it(`sends a job once where ${what}`, async () => {
    const { sim, link, table, cell } = await here.open();
    await table("t");
    sim.faults.add({ sql: "INSERT" }, fault);
    const done = await link.run(insert, io());
    expect(done.affected).toBe(1);
    expect(await cell(count)).toBe("1");
    expect(sim.counts.log.filter((j) => j.sql.includes("INSERT"))).toHaveLength(1);
  });
}

it("sends a job again, under the same name, where it never arrived", async () => {
  const { sim, link, table, cell } = await here.open();
  await table("t");
  sim.faults.add({ sql: "INSERT" }, { drop: true });
  sim.faults.add({ sql: "INSERT" }, { status: 503 });
  await link.run(insert, io());
  expect(await cell(count)).toBe("1");
});

it("waits as long as the service asks for, and sends it again, where there were too many requests", async () => {
  const { sim, link } = await here.open();
  const struck = sim.faults.add({ sql: "SELECT 1" }, { status: 403, reason: "rateLimitExceeded", retryAfter: 0 }, 2);
  await link.run({ query: { query: "SELECT 1 AS a" } }, io());
  expect(struck.times).toBe(2);
});

it("gives a job that the service failed another name, and says when it keeps failing", async () => {
  const { sim, link, table, cell } = await here.open();
  await table("t");
  sim.faults.add({ sql: "INSERT" }, { job: { reason: "backendError" } });
  await link.run(insert, io({ tag: "cutover shop load" }));
  expect(await cell(count)).toBe("1");
  expect(sim.counts.log.map((j) => j.outcome)).toEqual(["backendError", "ok", "ok"]);
  sim.faults.add({ sql: "INSERT" }, { job: { reason: "backendError" } }, 10);
  expect(await failure(link.run(insert, io()))).toMatchObject({ kind: "transient", outcome: "not-applied" });
});

it("does not send a script anew that the service failed: it may have committed", async () => {
  const { sim, link } = await here.open();
  sim.faults.add({ sql: "SELECT 1" }, { job: { reason: "backendError" } });
  const found = await failure(link.run({ query: { query: "SELECT 1 AS a" } }, { ...io(), again: false }));
  expect(found).toMatchObject({ kind: "transient", outcome: "not-applied" });
  expect(sim.counts.log).toHaveLength(1);
});

it("attaches to a job of the same name, and reads what came of it", async () => {
  const { sim, link, table, cell } = await here.open();
  await table("t");
  const once = { ...io(), id: "cutover_swap_1" };
  expect((await link.run(insert, once)).affected).toBe(1);
  expect((await link.run(insert, once)).affected).toBe(1);
  expect(await cell(count)).toBe("1");
  expect(sim.counts.log.filter((j) => j.id.startsWith("cutover_swap_1"))).toHaveLength(1);
});

it("does not take an earlier failure for its own", async () => {
  const { sim, link, table, cell } = await here.open();
  const once = { ...io(), id: "cutover_swap_2" };
  await table("t");
  sim.faults.add({ sql: "INSERT" }, { job: { reason: "notFound" } });
  expect((await failure(link.run(insert, once))).kind).toBe("missing-object");
  await link.run(insert, once);
  expect(await cell(count)).toBe("1");
  expect(sim.counts.log.filter((j) => j.sql.includes("INSERT")).map((j) => j.id)).toEqual([
    "cutover_swap_2",
    "cutover_swap_2_a2",
  ]);
});

it("looks at the job where its results cannot be had", async () => {
  const { sim, link, table } = await here.open();
  await table("t");
  sim.faults.add({ endpoint: "results" }, { status: 500 });
  expect((await link.run(insert, io())).affected).toBe(1);
});

it("says that nobody knows where the service cannot be asked any more", async () => {
  const { sim, link, table } = await here.open();
  await table("t");
  sim.faults.add({ sql: "INSERT" }, { at: "after", drop: true }, 100);
  sim.faults.add({ endpoint: "jobs.get" }, { drop: true }, 100);
  expect(await failure(link.run(insert, io()))).toMatchObject({ kind: "transient", outcome: "unknown" });
}, 120_000);

it("cancels the job when the call is aborted, and says that nothing was changed", async () => {
  const { sim, link, table, cell } = await here.open();
  await table("t");
  const held = sim.faults.add({ sql: "INSERT" }, { hang: true });
  const end = new AbortController();
  const running = failure(link.run(insert, io({ signal: end.signal })));
  await until(() => held.times === 1);
  end.abort();
  expect(await running).toMatchObject({ kind: "cancelled", outcome: "not-applied" });
  expect(sim.counts.endpoints["jobs.cancel"]).toBe(1);
  expect(await cell(count)).toBe("0");
});

it("tells of a job as done that had its effect before the abort", async () => {
  const { sim, link, table, cell } = await here.open({ patience: 0 });
  await table("t");
  const held = sim.faults.hold({ sql: "INSERT" }, "done");
  const end = new AbortController();
  const running = link.run(insert, io({ signal: end.signal }));
  await held.reached;
  end.abort();
  held.release();
  expect((await running).affected).toBe(1);
  expect(await cell(count)).toBe("1");
});

it("gives the job its time limit, and takes one that ran into it for cancelled", async () => {
  const { sim, link } = await here.open();
  sim.faults.add({ sql: "SELECT 1" }, { hang: true });
  const found = await failure(link.run({ query: { query: "SELECT 1 AS a" } }, io({ timeoutMs: 300 })));
  expect(found).toMatchObject({ kind: "cancelled", outcome: "not-applied" });
  const told = (sim.jobs()[0] as { configuration: { jobTimeoutMs: unknown } }).configuration.jobTimeoutMs;
  expect(Number(told)).toBeLessThanOrEqual(300);
});

it("starts nothing for a call that is aborted already", async () => {
  const { sim, link } = await here.open();
  const found = await failure(link.run(insert, io({ signal: AbortSignal.abort() })));
  expect(found).toMatchObject({ kind: "cancelled", outcome: "not-applied" });
  expect(sim.counts.jobs).toBe(0);
});

it("tells what a query would read without running it", async () => {
  const { sim, link, table, cell } = await here.open();
  await table("t");
  expect(await link.dryRun(insert, io())).toMatchObject({ bytes: expect.any(Number), statementType: "INSERT" });
  expect(await cell(count)).toBe("0");
  expect(sim.counts.dryRuns).toBe(1);
});

const load = {
  load: {
    destinationTable: { projectId: "test-project", datasetId: "app", tableId: "t" },
    sourceFormat: "NEWLINE_DELIMITED_JSON",
    schema: { fields: [{ name: "n", type: "INTEGER" }] },
    writeDisposition: "WRITE_TRUNCATE",
  },
};
const lines = (n: number, width = 0): Readable =>
  Readable.from(
    (function* () {
      for (let i = 0; i < n; i++) yield Buffer.from(`{"n":${i}}${" ".repeat(width)}\n`);
    })(),
  );

it("loads what is short in one request", async () => {
  const { sim, link, cell } = await here.open();
  const mark = sim.counts.mark();
  const done = await link.upload(load, () => lines(3), io());
  expect(done.statistics).toMatchObject({ load: { outputRows: "3" } });
  expect(sim.counts.since(mark)).toMatchObject({ jobs: 1, endpoints: { upload: 1 } });
  expect(await cell(count)).toBe("3");
});

it("loads what is long in chunks, and sends again what was lost of them", async () => {
  const { sim, link, cell } = await here.open();
  sim.faults.add({ endpoint: "upload.chunk", nth: 2 }, { drop: true });
  sim.faults.add({ endpoint: "upload.chunk", nth: 2 }, { at: "after", drop: true });
  sim.faults.add({ endpoint: "upload.chunk", nth: 5 }, { status: 503 });
  await link.upload(load, () => lines(400, 100_000), io());
  expect(await cell(count)).toBe("400");
  expect(sim.counts.endpoints["upload.start"]).toBe(1);
  expect(sim.counts.kinds["load"]).toBe(1);
});

for (const [what, rows] of [
  ["one request", 3],
  ["chunks", 400],
] as const) {
  it(`loads once where the answer to an upload in ${what} is lost`, async () => {
    const { sim, link, cell } = await here.open();
    sim.faults.add({ endpoint: "upload" }, { at: "after", drop: true });
    sim.faults.add({ endpoint: "upload.chunk", nth: 3 }, { at: "after", drop: true });
    await link.upload(load, () => lines(rows, 100_000), io());
    expect(await cell(count)).toBe(String(rows));
    expect(sim.counts.kinds["load"]).toBe(1);
  });
}

it("loads nothing where the source fails in mid-stream", async () => {
  const { sim, link } = await here.open();
  const broken = (): Readable => {
    const source = lines(400, 100_000);
    let seen = 0;
    return Readable.from(
      (async function* () {
        for await (const part of source) {
          if (++seen === 300) throw new Error("the source is gone");
          yield part;
        }
      })(),
    );
  };
  expect((await failure(link.upload(load, broken, io()))).message).toBe("the source is gone");
  expect(sim.counts.kinds["load"] ?? 0).toBe(0);
});

it("stops an upload when the call is aborted", async () => {
  const { sim, link } = await here.open();
  const end = new AbortController();
  const endless = (): Readable =>
    Readable.from(
      (async function* () {
        for (let n = 0; ; n++) {
          if (n === 20) end.abort();
          yield Buffer.alloc(1_000_000, 32);
          await new Promise((resolve) => setImmediate(resolve));
        }
      })(),
    );
  expect(await failure(link.upload(load, endless, io({ signal: end.signal })))).toMatchObject({
    kind: "cancelled",
    outcome: "not-applied",
  });
  expect(sim.counts.kinds["load"] ?? 0).toBe(0);
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
