import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const biome = join(root, "node_modules", "@biomejs", "biome", "bin", "biome");
const coreMessage = {
  adapter: "The core never imports an adapter.",
  self: "The core imports its own files by path.",
  driver: "The core never imports a driver.",
};
const adapterMessage = {
  core: "An adapter imports the core only as cutover/adapter.",
  other: "An adapter never imports another one.",
};
const exampleMessage = "An example imports the package as its users do.";

/** A file where it stands, what it contains, and what the linter must say about it. */
const violations: readonly (readonly [file: string, code: string, message: string])[] = [
  ["src/plan/a.ts", `import "../../adapters/duckdb/index.js";`, coreMessage.adapter],
  ["src/plan/a.ts", `await import("../../adapters/duckdb/index.js");`, coreMessage.adapter],
  ["src/index.ts", `export * from "../adapters/duckdb/index.js";`, coreMessage.adapter],
  ["src/plan/a.ts", `import "cutover";`, coreMessage.self],
  ["src/plan/a.ts", `import "cutover/adapter";`, coreMessage.self],
  ["src/plan/a.ts", `import "cutover/duckdb";`, coreMessage.self],
  ["src/plan/a.ts", `await import("cutover/duckdb");`, coreMessage.self],
  ["src/plan/a.ts", `import "@duckdb/node-api";`, coreMessage.driver],
  [
    "src/plan/a.ts",
    `import type { DuckDBInstance } from "@duckdb/node-api";\nexport type A = DuckDBInstance;`,
    coreMessage.driver,
  ],
  ["src/plan/a.ts", `await import("@duckdb/node-api");`, coreMessage.driver],
  ["src/plan/a.ts", `await import("@duckdb/node-bindings");`, coreMessage.driver],
  ["src/plan/a.ts", `import "duckdb";`, coreMessage.driver],
  ["src/plan/a.ts", `import "snowflake-sdk";`, coreMessage.driver],
  ["src/plan/a.ts", `await import("@google-cloud/bigquery");`, coreMessage.driver],
  ["src/testing/a.ts", `import "cutover/snowflake";`, coreMessage.self],
  ["src/testing/a.ts", `import "../../adapters/duckdb/index.js";`, coreMessage.adapter],
  ["src/testing/a.ts", `import "@duckdb/node-api";`, coreMessage.driver],
  ["adapters/duckdb/a.ts", `import "../../src/index.js";`, adapterMessage.core],
  ["adapters/duckdb/a.ts", `import "../../src/adapter/index.js";`, adapterMessage.core],
  ["adapters/duckdb/a.ts", `import type { A } from "../../src/plan/a.js";\nexport type B = A;`, adapterMessage.core],
  ["adapters/duckdb/a.ts", `await import("../../src/sql/sql.js");`, adapterMessage.core],
  ["adapters/duckdb/deep/a.ts", `import "../../../src/index.js";`, adapterMessage.core],
  ["adapters/duckdb/a.ts", `import "cutover";`, adapterMessage.core],
  ["adapters/duckdb/a.ts", `import "cutover/duckdb";`, adapterMessage.core],
  ["adapters/duckdb/a.ts", `await import("cutover");`, adapterMessage.core],
  ["adapters/duckdb/a.ts", `import "../snowflake/syntax.js";`, adapterMessage.other],
  ["adapters/duckdb/a.ts", `import "../../adapters/snowflake/syntax.js";`, adapterMessage.other],
  ["adapters/duckdb/deep/a.ts", `import "../../snowflake/syntax.js";`, adapterMessage.other],
  ["adapters/duckdb/deep/a.ts", `await import("cutover");`, adapterMessage.core],
  ["examples/postgres/a.ts", `import "cutover";`, adapterMessage.core],
  ["examples/postgres/a.ts", `import "../../src/index.js";`, exampleMessage],
  ["examples/demo/a.ts", `import "../../src/index.js";`, exampleMessage],
  ["examples/demo/a.ts", `import "../../adapters/duckdb/index.js";`, exampleMessage],
];
const allowed: readonly (readonly [file: string, code: string])[] = [
  ["src/plan/a.ts", `import "../adapter/index.js";\nimport "zod/v4/core";\nimport "p-retry";`],
  ["adapters/duckdb/a.ts", `import "./b.js";\nimport "cutover/adapter";\nimport "@duckdb/node-api";\nimport "node:fs";`],
  ["adapters/duckdb/deep/a.ts", `import "../b.js";\nimport "../other/c.js";\nimport "cutover/adapter";`],
  ["src/testing/a.ts", `import "../adapter/define.js";\nimport "cutover/duckdb";`],
  ["examples/demo/a.ts", `import "cutover";\nimport "cutover/duckdb";\nimport "./b.js";`],
  ["test/plan/a.test.ts", `import "../../src/plan/a.js";\nimport "../../adapters/duckdb/index.js";`],
];

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cutover-boundaries-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The linter's own words on one planted file, in a project that has nothing else but the real configuration. */
async function lint(file: string, code: string): Promise<{ readonly failed: boolean; readonly output: string }> {
  const project = await mkdtemp(join(folder, "p-"));
  await cp(join(root, "biome.json"), join(project, "biome.json"));
  await mkdir(dirname(join(project, file)), { recursive: true });
  await writeFile(join(project, file), `${code}\n`);
  return await new Promise((resolve) => {
    const args = [biome, "lint", "--only=style/noRestrictedImports", "--reporter=json", "."];
    execFile(process.execPath, args, { cwd: project }, (error, stdout, stderr) => {
      resolve({ failed: error !== null, output: stdout + stderr });
    });
  });
}

describe("import boundaries: the linter refuses", () => {
  test.each(violations)("%s: %s", async (file, code, message) => {
    const { failed, output } = await lint(file, code);
    expect(output).toContain("lint/style/noRestrictedImports");
    expect(output).toContain(message);
    expect(failed).toBe(true);
  });
});

describe("import boundaries: the linter lets pass", () => {
  test.each(allowed)("%s: %s", async (file, code) => {
    const { failed, output } = await lint(file, code);
    expect(output).not.toContain("noRestrictedImports");
    expect(failed).toBe(false);
  });
});
