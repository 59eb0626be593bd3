import type { SimResult, TableName } from "../types.js";

/** What a DDL statement answers. */
export const answer = (statementType: string, ddlOperation: string, table?: TableName): SimResult => ({
  schema: null,
  rows: [],
  statementType,
  affected: null,
  bytesProcessed: 0,
  ddlOperation,
  ...(table ? { ddlTargetTable: table } : {}),
});
