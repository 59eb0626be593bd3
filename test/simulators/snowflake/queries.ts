import { randomBytes } from "node:crypto";
import { later, orAbort } from "../shared/waiting.js";
import type { Counter, LoggedStatement } from "./counts.js";
import { SimError, type SimResult } from "./engine/types.js";
import { errors } from "./errors.js";
import { reported } from "./parameters.js";
import { answer, type ChunkSizes, cut, type Rowset, rowtype } from "./results.js";
import type { Session } from "./sessions.js";

export type Status = "RUNNING" | "SUCCESS" | "FAILED_WITH_ERROR" | "ABORTED";

/** A statement and what became of it. */
export interface Query {
  readonly id: string;
  readonly requestId: string;
  readonly session: Session;
  readonly sql: string;
  readonly kind: string;
  /** The client asked not to wait. */
  readonly detached: boolean;
  readonly startedAt: number;
  readonly logged: LoggedStatement;
  readonly done: Promise<void>;
  /** Cancels it: what has not happened by now does not happen. False if it has ended. */
  cancel(reason: SimError): boolean;
  status: Status;
  endedAt: number;
  error: SimError | undefined;
  /** The answer's text, once it has ended. */
  text: string;
  rows: Rowset | undefined;
}

export interface Asked {
  readonly requestId: string;
  readonly session: Session;
  readonly sql: string;
  readonly kind: string;
  readonly tag: string;
  readonly detached: boolean;
  /** Seconds. */
  readonly timeout: number;
  /** Runs beside the session's other statements (cancelling one of them, for instance). */
  readonly apart: boolean;
}

/** What a statement does: an answer of its own (PUT, GET), or a result. */
export type Work = (o: {
  readonly queryId: string;
  readonly signal: AbortSignal;
}) => Promise<SimResult | { readonly data: Record<string, unknown> }>;

export interface Queries {
  /** The statement of this request: a request that was seen before gets the first one's outcome, and nothing runs. */
  ask(asked: Asked, work: Work): Query;
  byRequest(user: string, requestId: string): Query | undefined;
  get(id: string): Query | undefined;
  running(): readonly Query[];
}

/** How much is kept: statements, and bytes of their results. */
const remembered = { statements: 20_000, bytes: 256 * 1024 * 1024 };

export function queries(o: {
  readonly now: () => number;
  readonly counter: Counter;
  readonly sizes: ChunkSizes;
  readonly url: () => string;
}): Queries {
  const byId = new Map<string, Query>();
  const byRequest = new Map<string, Query>();
  const key = (user: string, requestId: string): string => `${user}/${requestId}`;
  let count = 0;
  const nextId = (): string => {
    count += 1;
    const time = Math.floor(o.now() / 60_000)
      .toString(16)
      .padStart(8, "0");
    const noise = randomBytes(4).toString("hex");
    return `${time}-${noise.slice(0, 4)}-${noise.slice(4)}-0000-${count.toString(16).padStart(12, "0")}`;
  };
  const running = new Set<Query>();
  let bytes = 0;
  const forget = (): void => {
    for (const old of byId.values()) {
      if (byId.size <= remembered.statements && bytes <= remembered.bytes) return;
      if (old.status === "RUNNING") continue;
      byId.delete(old.id);
      byRequest.delete(key(old.session.user, old.requestId));
      bytes -= weight(old);
    }
  };

  return {
    byRequest: (user, requestId) => byRequest.get(key(user, requestId)),
    get: (id) => byId.get(id),
    running: () => [...running],
    ask: (asked, work) => {
      const { session } = asked;
      const seen = byRequest.get(key(session.user, asked.requestId));
      if (seen) {
        seen.logged.requests += 1;
        return seen;
      }
      forget();
      const id = nextId();
      const controller = new AbortController();
      const ended = later<void>();
      const { requestId, sql, kind, tag } = asked;
      const query: Query = {
        id,
        requestId,
        session,
        sql,
        kind,
        detached: asked.detached,
        startedAt: o.now(),
        logged: o.counter.statement({ session: session.id, sql, kind, tag, queryId: id, requestId }),
        done: ended.promise,
        cancel: (reason) => {
          if (query.status !== "RUNNING") return false;
          controller.abort(reason);
          return true;
        },
        status: "RUNNING",
        endedAt: 0,
        error: undefined,
        text: "",
        rows: undefined,
      };
      byId.set(id, query);
      byRequest.set(key(session.user, requestId), query);
      running.add(query);
      void run(query, asked, work, controller, o).then(() => {
        running.delete(query);
        bytes += weight(query);
        ended.resolve();
      });
      return query;
    },
  };
}

