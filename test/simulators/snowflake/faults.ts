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

export interface Struck {
  /** How often it struck. */
  readonly times: number;
  remove(): void;
}

export interface Held extends Struck {
  /** Resolves when a request waits here. */
  readonly reached: Promise<Call>;
  release(): void;
}

export interface Faults {
  /** Strikes `times` times (default: once). Of several that fit, the first one added strikes. */
  add(when: When, fault: Fault, times?: number): Struck;
  /** One request waits at the given point until released. Default: while the statement runs. */
  hold(when: When, at?: Fault["at"]): Held;
  clear(): void;
}

interface Rule {
  readonly when: When;
  readonly fault: Fault;
  left: number;
  seen: number;
  struck: number;
  readonly reached?: (call: Call) => void;
}

export interface FaultBook extends Faults {
  strike(call: Call): Fault | undefined;
}

export function faultBook(): FaultBook {
  const rules: Rule[] = [];
  const enter = (rule: Rule): Struck => {
    rules.push(rule);
    return {
      get times() {
        return rule.struck;
      },
      remove: () => {
        rule.left = 0;
      },
    };
  };
  return {
    add: (when, fault, times = 1) => enter({ when, fault, left: times, seen: 0, struck: 0 }),
    hold: (when, at = "running") => {
      const gate = later<void>();
      const reached = later<Call>();
      const struck = enter({ when, fault: { at, hold: gate.promise }, left: 1, seen: 0, struck: 0, reached: reached.resolve });
      return Object.assign(struck, { reached: reached.promise, release: gate.resolve });
    },
    clear: () => {
      rules.length = 0;
    },
    strike: (call) => {
      for (const rule of rules) {
        if (rule.left === 0 || !fits(rule.when, call)) continue;
        rule.seen += 1;
        if (rule.seen < (rule.when.nth ?? 1)) continue;
        rule.left -= 1;
        rule.struck += 1;
        rule.reached?.(call);
        return rule.fault;
      }
      return undefined;
    },
  };
}

/** A promise and its end, as Promise.withResolvers of newer runtimes. */
export function later<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((r) => {
    resolve = r;
  });
  return { promise, resolve };
}

function fits(when: When, call: Call): boolean {
  if (call.endpoint !== (when.endpoint ?? "query")) return false;
  if (when.session !== undefined && when.session !== call.session) return false;
  if (when.kind !== undefined && when.kind.toUpperCase() !== call.kind) return false;
  if (when.repeated === false && call.repeated) return false;
  const { sql } = when;
  if (typeof sql === "string" && !call.sql.includes(sql)) return false;
  if (sql instanceof RegExp && !sql.test(call.sql)) return false;
  if (typeof sql === "function" && !sql(call.sql)) return false;
  return when.where?.(call) ?? true;
}
