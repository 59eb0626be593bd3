import type { IoOptions } from "cutover/adapter";
import { explainLogin, nativeOf } from "./classify.js";
import { type ConnectionLike, type Link, perform, start, translate } from "./driver.js";
import { cancelled, fault, SnowflakeFault } from "./errors.js";
import { type LoginSettings, type Settings, secretsOf } from "./options.js";
import { plain } from "./render.js";

/** A connection that was made ready, where unqualified names stand, and how it is given back. */
export interface Opened {
  readonly link: Link;
  readonly home: readonly [database: string, schema: string];
  close(): Promise<void>;
}
interface OwnConnection extends ConnectionLike {
  connectAsync(callback: (error: Error | undefined) => void): Promise<unknown>;
  destroy(callback: (error: Error | undefined) => void): void;
}
interface Driver {
  createConnection(options: unknown): OwnConnection;
  configure(options: { readonly logLevel: "OFF"; readonly additionalLogToConsole: false }): void;
}

const known = Symbol("driver");
const loaded: { [known]?: Promise<Driver> } = {};

/**
 * The driver, silent. By itself it writes a log file into the working directory (logger/node.js), and looks for cloud metadata
 * servers as soon as it is imported (telemetry/platform_detection.js).
 */
function driver(): Promise<Driver> {
  loaded[known] ??= (async () => {
    const quiet = "SNOWFLAKE_DISABLE_PLATFORM_DETECTION";
    const before = process.env[quiet];
    process.env[quiet] = "true";
    try {
      const name = "snowflake-sdk";
      const module = (await import(name)) as { readonly default: Driver };
      module.default.configure({ logLevel: "OFF", additionalLogToConsole: false });
      return module.default;
    } finally {
      if (before === undefined) delete process.env[quiet];
      else process.env[quiet] = before;
    }
  })();
  loaded[known].catch(() => {
    delete loaded[known];
  });
  return loaded[known];
}

/** Opens a session: logs in, or takes what the application gave; and sets what its meaning depends on. */
export async function connect(settings: Settings, o: IoOptions): Promise<Opened> {
  if (o.signal.aborted) throw cancelled("signal", true);
  const { connection, redact, close } = await acquire(settings, o);
  const link: Link = { connection, redact, lost: false, limitMs: (settings.statementTimeoutSeconds + 30) * 1000 };
  const opened = { link, close: () => close(link.lost) };
  try {
    // Pools hand out what others left in the middle of a transaction (snowflake-connector-nodejs, issue 789).
    if ("pool" in settings) await perform(link, "ROLLBACK", o);
    if ("connection" in settings) await refuseOpen(link, o);
    return { ...opened, home: await prepare(link, settings, o) };
  } catch (e) {
    await opened.close().catch(() => undefined);
    throw e;
  }
}

/** What the application began is neither to be committed with a release nor to be rolled back. */
async function refuseOpen(link: Link, o: IoOptions): Promise<void> {
  const { rows } = await perform(link, 'SELECT CURRENT_TRANSACTION() AS "OPEN"', o);
  if (rows[0]?.["OPEN"] === null) return;
  throw fault("other", "the connection has a transaction open", "COMMIT or ROLLBACK it first, or give a connection of its own.");
}

interface Acquired {
  readonly connection: ConnectionLike;
  readonly redact: (text: string) => string;
  close(lost: boolean): Promise<void>;
}
const asItIs = (text: string): string => text;

async function acquire(settings: Settings, o: IoOptions): Promise<Acquired> {
  // The application's own: closing is its affair.
  if ("connection" in settings) return { connection: settings.connection, redact: asItIs, close: async () => undefined };
  if (!("pool" in settings)) return login(settings, o);
  const { pool } = settings;
  const taken = await Promise.resolve(pool.acquire()).catch((e: unknown) => {
    throw notLoggedIn(e, asItIs);
  });
  const connection = taken as ConnectionLike;
  const close = async (lost: boolean): Promise<void> => {
    await (lost && pool.destroy !== undefined ? pool.destroy(taken) : pool.release(taken));
  };
  return { connection, redact: asItIs, close };
}