const weight = (q: Query): number => (q.rows?.chunks ?? []).reduce((sum, c) => sum + c.body.length, q.text.length);

async function run(
  query: Query,
  asked: Asked,
  work: Work,
  controller: AbortController,
  o: { readonly now: () => number; readonly sizes: ChunkSizes; readonly url: () => string },
): Promise<void> {
  const { session, logged } = query;
  const { signal } = controller;
  const timer = setTimeout(() => query.cancel(errors.timeout(asked.timeout)), Math.min(asked.timeout * 1000, 2 ** 31 - 1));
  timer.unref();
  const turn = later<void>();
  const before = session.tail;
  if (!asked.apart) session.tail = before.then(() => turn.promise);
  try {
    if (!asked.apart) await orAbort(before, signal);
    const result = await work({ queryId: query.id, signal });
    if ("columns" in result) {
      const rows = await cut(result.rows, o.sizes);
      query.rows = rows;
      logged.rows = result.affected ?? rows.rows;
      query.text = answer(describe(query, result), rows, (n) => `${o.url()}/results/${query.id}/${n}`);
    } else {
      query.text = JSON.stringify({ data: { queryId: query.id, ...result.data }, code: null, message: null, success: true });
    }
    query.status = "SUCCESS";
    logged.outcome = "ok";
  } catch (e) {
    const error = failure(e, signal);
    query.error = error;
    query.status = signal.aborted && error === signal.reason ? "ABORTED" : "FAILED_WITH_ERROR";
    query.text = failed(error, query.id);
    logged.outcome = error.code;
  } finally {
    clearTimeout(timer);
    turn.resolve();
    query.endedAt = o.now();
    logged.milliseconds = query.endedAt - query.startedAt;
  }
}

function failure(e: unknown, signal: AbortSignal): SimError {
  // whatever the engine throws when it is stopped, the reason is known here
  if (signal.aborted && signal.reason instanceof SimError && !(e instanceof SimError && e.code !== "000604"))
    return signal.reason;
  if (e instanceof SimError) return e;
  const text = e instanceof Error ? (e.stack ?? e.message) : String(e);
  return new SimError("000603", "XX000", `SQL execution internal error: ${text}`);
}

/** The driver's own tests, wiremock/mappings/query_request_failed_with_qcc.json, and users' reports. */
export function failed(error: SimError, queryId: string): string {
  const data = {
    internalError: error.code === "000603",
    errorCode: error.code,
    age: 0,
    sqlState: error.sqlState,
    queryId,
    line: -1,
    pos: -1,
    type: "COMPILATION",
    ...(error.data ?? {}),
  };
  return JSON.stringify({ data, code: error.code, message: error.message, success: false, headers: null });
}

function describe(query: Query, result: SimResult): Record<string, unknown> {
  const { session } = query;
  const { current } = session.engine;
  return {
    parameters: reported(session.engine, session.client),
    rowtype: result.columns.map(rowtype),
    queryId: query.id,
    databaseProvider: null,
    finalDatabaseName: result.finalDatabase ?? current.database,
    finalSchemaName: result.finalSchema ?? current.schema,
    finalWarehouseName: result.finalWarehouse ?? current.warehouse,
    finalRoleName: result.finalRole ?? current.role,
    numberOfBinds: result.binds ?? 0,
    arrayBindSupported: false,
    statementTypeId: result.statementTypeId,
    version: 1,
    sendResultTime: query.startedAt,
    queryResultFormat: "json",
    queryContext: { entries: [] },
  };
}
