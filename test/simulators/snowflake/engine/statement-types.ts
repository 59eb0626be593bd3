/** Ids of kinds of statements: snowflake-sdk dist/lib/connection/result/statement_type.js, and SFStatementType of snowflake-jdbc. */
export const statementTypes = {
  select: 0x1000,
  insert: 0x3100,
  update: 0x3200,
  delete: 0x3300,
  merge: 0x3400,
  copy: 0x3600,
  alterSession: 0x4100,
  use: 0x4300,
  show: 0x4400,
  describe: 0x4500,
  list: 0x4700,
  transaction: 0x5000,
  ddl: 0x6000,
} as const;
