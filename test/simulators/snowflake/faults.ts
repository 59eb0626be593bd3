import * as shared from "../shared/faults.js";
import { matches } from "../shared/faults.js";

export type { Struck } from "../shared/faults.js";

/** A request as a fault's condition sees it. */
export interface Call {
  readonly endpoint: Endpoint;
  readonly session: number | null;
  /** The statement's text; for results, cancels and chunks that of the statement they belong to. Empty elsewhere. */
  readonly sql: string;
  readonly kind: string;
  readonly requestId: string;
  /** The driver repeats this request (it adds retryCount to the address: http/axios_instance.js). */
  readonly repeated: boolean;
}

export type Endpoint =
  | "login"
  | "renew"
  | "close"
  | "heartbeat"
  | "query"
  | "result"
  | "cancel"
  | "monitor"
  | "chunk"
  | "storage"
  | "telemetry"
  | "unknown";

/** Which requests a fault strikes. Everything given must fit. Without `endpoint`: statements. */
export interface When {
  readonly endpoint?: Endpoint;
  readonly sql?: string | RegExp | ((sql: string) => boolean);
  /** The statement's first word. */
  readonly kind?: string;
  readonly session?: number;
  /** Only from the n-th fitting request on, counted from 1. */
  readonly nth?: number;
  /** The driver's own repetitions fit too. Default: true. */
  readonly repeated?: boolean;
  readonly where?: (call: Call) => boolean;
}

/** What happens. `at` says when: before the request has an effect, while its statement runs (and can be cancelled), or after. */
export interface Fault {
  readonly at?: "before" | "running" | "after";
  /** Milliseconds. */
  readonly delay?: number;
  /** Waits until this resolves. */
  readonly hold?: Promise<void>;
  /** The connection is closed without an answer. While it is running: at once, and the statement goes on. */
  readonly drop?: true;
  /** An HTTP status that is no answer of the service's: 503, 429, 500 … Before or after the effect. */
  readonly status?: number;
  /** "malformed": 200, but no JSON. "truncated": the connection closes in the middle of the body. */
  readonly body?: "malformed" | "truncated";
  /** An answer of the service's that says no. */
  readonly error?: { readonly code: string; readonly sqlState?: string; readonly message: string };
  /** The session's token is expired, its master token too, or the session is gone, before the request is looked at. */
  readonly token?: "expired" | "master" | "gone";
  /** The body comes in pieces with so many milliseconds between them. */
  readonly slow?: number;
}

export type Held = shared.Held<Call>;
export type Faults = shared.Faults<When, Fault, Call, NonNullable<Fault["at"]>>;

export interface FaultBook extends Faults {
  strike(call: Call): Fault | undefined;
}

export function faultBook(): FaultBook {
  const { strike, ...faults } = shared.faultBook<When, Fault, Call, NonNullable<Fault["at"]>>(fits, (at, hold) => ({ at, hold }));
  return {
    ...faults,
    strike: (call) => {
      const chosen = strike(call);
      chosen?.reached();
      return chosen?.fault;
    },
  };
}

function fits(when: When, call: Call): boolean {
  if (call.endpoint !== (when.endpoint ?? "query")) return false;
  if (when.session !== undefined && when.session !== call.session) return false;
  if (when.kind !== undefined && when.kind.toUpperCase() !== call.kind) return false;
  if (when.repeated === false && call.repeated) return false;
  if (!matches(when.sql, call.sql)) return false;
  return when.where?.(call) ?? true;
}
