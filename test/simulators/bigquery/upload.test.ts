import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { BigQuery, Job, TableSchema } from "@google-cloud/bigquery";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Project, projects, refusalOf, refusedBy } from "./support.js";

const pool = projects();
let project: Project;
let client: BigQuery;

beforeEach(async () => {
  project = await pool.start();
  client = project.client();
});
afterEach(() => pool.end());

const schema: TableSchema = { fields: [{ name: "a", type: "INTEGER" }] };
const lines = (rows: number): string => Array.from({ length: rows }, (_, n) => `${JSON.stringify({ a: n })}\n`).join("");
const load = { sourceFormat: "NEWLINE_DELIMITED_JSON", writeDisposition: "WRITE_TRUNCATE", schema };
const table = () => client.dataset("app").table("t");
const count = async (): Promise<unknown> => (await client.query("SELECT COUNT(*) AS n FROM app.t"))[0][0].n;

/** Uploads by the client's stream; resolves with the job, rejects with the refusal. */
async function upload(body: Readable, more: object = {}): Promise<Job> {
  const to = table().createWriteStream_({ ...load, ...more });
  const job = once(to, "job") as Promise<[Job]>;
  body.pipe(to);
  return (await job)[0];
}

describe("a file that comes with its job", () => {
  it("is loaded", async () => {
    const job = await upload(Readable.from([lines(10), lines(5)]), { jobId: "delta" });
    await job.promise();
    const [{ statistics, jobReference, configuration }] = await job.getMetadata();
    expect(jobReference).toMatchObject({ jobId: "delta", location: "US" });
    expect(configuration).toMatchObject({ jobType: "LOAD", load: { sourceFormat: "NEWLINE_DELIMITED_JSON" } });
    expect(statistics.load).toMatchObject({ inputFiles: "1", outputRows: "15", badRecords: "0" });
    expect(await count()).toBe(15);
    const { log, bytes } = project.sim.counts;
    expect(log[0]).toMatchObject({ kind: "load", id: "delta", outcome: "ok", rows: 15 });
    expect(bytes.uploaded).toBe(lines(10).length + lines(5).length);
  });

  it.each([0, 1, 65_536])("keeps its bytes, also where it is cut in pieces of odd sizes (%i rows)", async (rows) => {
    const text = Buffer.from(lines(rows));
    const pieces = Array.from({ length: Math.ceil(text.length / 9973) }, (_, n) => text.subarray(n * 9973, (n + 1) * 9973));
    await (await upload(Readable.from(pieces))).promise();
    expect(await count()).toBe(rows);
  });

  it("is refused with an id that exists, and not loaded again", async () => {
    await (await upload(Readable.from([lines(1)]), { jobId: "delta" })).promise();
    const refused = await upload(Readable.from([lines(9)]), { jobId: "delta" }).catch(refusalOf);
    expect(refused).toMatchObject({ code: 409, reason: "duplicate" });
    expect(await count()).toBe(1);
  });

  it("leaves nothing where its connection ends in the middle", async () => {
    project.sim.faults.add({ kind: "load" }, { uploaded: 100_000 });
    const refused = await upload(Readable.from([lines(100_000)]), { jobId: "delta" }).catch(refusalOf);
    expect(refused).toMatchObject({ message: expect.stringMatching(/EPIPE|ECONNRESET|hang up/) });
    expect(await refusedBy(client.job("delta").getMetadata())).toMatchObject({ code: 404 });
    expect(project.sim.counts.jobs).toBe(0);
  });

  it("leaves nothing where its source fails in the middle", async () => {
    const source = new PassThrough();
    const to = table().createWriteStream_({ ...load, jobId: "delta" });
    const failed = pipeline(source, to).catch((e: Error) => e.message);
    source.write(lines(1000));
    source.destroy(new Error("the source failed"));
    expect(await failed).toBe("the source failed");
    expect(project.sim.counts.jobs).toBe(0);
  });

  it("is removed when its job is done", async () => {
    const kept = async () => {
      const folders = (await readdir(tmpdir())).filter((name) => name.startsWith("bigquery-simulator-"));
      const files = await Promise.all(folders.map((f) => readdir(`${tmpdir()}/${f}/uploads`).catch(() => [])));
      return files.flat().length;
    };
    const before = await kept();
    await (await upload(Readable.from([lines(3)]))).promise();
    expect(await kept()).toBe(before);
  });
});

