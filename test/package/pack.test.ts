import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import tsup from "../../tsup.config.js";
import { shareOf } from "../support/long.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tool = (...path: string[]): string => join(root, "node_modules", ...path);
const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};
const subpaths = Object.keys(manifest.exports).filter((s) => s !== "./package.json");
const specifiers = subpaths.map((s) => `cutover${s.slice(1)}`);

let folder: string;
let pack: string;
let consumer: string;
let tarball: string;
let packed: readonly string[];

interface Ran {
  readonly code: number;
  readonly output: string;
}

function run(cwd: string, command: string, ...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env: { ...process.env, NO_COLOR: "1" }, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, output: stdout + stderr });
    });
  });
}
async function must(cwd: string, command: string, ...args: string[]): Promise<string> {
  const { code, output } = await run(cwd, command, ...args);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}\n${output}`);
  return output;
}
/** Runs a module in the consumer's project; what it prints as JSON. */
async function script(code: string): Promise<unknown> {
  const file = join(consumer, "script.mjs");
  await writeFile(file, code);
  const output = await must(consumer, process.execPath, file);
  return JSON.parse(output);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cutover-pack-"));
  pack = join(folder, "package");
  consumer = join(folder, "consumer");
  await mkdir(pack);
  await mkdir(consumer);
  await must(root, process.execPath, tool("tsup", "dist", "cli-default.js"), "--out-dir", join(pack, "dist"), "--silent");
  for (const file of ["package.json", "README.md", "CHANGELOG.md", "LICENSE"]) await cp(join(root, file), join(pack, file));
  const made = await must(pack, "npm", "pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", folder);
  const [info] = JSON.parse(made) as { readonly filename: string; readonly files: readonly { readonly path: string }[] }[];
  if (info === undefined) throw new Error(made);
  tarball = join(folder, info.filename);
  packed = info.files.map((f) => f.path);
  await writeFile(join(consumer, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  const { zod, "@types/node": types } = manifest.devDependencies;
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  await must(consumer, "npm", "install", ...quiet, tarball, `zod@${zod}`, `@types/node@${types}`);
}, 300_000);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("the tarball", () => {
  test("holds the build and the papers, nothing else", () => {
    const papers = ["CHANGELOG.md", "LICENSE", "README.md", "package.json"];
    expect(packed.filter((p) => !p.startsWith("dist/")).sort()).toEqual(papers);
    expect(packed.filter((p) => !/^dist\/[\w-]+\.(js|js\.map|d\.ts)$/.test(p) && !papers.includes(p))).toEqual([]);
  });
  test("has every file that the exports name", () => {
    const targets = Object.values(manifest.exports).flatMap((e) =>
      typeof e === "string"
        ? []
        : Object.entries(e).flatMap(([condition, path]) => (condition === "cutover-source" ? [] : [path])),
    );
    expect(targets.length).toBe(2 * subpaths.length);
    expect(targets.filter((t) => !packed.includes(t.slice(2)))).toEqual([]);
  });
  test("has one entry for each export, built from the source that the export names", () => {
    const sources = subpaths.map((s) => (manifest.exports[s] as Readonly<Record<string, string>>)["cutover-source"]?.slice(2));
    expect(Object.values(tsup.entry as Readonly<Record<string, string>>).sort()).toEqual(sources.sort());
  });
  test("passes publint --strict", async () => {
    const { code, output } = await run(root, process.execPath, tool("publint", "src", "cli.js"), "run", tarball, "--strict");
    expect(output).toContain("All good!");
    expect(code).toBe(0);
  });
});

describe("an empty project without drivers", () => {
  test("has no driver", async () => {
    await expect(stat(join(consumer, "node_modules", "@duckdb"))).rejects.toThrow("ENOENT");
  });
  test.each(specifiers)("imports %s", async (specifier) => {
    expect(await script(`console.log(JSON.stringify(Object.keys(await import("${specifier}"))))`)).not.toEqual([]);
  });
  test("sees one CutoverError in every subpath", async () => {
    const found = await script(`
      import * as core from "cutover";
      import * as adapter from "cutover/adapter";
      import { duckdb } from "cutover/duckdb";
      const warehouse = duckdb({ path: "missing.duckdb" });
      const t = core.table("t", { columns: { id: "int64" }, key: "id" });
      const thrown = await core.cutover({ warehouse, pipeline: "p", tables: { t } }).status().catch((e) => e);
      console.log(JSON.stringify({
        same: core.CutoverError === adapter.CutoverError && core.isCutoverError === adapter.isCutoverError,
        core: thrown instanceof core.CutoverError,
        adapter: thrown instanceof adapter.CutoverError,
        is: core.isCutoverError(thrown, "DRIVER_MISSING"),
        other: core.isCutoverError(thrown, "LEASE_HELD"),
      }));`);
    expect(found).toEqual({ same: true, core: true, adapter: true, is: true, other: false });
  });
  test("knows the errors of another copy of the package", async () => {
    await cp(join(consumer, "node_modules", "cutover"), join(consumer, "node_modules", "copy"), { recursive: true });
    const found = await script(`
      import { CutoverError, isCutoverError } from "cutover";
      import { CutoverError as Other } from "./node_modules/copy/dist/index.js";
      const e = new Other("CLOSED", "x", {});
      console.log(JSON.stringify([e instanceof CutoverError, isCutoverError(e, "CLOSED"), isCutoverError(e, "HELD"), isCutoverError(new Error())]));`);
    expect(found).toEqual([false, true, false, false]);
  });
  test("gets DRIVER_MISSING with the install command on first use", async () => {
    const found = await script(`
      import { cutover, isCutoverError, rows, table } from "cutover";
      import { duckdb } from "cutover/duckdb";
      const t = table("t", { columns: { id: "int64" }, key: "id" });
      const p = cutover({ warehouse: duckdb({ path: "w.duckdb" }), pipeline: "p", tables: { t } });
      const e = await p.run({ t: rows([{ id: 1n }]) }).catch((e) => e);
      console.log(JSON.stringify(isCutoverError(e) ? { code: e.code, install: e.context.install, message: e.message } : String(e)));`);
    expect(found).toMatchObject({ code: "DRIVER_MISSING", install: expect.stringMatching(/^npm (i|install) @duckdb\/node-api/) });
    const { install, message } = found as { readonly install: string; readonly message: string };
    expect(message).toContain(install);
    await expect(stat(join(consumer, "w.duckdb"))).rejects.toThrow("ENOENT");
  });
});

describe("a project with drivers", () => {
  test("loads none by importing", async () => {
    const driver = join(consumer, "node_modules", "@duckdb", "node-api");
    await mkdir(driver, { recursive: true });
    await writeFile(
      join(driver, "package.json"),
      JSON.stringify({ name: "@duckdb/node-api", type: "module", exports: "./index.js" }),
    );
    await writeFile(join(driver, "index.js"), "globalThis.loaded = true;");
    try {
      const found = await script(`
        const before = globalThis.loaded ?? false;
        for (const s of ${JSON.stringify(specifiers)}) await import(s);
        const after = globalThis.loaded ?? false;
        await import("@duckdb/node-api");
        console.log(JSON.stringify([before, after, globalThis.loaded]));`);
      expect(found).toEqual([false, false, true]);
    } finally {
      await rm(join(consumer, "node_modules", "@duckdb"), { recursive: true, force: true });
    }
  });
});

describe("a project that uses all of it", () => {
  const others = ["@duckdb", "fastify", "prom-client"];
  test("compiles strictly, and runs on what was installed", { timeout: 240_000 }, async () => {
    for (const name of others) await symlink(tool(name), join(consumer, "node_modules", name), "dir");
    try {
      await cp(join(root, "test", "package", "uses", "uses.ts"), join(consumer, "uses.ts"));
      const compilerOptions = {
        ...{ target: "es2022", lib: ["es2023", "esnext.disposable"], module: "nodenext", types: ["node"], outDir: "out" },
        ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: true },
      };
      await writeFile(join(consumer, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["uses.ts"] }));
      await must(consumer, process.execPath, tool("@typescript", "native", "bin", "tsc"), "-p", consumer);
      const said = await must(consumer, process.execPath, join(consumer, "out", "uses.js"));
      expect(JSON.parse(said)).toEqual({
        run: ["published", 3, 1],
        increment: ["published", "2"],
        swap: ["1 Ada 10.5", "2 Ada 10.5", "3 Ada 10.5", "4 Bo 1.25"],
        rollback: [2, 3],
        service: ["published", "already-published"],
        failure: [true, true, "published"],
        approval: ["published", true],
      });
    } finally {
      for (const name of others) await rm(join(consumer, "node_modules", name), { recursive: true, force: true });
    }
  });
});

describe("types, without drivers and without skipLibCheck", () => {
  const compilers = {
    "TypeScript 6": tool("typescript", "bin", "tsc6"),
    "TypeScript 7": tool("@typescript", "native", "bin", "tsc"),
  };
  const settings = { nodenext: ["nodenext", "nodenext"], bundler: ["esnext", "bundler"] };
  const cases = Object.entries(compilers).flatMap(([name, path]) =>
    Object.entries(settings).map(([setting, [module, resolution]]) => ({ name, setting, path, module, resolution })),
  );
  test.each(shareOf(cases, 4))("$name, $setting", { timeout: 120_000 }, async ({ path, module, resolution }) => {
    const compilerOptions = {
      ...{ target: "es2022", lib: ["es2022"], module, moduleResolution: resolution, types: ["node"], noEmit: true },
      ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
    };
    await writeFile(join(consumer, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts"] }));
    await writeFile(join(consumer, "use.ts"), use);
    const good = await run(consumer, process.execPath, path, "-p", consumer);
    expect(good.output).toBe("");
    expect(good.code).toBe(0);
    // The control: without the comments the mistakes are errors, so the types were really there.
    await writeFile(join(consumer, "use.ts"), use.replaceAll("// @ts-expect-error", "//"));
    const bad = await run(consumer, process.execPath, path, "-p", consumer);
    expect(bad.code).not.toBe(0);
    expect(bad.output.match(/^use\.ts\(\d+,\d+\): error TS/gm)).toHaveLength(mistakes);
  });
});

const use = `
import { CutoverError, cutover, isCutoverError, notNull, rowCount, rows, sql, table } from "cutover";
import { type Capabilities, CutoverError as AdapterError } from "cutover/adapter";
import { duckdb } from "cutover/duckdb";
import * as z from "zod";

