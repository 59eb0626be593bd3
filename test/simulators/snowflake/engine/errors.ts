import { type DataType, described } from "./describe-type.js";
import { SimError } from "./types.js";

/**
 * Codes, SQL states and texts as users of the drivers report them (issues of dbt-snowflake, snowflake-connector-python, -jdbc, airbyte …);
 * the service has no public list. "?" marks what no report confirms.
 */
const compilation = "SQL compilation error:";
const at = (line: number, position: number) => `SQL compilation error: error line ${line} at position ${position}\n`;

export const errors = {
  empty: () => new SimError("000900", "42601", `${compilation}\nEmpty SQL statement.`),
  conflictingOptions: () =>
    new SimError("001412", "42601", `${compilation}\noptions IF NOT EXISTS and OR REPLACE are incompatible.`),
  syntax: (line: number, position: number, unexpected: string) =>
    new SimError(
      "001003",
      "42000",
      `${compilation}\nsyntax error line ${line} at position ${position} unexpected '${unexpected}'.`,
      {
        line,
        pos: position,
      },
    ),
  unsupported: (feature: string) => new SimError("000002", "0A000", `Unsupported feature '${feature}'.`),
  statementCount: (n: number) =>
    new SimError("000008", "0A000", `Actual statement count ${n} did not match the desired statement count 1.`),
  invalidIdentifier: (name: string, line = 1, position = 0) =>
    new SimError("000904", "42000", `${at(line, position)}invalid identifier '${name}'`),
  unknownFunction: (name: string) => new SimError("002140", "42601", `${compilation}\nUnknown function ${name}`),
  fewArguments: (name: string, expected: number, got: number, line = 1, position = 0) =>
    new SimError(
      "000938",
      "22023",
      `${at(line, position)}not enough arguments for function [${name}], expected ${expected}, got ${got}`,
    ),
  manyArguments: (name: string, expected: number, got: number, line = 1, position = 0) =>
    new SimError(
      "000939",
      "22023",
      `${at(line, position)}too many arguments for function [${name}] expected ${expected}, got ${got}`,
    ),
  argumentTypes: (detail: string) =>
    new SimError("001044", "42P13", `${compilation}\nInvalid argument types for function ${detail}`),
  notExists: (kind: string, name: string) =>
    new SimError(
      "002003",
      kind === "Database" || kind === "Schema" ? "02000" : "42S02",
      `${compilation}\n${kind} '${name}' does not exist or not authorized.`,
    ),
  roleNotGranted: (name: string) =>
    new SimError(
      "003013",
      "42501",
      `SQL access control error:\nRequested role '${name}' is not assigned to the executing user. Specify another role to activate.`,
    ),
  invalidPrivilege: (privilege: string, kind: string) =>
    new SimError("003008", "42601", `SQL compilation error:\nInvalid privilege '${privilege}' on ${kind.toLowerCase()}.`),
  dependentGrants: () =>
    new SimError(
      "003036",
      "42501",
      "SQL execution error: Dependent grant of privilege exists. It must be revoked first. More than one dependent grant may exist: use 'SHOW GRANTS' command to view them. To revoke all dependent grants while transferring object ownership, use convenience command 'GRANT OWNERSHIP ON <target_objects> TO <target_role> REVOKE CURRENT GRANTS'.",
    ),
  loginRole: (name: string) =>
    new SimError(
      "390189",
      "08001",
      `Role '${name}' specified in the connect string is not granted to this user. Contact your local system administrator, or attempt to login with another role, e.g. PUBLIC.`,
    ),
  noFile: (name: string) =>
    new SimError(
      "091016",
      "22000",
      `Remote file '${name}' was not found. There are several potential causes. The file might not exist. The required credentials may be missing or invalid. If you are running a copy command, please make sure files are not deleted when they are being loaded or files are not being loaded into two different tables concurrently with auto purge option.`,
    ),
  tooManyFiles: (n: number) =>
    new SimError(
      "001795",
      "42601",
      `${compilation}\nmaximum number of expressions in a list exceeded, expected at most 1,000, got ${n}`,
    ),
  csvQuote: (row: number) =>
    new SimError("100080", "22000", `Field delimiter or record delimiter expected; an enclosed field of row ${row} does not end`),
  csvDelimiter: (found: string, row: number) =>
    new SimError("100016", "22000", `Found character '${found}' instead of field delimiter ',' in row ${row}`),
  csvColumns: (found: number, table: number) =>
    new SimError(
      "100080",
      "22000",
      `Number of columns in file (${found}) does not match that of the corresponding table (${table}), use file format option error_on_column_count_mismatch=false to ignore this error`,
    ),
  oneVariant: (type: string) =>
    new SimError(
      "002019",
      "0A000",
      `${compilation}\n${type} file format can produce one and only one column of variant, object, or array type. Use CSV file format if you want to load more than one column.`,
    ),
  badFile: (what: string) => new SimError("100069", "22P02", what),
  copySelect: () =>
    new SimError(
      "002089",
      "0A000",
      `${compilation}\nCOPY statement only supports simple SELECT from stage statements for import.`,
    ),
  // ? The code is not confirmed.
  matchWithTransformation: () =>
    new SimError("002301", "0A000", `${compilation}\nMATCH_BY_COLUMN_NAME cannot be used with a transformation SELECT.`),
  conflictingFormat: () => new SimError("002103", "0A000", `${compilation}\nSKIP_HEADER and PARSE_HEADER cannot both be set.`),
  noColumn: (name: string) => new SimError("000904", "42000", `${compilation}\ninvalid identifier '${name}'`),
  columnExists: (name: string) => new SimError("001430", "42601", `${compilation}\ncolumn '${name}' already exists`),
  // ? The code is not confirmed.
  notNullColumn: (name: string) =>
    new SimError(
      "002024",
      "42601",
      `${compilation}\nNon-nullable column '${name}' cannot be added to non-empty table unless it has a non-null default value.`,
    ),
  lastColumn: () => new SimError("002027", "42601", `${compilation}\nCannot drop the only column of a table.`),
  changeType: (name: string) => new SimError("002108", "22000", `${compilation}\ncannot change column ${name} to the given type`),
  undropped: (kind: string, name: string) =>
    new SimError("002003", "02000", `${compilation}\n${kind} '${name}' did not exist or was purged.`),
  noOperation: () => new SimError("002043", "02000", `${compilation}\nObject does not exist, or operation cannot be performed.`),
  exists: (name: string) => new SimError("002002", "42710", `${compilation}\nObject '${name}' already exists.`),
  insufficient: (kind: string, name: string) =>
    new SimError("003001", "42501", `SQL access control error:\nInsufficient privileges to operate on ${kind} '${name}'`),
  noDatabase: (operation: string) =>
    new SimError(
      "090105",
      "22000",
      `Cannot perform ${operation}. This session does not have a current database. Call 'USE DATABASE', or use a qualified name.`,
    ),
  noSchema: (operation: string) =>
    new SimError(
      "090106",
      "22000",
      `Cannot perform ${operation}. This session does not have a current schema. Call 'USE SCHEMA', or use a qualified name.`,
    ),
  noWarehouse: () =>
    new SimError(
      "000606",
      "57P03",
      "No active warehouse selected in the current session.  Select an active warehouse with the 'use warehouse' command.\n",
    ),
  canceled: () => new SimError("000604", "57014", "SQL execution canceled"),
  timedOut: (seconds: number) =>
    new SimError(
      "000630",
      "57014",
      `Statement reached its statement or warehouse timeout of ${seconds} second(s) and was canceled.`,
    ),
  waiters: (holder: string, table: string, transaction: string, own: string) =>
    new SimError(
      "000625",
      "57014",
      `Statement '${holder}' has locked table '${table}' in transaction ${transaction} and this lock has not yet been released.\nYour statement '${own}' was aborted because the number of waiters for this lock exceeds the 20 statements limit.`,
    ),
  // ? The text is reported, the code for a plain timeout is taken from the same family.
  lockTimeout: (holder: string, table: string, transaction: string, own: string) =>
    new SimError(
      "000625",
      "57014",
      `Statement '${holder}' has locked table '${table}' in transaction ${transaction} and this lock has not yet been released.\nYour statement '${own}' was aborted because it waited longer than the lock timeout.`,
    ),
  // ? docs "Transactions", Deadlocks: the latest statement is the victim, its transaction stays open. The code is not documented.
  deadlock: (holder: string, table: string, transaction: string, own: string) =>
    new SimError(
      "000625",
      "57014",
      `Statement '${holder}' has locked table '${table}' in transaction ${transaction} and this lock has not yet been released.\nYour statement '${own}' was aborted because of a deadlock.`,
    ),
  transactionAborted: () => new SimError("000627", "25000", "Your transaction was aborted and rolled back."),
  columnCount: (expected: number, got: number) =>
    new SimError(
      "002020",
      "21S01",
      `${compilation}\nInsert value list does not match column list expecting ${expected} but got ${got}`,
    ),
  duplicateColumn: (name: string) => new SimError("002025", "42S21", `${compilation}\nduplicate column name '${name}'`),
  valuesTooMany: (got: number) =>
    new SimError(
      "001795",
      "42601",
      `${compilation}\nmaximum number of expressions in a list exceeded, expected at most 16,384, got ${got}`,
    ),
  expressionType: (column: string, expected: DataType, got: DataType) =>
    new SimError(
      "002023",
      "22000",
      `${compilation}\nExpression type does not match column data type, expecting ${described(expected)} but got ${described(got)} for column ${column}`,
    ),
  valuesClause: (expression: string) =>
    new SimError("002014", "22000", `${compilation}\nInvalid expression [${expression}] in VALUES clause`),
  noDefault: (column: string) => new SimError("100072", "22000", `NULL result in a non-nullable column`, { column }),
  duplicateRow: (values: string) =>
    new SimError("100090", "42P18", `Duplicate row detected during DML action\nRow Values: [${values}]`),
  transientClone: () =>
    new SimError("002120", "0A000", `${compilation}\nTransient object cannot be cloned to a permanent object.`),
  temporaryClone: () =>
    new SimError(
      "002119",
      "0A000",
      `${compilation}\nTemp table can not be cloned to a permanent table; clone to a transient table instead.`,
    ),
  // The text from docs "Understanding & using Time Travel".
  timeTravel: (table: string) =>
    new SimError(
      "000707",
      "02000",
      `Time travel data is not available for table ${table}. The requested time is either beyond the allowed time travel period or before the object creation time.`,
    ),
  unknownStatement: (id: string) => new SimError("000709", "02000", `Statement ${id} not found`),
  invalidParameter: (name: string) => new SimError("001006", "22023", `${compilation}\ninvalid parameter '${name}'`),
  invalidValue: (value: string, name: string) =>
    new SimError("001008", "22023", `${compilation}\ninvalid value [${value}] for parameter '${name}'`),
  invalidProperty: (name: string, on: string) =>
    new SimError("001420", "22023", `${compilation}\ninvalid property '${name}' for '${on}'`),
  notSupportedOn: (operation: string, kind: string) =>
    new SimError("001506", "0A000", `${compilation}\nUnsupported feature: ${operation} on ${kind}.`),
  wrongKind: (name: string, is: string, wanted: string) =>
    new SimError(
      "002203",
      "42809",
      `${compilation}\nObject found is of type '${is}', specified type '${wanted}' is not appropriate. ${name}`,
    ),
  bindMissing: (n: string) => new SimError("002049", "42601", `${compilation}\nBind variable ${n} not set.`),
  bindRows: () => new SimError("002055", "42601", "Bind variables of an array bind differ in length."),
} as const;
