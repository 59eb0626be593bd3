import type { Row } from "../sql/sql.js";
import type { Json } from "../table/types.js";

/** `error` refuses the release; `warn` reports only. */
export type Severity = "error" | "warn";
/** What a check found. JSON-safe. */
export interface CheckResult {
  readonly table: string;
  readonly check: string;
  readonly severity: Severity;
  /** `insufficient`: there was nothing to compare with; the release goes on. */
  readonly outcome: "pass" | "warn" | "fail" | "insufficient";
  /** `scan`: all rows were read. `incremental`: only the rows that the release changes, since all others were proven before. */
  readonly trust: "scan" | "incremental";
  readonly observed: Json;
  readonly bound: Json;
  readonly message: string;
  /** Up to `samples` offending rows; redacted columns read `[redacted]`. */
  readonly samples: readonly Row[];
}
/** What a JavaScript check answers. */
export interface CheckVerdict {
  readonly pass: boolean;
  readonly observed?: unknown;
  readonly message?: string;
}
