import { randomUUID } from "node:crypto";
import { addAbortSignal, type Readable } from "node:stream";
import type { ColumnType, IoOptions, OpResult, Row } from "cutover/adapter";
import { explain, nativeOf } from "./classify.js";
import { cancelled, fault, SnowflakeFault } from "./errors.js";
import { plain, type Statement } from "./render.js";
import { ownName } from "./syntax.js";
import { type Decode, decoder, type ResultColumn, TEXTS } from "./values.js";

/** A statement of the driver's, by the methods that are used. */
export interface StatementLike {
  getColumns(): readonly ResultColumn[] | undefined;
  getNumUpdatedRows(): number | undefined;
  getQueryId?(): string;
  getSessionState?(): { getCurrentDatabase(): string | undefined; getCurrentSchema(): string | undefined } | undefined;
  streamRows(options: { readonly fetchAsString: readonly string[] }): Readable;
  cancel(callback: (error: Error | undefined) => void): void;
}
interface ExecuteOptions {
  readonly sqlText: string;
  readonly binds?: readonly (string | null)[];
  readonly requestId: string;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly streamResult: true;
  readonly rowMode: "array";
  readonly fetchAsString: readonly string[];
  readonly describeOnly?: boolean;
  readonly complete: (error: Error | undefined, statement: StatementLike) => void;
}
/** A `Connection` of snowflake-sdk, by the methods that are used. */
export interface ConnectionLike {
  execute(options: ExecuteOptions): StatementLike;
  isUp(): boolean;
}

/** A connection and what is known of it. */
export interface Link {
  readonly connection: ConnectionLike;
  /** Longest time for a statement that brings no limit of its own, in milliseconds: the driver by itself tries for hours. */
  readonly limitMs: number;
  /** Takes secrets out of a text. */
  readonly redact: (text: string) => string;
  /** Once a statement is lost sight of, it may still run: nothing else may, and the server's session must go. */
  lost: boolean;
}
export type Returns = Readonly<Record<string, ColumnType>>;

/** How long an ended statement may take to say so. */
const GRACE_MS = 10_000;
/** How often a request is sent anew under its own id, after the driver has given up. */
const ATTEMPTS = 3;

const broken = (): SnowflakeFault =>
  new SnowflakeFault("the session is lost", {
    kind: "transient",
    outcome: "not-applied",
    hint: "An earlier statement of it never answered; run again, in a new session.",
  });

/**
 * Sends a statement and waits until its result can be read. A request that may have been lost is sent again under the same id:
 * the service then answers with what came of the first (docs: "requestId", resubmitting requests).
 */
export async function start(
  link: Link,
  statement: Statement,
  o: IoOptions,
  more: { readonly describeOnly?: boolean } = {},
): Promise<StatementLike> {
  if (link.lost) throw broken();
  if (o.signal.aborted) throw cancelled("signal", true);
  const requestId = randomUUID();
  const until = Date.now() + Math.min(o.timeoutMs ?? link.limitMs, link.limitMs);
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(link, statement, requestId, until, o, more);
    } catch (e) {
      const again = e instanceof SnowflakeFault && e.code === "401001" && link.connection.isUp() && !o.signal.aborted;
      if (!again || attempt === ATTEMPTS || Date.now() >= until) throw e;
    }
  }
}

function once(
  link: Link,
  statement: Statement,
  requestId: string,
  until: number,
  o: IoOptions,
  more: { readonly describeOnly?: boolean },
): Promise<StatementLike> {
  return new Promise((resolve, reject) => {
    let why: "signal" | "time" | null = null;
    let grace: NodeJS.Timeout | undefined;
    const settle = (end: () => void): void => {
      clearTimeout(limit);
      clearTimeout(grace);
      o.signal.removeEventListener("abort", onAbort);
      end();
    };
    const stop = (reason: "signal" | "time"): void => {
      if (why !== null) return;
      why = reason;
      running?.cancel(() => undefined);
      grace = setTimeout(() => {
        link.lost = true;
        settle(() => reject(cancelled(reason, false)));
      }, GRACE_MS);
    };
    const onAbort = (): void => stop("signal");
    const limit = setTimeout(() => stop("time"), Math.max(until - Date.now(), 0));
    o.signal.addEventListener("abort", onAbort, { once: true });
    let running: StatementLike | undefined;
    try {
      running = link.connection.execute({
        sqlText: tagged(statement.text, o.tag),
        ...(statement.binds.length === 0 ? {} : { binds: statement.binds }),
        requestId,
        // For this statement alone, without one of its own (snowflake-sdk: connection/statement.js, sendRequestPreExec).
        parameters: { QUERY_TAG: o.tag.slice(0, 2000) },
        streamResult: true,
        rowMode: "array",
        fetchAsString: TEXTS,
        ...(more.describeOnly === true ? { describeOnly: true } : {}),
        complete: (error, done) => {
          if (error === undefined || error === null) return settle(() => resolve(done));
          const known = translate(error, link.redact);
          if (known.fault.kind === "transient" && !link.connection.isUp()) link.lost = true;
          settle(() => reject(why !== null && known.fault.outcome === "not-applied" ? cancelled(why, true) : known));
        },
      });
    } catch (e) {
      settle(() => reject(translate(e, link.redact)));
    }
  });
}

