import type { IoOptions } from "cutover/adapter";
import * as z from "zod";
import { explain, nativeOf } from "./classify.js";
import { BigQueryFault, cancelled, unknown } from "./errors.js";
import { type Settings, secretsOf } from "./options.js";

interface RequestOptions {
  readonly method: string;
  readonly uri: string;
  readonly projectId?: string;
  readonly qs: Readonly<Record<string, string | number | boolean>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Text or bytes: the client writes into values of a `json` that hold its token for the project's id (common: decorateRequest). */
  readonly body?: string | Buffer;
  readonly timeout: number;
}
/** A `BigQuery` of @google-cloud/bigquery, by the methods that are used. */
export interface ClientLike {
  readonly apiEndpoint?: string;
  getProjectId(): Promise<string>;
  request(options: RequestOptions, callback: (error: unknown, body?: unknown, response?: unknown) => void): void;
}

/** A client, and how secrets are taken out of what it says. */
export interface Client {
  readonly raw: ClientLike;
  readonly redact: (text: string) => string;
}
interface Driver {
  readonly BigQuery: new (options: object) => ClientLike;
}

/** The application's own client, or one that logs in as the settings say. Its requests are repeated here, not there. */
export async function clientOf(settings: Settings): Promise<Client> {
  if ("client" in settings) return { raw: settings.client, redact: (text) => text };
  const secrets = secretsOf(settings);
  const redact = (text: string): string => secrets.reduce((t, secret) => t.replaceAll(secret, "***"), text);
  const name = "@google-cloud/bigquery";
  const { BigQuery } = (await import(name)) as Driver;
  const { dataset: _dataset, maximumBytesBilled: _bytes, labels: _labels, ...options } = settings;
  try {
    return { raw: new BigQuery({ ...options, userAgent: "cutover", retryOptions: { autoRetry: false } }), redact };
  } catch (e) {
    throw translate(e, redact);
  }
}

export interface Request {
  readonly method: string;
  /** Below the project, or absolute. */
  readonly uri: string;
  readonly project?: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly timeoutMs?: number;
}
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON; null where there was none. */
  readonly body: unknown;
}
const response = z.object({ statusCode: z.number(), headers: z.record(z.string(), z.string()).catch({}) });
const REQUEST_MS = 60_000;

/**
 * One request, once. A status that is no success is an answer too, where `also` names it.
 * @throws BigQueryFault, whose outcome is `unknown` where the service may have done it.
 */
export function send(
  client: Client,
  request: Request,
  o: Pick<IoOptions, "signal">,
  also: readonly number[] = [],
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (o.signal.aborted) return reject(cancelled("signal", true));
    // A request on its way cannot be called back: whoever aborts does not wait for its answer.
    const onAbort = (): void => reject(cancelled("signal", request.method === "GET"));
    o.signal.addEventListener("abort", onAbort, { once: true });
    const settle = (end: () => void): void => {
      o.signal.removeEventListener("abort", onAbort);
      end();
    };
    const query = Object.entries(request.query ?? {}).filter(([, v]) => v !== undefined);
    const options: RequestOptions = {
      method: request.method,
      uri: request.uri,
      ...(request.project === undefined ? {} : { projectId: request.project }),
      qs: Object.fromEntries(query) as RequestOptions["qs"],
      headers: { ...(typeof request.body === "string" ? { "Content-Type": "application/json" } : {}), ...request.headers },
      ...(request.body === undefined ? {} : { body: request.body }),
      timeout: request.timeoutMs ?? REQUEST_MS,
    };
    try {
      client.raw.request(options, (error, body, told) =>
        settle(() => {
          const known = response.safeParse(told ?? (error as { readonly response?: unknown } | null)?.response);
          const { statusCode, headers } = known.success ? known.data : { statusCode: 0, headers: {} };
          const answer = { status: statusCode, headers, body: typeof body === "object" ? (body ?? null) : null };
          if (error === null || error === undefined) return resolve(answer);
          if (also.includes(statusCode)) return resolve(answer);
          reject(translate(error, client.redact));
        }),
      );
    } catch (e) {
      settle(() => reject(translate(e, client.redact)));
    }
  });
}

/** Addresses without users, passwords and parameters: that of an upload is as good as a key to it. */
const bare = (text: string): string => text.replace(/(\bhttps?:\/\/)(?:[^\s/@?#]*@)?([^\s?"']*)(?:\?[^\s"']*)?/gi, "$1$2");

/** The client's error without what hangs on it: requests and responses, whose headers hold tokens. */
export function translate(e: unknown, redact: (text: string) => string): BigQueryFault {
  if (e instanceof BigQueryFault) return e;
  const native = nativeOf(e);
  const message = redact(bare(native.message)).trim();
  const found = new BigQueryFault(message, explain({ ...native, message }), native);
  // An answer that is no success may come from a machine in between, which does not know what the one behind it did.
  const open = native.sent && (native.status === null || native.status >= 500);
  return open ? unknown(found) : found;
}
