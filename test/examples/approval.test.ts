import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tsx = createRequire(import.meta.url).resolve("tsx/cli");

test("examples/approval: proposed in one process, approved in another, made again where live has moved on", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cutover-approval-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const run = async (...args: string[]): Promise<string> => {
    const command = [tsx, "--conditions=cutover-source", join("examples", "approval", "main.ts"), ...args, folder];
    return (await promisify(execFile)(process.execPath, command, { cwd: root })).stdout.trim();
  };
  expect(await run("nightly", "2")).toBe("release 1: the night's rows");
  expect(await run("propose")).toBe("release 2 waits for approval");
  const first = await readFile(join(folder, "ticket.json"), "utf8");
  // The nightly job is another process: it neither waits for the proposal nor takes it away.
  expect(await run("nightly", "3")).toBe("release 3: the night's rows");
  expect(await run("approve")).toBe("release 2 was made again, since live had moved on: look at it again");
  expect(await readFile(join(folder, "ticket.json"), "utf8")).not.toBe(first);
  expect(await run("approve")).toBe("release 2 is live");
}, 120_000);
