import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ZodError } from "zod";
import { listen, type Outgoing, send } from "../shared/http.js";
import { later, pause } from "../shared/waiting.js";
import { type Buckets, buckets } from "./buckets.js";
import { routeOf } from "./calls.js";
import { type Counts, counter } from "./counts.js";
import { describeCall } from "./describe.js";
import { type SimEngine, SimError } from "./engine/types.js";
import { errors, refusal } from "./errors.js";
import { type At, type Fault, type Faults, faultBook, type Strike } from "./faults.js";
import { httpError, readBody, refused } from "./http.js";
import type { Twist } from "./job.js";
import { jobRoutes } from "./job-routes.js";
import { type Jobs, jobs } from "./jobs.js";
import { tableRoutes } from "./table-routes.js";
import { type Arriving, uploadRoutes } from "./upload-routes.js";
import { Abandoned } from "./uploads.js";
import type { Handler, Incoming, World } from "./world.js";

export interface ServiceOptions {
  readonly project: string;
  readonly location: string;
  /** Names of users by their tokens. */
  readonly users: ReadonlyMap<string, string>;
  readonly patience: number;
  readonly pageBytes: number;
  readonly bodyBytes: number;
}

export interface Service {
  readonly url: string;
  readonly port: number;
  readonly faults: Faults;
  readonly counts: Counts;
  readonly jobs: Jobs;
  readonly buckets: Buckets;
  close(): Promise<void>;
}

const handlers: Readonly<Record<string, Handler>> = { ...tableRoutes, ...jobRoutes };

/** The API over an engine, on a free port of this machine. Closing it leaves the engine as it is. */
export async function serve(engine: SimEngine, o: ServiceOptions): Promise<Service> {
  const scratch = await mkdtemp(join(tmpdir(), "bigquery-simulator-"));
  const faults = faultBook();
  const counted = counter();
  const now = (): number => Number(engine.now() / 1000n);
  const closing = later<void>();
  const known = jobs({ now, counter: counted, closing: closing.promise });
  const storage = buckets(join(scratch, "buckets"));
  const world: World = { ...o, engine, jobs: known, counter: counted, buckets: storage, now };
  let base = "";
  const uploading = uploadRoutes(scratch, () => base, world);

  const arrive = async (call: Omit<Incoming, "text" | "twist">): Promise<Arriving> => {
    const { endpoint } = call.route;
    if (endpoint === "upload" || endpoint === "upload.start" || endpoint === "upload.chunk")
      return uploading.arrive(endpoint, call);
    const { text, bytes } = await readBody(call.req, o.bodyBytes);
    counted.received(bytes);
    const handler = handlers[endpoint];
    // the front end's own page, as it answers addresses that nothing is behind
    return { text, answer: async (asked) => handler?.(asked, world) ?? httpError(404) };
  };

  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const address = new URL(req.url ?? "/", base);
    const route = routeOf(req.method ?? "GET", address);
    counted.request(route.endpoint);
    const answer = async (out: Outgoing, how?: Parameters<typeof send>[3]): Promise<void> => {
      if (!res.destroyed) counted.answered(await send(req, res, out, how));
    };
    const user = o.users.get(/^Bearer (.+)$/.exec(req.headers.authorization ?? "")?.[1] ?? "");
    if (user === undefined) {
      req.resume();
      return answer(refused(errors.credentials()));
    }
    const half = { route, query: address.searchParams, user, req };
    const arriving = await guarded(() => arrive(half));
    if ("status" in arriving) return answer(arriving);
    const { text } = arriving;
    const strike = faults.strike(describeCall({ ...half, text }, known));
    const { fault, at } = placed(strike, route.endpoint);
    const stopped = async (): Promise<boolean> => {
      await waitAt(strike);
      if (fault?.drop) res.destroy();
      else if (fault?.status !== undefined) await answer(brokenAnswer(fault));
      return fault?.drop === true || fault?.status !== undefined;
    };
    if (at === "before" && (await stopped())) return void req.resume();
    const twist = twistOf(strike, at, () => {
      if (fault?.drop) res.destroy();
    });
    const out = await guarded(() => arriving.answer({ ...half, text, twist }, fault?.uploaded));
    if (at === "after" && (await stopped())) return;
    const shown = fault?.body === "malformed" ? { ...out, body: "<html>" } : out;
    await answer(shown, { slow: fault?.slow, cut: fault?.body === "truncated" });
  };

  const server = createServer((req, res) => {
    handle(req, res).catch((e: unknown) => {
      if (e instanceof Abandoned || res.headersSent || res.destroyed) return void res.destroy();
      void send(req, res, refused(errors.internal(e)));
    });
  });
  const { port, close } = await listen(server);
  base = `http://127.0.0.1:${port}`;

  return {
    url: base,
    port,
    faults,
    counts: counted,
    jobs: known,
    buckets: storage,
    close: async () => {
      const running = known.running();
      closing.resolve();
      for (const job of running) job.cancel(errors.cancelled());
      await close();
      await Promise.all(running.map((j) => j.done));
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/** What a fault does in the job of a request that starts none happens before the request. */
function placed(strike: Strike | undefined, endpoint: string): { fault: Fault | undefined; at: At | undefined } {
  const starts = ["jobs.insert", "jobs.query", "upload", "upload.chunk"].includes(endpoint);
  const inside = strike?.at === "pending" || strike?.at === "running" || strike?.at === "done";
  return { fault: strike?.fault, at: inside && !starts ? "before" : strike?.at };
}

async function waitAt(strike: Strike | undefined): Promise<void> {
  strike?.reached();
  await pause(strike?.fault);
}

function twistOf(strike: Strike | undefined, at: At | undefined, drop: () => void): Twist {
  if (!strike) return {};
  const { job, hang } = strike.fault;
  const gate = async (): Promise<void> => {
    drop();
    await waitAt(strike);
  };
  const error = job && refusal(job.reason, job.message ?? `The job encountered an error: ${job.reason}`);
  return {
    ...((at === "pending" || at === "running" || at === "done") && { [at]: gate }),
    ...(hang && { hang }),
    ...(error && { fails: { error, effect: job?.effect ?? false } }),
  };
}

function brokenAnswer({ status = 500, reason, message, retryAfter }: Fault): Outgoing {
  const out = httpError(status, reason, message);
  return retryAfter === undefined ? out : { ...out, headers: { "retry-after": String(retryAfter) } };
}

/** Refusals are answers. */
async function guarded<T extends object>(work: () => Promise<T>): Promise<T | Outgoing> {
  try {
    return await work();
  } catch (e) {
    if (e instanceof SimError) return refused(e);
    // Google's front end answers so to what is no request of its form
    if (e instanceof ZodError || e instanceof SyntaxError) return refused(errors.configuration(`Invalid value: ${e.message}`));
    throw e;
  }
}
