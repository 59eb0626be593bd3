import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { localFiles } from "../../src/source/local-files.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cutover-files-"));
  await mkdir(join(folder, "2024/01"), { recursive: true });
  for (const name of ["b.csv", "a.csv.gz", "c.ndjson", "2024/x.csv", "2024/01/y1.csv", "2024/01/y22.csv", "[z].csv"])
    await writeFile(join(folder, name), "1");
  await writeFile(join(folder, "2024/none.parquet"), "");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

class Bad extends Error {}
const bad = (message: string, hint: string): Error => new Bad(`${message}. ${hint}`);
const found = async (url: string): Promise<readonly string[]> =>
  (await localFiles(url, "csv", bad)).map((file) => relative(folder, file));

it.each([
  ["b.csv", ["b.csv"]],
  ["", ["[z].csv", "a.csv.gz", "b.csv"]],
  ["?.csv", ["b.csv"]],
  ["*.csv", ["[z].csv", "b.csv"]],
  ["[z].csv", ["[z].csv"]],
  ["[z].c*", ["[z].csv"]],
  ["20*/*/y?.csv", ["2024/01/y1.csv"]],
  ["**/*.csv", ["2024/01/y1.csv", "2024/01/y22.csv", "2024/x.csv", "[z].csv", "b.csv"]],
])("finds what is behind %j", async (pattern, files) => {
  expect(await found(join(folder, pattern))).toEqual(files);
});

it("takes a file: URL", async () => {
  expect(await found(pathToFileURL(join(folder, "b.csv")).href)).toEqual(["b.csv"]);
});

it("says which file is not there, or empty", async () => {
  const nowhere = join(folder, "no*.csv");
  await expect(found(nowhere)).rejects.toThrow(
    new Bad(`no file at "${nowhere}". Check "${nowhere}": no file of that name or pattern is there.`),
  );
  const empty = join(folder, "2024/none.parquet");
  await expect(found(empty)).rejects.toThrow(`"${empty}" is empty`);
  await expect(found(join(folder, "2024/*"))).rejects.toBeInstanceOf(Bad);
});
