/**
 * What the engine can do, as data. It begins with the least: releases in place, rows from the application. The comments in
 * the contract say what the core does with each answer; raise one, and the types ask for the compiler that it needs.
 */
import type { Capabilities } from "cutover/adapter";

export const capabilities = {
  transaction: "interactive",
  transactionalDdl: false,
  clone: "none",
  swap: "none",
  swapGuard: "detect",
  grants: false,
  timeTravel: false,
  estimates: false,
  files: [],
  uniqueKeysEnforced: false,
  negativeZero: true,
  maxCloneDepth: null,
  concurrentSessions: false,
  exclusiveProcess: false,
  identifiers: { fold: "upper", caseSensitive: true, maxBytes: 63, depth: 3 },
  limits: { statementBytes: 1_000_000, parameters: 1000, blockStatements: null },
} as const satisfies Capabilities;
