import { createHash, createPublicKey, randomUUID, verify } from "node:crypto";
import * as z from "zod";
import type { SimError, SimUser } from "./engine/types.js";
import { errors } from "./errors.js";

/** A user and what the user may log in with. Names are compared without regard to case, as login names are. */
export interface User extends SimUser {
  /** PEM (SPKI) for SNOWFLAKE_JWT. */
  readonly publicKey?: string;
  readonly oauthToken?: string;
  readonly expiredOauthToken?: string;
  readonly accessToken?: string;
  readonly workloadIdentity?: { readonly provider: "OIDC" | "AWS" | "AZURE" | "GCP"; readonly token: string };
}

const text = z.string().nullish();
/** What the driver sends: authentication/authentication.js and services/sf.js. */
export const loginBody = z.object({
  data: z.object({
    ACCOUNT_NAME: z.string(),
    LOGIN_NAME: text,
    PASSWORD: text,
    TOKEN: text,
    AUTHENTICATOR: text,
    PROVIDER: text,
    CLIENT_APP_ID: text,
    CLIENT_APP_VERSION: text,
    SESSION_PARAMETERS: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  }),
});
export type LoginData = z.infer<typeof loginBody>["data"];

export interface Gate {
  readonly account: string;
  readonly users: readonly User[];
  readonly now: () => number;
}

/** Who logs in. Throws as the service refuses. */
export function authenticate(data: LoginData, gate: Gate): User {
  const { users } = gate;
  const named = users.find((u) => u.name.toUpperCase() === data.LOGIN_NAME?.toUpperCase());
  const method = (data.AUTHENTICATOR ?? "SNOWFLAKE").toUpperCase();
  const token = data.TOKEN ?? undefined;
  switch (method) {
    case "SNOWFLAKE":
      if (!named?.password || named.password !== data.PASSWORD) throw errors.password();
      return named;
    case "SNOWFLAKE_JWT":
      if (!named?.publicKey || !token || !signedBy(token, named, gate)) throw errors.jwt(randomUUID());
      return named;
    case "OAUTH": {
      if (users.some((u) => u.expiredOauthToken !== undefined && u.expiredOauthToken === token)) throw errors.oauthExpired();
      const owner = users.find((u) => u.oauthToken !== undefined && u.oauthToken === token);
      // the user of the token must be the one that is named, if one is (user guide, "Snowflake OAuth": 390309)
      if (!owner || (data.LOGIN_NAME && owner !== named)) throw errors.oauthInvalid();
      return owner;
    }
    case "PROGRAMMATIC_ACCESS_TOKEN": {
      const owner = users.find((u) => u.accessToken !== undefined && u.accessToken === token);
      if (!owner || (data.LOGIN_NAME && owner !== named)) throw errors.pat();
      return owner;
    }
    case "WORKLOAD_IDENTITY": {
      const owner = users.find((u) => u.workloadIdentity?.provider === data.PROVIDER && u.workloadIdentity?.token === token);
      if (!owner) throw errors.workload();
      return owner;
    }
    default:
      throw errors.authenticator(method);
  }
}

const claims = z.object({ iss: z.string(), sub: z.string(), iat: z.number(), exp: z.number() });

/**
 * User guide, "Key-pair authentication": iss is ACCOUNT.USER.SHA256:fingerprint, sub is ACCOUNT.USER, and a token lives one hour at most.
 * The driver writes times in milliseconds (authentication/auth_keypair.js), others in seconds: the service takes both.
 */
function signedBy(token: string, user: User, gate: Gate): boolean {
  const [head, body, signature, ...rest] = token.split(".");
  if (!head || !body || !signature || rest.length > 0) return false;
  const header = parse(head);
  if (header?.["alg"] !== "RS256") return false;
  const found = claims.safeParse(parse(body));
  if (!found.success) return false;
  const key = createPublicKey(user.publicKey as string);
  const subject = `${gate.account.toUpperCase()}.${user.name.toUpperCase()}`;
  const fingerprint = createHash("sha256")
    .update(key.export({ format: "der", type: "spki" }))
    .digest("base64");
  const { iss, sub, iat, exp } = found.data;
  const now = gate.now();
  const issued = milliseconds(iat);
  return (
    iss === `${subject}.SHA256:${fingerprint}` &&
    sub === subject &&
    milliseconds(exp) > now &&
    issued <= now + 60_000 &&
    issued > now - 3_600_000 &&
    verify("RSA-SHA256", Buffer.from(`${head}.${body}`), key, Buffer.from(signature, "base64url"))
  );
}

const milliseconds = (time: number): number => (time > 100_000_000_000 ? time : time * 1000);

function parse(part: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** What the service answers beside a refused login (the driver's own tests, wiremock/mappings/pat/invalid_pat_token.json). */
export function refusal(error: SimError, method: string): Record<string, unknown> {
  return { nextAction: "RETRY_LOGIN", authnMethod: method, signInOptions: {}, ...(error.data ?? {}) };
}

/** Names at login fold as unquoted identifiers do, unless quoted (user guide, "Connection parameters"). */
export function foldName(name: string | null): string | null {
  if (name === null || name === "") return null;
  if (name.length > 1 && name.startsWith('"') && name.endsWith('"')) return name.slice(1, -1).replaceAll('""', '"');
  return name.toUpperCase();
}
