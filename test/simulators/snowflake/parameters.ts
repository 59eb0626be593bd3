import type { SimSession } from "./engine/types.js";

export type ParameterValue = string | number | boolean;

/**
 * Parameters that the service reports at login and beside every result. The driver needs the formats to decode timestamps and binaries
 * (connection/result/column.js) and takes over those of its own table (parameters.js). Defaults: "Parameters" in the SQL reference.
 */
export const defaultParameters: Readonly<Record<string, ParameterValue>> = {
  TIMESTAMP_OUTPUT_FORMAT: "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
  TIMESTAMP_NTZ_OUTPUT_FORMAT: "YYYY-MM-DD HH24:MI:SS.FF3",
  TIMESTAMP_LTZ_OUTPUT_FORMAT: "",
  TIMESTAMP_TZ_OUTPUT_FORMAT: "",
  DATE_OUTPUT_FORMAT: "YYYY-MM-DD",
  TIME_OUTPUT_FORMAT: "HH24:MI:SS",
  BINARY_OUTPUT_FORMAT: "HEX",
  TIMEZONE: "America/Los_Angeles",
  AUTOCOMMIT: true,
  CLIENT_RESULT_PREFETCH_THREADS: 1,
  CLIENT_RESULT_CHUNK_SIZE: 160,
  CLIENT_SESSION_KEEP_ALIVE: false,
  CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY: 3600,
  CLIENT_STAGE_ARRAY_BINDING_THRESHOLD: 65280,
  JS_TREAT_INTEGER_AS_BIGINT: false,
  QUERY_CONTEXT_CACHE_SIZE: 5,
  SERVICE_NAME: "",
};

/** What the driver may set at login (services/sf.js, StateConnecting.continue); the rest is refused so that a new one is noticed. */
const loginParameters = new Set([
  "CLIENT_SESSION_KEEP_ALIVE",
  "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY",
  "JS_TREAT_INTEGER_AS_BIGINT",
  "GCS_USE_DOWNSCOPED_CREDENTIAL",
  "CLIENT_REQUEST_MFA_TOKEN",
  "CLIENT_STORE_TEMPORARY_CREDENTIAL",
  "QUERY_TAG",
]);

export function unknownLoginParameter(parameters: Readonly<Record<string, ParameterValue>>): string | undefined {
  return Object.keys(parameters).find((name) => !loginParameters.has(name.toUpperCase()));
}

/** The session's value wins over the client's, and that over the default. */
export function reported(
  engine: SimSession,
  client: ReadonlyMap<string, ParameterValue>,
): { readonly name: string; readonly value: ParameterValue }[] {
  return Object.entries(defaultParameters).map(([name, value]) => ({
    name,
    value: engine.parameters.get(name) ?? client.get(name) ?? value,
  }));
}

const day = 86_400;

/** STATEMENT_TIMEOUT_IN_SECONDS: 172,800 by default; 0 means 604,800 (SQL reference, "Parameters"). */
export function statementTimeout(engine: SimSession, statement: Readonly<Record<string, ParameterValue>>): number {
  const own = statement["STATEMENT_TIMEOUT_IN_SECONDS"];
  const seconds = Number(own ?? engine.parameters.get("STATEMENT_TIMEOUT_IN_SECONDS") ?? 2 * day);
  return seconds === 0 ? 7 * day : seconds;
}
