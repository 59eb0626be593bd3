import type { Capabilities } from "cutover/adapter";

/** What Postgres can do through PGlite. */
export const capabilities = {
  transaction: "interactive",
  transactionalDdl: true,
  clone: "physical-copy",
  swap: "set",
  swapGuard: "detect",
  grants: false,
  timeTravel: false,
  estimates: false,
  // The server's own COPY reads files of the server; an application's files come as rows.
  files: [],
  uniqueKeysEnforced: true,
  negativeZero: true,
  maxCloneDepth: null,
  // One PGlite is one connection: statements and blocks take turns.
  concurrentSessions: false,
  // Nothing keeps a second process out of a PGlite folder.
  exclusiveProcess: false,
  identifiers: { fold: "lower", caseSensitive: true, maxBytes: 63, depth: 3 },
  limits: { statementBytes: 1_000_000_000, parameters: 65_535, blockStatements: null },
} as const satisfies Capabilities;
