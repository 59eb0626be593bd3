import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startBigQuery } from "../simulators/bigquery/server.js";
import { startSnowflake } from "../simulators/snowflake/server.js";

/*
 * The `ts` blocks of a page are one program, run from top to bottom in an empty folder. What it needs and a reader does
 * not stands in hidden comments (`<!-- ts … -->`). `// → text` is what the program prints at that place.
 */
const root = fileURLToPath(new URL("../..", import.meta.url));
const docs = (await readdir(join(root, "docs"))).filter((name) => name.endsWith(".md")).map((name) => join("docs", name));
const pages = ["README.md", "adapters/README.md", ...docs];
const texts = new Map(await Promise.all([...pages, "examples/postgres/README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(read)));
const programs = new Map(pages.map((page) => [page, programOf(textOf(page))] as const).filter(([, p]) => p.trim() !== ""));

let folder = "";
let sim: Awaited<ReturnType<typeof startSnowflake>>;
let google: Awaited<ReturnType<typeof startBigQuery>>;
/** Pages on services log in with what the environment says. */
const account = (): Readonly<Record<string, string>> => {
  const o = sim.connectionOptions();
  const b = google.connectionOptions();
  return {
    BIGQUERY_PROJECT: b.projectId,
    BIGQUERY_LOCATION: b.location,
    BIGQUERY_ACCESS_TOKEN: google.token(),
    BIGQUERY_API_ENDPOINT: b.apiEndpoint,
    SNOWFLAKE_ACCOUNT: o.account,
    SNOWFLAKE_USER: o.username,
    SNOWFLAKE_PASSWORD: o.password,
    SNOWFLAKE_ACCESS_URL: o.accessUrl,
    SNOWFLAKE_DATABASE: o.database,
    SNOWFLAKE_WAREHOUSE: o.warehouse,
  };
};
const fileOf = (page: string): string => join(folder, page.replaceAll("/", "-").replace(/\.md$/, ""), "page.ts");

beforeAll(async () => {
  [sim, google] = await Promise.all([startSnowflake(), startBigQuery()]);
  folder = await realpath(await mkdtemp(join(tmpdir(), "cutover-docs-")));
  // An application's node_modules: the package is found by its name, as its users find it.
  await mkdir(join(folder, "node_modules"));
  await symlink(root, join(folder, "node_modules", "cutover"), "dir");
  for (const name of ["zod", "@duckdb", "@types", "@google-cloud", "snowflake-sdk"])
    await symlink(join(root, "node_modules", name), join(folder, "node_modules", name), "dir");
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  for (const [page, program] of programs) {
    await mkdir(dirname(fileOf(page)));
    await writeFile(fileOf(page), program);
  }
});
afterAll(async () => {
  await Promise.all([sim.close(), google.close()]);
  await rm(folder, { recursive: true, force: true });
});

describe("the blocks of", () => {
  test.each([...programs])("%s do what they say", { timeout: 120_000 }, async (page, program) => {
    const tsx = pathToFileURL(join(root, "node_modules/tsx/dist/esm/index.mjs")).href;
    const args = ["--conditions=cutover-source", "--import", tsx, fileOf(page)];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: dirname(fileOf(page)),
      env: { ...process.env, ...account() },
    });
    expect(printed(stdout)).toEqual([...program.matchAll(/\/\/ → (.*)$/gm)].map((m) => m[1]?.trimEnd()));
  });

  test("all pages are well typed", { timeout: 120_000 }, () => {
    const config = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config as object;
    const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root);
    const loose = { ...options, noUnusedLocals: false, noUnusedParameters: false, incremental: false };
    const program = ts.createProgram([...programs.keys()].map(fileOf), loose);
    // Of the pages only: the library itself is checked by `npm run typecheck`.
    const found = [...programs.keys()].flatMap((page) => {
      const source = program.getSourceFile(fileOf(page));
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    });
    const told = found.map((d) => {
      const line = d.file?.getLineAndCharacterOfPosition(d.start ?? 0).line ?? -1;
      return `${relative(folder, d.file?.fileName ?? "")}:${line + 1} ${ts.flattenDiagnosticMessageText(d.messageText, " ")}`;
    });
    expect(told).toEqual([]);
  });
});

test.each([...texts])("the links of %s lead somewhere", async (page, text) => {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((m) => m[1] ?? "").filter((t) => !/^[a-z]+:/.test(t));
  const broken: string[] = [];
  for (const target of targets) {
    const [file = "", anchor] = target.split("#");
    const path = file === "" ? page : join(dirname(page), file);
    const there = await readFile(join(root, path), "utf8").catch((e: NodeJS.ErrnoException) => (e.code === "EISDIR" ? "" : null));
    if (there === null || (anchor !== undefined && !anchors(there).includes(anchor))) broken.push(target);
  }
  expect(broken).toEqual([]);
});

async function read(page: string): Promise<readonly [string, string]> {
  return [page, await readFile(join(root, page), "utf8")];
}
function textOf(page: string): string {
  return texts.get(page) ?? "";
}
function printed(text: string): readonly string[] {
  return text === ""
    ? []
    : text
        .trimEnd()
        .split("\n")
        .map((line) => line.trimEnd());
}

/** The program of a page, each line where it stands in the page: an error names the page's own line. */
function programOf(text: string): string {
  let end: string | null = null;
  const kept = text.split("\n").map((line) => {
    if (end === null) {
      end = line === "```ts" ? "```" : line === "<!-- ts" ? "-->" : null;
      return "";
    }
    if (line !== end) return line;
    end = null;
    return "";
  });
  return kept.join("\n");
}
/** Headings as the links to them are written. */
function anchors(text: string): readonly string[] {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map((m) => (m[1] ?? "").toLowerCase());
  return headings.map((h) => h.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-"));
}
