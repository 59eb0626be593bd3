import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listen, readBody, send } from "../shared/http.js";
import { pause } from "../shared/waiting.js";
import { describeCall, endpointOf, idIn } from "./calls.js";
import { type Counts, counter } from "./counts.js";
import { detaching, type SessionFacts } from "./detached.js";
import { openEngine } from "./engine/index.js";
import { type SimEngine, type SimEngineOptions, SimError } from "./engine/types.js";
import { errors } from "./errors.js";
import { type Faults, faultBook } from "./faults.js";
import type { User } from "./login.js";
import { queries } from "./queries.js";
import type { ChunkSizes } from "./results.js";
import { answers } from "./routes.js";
import { type Lifetimes, type Session, sessions } from "./sessions.js";
import { grants } from "./transfer.js";

export type { Counts, LoggedStatement, Tally } from "./counts.js";
export type { SessionFacts } from "./detached.js";
export type { Call, Endpoint, Fault, Faults, Held, Struck, When } from "./faults.js";
export type { User } from "./login.js";

export interface SimulatorOptions extends Omit<SimEngineOptions, "account" | "users"> {
  /** Default: "TESTACCOUNT". */
  readonly account?: string;
  /** Default: one user, TESTER. Its password is in `connectionOptions()`. */
  readonly users?: readonly User[];
  /** Where results are cut, in bytes of JSON text. Default: 128 KiB with the answer, 1 MiB a chunk. */
  readonly chunks?: Partial<ChunkSizes>;
  /** Milliseconds after which a statement that still runs is answered with "in progress". Default: 45,000, as the service does. */
  readonly patience?: number;
  /** Seconds that tokens live. Default: 3,600 and 14,400. */
  readonly lifetimes?: Partial<Lifetimes>;
}

/** What `snowflake.createConnection` takes to reach the simulator. */
export interface ConnectionOptions {
  readonly account: string;
  readonly accessUrl: string;
  readonly username: string;
  readonly password: string;
  readonly database: string;
  readonly schema: string;
  readonly warehouse: string;
}

export interface Simulator {
  readonly url: string;
  readonly account: string;
  readonly port: number;
  connectionOptions(): ConnectionOptions;
  readonly engine: SimEngine;
  readonly faults: Faults;
  readonly counts: Counts;
  /** Sessions that have not ended. */
  readonly sessions: readonly SessionFacts[];
  /** The client of a session vanishes: its connections close, and the session stays as it is. */
  detach(session: number): Promise<void>;
  /**
   * Five minutes pass for sessions without an open connection: their transactions are rolled back, and where ABORT_DETACHED_QUERY is true,
   * their running statements are aborted. Returns those sessions.
   */
  expireDetached(): Promise<readonly number[]>;
  /** Tokens run out now. Without an id: those of all sessions. */
  expireTokens(which: "session" | "master", session?: number): void;
  close(): Promise<void>;
}

const tester: User = { name: "TESTER", password: "not a secret", roles: ["SYSADMIN"], defaultWarehouse: "WH" };

