import type { Capabilities } from "cutover/adapter";

/** What Snowflake can do; the table in the documentation is generated from here. */
export const capabilities = {
  transaction: "interactive",
  // Each DDL statement commits the open transaction, and then itself.
  transactionalDdl: false,
  clone: "zero-copy",
  swap: "table",
  swapGuard: "detect",
  grants: true,
  timeTravel: true,
  estimates: false,
  files: ["csv", "ndjson", "parquet"],
  uniqueKeysEnforced: false,
  negativeZero: true,
  maxCloneDepth: null,
  concurrentSessions: true,
  exclusiveProcess: false,
  // Snowflake counts characters: a name of 255 bytes has no more.
  identifiers: { fold: "upper", caseSensitive: true, maxBytes: 255, depth: 3 },
  limits: { statementBytes: 1_000_000, parameters: 16_384, blockStatements: null },
} as const satisfies Capabilities;
