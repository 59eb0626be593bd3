import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { long } from "../support/long.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

// Half a minute of computing, so in the long run only.
test.runIf(long)(
  "the API reference: every export has words, and every link of them leads somewhere",
  async () => {
    const args = ["node_modules/typedoc/bin/typedoc", "--emit", "none"];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root });
    expect(stdout + stderr).not.toMatch(/warning|error/i);
  },
  300_000,
);