/** The driver's error without what hangs on it: responses, requests and their headers, which hold tokens. */
export function translate(e: unknown, redact: (text: string) => string): SnowflakeFault {
  if (e instanceof SnowflakeFault) return e;
  const native = nativeOf(e instanceof Error ? e : new Error(String(e)));
  const message = redact(native.message).trim();
  return new SnowflakeFault(message, explain({ ...native, message }), { code: native.code });
}

/** Names the call where people look for it, in the text of the query history. A PUT must begin with its word (util.js, isPutCommand). */
function tagged(text: string, tag: string): string {
  if (/^PUT\b/.test(text)) return text;
  return `/* ${tag.replace(/[^\p{L}\p{N} ._:@#=+-]/gu, "_").slice(0, 200)} */ ${text}`;
}

/** Rows of a statement in batches, never holding more than one; left early, nothing more is fetched. */
export async function* rowsOf(
  link: Link,
  statement: StatementLike,
  returns: Returns | undefined,
  signal: AbortSignal,
): AsyncGenerator<readonly Row[]> {
  const columns = (statement.getColumns() ?? []).map((c) => {
    const name = ownName(c.getName());
    return [name, decoder(c, returns?.[name])] as const;
  });
  const stream = addAbortSignal(signal, statement.streamRows({ fetchAsString: TEXTS }));
  let batch: Row[] = [];
  try {
    for await (const cells of stream) {
      batch.push(rowOf(columns, cells));
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  } catch (e) {
    throw signal.aborted ? cancelled("signal", true) : translate(e, link.redact);
  } finally {
    stream.destroy();
  }
}
const BATCH = 1000;

function rowOf(columns: readonly (readonly [string, Decode])[], cells: unknown): Row {
  if (!Array.isArray(cells)) throw fault("other", "the driver gave no row", "Use snowflake-sdk 2 or later.");
  const row: Record<string, unknown> = {};
  for (const [i, [name, decode]] of columns.entries()) {
    const value = decode(cells[i]);
    if (name === "__proto__") Object.defineProperty(row, name, { value, enumerable: true });
    else row[name] = value;
  }
  return row;
}

/** Runs a statement to its end. What a DML statement changed is told in place of rows; else rows come in canonical form. */
export async function run(link: Link, statement: Statement, o: IoOptions, returns?: Returns): Promise<OpResult> {
  const done = await start(link, statement, o);
  const nativeId = done.getQueryId?.();
  const named = nativeId === undefined ? {} : { nativeId };
  if (isDml(done.getColumns() ?? [])) return { affected: done.getNumUpdatedRows() ?? null, rows: [], ...named };
  const rows: Row[] = [];
  for await (const batch of rowsOf(link, done, returns, o.signal)) rows.push(...batch);
  return { affected: null, rows: returns === undefined && isStatus(rows) ? [] : rows, ...named };
}
/** Its result is a row of counts, which the driver sums up (connection/result/result.js). */
const isDml = (columns: readonly ResultColumn[]): boolean => columns.some((c) => /^number of rows \w+ed$/.test(c.getName()));
const isStatus = (rows: readonly Row[]): boolean => rows.length === 1 && Object.keys(rows[0] ?? {}).join() === "status";

/** A statement that nobody waits for the rows of. */
export const perform = (link: Link, text: string, o: IoOptions): Promise<OpResult> => run(link, plain(text), o);
