import type { Capabilities } from "cutover/adapter";

/** What BigQuery can do; the table in the documentation is generated from here. */
export const capabilities = {
  transaction: "script",
  // No permanent DDL in a transaction (docs: multi-statement transactions, limitations).
  transactionalDdl: false,
  clone: "zero-copy",
  swap: "table",
  // What takes live's place does so by a copy job, and is refused where live is not the version that was described.
  swapGuard: "atomic",
  // An overwriting copy keeps the table's own access (docs: managing tables, copy).
  grants: false,
  timeTravel: true,
  estimates: true,
  files: ["csv", "ndjson", "parquet"],
  uniqueKeysEnforced: false,
  negativeZero: false,
  maxCloneDepth: 3,
  concurrentSessions: true,
  exclusiveProcess: false,
  // Names of columns differ by no case, and have 300 characters.
  identifiers: { fold: "none", caseSensitive: true, maxBytes: 1024, depth: 3 },
  limits: { statementBytes: 1_000_000, parameters: 10_000, blockStatements: null },
} as const satisfies Capabilities;