const orders = table("main.orders", {
  columns: z.object({ id: z.bigint(), amount: z.number(), updated_at: z.date() }),
  types: { amount: "decimal(18,2)" },
  key: "id",
  cursor: "updated_at",
  checks: [rowCount({ min: 1 }), notNull("id", "amount")],
});
const warehouse = duckdb({ path: "w.duckdb" });
export const capabilities: Capabilities = warehouse.capabilities;
const etl = cutover({ warehouse, pipeline: "orders", tables: { orders } });
const same: typeof CutoverError = AdapterError;

export async function main(): Promise<number | undefined> {
  try {
    const report = await etl.run(({ since }) => {
      const from: Date | undefined = since.orders;
      return { orders: rows([{ id: 1n, amount: 1, updated_at: from ?? new Date() }]) };
    });
    return report.tables.orders?.updated;
  } catch (e) {
    if (isCutoverError(e, "DRIVER_MISSING")) console.log(e.context.install, e instanceof same);
    throw e;
  }
}
export function mistakes(): void {
  // @ts-expect-error no such table
  etl.run({ nothing: rows([{ id: 1n }]) });
  // @ts-expect-error a number is no bigint
  etl.run({ orders: rows([{ id: 1, amount: 1, updated_at: new Date() }]) });
  // @ts-expect-error undefined cannot be bound
  sql\`SELECT \${undefined}\`;
  // @ts-expect-error no such option
  duckdb({ file: "w.duckdb" });
}
`;
const mistakes = use.split("@ts-expect-error").length - 1;
