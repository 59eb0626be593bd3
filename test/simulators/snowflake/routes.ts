import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import * as z from "zod";
import type { Outgoing } from "../shared/http.js";
import type { Counter } from "./counts.js";
import { SimError, type SimSession } from "./engine/types.js";
import { errors } from "./errors.js";
import type { Endpoint } from "./faults.js";
import { authenticate, foldName, type Gate, loginBody, refusal } from "./login.js";
import { type ParameterValue, reported, unknownLoginParameter } from "./parameters.js";
import type { Query } from "./queries.js";
import type { Session } from "./sessions.js";
import { execute, type Service, statementBody } from "./statement.js";

export interface Incoming {
  readonly address: URL;
  readonly endpoint: Endpoint;
  readonly token: string | undefined;
  readonly text: string;
  readonly socket: Socket;
}

interface World extends Service, Gate {
  readonly patience: number;
  readonly counter: Counter;
}

/** Answers a request as the service does. `inside` happens when the request was understood, before it does anything. */
export type Answer = (call: Incoming, req: IncomingMessage, inside: () => Promise<void>) => Promise<Outgoing>;

export function answers(world: World): Answer {
  const session = (call: Incoming): Session => world.sessions.byToken(call.token ?? "", call.socket);
  const mine = (call: Incoming): Query => {
    const id = call.address.pathname.split("/").find((part) => part.length === 36) ?? "";
    const query = world.queries.get(id);
    // results are the user's own (user guide, "Using persisted query results")
    if (!query || query.session.user !== session(call).user) throw errors.statementNotFound(id);
    return query;
  };
  const routes: Record<Exclude<Endpoint, "storage" | "unknown">, Answer> = {
    login: async (call, _req, inside) => {
      await inside();
      return login(world, call);
    },
    renew: async (call, _req, inside) => {
      await inside();
      const asked = renewBody.parse(JSON.parse(call.text));
      const renewed = world.sessions.renew(call.token ?? "", asked.oldSessionToken);
      const seconds = (until: number): number => Math.round((until - world.now()) / 1000);
      return ok({
        sessionToken: renewed.token,
        validityInSecondsST: seconds(renewed.tokenUntil),
        masterToken: renewed.master,
        validityInSecondsMT: seconds(renewed.masterUntil),
        sessionId: renewed.id,
      });
    },
    close: async (call, _req, inside) => {
      const closing = session(call);
      await inside();
      // SQL reference, ABORT_DETACHED_QUERY: closing a session aborts its synchronous statements at once, whatever the parameter says
      const running = world.queries.running().filter((q) => q.session === closing);
      for (const q of running) if (!q.detached) q.cancel(errors.cancelled());
      await Promise.all(running.filter((q) => !q.detached).map((q) => q.done));
      await world.sessions.end(closing);
      return ok(null);
    },
    heartbeat: async (call, _req, inside) => {
      const beating = session(call);
      await inside();
      world.sessions.beat(beating);
      return ok(null);
    },
    query: async (call, _req, inside) => {
      const asking = session(call);
      const requestId = call.address.searchParams.get("requestId") ?? "";
      const body = statementBody.parse(JSON.parse(call.text));
      const query = execute(world, asking, requestId, body, inside);
      return query.detached ? json(progress(query, "333334")) : settled(query, world.patience);
    },
    result: async (call, _req, inside) => {
      const query = mine(call);
      await inside();
      return settled(query, world.patience);
    },
    cancel: async (call, _req, inside) => {
      const { user } = session(call);
      await inside();
      const asked = call.text === "" ? {} : cancelBody.parse(JSON.parse(call.text));
      const query = asked.requestId === undefined ? mine(call) : world.queries.byRequest(user, asked.requestId);
      if (!query?.cancel(errors.cancelled())) throw errors.notRunning();
      return ok(null);
    },
    monitor: async (call, _req, inside) => {
      const { user } = session(call);
      await inside();
      const query = world.queries.get(call.address.pathname.split("/").at(-1) ?? "");
      return ok({ queries: query?.session.user === user ? [monitored(query)] : [] });
    },
    chunk: async (call, req) => {
      const [, , id = "", n = ""] = call.address.pathname.split("/");
      const rows = world.queries.get(id)?.rows;
      const chunk = rows?.chunks[Number(n)];
      if (!chunk || req.headers["x-amz-server-side-encryption-customer-key"] !== rows?.key) return forbidden;
      return { status: 200, type: "application/octet-stream", body: chunk.body, compressed: true };
    },
    telemetry: async (call) => {
      session(call);
      return ok("Log Received");
    },
  };
  return async (call, req, inside) => {
    if (call.endpoint === "storage" || call.endpoint === "unknown") return notFound;
    try {
      return await routes[call.endpoint](call, req, inside);
    } catch (e) {
      if (e instanceof SimError) return json(refused(e));
      if (e instanceof z.ZodError || e instanceof SyntaxError) return { status: 400, type: "text/plain", body: e.message };
      throw e;
    }
  };
}