async function login(settings: LoginSettings, o: IoOptions): Promise<Acquired> {
  const { lockTimeoutSeconds: _lock, statementTimeoutSeconds: _statement, ...options } = settings;
  const secrets = secretsOf(settings);
  const redact = (text: string): string => secrets.reduce((t, secret) => t.replaceAll(secret, "***"), text);
  const sdk = await driver();
  try {
    const connection = sdk.createConnection({ application: "cutover", ...options });
    await untilConnected(connection, o);
    return { connection, redact, close: () => destroy(connection) };
  } catch (e) {
    throw notLoggedIn(e, redact);
  }
}

/** The status of an answer that is none of the service's: a host that knows no such account says 404. */
function statusOf(e: unknown): number | null {
  const { response } = e as { readonly response?: { readonly status?: unknown; readonly statusCode?: unknown } };
  const status = response?.statusCode ?? response?.status;
  return typeof status === "number" ? status : null;
}
function notLoggedIn(e: unknown, redact: (text: string) => string): SnowflakeFault {
  if (e instanceof SnowflakeFault) return e;
  const known = translate(e, redact);
  const native = nativeOf(Object.assign(new Error(known.message), { code: known.code ?? "" }));
  return new SnowflakeFault(known.message, explainLogin(native, e instanceof Error ? statusOf(e) : null), { code: known.code });
}

/** An aborted login goes on by itself in the driver; its session is ended when it comes. */
function untilConnected(connection: OwnConnection, o: IoOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    let given = false;
    const onAbort = (): void => {
      given = true;
      reject(cancelled("signal", true));
    };
    o.signal.addEventListener("abort", onAbort, { once: true });
    const done = (error: Error | null | undefined): void => {
      o.signal.removeEventListener("abort", onAbort);
      if (given) {
        if (error === undefined || error === null) void destroy(connection);
      } else if (error === undefined || error === null) resolve();
      else reject(error);
    };
    connection.connectAsync(done).catch(done);
  });
}

/** Ends the server's session, and with it what is open in it. One that is gone already is no failure. */
function destroy(connection: OwnConnection): Promise<void> {
  return new Promise((resolve) => {
    const patience = setTimeout(resolve, 10_000);
    connection.destroy(() => {
      clearTimeout(patience);
      resolve();
    });
  });
}

/**
 * Session parameters that statements and values depend on. Several stand in one statement (docs: ALTER SESSION,
 * "separated by blank spaces, commas, or new lines").
 */
const parameters = (s: Settings): string =>
  [
    "QUOTED_IDENTIFIERS_IGNORE_CASE = FALSE",
    "TIMEZONE = 'UTC'",
    "AUTOCOMMIT = TRUE",
    `LOCK_TIMEOUT = ${s.lockTimeoutSeconds}`,
    `STATEMENT_TIMEOUT_IN_SECONDS = ${s.statementTimeoutSeconds}`,
    "ABORT_DETACHED_QUERY = TRUE",
    "ERROR_ON_NONDETERMINISTIC_MERGE = TRUE",
    "ERROR_ON_NONDETERMINISTIC_UPDATE = TRUE",
    "DATE_INPUT_FORMAT = 'AUTO'",
    "TIME_INPUT_FORMAT = 'AUTO'",
    "TIMESTAMP_INPUT_FORMAT = 'AUTO'",
    "BINARY_INPUT_FORMAT = 'HEX'",
    "BINARY_OUTPUT_FORMAT = 'HEX'",
    // The driver writes a TIME by it, fraction and all.
    "TIME_OUTPUT_FORMAT = 'HH24:MI:SS.FF9'",
    "JSON_INDENT = 0",
  ].join(", ");

async function prepare(link: Link, settings: Settings, o: IoOptions): Promise<readonly [string, string]> {
  const done = await start(link, plain(`ALTER SESSION SET ${parameters(settings)}`), o);
  const state = done.getSessionState?.();
  const told = [state?.getCurrentDatabase(), state?.getCurrentSchema()];
  const [database, schema] = told.every((name) => typeof name === "string" && name !== "") ? told : await current(link, o);
  if (database && schema) return [database, schema];
  const what = database ? "schema" : "database";
  throw fault("missing-object", `the session has no current ${what}`, `Name the \`${what}\`, and see that the role may use it.`);
}
async function current(link: Link, o: IoOptions): Promise<readonly (string | null)[]> {
  const { rows } = await perform(link, 'SELECT CURRENT_DATABASE() AS "DATABASE", CURRENT_SCHEMA() AS "SCHEMA"', o);
  return [rows[0]?.["DATABASE"], rows[0]?.["SCHEMA"]].map((v) => (typeof v === "string" ? v : null));
}
