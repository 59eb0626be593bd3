/** What the catalog tells: tables, columns, and what a clone or a swap must know of them. */
import type { Session } from "cutover/adapter";
import { unwritten } from "./errors.js";

/** `fingerprint` is JSON of your own; it comes back with the table, also from the ledger for one that was swapped out. */
export const describe: Session["describe"] = () =>
  unwritten(
    "describe",
    "path, columns and, unless only those are asked for, fingerprint of a table; null where there is none; a view is refused",
  );

export const list: Session["list"] = () => unwritten("list", "the tables of the schema whose names start with the prefix");

export const hasSchema: Session["hasSchema"] = () => unwritten("hasSchema", "whether there is a schema of that name");

export const columnsOf: Session["columnsOf"] = () =>
  unwritten("columnsOf", "the columns of a query with their types, and of files where the engine reads any");
