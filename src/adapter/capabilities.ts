/**
 * What an engine can do, as data. Every field is required, and its comment says what the core does when the answer is
 * none or false. Within `contract: 1` new fields are optional and mean "none".
 */
export interface Capabilities {
  /** `interactive`: statement by statement. `script`: a block is one job; JavaScript checks are refused in place. `none`: releases in place are refused, candidates work. */
  readonly transaction: "interactive" | "script" | "none";
  /** false: tables are made before a block, and a swap is journaled as intent, swap, done. */
  readonly transactionalDdl: boolean;
  /** `physical-copy`: a clone costs a copy. `none`: `clone()` is refused, `rebuild()` works. */
  readonly clone: "zero-copy" | "physical-copy" | "none";
  /** `set`: any number of tables in one transaction. `table`: several tables need `mixedReads`. `none`: candidates are refused. */
  readonly swap: "set" | "table" | "none";
  /** `detect`: the displaced table is looked at again after the swap; what others wrote there is reported and kept. */
  readonly swapGuard: "atomic" | "detect";
  /** false: the engine has no grants, so no regrant step is compiled. */
  readonly grants: boolean;
  /** File formats that the engine reads; others are refused. Empty: `files()` is refused, use `rows()`. */
  readonly files: readonly ("csv" | "ndjson" | "parquet")[];
  /** false: a declared key is never trusted; uniqueness is always the core's own to prove. */
  readonly uniqueKeysEnforced: boolean;
  /** Longest chain of clones of clones; a deeper one is made by copy. null: no limit. */
  readonly maxCloneDepth: number | null;
  /** false: no heartbeat while a block runs; the lease is renewed before it. */
  readonly concurrentSessions: boolean;
  /** true: while this process has the warehouse open no other can, so a lease left by another process is known to be dead. false: such a lease must expire. */
  readonly exclusiveProcess: boolean;
  /** How unquoted names fold, whether names differ by case, their longest length in bytes, and how many parts a full name has. */
  readonly identifiers: {
    readonly fold: "upper" | "lower" | "none";
    readonly caseSensitive: boolean;
    readonly maxBytes: number;
    readonly depth: number;
  };
  /** Longest statement in bytes, most parameters in one statement, most statements in a block (null: no limit). */
  readonly limits: { readonly statementBytes: number; readonly parameters: number; readonly blockStatements: number | null };
}
