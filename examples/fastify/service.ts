import { between, cutover, isCutoverError, rowCount, rows, table, type Warehouse } from "cutover";
import Fastify, { type FastifyInstance } from "fastify";
import { Registry } from "prom-client";
import { metricsOf } from "./metrics.js";
import type { Order } from "./shop.js";

const orders = table("main.orders", {
  columns: { id: "int64", day: "string", cents: "int64" },
  key: "id",
  checks: [rowCount({ min: 1 }), between("cents", { min: 0 })],
});

export interface Options {
  readonly warehouse: Warehouse;
  /** The orders as they stand at the end of a day. */
  readonly fetchOrders: (day: string, signal: AbortSignal) => AsyncIterable<Order>;
  /** What readers of the live table see: the service's own query, on a connection of its own. */
  readonly summary: () => Promise<unknown>;
}

/** A service that loads a day when it is asked to, and tells what is live. */
export function service(o: Options): FastifyInstance {
  const app = Fastify({ logger: true });
  const registry = new Registry();
  const stop = new AbortController();
  const etl = cutover({
    warehouse: o.warehouse,
    pipeline: "orders",
    tables: { orders },
    logger: app.log,
    observers: [metricsOf(registry)],
    lease: { wait: "5s" }, // requests that come together wait for each other
  });

  app.post<{ Params: { day: string } }>("/runs/:day", async (req) =>
    etl.run(({ signal }) => ({ orders: rows(() => o.fetchOrders(req.params.day, signal)) }), {
      idempotencyKey: req.params.day, // a request that is sent twice loads once
      signal: stop.signal,
    }),
  );
  app.post("/rollback", async () => etl.rollback());
  app.post("/redo", async () => etl.redo());
  app.get("/status", async () => etl.status());
  app.get("/orders/summary", async () => o.summary());
  app.get("/metrics", async (_req, reply) => reply.type(registry.contentType).send(await registry.metrics()));

  app.setErrorHandler((e, req, reply) => {
    if (isCutoverError(e, "CHECKS_FAILED"))
      return reply.code(422).send({ code: e.code, checks: e.context.checks.filter((c) => c.outcome === "fail") });
    if (isCutoverError(e, "LEASE_HELD"))
      return reply.code(409).send({ code: e.code, owner: e.context.owner, expires: e.context.expires });
    if (isCutoverError(e, "HELD")) return reply.code(423).send({ code: e.code });
    if (isCutoverError(e, "NOT_FOUND", "RETENTION_PASSED", "NOTHING_TO_REDO"))
      return reply.code(404).send({ code: e.code, message: e.message });
    if (isCutoverError(e, "CANCELLED", "CLOSED") || (isCutoverError(e) && e.retryable))
      return reply.code(503).header("retry-after", "5").send({ code: e.code });
    req.log.error({ err: e });
    return reply.code(500).send({ code: isCutoverError(e) ? e.code : "INTERNAL" });
  });

  // Runs that are at work end first, so that their requests are answered, on connections that are not kept: those would keep
  // the process for a minute more. Then the pipeline closes.
  app.addHook("preClose", async () => stop.abort());
  app.addHook("onSend", async (_req, reply) => {
    if (stop.signal.aborted) reply.header("connection", "close");
  });
  app.addHook("onClose", async () => etl.close());
  return app;
}
