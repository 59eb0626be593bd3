import { conformance, withVitest } from "cutover/conformance";
import { describe, it } from "vitest";
import { capabilities, plainDdl } from "../support/plain-ddl.js";
import { cases, harness, portableCases } from "./harness.js";

// Their sessions are DuckDB's, which has cases of its own.
withVitest(
  { describe, it },
  portableCases().filter((c) => c.group === "steps"),
);

/** What cannot be asked of DuckDB, and what is done in other ways there: clones, swaps, and what the kit itself makes. */
const asked = new Set(cases().flatMap((c) => (c.skip === false ? [c.name] : [])));
describe("DuckDB whose DDL has no part in transactions", () => {
  const open = async () => ({ warehouse: plainDdl(), dispose: async () => undefined });
  const own = conformance(harness({ open, capabilities, groups: ["steps"] }));
  withVitest(
    { describe, it },
    own.filter((c) => c.skip === false && (!asked.has(c.name) || /swap|clone/.test(c.name))),
  );
});
