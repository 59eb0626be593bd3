import type { Table } from "./catalog.js";
import { nameText } from "./catalog.js";
import type { Token } from "./lex.js";
import { SimError } from "./types.js";

/** A job that was cancelled (docs "Error messages": stopped). */
export const stopped = (): SimError => new SimError("stopped", 499, "Job execution was cancelled: User requested cancellation");

/** Wording: users' issues, such as Airbyte's bulk destination and dlt #2892. */
export const aborted = (table: Table, transaction: string): SimError =>
  new SimError(
    "invalidQuery",
    400,
    `Transaction is aborted due to concurrent update against table ${nameText(table.name)}. Transaction ID: ${transaction}`,
  );

/** Two statements outside transactions that changed the same table (wording: users' issues). */
export const serialize = (table: Table): SimError =>
  new SimError("invalidQuery", 400, `Could not serialize access to table ${nameText(table.name)} due to concurrent update`);

export const invalid = (message: string, token?: Pick<Token, "line" | "column">): SimError =>
  new SimError("invalidQuery", 400, token ? `${message} at [${token.line}:${token.column}]` : message);
