import { SimError } from "./engine/types.js";

/** Errors of the protocol. Those of SQL are the engine's. Each names its source; [M] marks what no source here confirms. */
export const errors = {
  /** Driver's constants/gs_errors.js. */
  password: () => new SimError("390100", "08001", "Incorrect username or password was specified."),
  /** User guide, "Key-pair authentication: troubleshooting": the service adds an id to the message. */
  jwt: (id: string) => new SimError("390144", "08001", `JWT token is invalid. [${id}]`),
  /** Driver's constants/gs_errors.js; text: user guide, "OAuth error codes". */
  oauthInvalid: () => new SimError("390303", "08001", "Invalid OAuth access token."),
  oauthExpired: () => new SimError("390318", "08001", "OAuth access token expired."),
  /** The driver's own tests, wiremock/mappings/pat/invalid_pat_token.json. */
  pat: () => new SimError("394400", "08001", "Programmatic access token is invalid."),
  /** [M] the code for a workload identity that no user has. */
  workload: () => new SimError("390144", "08001", "Workload identity token is invalid."),
  /** [M] */
  authenticator: (name: string) => new SimError("390190", "08001", `The authenticator ${name} is not supported here.`),
  /** [M] which code a session parameter unknown at login has. */
  loginParameter: (name: string) => new SimError("390109", "08001", `Invalid session parameter '${name}'.`),
  /** The driver's own tests, wiremock/mappings/session_token_renewal.json. */
  sessionExpired: () => new SimError("390112", "08006", "Your session has expired. Please login again."),
  /** Driver's constants/gs_errors.js. */
  sessionInvalid: () => new SimError("390104", "08006", "Session token not valid."),
  sessionGone: () => new SimError("390111", "08006", "Session no longer exists. New login required to access the service."),
  masterExpired: () => new SimError("390114", "08006", "Authentication token has expired. The user must authenticate again."),
  /** snowflake-connector-python network.py names 390115 so. */
  masterInvalid: () => new SimError("390115", "08006", "Master token is invalid."),
  /** Users' reports: "000604 (57014): SQL execution canceled". */
  cancelled: () => new SimError("000604", "57014", "SQL execution canceled"),
  /** Users' reports: "Statement reached its statement or warehouse timeout of 120 second(s) and was canceled." */
  timeout: (seconds: number) =>
    new SimError(
      "000630",
      "57014",
      `Statement reached its statement or warehouse timeout of ${seconds} second(s) and was canceled.`,
    ),
  /** Users' reports of cancelling a statement that has ended. */
  notRunning: () => new SimError("000605", "02000", "Identified SQL statement is not currently executing."),
  /** Users' reports of results of unknown statements. */
  statementNotFound: (id: string) => new SimError("000709", "02000", `Statement ${id} not found`),
  /** Users' reports: "000008 (0A000): Actual statement count 4 did not match the desired statement count 1." */
  statementCount: (actual: number, desired: number) =>
    new SimError("000008", "0A000", `Actual statement count ${actual} did not match the desired statement count ${desired}.`),
  /** Users' reports of empty statements. */
  emptyStatement: () => new SimError("000900", "42601", "Empty SQL statement."),
  /** User guide, "Query size limits": 1 MB of text a statement; [M] the code. */
  tooLong: () => new SimError("001003", "42000", "SQL compilation error:\nThe text of the statement is longer than 1 MB."),
  /** The service's text for a statement that needs a schema where none is current. */
  noSchema: (what: string) =>
    new SimError(
      "090106",
      "22000",
      `Cannot perform ${what}. This session does not have a current schema. Call 'USE SCHEMA', or use a qualified name.`,
    ),
  unsupported: (what: string) =>
    new SimError("000002", "0A000", `Unsupported feature '${what}' (the simulator does not have it).`),
};
