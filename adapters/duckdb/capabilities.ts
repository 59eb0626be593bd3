import type { Capabilities } from "cutover/adapter";

/** What DuckDB can do; the table in the documentation is generated from here. */
export const capabilities: Capabilities & {
  readonly clone: "physical-copy";
  readonly swap: "set";
  readonly grants: false;
  readonly timeTravel: false;
} = {
  transaction: "interactive",
  transactionalDdl: true,
  clone: "physical-copy",
  swap: "set",
  swapGuard: "detect",
  grants: false,
  timeTravel: false,
  estimates: false,
  files: ["csv", "ndjson", "parquet"],
  uniqueKeysEnforced: true,
  negativeZero: true,
  maxCloneDepth: null,
  concurrentSessions: true,
  exclusiveProcess: true,
  identifiers: { fold: "none", caseSensitive: false, maxBytes: 65_535, depth: 3 },
  limits: { statementBytes: 64 * 1024 * 1024, parameters: 65_535, blockStatements: null },
};
