// Run by node:test, not by vitest: a few cases, as adapter authors would run them.
import { describe, it } from "node:test";
import { withNodeTest } from "cutover/conformance";
import { cases } from "./harness.js";

withNodeTest(
  { describe, it },
  cases({ groups: ["session"] }).filter((c) => c.skip !== false || c.name.includes("how many rows")),
);
