import { syntax } from "./syntax.js";

interface Column {
  readonly name: string;
  readonly native: string;
  readonly nullable: boolean;
}
/** What a table is made with whose rows can be made anew, beside TRANSIENT: no history and no safe-keeping are paid for. */
export const SCRATCH = "DATA_RETENTION_TIME_IN_DAYS = 0";
export const columnList = (columns: readonly Column[]): string =>
  columns.map((c) => `${syntax.ident([c.name])} ${c.native}${c.nullable ? "" : " NOT NULL"}`).join(", ");