const renewBody = z.strictObject({ requestType: z.literal("RENEW"), oldSessionToken: z.string() });
const cancelBody = z.strictObject({ requestId: z.string().optional() });
const notFound: Outgoing = { status: 404, type: "text/html", body: "<html>404</html>" };
/** Storage refuses so: the driver then asks for the result again to get new addresses (connection/result/row_stream.js). */
const forbidden: Outgoing = { status: 403, type: "application/xml", body: "<Error><Code>AccessDenied</Code></Error>" };

const json = (body: string): Outgoing => ({ status: 200, type: "application/json", body });
const ok = (data: unknown): Outgoing => json(JSON.stringify({ data, code: null, message: null, success: true }));

/** Refusals of sessions (390…) carry no data, so the driver knows no SQL state for them (wiremock/mappings/session_token_renewal.json). */
function refused(e: SimError): string {
  const data = e.data ?? (e.code.startsWith("39") ? null : { errorCode: e.code, sqlState: e.sqlState });
  return JSON.stringify({ data, code: e.code, message: e.message, success: false, headers: null });
}

/** The answer as soon as there is one; "in progress" with where to ask again after some time (the service waits 45 s). */
async function settled(query: Query, patience: number): Promise<Outgoing> {
  if (query.status === "RUNNING") {
    let timer: NodeJS.Timeout | undefined;
    const tired = new Promise<void>((done) => {
      timer = setTimeout(done, patience);
    });
    await Promise.race([query.done, tired]);
    clearTimeout(timer);
  }
  return json(query.status === "RUNNING" ? progress(query, "333333") : query.text);
}

/** The driver's own tests, wiremock/mappings/query_returns_get_result_url.json: success, although there is no result yet. */
function progress(query: Query, code: "333333" | "333334"): string {
  const data = { queryId: query.id, getResultUrl: `/queries/${query.id}/result`, queryAbortsAfterSecs: 300, progressDesc: null };
  const message =
    code === "333333"
      ? "Query execution in progress."
      : "Asynchronous execution in progress. Use provided query id to perform query monitoring and management.";
  return JSON.stringify({ data, code, message, success: true });
}

function monitored(query: Query): Record<string, unknown> {
  return {
    id: query.id,
    status: query.status,
    state: query.status === "SUCCESS" ? "SUCCEEDED" : query.status,
    sqlText: query.sql,
    startTime: query.startedAt,
    endTime: query.endedAt,
    sessionId: query.session.id,
    userName: query.session.user,
    errorCode: query.error?.code ?? null,
    errorMessage: query.error?.message ?? null,
  };
}

/** Sets what the engine knows in the engine; the rest only clients heed, and is returned. */
async function setParameters(
  engine: SimSession,
  asked: Readonly<Record<string, ParameterValue>>,
): Promise<Map<string, ParameterValue>> {
  const rest = new Map<string, ParameterValue>();
  for (const [name, value] of Object.entries(asked)) {
    if (!engine.parameters.has(name)) {
      rest.set(name, value);
      continue;
    }
    const text = typeof value === "string" ? `'${value.replace(/['\\]/g, "\\$&")}'` : String(value);
    const o = { queryId: "00000000-0000-0000-0000-000000000000", signal: new AbortController().signal };
    await engine.execute(`ALTER SESSION SET ${name} = ${text}`, undefined, o);
  }
  return rest;
}

async function login(world: World, call: Incoming): Promise<Outgoing> {
  const { data } = loginBody.parse(JSON.parse(call.text));
  // an account that does not exist has no address: the service's edge answers for it
  if (data.ACCOUNT_NAME.toUpperCase() !== world.account.toUpperCase()) return notFound;
  const asked = (name: string): string | null => foldName(call.address.searchParams.get(name));
  try {
    const user = authenticate(data, world);
    const unknown = unknownLoginParameter(data.SESSION_PARAMETERS);
    if (unknown !== undefined) throw errors.loginParameter(unknown);
    const engine = await world.engine.connect({
      user: user.name,
      role: asked("roleName"),
      database: asked("databaseName"),
      schema: asked("schemaName"),
      warehouse: asked("warehouse"),
    });
    const session = world.sessions.open(engine, await setParameters(engine, data.SESSION_PARAMETERS));
    session.sockets.add(call.socket);
    call.socket.once("close", () => session.sockets.delete(call.socket));
    world.counter.login();
    const { current } = engine;
    return ok({
      token: session.token,
      masterToken: session.master,
      validityInSeconds: Math.round((session.tokenUntil - world.now()) / 1000),
      masterValidityInSeconds: Math.round((session.masterUntil - world.now()) / 1000),
      displayUserName: user.name,
      serverVersion: "9.0.0",
      firstLogin: false,
      healthCheckInterval: 45,
      sessionId: session.id,
      parameters: reported(engine, session.client),
      sessionInfo: {
        databaseName: current.database,
        schemaName: current.schema,
        warehouseName: current.warehouse,
        roleName: current.role,
      },
      idToken: null,
      mfaToken: null,
    });
  } catch (e) {
    if (!(e instanceof SimError)) throw e;
    return json(refused(new SimError(e.code, e.sqlState, e.message, refusal(e, data.AUTHENTICATOR ?? "USERNAME_PASSWORD"))));
  }
}
