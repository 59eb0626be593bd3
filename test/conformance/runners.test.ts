import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Warehouse } from "cutover";
import { type AdapterSpec, adapterOf, defineAdapter, type Session } from "cutover/adapter";
import { conformance } from "cutover/conformance";
import { duckdb } from "cutover/duckdb";
import { expect, test } from "vitest";
import type { capabilities } from "../../adapters/duckdb/capabilities.js";
import { isIn, parts } from "./faults.js";
import { cases, harness } from "./harness.js";

/** A session whose methods are on its class, and lost where an object is spread. */
class ByClass implements Session {
  readonly #own: Session;
  constructor(own: Session) {
    this.#own = own;
  }
  get home() {
    return this.#own.home;
  }
  execute(...call: Parameters<Session["execute"]>) {
    return this.#own.execute(...call);
  }
  stream(...call: Parameters<Session["stream"]>) {
    return this.#own.stream(...call);
  }
  atomic(...call: Parameters<Session["atomic"]>) {
    return this.#own.atomic(...call);
  }
  stage(...call: Parameters<Session["stage"]>) {
    return this.#own.stage(...call);
  }
  columnsOf(...call: Parameters<Session["columnsOf"]>) {
    return this.#own.columnsOf(...call);
  }
  describe(...call: Parameters<Session["describe"]>) {
    return this.#own.describe(...call);
  }
  list(...call: Parameters<Session["list"]>) {
    return this.#own.list(...call);
  }
  hasSchema(...call: Parameters<Session["hasSchema"]>) {
    return this.#own.hasSchema(...call);
  }
  close() {
    return this.#own.close();
  }
}
const byClass = (warehouse: Warehouse): Warehouse => {
  const spec = adapterOf(warehouse) as unknown as AdapterSpec<typeof capabilities, never>;
  return defineAdapter({ ...spec, contract: 1, open: async (o) => new ByClass(await spec.open(o)) });
};

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

test("sessions may be objects of a class: an operation runs on them, and the walk of one", { timeout: 60_000 }, async () => {
  const open = async () => ({ warehouse: byClass(duckdb()), dispose: async () => undefined });
  const asked = /: a run publishes what its source gives|: hold: at whatever point/;
  const found = cases({ open, faults: { every: 9 } }).filter((c) => asked.test(c.name));
  expect(found.map((c) => c.group)).toEqual(["operations", "faults"]);
  for (const c of found) await c.run();
});

test("every operation is walked by one of the files", async () => {
  const folder = fileURLToPath(new URL(".", import.meta.url));
  const files = (await readdir(folder)).filter((f) => f.startsWith("faults-"));
  const texts = await Promise.all(files.map((f) => readFile(`${folder}/${f}`, "utf8")));
  const walked = texts.map((t) => /walk\("(.*)"\)/.exec(t)?.[1] ?? "");
  expect(walked.toSorted()).toEqual([...parts].toSorted());
  for (const c of cases({ groups: ["faults"] }))
    expect(
      parts.filter((p) => isIn(p, c.name)),
      c.name,
    ).toHaveLength(1);
});
