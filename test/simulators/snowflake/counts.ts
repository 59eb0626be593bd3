import { add, less, lessByName } from "../shared/counts.js";

/** One statement as the service's query history would show it; a repeated request is not a second statement. */
export interface LoggedStatement {
  /** Counts from 1, over all sessions. */
  readonly nth: number;
  readonly session: number;
  readonly sql: string;
  /** The first word of the statement: SELECT, MERGE, PUT … */
  readonly kind: string;
  readonly tag: string;
  readonly queryId: string;
  readonly requestId: string;
  /** Requests that carried this requestId. */
  requests: number;
  /** Empty until it ends, then "ok" or the code of its error. */
  outcome: string;
  rows: number;
  milliseconds: number;
}

export interface Tally {
  readonly requests: number;
  /** By endpoint: login, query, result, cancel, chunk, storage … */
  readonly endpoints: Readonly<Record<string, number>>;
  readonly logins: number;
  /** Statements that began; repeated requests are left out. */
  readonly statements: number;
  readonly kinds: Readonly<Record<string, number>>;
  /** Bodies on the wire. `put` is the part of `up` that went to stages; `chunk` the part of `down` that were result chunks. */
  readonly bytes: { readonly up: number; readonly down: number; readonly put: number; readonly chunk: number };
  readonly chunks: number;
}

export interface Counts extends Tally {
  /** Every statement in the order in which they came. */
  readonly log: readonly LoggedStatement[];
  bySession(): Readonly<Record<number, number>>;
  mark(): Mark;
  /** What was counted after the mark. */
  since(mark: Mark): Tally & { readonly log: readonly LoggedStatement[] };
}

export interface Mark {
  readonly tally: Tally;
  readonly at: number;
}

export interface Counter extends Counts {
  request(endpoint: string, bytes: number): void;
  answered(endpoint: string, bytes: number): void;
  /** Bytes of files that went to stages. */
  stored(bytes: number): void;
  login(): void;
  statement(s: Omit<LoggedStatement, "nth" | "requests" | "outcome" | "rows" | "milliseconds">): LoggedStatement;
}

export function counter(): Counter {
  const endpoints: Record<string, number> = {};
  const kinds: Record<string, number> = {};
  const log: LoggedStatement[] = [];
  const bytes = { up: 0, down: 0, put: 0, chunk: 0 };
  let requests = 0;
  let logins = 0;
  const tally = (): Tally => ({
    requests,
    logins,
    endpoints: { ...endpoints },
    statements: log.length,
    kinds: { ...kinds },
    bytes: { ...bytes },
    chunks: endpoints["chunk"] ?? 0,
  });
  return {
    get requests() {
      return requests;
    },
    get logins() {
      return logins;
    },
    get statements() {
      return log.length;
    },
    get chunks() {
      return endpoints["chunk"] ?? 0;
    },
    endpoints,
    kinds,
    bytes,
    log,
    bySession: () => countBy(log.map((s) => String(s.session))),
    mark: () => ({ tally: tally(), at: log.length }),
    since: (mark) => ({ ...subtract(tally(), mark.tally), log: log.slice(mark.at) }),
    request: (endpoint, size) => {
      requests += 1;
      add(endpoints, endpoint);
      bytes.up += size;
    },
    answered: (endpoint, size) => {
      bytes.down += size;
      if (endpoint === "chunk") bytes.chunk += size;
    },
    stored: (size) => {
      bytes.up += size;
      bytes.put += size;
    },
    login: () => {
      logins += 1;
    },
    statement: (s) => {
      const logged: LoggedStatement = { ...s, nth: log.length + 1, requests: 1, outcome: "", rows: 0, milliseconds: 0 };
      log.push(logged);
      add(kinds, s.kind);
      return logged;
    },
  };
}

function countBy(names: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const name of names) add(found, name);
  return found;
}

function subtract({ endpoints, kinds, bytes, ...totals }: Tally, then: Tally): Tally {
  return {
    ...less(totals, then),
    endpoints: lessByName(endpoints, then.endpoints),
    kinds: lessByName(kinds, then.kinds),
    bytes: less(bytes, then.bytes),
  };
}
