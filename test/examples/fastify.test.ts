import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { cutover, table } from "cutover";
import { duckdb } from "cutover/duckdb";
import { expect, onTestFinished, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const ORDERS = 2000;

/** The service in a process of its own; resolves its address when it listens. */
async function start(env: Readonly<Record<string, string>>) {
  const args = ["--import", "tsx", "--conditions=cutover-source", "examples/fastify/main.ts"];
  const child: ChildProcess = spawn(process.execPath, args, { cwd: root, env: { ...process.env, PORT: "0", ...env } });
  onTestFinished(() => void child.kill("SIGKILL"));
  const log: string[] = [];
  child.stderr?.on("data", (text) => log.push(String(text)));
  const address = await new Promise<string>((resolve, reject) => {
    child.once("exit", () => reject(new Error(`the service ended: ${log.join("\n")}`)));
    if (child.stdout !== null)
      createInterface(child.stdout).on("line", (line) => {
        log.push(line);
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(line);
        if (found !== null) resolve(found[0]);
      });
  });
  const call = async (method: string, path: string) => {
    const r = await fetch(`${address}${path}`, { method });
    const text = await r.text();
    return { code: r.status, text, body: text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : {} };
  };
  return { child, log, get: (path: string) => call("GET", path), post: (path: string) => call("POST", path) };
}

test("examples/fastify: requests see whole releases under load, errors have statuses, and SIGTERM ends a run and the process cleanly", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cutover-fastify-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "shop.duckdb");
  const wrong = "2026-01-08";
  const slow = "2026-01-09";
  const s = await start({ DATABASE: path, ORDERS: String(ORDERS), SHOP_SLOW_ON: slow, SHOP_WRONG_ON: wrong });

  expect(await s.post("/runs/2026-01-01")).toMatchObject({ code: 200, body: { status: "published", release: 1 } });
  // Runs that come together, one of them twice, while readers ask without a pause.
  let running = true;
  const readers = [1, 2].map(async () => {
    const seen = new Set<string>();
    while (running) {
      const { code, body } = await s.get("/orders/summary");
      expect([code, body["orders"], body["days"]]).toEqual([200, ORDERS, 1]);
      seen.add(String(body["day"]));
    }
    return seen;
  });
  const days = ["2026-01-02", "2026-01-03", "2026-01-04", "2026-01-03"];
  const runs = await Promise.all(days.map((day) => s.post(`/runs/${day}`)));
  running = false;
  const seen = new Set((await Promise.all(readers)).flatMap((days) => [...days]));
  expect(runs.map((r) => r.code)).toEqual([200, 200, 200, 200]);
  expect(runs.map((r) => r.body["status"]).sort()).toEqual(["already-published", "published", "published", "published"]);
  expect([...seen].every((day) => days.includes(day) || day === "2026-01-01")).toBe(true);
  expect(seen.size).toBeGreaterThan(1);

  const refused = await s.post(`/runs/${wrong}`);
  expect([refused.code, refused.body["code"]]).toEqual([422, "CHECKS_FAILED"]);
  expect(await s.post("/rollback")).toMatchObject({ code: 200, body: { from: 4, to: 3 } });
  expect(await s.post("/runs/2026-01-05")).toMatchObject({ code: 423, body: { code: "HELD" } });
  const { text } = await s.get("/metrics");
  expect(text).toContain(`cutover_rows_total{pipeline="orders",table="orders",change="inserted"} ${ORDERS}`);
  expect(text).toContain(`cutover_rows_total{pipeline="orders",table="orders",change="updated"} ${3 * ORDERS}`);
  expect(text).toMatch(/cutover_failures_total\{pipeline="orders",code="CHECKS_FAILED"\} 1/);
  expect(await s.get("/status")).toMatchObject({ code: 200, body: { live: 3, lease: null } });
  expect((await s.post("/nothing")).code).toBe(404);

  expect(await s.post("/redo")).toMatchObject({ code: 200, body: { to: 4 } });
  const ended = once(s.child, "exit");
  const late = s.post(`/runs/${slow}`);
  while ((await s.get("/status")).body["lease"] === null);
  s.child.kill("SIGTERM");
  expect(await late).toMatchObject({ code: 503, body: { code: "CANCELLED" } });
  expect(await ended).toEqual([0, null]);
  expect(s.log.at(-1)).toContain("closed");
  const orders = table("main.orders", { columns: { id: "int64", day: "string", cents: "int64" }, key: "id" });
  const etl = cutover({ warehouse: duckdb({ path }), pipeline: "orders", tables: { orders } });
  expect(await etl.status()).toMatchObject({ live: 4, lease: null, open: [] });
  expect(await etl.audit()).toMatchObject({ ok: true });
  await etl.close();
}, 120_000);