/** A Snowflake account on a free port of this machine, for the official driver. */
export async function startSnowflake(options: SimulatorOptions = {}): Promise<Simulator> {
  const { account = "TESTACCOUNT", users = [tester], now = Date.now, patience = 45_000 } = options;
  const { chunks, lifetimes, patience: _, ...engineOptions } = options;
  const engine = await openEngine({ ...engineOptions, account, users });
  const scratch = await mkdtemp(join(tmpdir(), "snowflake-simulator-"));
  const faults = faultBook();
  const counted = counter();
  const known = sessions(now, { token: 3600, master: 14_400, ...lifetimes });
  let base = "";
  const url = (): string => base;
  const asked = queries({ now, counter: counted, sizes: { first: 128 * 1024, chunk: 1024 * 1024, ...chunks }, url });
  const service = { engine, queries: asked, sessions: known, grants: grants(), scratch, url };
  const answer = answers({ ...service, account, users, now, patience, counter: counted });

  const drop = async (session: Session): Promise<void> => {
    const running = asked.running().filter((q) => q.session === session);
    for (const q of running) q.cancel(errors.cancelled());
    await Promise.all(running.map((q) => q.done));
    await known.end(session);
  };

  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const address = new URL(req.url ?? "/", base);
    const endpoint = endpointOf(req.method ?? "GET", address);
    const token = /^Snowflake Token="(.*)"$/.exec(req.headers.authorization ?? "")?.[1];
    const body = (endpoint === "storage" ? null : await readBody(req)) ?? { text: "", bytes: 0 };
    counted.request(endpoint, body.bytes);
    const session = token === undefined ? undefined : known.peek(token);
    const call = { address, endpoint, token, text: body.text, socket: req.socket };
    const fault = faults.strike(describeCall(call, session, asked.get(idIn(address))));
    const at = fault?.at ?? (fault?.body || fault?.slow !== undefined ? "after" : "before");
    const stopped = async (): Promise<boolean> => {
      await pause(fault);
      if (fault?.drop) res.destroy();
      else if (fault?.status !== undefined) counted.answered(endpoint, await send(req, res, httpError(fault.status)));
      return fault?.drop === true || fault?.status !== undefined;
    };

    if (fault?.token === "gone" && session) await drop(session);
    else if (fault?.token && session) expire(session, fault.token === "master", now);
    if (fault && at === "before" && (await stopped())) return;
    if (endpoint === "storage") {
      if (fault?.body === "truncated") return void res.destroy();
      await service.grants.serve(address.pathname.slice("/storage".length), req, res, {
        up: counted.stored,
        down: (bytes) => counted.answered("storage", bytes),
      });
      return;
    }
    const inside = async (): Promise<void> => {
      if (fault?.at === "running") await pause(fault);
      if (fault?.at === "running" && fault.drop) res.destroy();
      if (fault?.error && at !== "after")
        throw new SimError(fault.error.code, fault.error.sqlState ?? "XX000", fault.error.message);
    };
    const out = await answer(call, req, inside);
    if (fault && at === "after" && (await stopped())) return;
    // the client has gone, or its connection was cut while the statement ran: the effect stays, the answer is lost
    if (res.destroyed) return;
    const broken = fault?.body === "malformed" ? { ...out, body: "<html>", compressed: false } : out;
    counted.answered(endpoint, await send(req, res, broken, { slow: fault?.slow, cut: fault?.body === "truncated" }));
  };

  const server = createServer((req, res) => {
    handle(req, res).catch((e: unknown) => {
      if (res.headersSent || res.destroyed) return void res.destroy();
      void send(req, res, { ...httpError(500), body: e instanceof Error ? (e.stack ?? e.message) : String(e) });
    });
  });
  const { port, close } = await listen(server);
  base = `http://127.0.0.1:${port}`;
  const detached = detaching(known, asked);

  return {
    url: base,
    account,
    port,
    connectionOptions: () => ({
      account,
      accessUrl: base,
      username: users[0]?.name ?? "",
      password: users[0]?.password ?? "",
      database: options.databases?.[0] ?? "DB",
      schema: "PUBLIC",
      warehouse: options.warehouses?.[0] ?? "WH",
    }),
    engine,
    faults,
    counts: counted,
    get sessions() {
      return detached.facts();
    },
    detach: detached.detach,
    expireDetached: detached.expire,
    expireTokens: (which, id) => {
      for (const s of known.all()) if (id === undefined || s.id === id) expire(s, which === "master", now);
    },
    close: async () => {
      const running = asked.running();
      for (const q of running) q.cancel(errors.cancelled());
      await close();
      await Promise.all(running.map((q) => q.done));
      await Promise.all(known.all().map((s) => known.end(s)));
      await engine.close();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

function expire(session: Session, masterToo: boolean, now: () => number): void {
  session.tokenUntil = now();
  if (masterToo) session.masterUntil = now();
}

const httpError = (status: number) => ({ status, type: "text/html", body: `<html>${status}</html>` });
