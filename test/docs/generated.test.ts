import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pages, root } from "../../scripts/pages.js";

test.each([...(await pages())])("%s is up to date (npm run docs)", async (path, text) => {
  expect(await readFile(join(root, path), "utf8")).toBe(text);
});
