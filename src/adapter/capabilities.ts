/**
 * What an engine can do, as data. Every field is required, and its comment says what the core does with the answer, or
 * that it does not read it yet. Within `contract: 1` new fields are optional and mean "none".
 */
export interface Capabilities {
  /**
   * `interactive`: statement by statement. `script`: a block is one job; JavaScript checks are refused. `none`: releases in
   * place are refused; the lease and candidates still ask the session for blocks.
   */
  readonly transaction: "interactive" | "script" | "none";
  /**
   * false: tables are made before a block, and a swap is journaled as intent, carried out, and journaled as done; whoever comes
   * after a crash finishes it. Needs compilers for `mark` and `rename`, and `describe` must tell the `marker`.
   */
  readonly transactionalDdl: boolean;
  /**
   * `zero-copy` and `physical-copy` differ in what a clone costs; the core treats them alike. `none`: `clone()` and
   * `strategy: "swap"` are refused, `rebuild()` works.
   */
  readonly clone: "zero-copy" | "physical-copy" | "none";
  /**
   * `set`: any number of tables in one transaction. `table`: one; releases and rollbacks that swap several are refused unless
   * the pipeline's `mixedReads` allows them. `none`: candidates are refused.
   */
  readonly swap: "set" | "table" | "none";
  /**
   * `detect`: the displaced table is held against what was recorded after the swap (its `version` where it has one, else its
   * rows); what others wrote is kept there, and told. `atomic`: `swap` itself refuses where live is no longer at the `version`
   * of the shape that it is given.
   */
  readonly swapGuard: "atomic" | "detect";
  /** true: grants belong to the table and not to its name; a swap gives the candidate those of live by `regrant`. */
  readonly grants: boolean;
  /** Whether a table can be read as it was some time ago. false: a release beyond the kept ones cannot be restored. */
  readonly timeTravel: boolean;
  /** Whether `Session.estimate` tells what a block would read, in bytes. false: `maxBytes` is refused. */
  readonly estimates: boolean;
  /** File formats that the engine reads; others are refused. Empty: `files()` is refused, use `rows()`. */
  readonly files: readonly ("csv" | "ndjson" | "parquet")[];
  /** Whether the engine enforces declared keys. Not read yet: the core never trusts them and proves uniqueness itself. */
  readonly uniqueKeysEnforced: boolean;
  /** Whether a float column keeps the sign of −0. Not read by the core. */
  readonly negativeZero: boolean;
  /** Longest chain of clones of clones; null: no limit. Not read yet: `clone` is always given depth 0. */
  readonly maxCloneDepth: number | null;
  /**
   * Whether one process can have several sessions at a time. true: the core opens up to `maxSessions`, and one for heartbeats. false: one;
   * operations wait for each other, nothing else can be called while a `diff` is being read, and no heartbeat runs: the lease is
   * renewed before each block, so `lease.ttl` must be longer than the longest load.
   */
  readonly concurrentSessions: boolean;
  /**
   * true: while this process has the warehouse open no other can, so a lease left by another process is known to be dead.
   * false: such a lease must expire.
   */
  readonly exclusiveProcess: boolean;
  /**
   * How unquoted names fold, whether names differ by case, their longest length in bytes, and how many parts a full name
   * has. `maxBytes` is not read yet: names that the core makes stay below 63 bytes, others are the engine's to refuse.
   */
  readonly identifiers: {
    readonly fold: "upper" | "lower" | "none";
    readonly caseSensitive: boolean;
    readonly maxBytes: number;
    readonly depth: number;
  };
  /**
   * Longest statement in bytes, most parameters in one statement, most statements in a block (null: no limit). Not read
   * yet: what is beyond them, the engine refuses.
   */
  readonly limits: { readonly statementBytes: number; readonly parameters: number; readonly blockStatements: number | null };
}
