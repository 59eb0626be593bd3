import type { Token } from "./lex.js";
import { SimError } from "./types.js";

export const at = (token: Pick<Token, "line" | "column">): string => ` at [${token.line}:${token.column}]`;

/** A refusal before anything has run: the text points to the place. */
export const invalid = (message: string, token: Pick<Token, "line" | "column">): SimError =>
  new SimError("invalidQuery", 400, `${message}${at(token)}`);

export const runtime = (message: string): SimError => new SimError("invalidQuery", 400, message);

/** What DuckDB says, in the service's words. What is not known stays visible as the simulator's own failure. */
export function told(error: unknown, sql?: string): unknown {
  if (error instanceof SimError || !(error instanceof Error)) return error;
  const { message } = error;
  const own = /bq\|([\s\S]*)$/.exec(message);
  if (own) return runtime((own[1] ?? "").replace(/\n\nLINE [\s\S]*$/, ""));
  if (message.includes("scalar subqueries can only return a single row"))
    return runtime("Scalar subquery produced more than one element");
  const overflow = /Overflow in (\w+) of INT64 \((.*)\)/.exec(message);
  if (overflow) return runtime(`int64 overflow: ${overflow[2]}`);
  if (/Out of Range Error: Overflow in HUGEINT|out of range for the destination type INT64/.test(message))
    return runtime("int64 overflow");
  const decimal = /Could not cast value (\S+) to DECIMAL|Casting value "(.*)" to type DECIMAL/.exec(message);
  if (decimal) return runtime(`numeric overflow: ${decimal[1] ?? decimal[2]}`);
  if (/Overflow in .* of DECIMAL/.test(message)) return runtime("numeric overflow");
  if (/INTERRUPT/i.test(message)) return new SimError("stopped", 499, "Job execution was cancelled: User requested cancellation");
  return new Error(`the simulator's DuckDB refused a translated statement: ${message}${sql ? `\n${sql.slice(0, 4000)}` : ""}`);
}