describe("a resumable upload", () => {
  const step = 262_144;
  const text = lines(30_000);
  const start = async (id: string, more: object = {}): Promise<string> => {
    const path = `${project.sim.url}/upload/bigquery/v2/projects/test-project/jobs?uploadType=resumable`;
    const destinationTable = { projectId: "test-project", datasetId: "app", tableId: "t" };
    const job = { jobReference: { jobId: id }, configuration: { load: { ...load, destinationTable, ...more } } };
    const answer = await project.rest("POST", path, job);
    expect(answer.status).toBe(200);
    return answer.headers.get("location") ?? "";
  };
  const put = (uri: string, from: number, to: number, total: number | "*" = text.length) =>
    project.rest("PUT", uri, text.slice(from, to), { "content-range": `bytes ${from}-${to - 1}/${total}` });
  const ask = (uri: string) => project.rest("PUT", uri, "", { "content-range": `bytes */${text.length}` });

  it("takes the file at once", async () => {
    const { status, body } = await project.rest("PUT", await start("whole"), text);
    expect({ status, body }).toMatchObject({ status: 200, body: { jobReference: { jobId: "whole" } } });
    await client.job("whole").promise();
    expect(await count()).toBe(30_000);
  });

  it("takes it in chunks and says how far it has come", async () => {
    const uri = await start("chunks");
    expect((await ask(uri)).headers.get("range")).toBeNull();
    const first = await put(uri, 0, step, "*");
    expect({ status: first.status, range: first.headers.get("range") }).toEqual({ status: 308, range: `bytes=0-${step - 1}` });
    expect((await ask(uri)).headers.get("range")).toBe(`bytes=0-${step - 1}`);
    expect(project.sim.counts.jobs).toBe(0);
    expect((await put(uri, step, text.length)).status).toBe(200);
    await client.job("chunks").promise();
    expect(await count()).toBe(30_000);
  });

  it("tells the job again to whoever did not hear the answer, and starts no second one", async () => {
    const uri = await start("again");
    project.sim.faults.add({ endpoint: "upload.chunk" }, { at: "after", drop: true });
    await expect(put(uri, 0, text.length)).rejects.toThrow();
    expect(await ask(uri)).toMatchObject({ status: 200, body: { jobReference: { jobId: "again" } } });
    expect(project.sim.counts.jobs).toBe(1);
  });

  it("takes bytes that came already only once", async () => {
    const uri = await start("twice");
    await put(uri, 0, step, "*");
    await put(uri, 0, text.length);
    await client.job("twice").promise();
    expect(await count()).toBe(30_000);
  });

  it("refuses chunks of other sizes, chunks that leave a gap, and names that nobody has", async () => {
    const uri = await start("odd");
    expect((await put(uri, 0, 1000, "*")).status).toBe(400);
    expect((await put(await start("gap"), step, 2 * step, "*")).status).toBe(400);
    expect((await ask(`${uri}x`)).status).toBe(404);
  });
});

describe("files of Cloud Storage", () => {
  const from = (...sourceUris: string[]) =>
    client.createJob({
      configuration: {
        load: { ...load, sourceUris, destinationTable: { projectId: "test-project", datasetId: "app", tableId: "t" } },
      },
    });

  it("are loaded by name and by a star", async () => {
    await project.sim.bucket("files", { "a/1.json": lines(1), "a/2.json": lines(2), "b.json": lines(4) });
    await (await from("gs://files/a/*.json", "gs://files/b.json"))[0].promise();
    expect(await count()).toBe(7);
  });

  it("that are not there make the job fail", async () => {
    const [job] = await from("gs://files/none.json").catch(() => [client.job("none")]);
    expect(job.id).toBe("none");
    expect(project.sim.counts.log[0]?.outcome).toBe("notFound");
  });
});
