import { CutoverError } from "cutover/adapter";
import * as z from "zod";
import type { ConnectionLike } from "./driver.js";

/** A pool as `snowflake.createPool()` of snowflake-sdk makes it, by the methods that are used. */
export interface PoolLike {
  /** A connection for one session. */
  acquire(): PromiseLike<unknown>;
  /** Gives it back. */
  release(connection: unknown): PromiseLike<void>;
  /** Takes a connection out that must not be used again. */
  destroy?(connection: unknown): PromiseLike<void>;
}

const seconds = z.int().min(1).max(604_800);
const limits = {
  /** Longest wait for a lock on a table, in seconds. Default 60. */
  lockTimeoutSeconds: seconds.default(60),
  /** Longest time for one statement, in seconds. Default 3600. */
  statementTimeoutSeconds: seconds.default(3600),
};
/** The most sessions that all pipelines on the warehouse have open at once, beside one for heartbeats. Default 8. */
const maxSessions = z.int().min(1).optional();
const word = z.string().min(1);
const flag = z.boolean();
const callback = z.custom<(...args: never) => unknown>((v) => typeof v === "function", "must be a function");

/** What the driver takes to connect and to log in (snowflake-sdk: connection/connection_config.js); it judges the values. */
const login = {
  account: word.optional(),
  region: word.optional(),
  /** Another host than the account's: `http://127.0.0.1:8080`. */
  accessUrl: z.url().optional(),
  host: word.optional(),
  port: z.union([z.int(), word]).optional(),
  protocol: z.enum(["http", "https"]).optional(),
  username: word.optional(),
  password: word.optional(),
  authenticator: word.optional(),
  passcode: word.optional(),
  passcodeInPassword: flag.optional(),
  token: word.optional(),
  tokenFilePath: word.optional(),
  privateKey: word.optional(),
  privateKeyPath: word.optional(),
  privateKeyPass: word.optional(),
  oauthClientId: word.optional(),
  oauthClientSecret: word.optional(),
  oauthAuthorizationUrl: word.optional(),
  oauthTokenRequestUrl: word.optional(),
  oauthRedirectUri: word.optional(),
  oauthScope: word.optional(),
  oauthChallengeMethod: word.optional(),
  oauthEnableSingleUseRefreshTokens: flag.optional(),
  oauthHttpAllowed: flag.optional(),
  workloadIdentityProvider: z.enum(["AWS", "AZURE", "GCP", "OIDC"]).optional(),
  workloadIdentityImpersonationPath: z.array(word).optional(),
  workloadIdentityAzureEntraIdResource: word.optional(),
  workloadIdentityAzureClientId: word.optional(),
  workloadIdentityAwsUseOutboundToken: flag.optional(),
  clientRequestMFAToken: flag.optional(),
  clientStoreTemporaryCredential: flag.optional(),
  credentialCacheDir: word.optional(),
  disableConsoleLogin: flag.optional(),
  disableSamlURLCheck: flag.optional(),
  browserActionTimeout: z.int().optional(),
  browserRedirectPort: z.int().optional(),
  browserResponseRenderer: callback.optional(),
  openExternalBrowserCallback: callback.optional(),
  proxyHost: word.optional(),
  proxyPort: z.int().optional(),
  proxyUser: word.optional(),
  proxyPassword: word.optional(),
  proxyProtocol: word.optional(),
  noProxy: word.optional(),
  clientSessionKeepAlive: flag.optional(),
  clientSessionKeepAliveHeartbeatFrequency: z.int().optional(),
  retryTimeout: z.int().optional(),
  timeout: z.int().optional(),
  serviceName: word.optional(),
  certRevocationCheckMode: z.enum(["DISABLED", "ADVISORY", "ENABLED"]).optional(),
  crlAllowCertificatesWithoutCrlURL: flag.optional(),
  crlInMemoryCache: flag.optional(),
  crlOnDiskCache: flag.optional(),
  database: word.optional(),
  schema: word.optional(),
  warehouse: word.optional(),
  role: word.optional(),
};
const has = (v: unknown, ...methods: readonly string[]): boolean =>
  typeof v === "object" && v !== null && methods.every((m) => typeof (v as Record<string, unknown>)[m] === "function");

const connectionLike = z.custom<ConnectionLike>(
  (v) => has(v, "execute", "isUp"),
  "is no connection of snowflake-sdk; connect it, and give it as it is",
);
const poolLike = z.custom<PoolLike>((v) => has(v, "acquire", "release"), "is no pool of snowflake-sdk");

const given = z.union([
  z.strictObject({ connection: connectionLike, ...limits }),
  z.strictObject({ pool: poolLike, maxSessions, ...limits }),
  z
    .strictObject({ ...login, maxSessions, ...limits })
    .refine((o) => [o.account, o.accessUrl, o.host].some((v) => v !== undefined), {
      path: ["account"],
      message: "is missing: name the account, or `accessUrl`",
    }),
]);
const byKind = { connection: given.options[0], pool: given.options[1], login: given.options[2] } as const;

/** How to reach a Snowflake account: by logging in, or by a connection or a pool that the application has opened. */
export type SnowflakeOptions = z.input<typeof given>;
export type Settings = z.output<typeof given>;
export type LoginSettings = z.output<(typeof byKind)["login"]>;

/** @throws CutoverError `CONFIG`, which names options and never tells their values. */
export function readOptions(options: unknown): Settings {
  const kind = typeof options === "object" && options !== null && "connection" in options ? "connection" : pooled(options);
  const read = byKind[kind].safeParse(options);
  if (read.success) return read.data;
  const issues = read.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((path) => ({ path, message: unknownOption(kind, path) }))
      : [{ path: issue.path.join("."), message: issue.message }],
  );
  const [first] = issues;
  throw new CutoverError("CONFIG", `snowflake: ${first?.path} ${first?.message}`.replace(/ {2,}/g, " "), { issues });
}
const pooled = (options: unknown): "pool" | "login" =>
  typeof options === "object" && options !== null && "pool" in options ? "pool" : "login";
const unknownOption = (kind: keyof typeof byKind, path: string): string =>
  kind === "connection" && path === "maxSessions" ? "cannot be given beside a connection, which is one session" : known(kind);
const known = (kind: keyof typeof byKind): string =>
  kind === "login" ? "is no option" : `cannot be given beside a ${kind}, which is logged in already`;

/** The values that must never be seen. */
export const secretsOf = (s: LoginSettings): readonly string[] =>
  [s.password, s.passcode, s.token, s.privateKey, s.privateKeyPass, s.oauthClientSecret, s.proxyPassword].filter(
    (v): v is string => v !== undefined && v.length > 2,
  );
