import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { conformance } from "cutover/conformance";
import { expect, test } from "vitest";
import { cases, harness } from "./harness.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("node:test runs the cases, and shows why one is skipped", { timeout: 60_000 }, async () => {
  const file = fileURLToPath(new URL("./by-node.ts", import.meta.url));
  const args = ["--import", "tsx", "--conditions=cutover-source", "--test", "--test-reporter=tap", file];
  // A runner of another kind must not be taken for part of this one.
  const { NODE_TEST_CONTEXT: _none, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env });
  expect(stdout).toMatch(/ok \d+ - session: execute tells how many rows a statement changed/);
  expect(stdout).toMatch(/# SKIP names do not differ by case/);
  expect(stdout).toMatch(/# fail 0/);
});

test("the command runs the cases that were asked for, a line each, and ends with a summary", { timeout: 60_000 }, async () => {
  const script = fileURLToPath(new URL("../../scripts/conformance.ts", import.meta.url));
  const args = [
    "--import",
    "tsx",
    "--conditions=cutover-source",
    script,
    "duckdb",
    "--group",
    "session",
    "--only",
    "how many rows",
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  const lines = stdout.trim().split("\n");
  expect(lines[0]).toMatch(/^ok {4}session: execute tells how many rows a statement changed \(\d+ ms\)$/);
  expect(JSON.parse(lines.at(-1) ?? "")).toEqual({ adapter: "duckdb", passed: lines.length - 1, failed: 0, skipped: 0 });
});

test("names are unique, every invariant has a case of its own, and nothing is opened before a case runs", () => {
  const all = conformance({
    ...harness(),
    open: async () => {
      throw new Error("opened");
    },
  });
  expect(new Set(all.map((c) => c.name)).size).toBe(all.length);
  expect([...new Set(all.map((c) => c.invariant))].filter((i) => i !== null).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 12 }, (_, i) => i + 1),
  );
  expect(cases({ groups: ["steps"] }).every((c) => c.group === "steps")).toBe(true);
});

test("every operation is walked by one of the files", async () => {
  const folder = fileURLToPath(new URL(".", import.meta.url));
  const files = (await readdir(folder)).filter((f) => f.startsWith("faults-"));
  const texts = await Promise.all(files.map((f) => readFile(`${folder}/${f}`, "utf8")));
  const parts = texts.map((t) => new RegExp(/walk\(\/(.*)\/\)/.exec(t)?.[1] ?? "$^"));
  for (const c of cases({ groups: ["faults"] }))
    expect(
      parts.filter((p) => p.test(c.name)),
      c.name,
    ).toHaveLength(1);
});
