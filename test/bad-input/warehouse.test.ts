import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cutover, type Duration, isCutoverError, rows, type Warehouse } from "cutover";
import { duckdb } from "cutover/duckdb";
import { describe, expect, onTestFinished, test } from "vitest";
import { wrapped } from "../../src/conformance/wrapped.js";
import { directory, failure, order, orders } from "./support.js";

const holder = `
  import { DuckDBInstance } from "@duckdb/node-api";
  const instance = await DuckDBInstance.create(process.argv[1]);
  process.once("message", () => { instance.closeSync(); process.disconnect(); });
  process.send("open");
`;
/** Another process that has the file open until it gets a message. */
async function heldByAnother(path: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", holder, path], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  onTestFinished(() => void child.kill());
  await once(child, "message");
  return child;
}
const pipelineOn = (warehouse: Warehouse, wait: Duration = 0) => {
  const etl = cutover({ warehouse, pipeline: "p", tables: { orders }, lease: { wait } });
  onTestFinished(() => etl.close());
  return etl;
};
async function file(): Promise<string> {
  const path = join(await directory(), "w.duckdb");
  await using etl = cutover({ warehouse: duckdb({ path }), pipeline: "p", tables: { orders } });
  await etl.run({ orders: rows([order(1)]) });
  return path;
}
const run = (warehouse: Warehouse, wait?: Duration) => pipelineOn(warehouse, wait).run({ orders: rows([order(2)]) });

describe("a file locked by another process", () => {
  test("LEASE_HELD names the holder; when it has ended the run works", async () => {
    const path = await file();
    const child = await heldByAnother(path);
    const e = await failure(() => run(duckdb({ path })), "LEASE_HELD");
    expect(e.context).toMatchObject({ owner: expect.stringContaining(`PID ${child.pid}`), pipeline: "p" });
    expect(e.context.expires).not.toBe("");
    expect(e.message).toMatch(/close it there, or wait/);
    expect(e.retryable).toBe(true);
    child.send("end");
    await once(child, "exit");
    expect((await run(duckdb({ path }))).status).toBe("published");
  });
  test("status() meets it too", async () => {
    const path = await file();
    await heldByAnother(path);
    await failure(() => pipelineOn(duckdb({ path })).status(), "LEASE_HELD");
  });
  test("with lease.wait it succeeds after the other ends", async () => {
    const path = await file();
    const child = await heldByAnother(path);
    let refusals = 0;
    // The other process ends when we have been refused, and not before.
    const watched = wrapped(duckdb({ path }), {
      open: async (open, o) => {
        try {
          return await open(o);
        } catch (e) {
          if (refusals++ === 0) child.send("end");
          throw e;
        }
      },
    });
    expect((await run(watched, "1m")).status).toBe("published");
    expect(refusals).toBeGreaterThan(0);
  });
});

describe("a warehouse that cannot be written", () => {
  test("opened for reading only: refused, told, and still readable", async () => {
    const path = await file();
    const etl = pipelineOn(duckdb({ path, readOnly: true }));
    const e = await failure(() => etl.run({ orders: rows([order(2)]) }), "ADAPTER");
    expect(e.context).toMatchObject({ adapter: "duckdb", kind: "denied", outcome: "not-applied", pipeline: "p" });
    expect(e.message).toMatch(/readOnly/);
    expect((await etl.status()).live).toBe(1);
    expect((await etl.audit()).ok).toBe(true);
    await etl.close();
    expect((await run(duckdb({ path }))).status).toBe("published");
  });
  test("opened for reading only, without a ledger", async () => {
    const path = join(await directory(), "w.duckdb");
    const { DuckDBInstance } = await import("@duckdb/node-api");
    (await DuckDBInstance.create(path)).closeSync();
    const e = await failure(() => run(duckdb({ path, readOnly: true })), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "denied", outcome: "not-applied" });
  });
  test("the path is a directory", async () => {
    const path = await directory();
    const e = await failure(() => run(duckdb({ path })), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "missing-object", outcome: "not-applied", pipeline: "p" });
    expect(e.message).toContain(path);
  });
  test("the path's directory does not exist", async () => {
    const path = join(await directory(), "none", "w.duckdb");
    const e = await failure(() => run(duckdb({ path })), "ADAPTER");
    expect(e.context.kind).toBe("missing-object");
    expect(e.message).toContain(path);
  });
  test("the file is no database", async () => {
    const path = join(await directory(), "w.duckdb");
    await writeFile(path, "this is no database, but it is a file of some length ".repeat(100));
    const e = await failure(() => run(duckdb({ path })), "ADAPTER");
    expect(e.context.kind).toBe("corrupt");
    expect(e.message).toContain(path);
  });
  test("the file is read-only to this user", async (t) => {
    t.skip(process.getuid?.() === 0, "root may write every file");
    const path = await file();
    await chmod(path, 0o444);
    const e = await failure(() => run(duckdb({ path })), "ADAPTER");
    expect(e.context.kind).toBe("denied");
  });
  test("a setting that the engine does not have", async () => {
    const path = join(await directory(), "w.duckdb");
    const e = await failure(() => run(duckdb({ path, config: { no_such_setting: "1" } })), "ADAPTER");
    expect(isCutoverError(e)).toBe(true);
    expect(e.message).toContain("no_such_setting");
  });
});
