import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, connect as dial, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { rows } from "cutover";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { failure, goodRun, manyOrders, order, type Region, region, type World } from "./world.js";

let here: Region;
let temporary: string;
beforeAll(async () => {
  here = await region();
});
afterAll(() => here.close());
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "interrupted-"));
  temporary = join(folder, "tmp");
  await mkdir(temporary);
  vi.stubEnv("TMPDIR", temporary);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });
});

const many = () => ({ orders: rows(() => manyOrders()) });
const leftHere = async (): Promise<readonly string[]> => (await readdir(temporary)).filter((n) => n.startsWith("cutover-"));
/** Nothing of a load is left: not here, not beside live, not staged. */
async function nothingLeft(w: World, live: readonly string[]): Promise<void> {
  expect(await w.live()).toEqual(live);
  expect(await w.litter()).toEqual([]);
  expect(await leftHere()).toEqual([]);
}
async function begun(): Promise<World & { readonly p: ReturnType<World["etl"]> }> {
  const w = await here.world();
  const p = w.etl();
  await goodRun(p, 1);
  return { ...w, p };
}

describe("a large load", () => {
  test("whose source fails in the middle leaves nothing anywhere", async () => {
    const w = await begun();
    const boom = new Error("of the source");
    const failing = function* () {
      yield* manyOrders(30_000);
      throw boom;
    };
    const mark = w.sim.counts.mark();
    const e = await failure(() => w.p.run({ orders: rows(failing) }), "SOURCE");
    expect(e.cause).toBe(boom);
    expect(w.sim.counts.since(mark).kinds["COPY"]).toBeUndefined();
    await nothingLeft(w, ["1=v1"]);
    await goodRun(w.p, 2);
  });
  test.each(["PUT", "COPY"])("whose %s the service refuses takes its files away again", async (kind) => {
    const w = await begun();
    const mark = w.sim.counts.mark();
    w.sim.faults.add({ kind }, { error: { code: "000603", sqlState: "XX000", message: "SQL execution internal error" } });
    const e = await failure(() => w.p.run(many()), "ADAPTER");
    expect(e.context).toMatchObject({ outcome: "not-applied", pipeline: "p" });
    expect(w.sim.counts.since(mark).kinds["REMOVE"]).toBe(1);
    await nothingLeft(w, ["1=v1"]);
    await goodRun(w.p, 2);
  });
  test("whose storage fails for good", async () => {
    const w = await begun();
    w.sim.faults.add({ endpoint: "storage" }, { status: 503 }, 100);
    const e = await failure(() => w.p.run(many()), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "transient", outcome: "not-applied" });
    expect(e.retryable).toBe(true);
    w.sim.faults.clear();
    await nothingLeft(w, ["1=v1"]);
    expect(await w.p.run(many())).toMatchObject({ status: "published", tables: { orders: { inserted: 11_999 } } });
  });
  test("whose storage fails once is uploaded once more", async () => {
    const w = await begun();
    w.sim.faults.add({ endpoint: "storage" }, { drop: true });
    expect(await w.p.run(many())).toMatchObject({ status: "published", tables: { orders: { inserted: 11_999 } } });
    expect(await leftHere()).toEqual([]);
  });
  test("with no room for its files says so, and leaves nothing", async () => {
    const w = await begun();
    const child = spawn(
      "sh",
      [
        "-c",
        'ulimit -f 64; exec "$0" "$@"',
        process.execPath,
        "--import",
        "tsx",
        "--conditions=cutover-source",
        fileURLToPath(new URL("./spool-child.ts", import.meta.url)),
        JSON.stringify(w.login),
      ],
      { stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, TSX_DISABLE_CACHE: "1" } },
    );
    const [said] = await Promise.all([text(child.stdout), once(child, "close")]);
    const end = JSON.parse(said) as { code: string; message: string; context: object };
    expect(end).toMatchObject({ code: "ADAPTER", context: { kind: "resources", outcome: "not-applied", pipeline: "p" } });
    expect(end.message).toMatch(/EFBIG.*TMPDIR/);
    await nothingLeft(w, ["1=v1"]);
    await goodRun(w.p, 2);
  });
  test.each<[string, () => Promise<string>]>([
    ["is not there", async () => join(temporary, "nowhere")],
    [
      "is a file",
      async () => {
        await writeFile(join(temporary, "file"), "");
        return join(temporary, "file");
      },
    ],
  ])("with a temporary folder that %s says so", async (_, folder) => {
    const w = await begun();
    vi.stubEnv("TMPDIR", await folder());
    const e = await failure(() => w.p.run(many()), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "resources", outcome: "not-applied" });
    expect(e.message).toMatch(/TMPDIR/);
    await nothingLeft(w, ["1=v1"]);
  });
});

/** Between the driver and the service: cuts the connection of one request that fits, before it arrives or when it was answered. */
async function cutting(
  w: World,
  fits: RegExp,
  when: "before" | "after",
): Promise<{ readonly accessUrl: string; times(): number }> {
  let times = 0;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = dial(w.sim.port, "127.0.0.1");
    let cut = false;
    sockets.add(near).add(far);
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const s of [near, far]) s.on("error", end).on("close", end);
    near.on("data", (data) => {
      if (times === 0 && fits.test(data.toString("latin1"))) {
        times += 1;
        cut = true;
        if (when === "before") return end();
      }
      far.write(data);
    });
    far.on("data", (data) => (cut ? end() : near.write(data)));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => {
    for (const s of sockets) s.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { accessUrl: `http://127.0.0.1:${port}`, times: () => times };
}

describe("a connection that is cut: the run ends as it really went, and nothing is there twice", () => {
  const places: Readonly<Record<string, RegExp>> = {
    "the lease": /"sqlText":"[^"]*UPDATE/,
    "a DML statement": /"sqlText":"[^"]*MERGE INTO/,
    "the COMMIT": /"sqlText":"[^"]*COMMIT"/,
    "a PUT": /"sqlText":"PUT /,
    "a COPY": /"sqlText":"[^"]*COPY INTO/,
  };
  // At the same time, since the driver waits before it sends anything again.
  test.each(["before", "after"] as const)("at every place, %s the statement has its effect", async (when) => {
    const cut = async ([what, fits]: readonly [string, RegExp]): Promise<void> => {
      const w = await begun();
      const { accessUrl, times } = await cutting(w, fits, when);
      const p = w.etl({ warehouse: { accessUrl } });
      const given = /PUT|COPY/.test(what) ? [...manyOrders()] : [order(1, "new"), order(2)];
      expect(await p.run({ orders: rows(given) }), what).toMatchObject({ status: "published", release: 2 });
      expect(times(), what).toBe(1);
      expect(await w.live(), what).toHaveLength(given.length);
      expect((await w.p.audit()).ok, what).toBe(true);
      expect(await w.litter(), what).toEqual([]);
      await goodRun(w.p, 99_999);
    };
    await Promise.all(Object.entries(places).map(cut));
    expect(await leftHere()).toEqual([]);
  });
});
