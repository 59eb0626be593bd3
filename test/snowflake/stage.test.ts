import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { raw, type Session } from "cutover/adapter";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type Account, account, at, calm, column, failure, rowsOf } from "./place.js";

let a: Account;
let session: Session;
let folder: string;
const temporary = process.env["TMPDIR"];
beforeAll(async () => {
  a = await account();
  session = await a.open();
});
afterAll(() => a.close());
beforeEach(async () => {
  a.sim.faults.clear();
  folder = await mkdtemp(join(tmpdir(), "stage-"));
  await mkdir(join(folder, "tmp"));
  process.env["TMPDIR"] = join(folder, "tmp");
});
afterEach(async () => {
  if (temporary === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = temporary;
  await rm(folder, { recursive: true, force: true });
});

const columns = [column("ID", "int64", "NUMBER(19,0)", false), column("V", "string", "VARCHAR"), column("J", "json", "VARIANT")];
const row = (i: number): readonly unknown[] => [BigInt(i), i % 3 === 0 ? null : `"${i}",\n'`, '{"a":[1,null]}'];
const count = async (): Promise<unknown> => (await a.sql('SELECT COUNT(*) AS N, COUNT("V") AS V FROM "D"'))[0];
const left = async (): Promise<readonly string[]> => (await readdir(join(folder, "tmp"))).filter((n) => n.startsWith("cutover-"));

it("stages few rows by one statement, into a table without history", async () => {
  const sent = await a.sent(() => session.stage(at("D"), columns, rowsOf(1000, 300, row), calm()));
  expect(sent.map((s) => s.slice(0, 56))).toEqual(['CREATE OR REPLACE TRANSIENT TABLE "DB"."PUBLIC"."D" ("ID']);
  expect(await count()).toEqual({ N: 1000n, V: 666n });
  expect((await a.sql("SHOW TABLES LIKE 'D'"))[0]).toMatchObject({ kind: "TRANSIENT", retention_time: "0" });
});

it("stages many rows by a compressed file, and leaves it nowhere", async () => {
  const mark = a.sim.counts.mark();
  expect(await session.stage(at("D"), columns, rowsOf(30_000, 5000, row), calm())).toEqual({ rows: 30_000 });
  const { log, bytes } = a.sim.counts.since(mark);
  expect(log.map((s) => s.kind)).toEqual(["CREATE", "CREATE", "PUT", "COPY", "REMOVE"]);
  expect(bytes.put).toBeLessThan(500_000);
  expect(await count()).toEqual({ N: 30_000n, V: 20_000n });
  expect(await left()).toEqual([]);
});

it("goes back to the same rows when files are staged again", async () => {
  for (let i = 0; i < 2; i++) await session.stage(at("D"), columns, rowsOf(12_000, 4000, row), calm());
  expect(await count()).toEqual({ N: 12_000n, V: 8000n });
});

it("leaves no file and no row when the source fails midway", async () => {
  const source = async function* () {
    yield* rowsOf(20_000, 5000, row);
    throw new Error("of the source");
  };
  const sent = await a.sent(async () => {
    expect(String(await failure(session.stage(at("D"), columns, source(), calm())))).toContain("of the source");
  });
  expect(sent.filter((s) => /^(?:COPY|PUT)/.test(s))).toEqual([]);
  expect(await count()).toEqual({ N: 0n, V: 0n });
  expect(await left()).toEqual([]);
});

it("leaves no file when the upload or the load fails", async () => {
  for (const kind of ["PUT", "COPY"]) {
    a.sim.faults.add({ kind }, { error: { code: "000603", message: "internal error" } });
    const e = await failure(session.stage(at("D"), columns, rowsOf(20_000, 5000, row), calm()));
    expect(a.adapter.classify(e), kind).toMatchObject({ outcome: "not-applied" });
    expect(await left()).toEqual([]);
  }
});

it("says what to do when there is no room for its files", async () => {
  process.env["TMPDIR"] = join(folder, "nowhere");
  const e = await failure(session.stage(at("D"), columns, rowsOf(20_000, 5000, row), calm()));
  expect(a.adapter.classify(e)).toMatchObject({ kind: "resources", outcome: "not-applied" });
  expect(a.adapter.classify(e).hint).toContain("TMPDIR");
});

it("loads files of any order of columns, compressed ones too, by their headers", async () => {
  const file = async (name: string, content: string | Uint8Array): Promise<string> => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const urls = [
    await file("a.csv", 'id,j,"v"\n1,[1],"x, ""y"""\n'),
    await file("b.csv.gz", gzipSync("v,id,j\n,2,\n")),
    await file("it's *.csv", 'ID,V,J\r\n3,"",null\r\n'),
  ];
  expect(await session.stage(at("D"), columns, { urls, format: "csv" }, calm())).toEqual({ rows: 3 });
  const rows = await a.sql('SELECT "ID", "V", TO_JSON("J") AS J FROM "D" ORDER BY 1');
  expect(rows).toEqual([
    { ID: 1n, V: 'x, "y"', J: "[1]" },
    { ID: 2n, V: null, J: null },
    { ID: 3n, V: "", J: "null" },
  ]);
  const other = await file("c.csv", "id,v\n1,x\n");
  const e = await failure(session.stage(at("D"), columns, { urls: [...urls, other], format: "csv" }, calm()));
  expect(a.adapter.classify(e).kind).toBe("bad-file");
  expect(String(e)).toContain("c.csv");
});

it("finds files by folder and by pattern", async () => {
  await mkdir(join(folder, "deep", "er"), { recursive: true });
  for (const name of ["deep/1.ndjson", "deep/er/2.ndjson", "deep/no.txt"])
    await writeFile(join(folder, name), '{"id":1,"v":"x","j":{"k":1e400}}\n'.replace("1e400", "1"));
  const load = (url: string) => session.stage(at("D"), columns, { urls: [join(folder, url)], format: "ndjson" }, calm());
  expect(await load("deep")).toEqual({ rows: 1 });
  expect(await load("**/*.ndjson")).toEqual({ rows: 2 });
  expect(await load("deep/?.ndjson")).toEqual({ rows: 1 });
  expect(String(await failure(load("*.parquet")))).toContain("no file at");
});

it("reads files of a stage where they are, and a bucket by none", async () => {
  await a.sql('CREATE STAGE "Files"');
  await writeFile(join(folder, "s.csv"), "ID,V,J\n7,x,\n");
  await session.execute(
    { sql: raw(`PUT 'file://${join(folder, "s.csv")}' @"DB"."PUBLIC"."Files"/in AUTO_COMPRESS = TRUE`) },
    calm(),
  );
  const set = { urls: ['@"DB"."PUBLIC"."Files"/in'], format: "csv" } as const;
  expect(await session.stage(at("D"), columns, set, calm())).toEqual({ rows: 1 });
  expect(await session.stage(at("D"), columns, set, calm())).toEqual({ rows: 1 });
  const s3 = await failure(session.stage(at("D"), columns, { urls: ["s3://bucket/x.csv"], format: "csv" }, calm()));
  expect(a.adapter.classify(s3)).toMatchObject({ kind: "unsupported" });
  const bad = await failure(session.stage(at("D"), columns, { urls: ["@x; DROP TABLE y"], format: "csv" }, calm()));
  expect(a.adapter.classify(bad)).toMatchObject({ kind: "bad-file" });
});
