import type { Typed } from "../datatype.js";
import { types } from "../datatype.js";
import type { Env } from "../env.js";
import type { Token } from "../lex.js";
import type { Core, Scope } from "../transactions.js";
import type { ChildResult, SimError, SimResult } from "../types.js";
import type { Variables } from "./variables.js";

/** What the statements of one script share. */
export interface Script {
  readonly core: Core;
  readonly scope: Scope;
  readonly vars: Variables;
  readonly signal: AbortSignal;
  readonly jobId: string;
  readonly children: ChildResult[];
  /** Surroundings for one more statement, and what it read. null: a statement that is no script, without its variables. */
  env(script: Script | null, parameters?: Env["parameters"]): { readonly env: Env; finish(result: SimResult): SimResult };
  rowCount: bigint | null;
  bytes: number;
  errors: readonly Raised[];
}

export interface Raised {
  readonly error: SimError;
  /** As @@error.message has it. */
  readonly message: string | null;
  readonly statement: string;
  readonly at: Token;
}

/** The text of tokens as it stands in the script. */
export const textOf = (tokens: readonly Token[]): string => {
  const [first, last] = [tokens[0], tokens.at(-1)];
  return first && last ? first.sql.slice(first.start, last.end) : "";
};

/** An error on its way to a handler. */
export class Failure extends Error {
  readonly raised: Raised;
  constructor(raised: Raised) {
    super(raised.error.message);
    this.raised = raised;
  }
}

/** System variables of a script (reference "System variables"). */
export function systemVariable(s: Script | null, name: string): Typed | undefined {
  const text = (t: string | null): Typed => ({ type: types.string, value: t });
  const error = s?.errors.at(-1);
  switch (name) {
    case "row_count":
      return { type: types.int64, value: s?.rowCount ?? null };
    case "error.message":
      return text(error?.message ?? null);
    case "error.statement_text":
      return text(error?.statement ?? null);
    case "error.formatted_stack_trace":
      return text(error ? `At [${error.at.line}:${error.at.column}]` : null);
    case "script.job_id":
      return text(s?.jobId ?? null);
    case "script.bytes_processed":
      return { type: types.int64, value: s ? BigInt(s.bytes) : null };
    case "script.num_child_jobs":
      return { type: types.int64, value: s ? BigInt(s.children.length) : null };
    default:
      return undefined;
  }
}
