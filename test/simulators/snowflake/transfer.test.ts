import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Account, accounts, type Client } from "./support.js";

const pool = accounts();
let account: Account;
let client: Client;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "transfer-"));
  account = await pool.start();
  client = await account.connect({ arrayBindingThreshold: 10 });
  await client.run("CREATE STAGE ST");
  await writeFile(join(folder, "rows.json"), '{"a":1}\n'.repeat(1000));
});
afterEach(async () => {
  await pool.end();
  await rm(folder, { recursive: true, force: true });
});

const put = (more = "", file = "rows.json") => client.run(`PUT file://${join(folder, file)} @ST/in ${more}`);

describe("PUT", () => {
  it("compresses and stores a file, and GET brings it back", async () => {
    expect((await put()).rows).toMatchObject([
      { source: "rows.json", target: "rows.json.gz", sourceSize: 8000, status: "UPLOADED" },
    ]);
    await client.run(`GET @ST/in file://${folder}`);
    expect(await readdir(folder)).toContain("rows.json.gz");
    expect(gunzipSync(await readFile(join(folder, "rows.json.gz"))).toString()).toBe('{"a":1}\n'.repeat(1000));
  });

  it("leaves a file that is there, unless it is told to overwrite it", async () => {
    await put("AUTO_COMPRESS = FALSE");
    await writeFile(join(folder, "rows.json"), '{"a":2}\n');
    expect((await put("AUTO_COMPRESS = FALSE")).rows).toMatchObject([{ status: "SKIPPED" }]);
    expect((await put("AUTO_COMPRESS = FALSE OVERWRITE = TRUE")).rows).toMatchObject([{ status: "UPLOADED", targetSize: 8 }]);
  });

  it("counts the bytes that went to the stage", async () => {
    await put("AUTO_COMPRESS = FALSE");
    expect(account.sim.counts.bytes.put).toBe(8000);
  });

  it("survives storage that is busy, and tells of storage that is gone", async () => {
    account.sim.faults.add({ endpoint: "storage" }, { status: 503 }, 2);
    expect((await put("OVERWRITE = TRUE")).rows).toMatchObject([{ status: "UPLOADED" }]);
    account.sim.faults.add({ endpoint: "storage" }, { drop: true }, 1000);
    await expect(put("OVERWRITE = TRUE")).rejects.toThrow("socket hang up");
  });

  it("of a file that is not there fails in the driver, without a code of the service's", async () => {
    await expect(put("", "nothing.json")).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("to a stage that is not there is refused", async () => {
    await expect(client.run(`PUT file://${join(folder, "rows.json")} @NOWHERE/in`)).rejects.toMatchObject({ code: "002003" });
  });

  it("does not let anybody write without the token, or outside the folder", async () => {
    await put();
    const send = (path: string) => fetch(`${account.sim.url}/storage/${path}`, { method: "PUT", body: "x" });
    expect((await send("made-up/file")).status).toBe(404);
    expect((await send("..%2F..%2Ffile")).status).toBe(404);
  });
});

describe("many binds", () => {
  const rows = Array.from({ length: 20 }, (_, n) => [String(n), n % 2 === 0 ? null : `"${n}",\n'`]);

  beforeEach(async () => {
    await client.run("CREATE TABLE T (A INTEGER, B VARCHAR)");
  });

  it("travel as a file on a stage of their own", async () => {
    const mark = account.sim.counts.mark();
    const { statement } = await client.run("INSERT INTO T VALUES (?, ?)", { binds: rows as string[][] });
    expect(statement.getNumUpdatedRows()).toBe(20);
    expect(account.sim.counts.since(mark).log.map((s) => s.kind)).toEqual(["CREATE", "PUT", "INSERT"]);
    const found = await client.run("SELECT A, B FROM T ORDER BY A");
    expect(found.rows).toEqual(rows.map(([a, b]) => ({ A: Number(a), B: b })));
  });

  it("travel with the statement where the stage cannot be used", async () => {
    account.sim.faults.add({ endpoint: "storage" }, { drop: true }, 1000);
    const { statement } = await client.run("INSERT INTO T VALUES (?, ?)", { binds: rows as string[][] });
    expect(statement.getNumUpdatedRows()).toBe(20);
  });
});
