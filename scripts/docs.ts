import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pages, root } from "./pages.js";

for (const [path, text] of await pages()) {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
  console.log(path);
}
