import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Candidate, isCutoverError, noRows, notNull, rows, sql, table } from "cutover";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Etl, failure, goodRun, order, type Region, refused, region, type World } from "./world.js";

let here: Region;
let folder: string;
beforeAll(async () => {
  here = await region();
  folder = await mkdtemp(join(tmpdir(), "cutover-bad-"));
});
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  await here.close();
  await rm(folder, { recursive: true });
});
const run = (etl: Etl, ...ids: readonly number[]) => etl.run({ orders: rows(ids.map((id) => order(id))) });
/** A world of two releases. */
async function settled(): Promise<World & { readonly p: Etl }> {
  const w = here.world();
  const p = w.etl();
  for (const id of [1, 2]) await goodRun(p, id);
  return { ...w, p };
}
async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}
/** Another limit of the service's, until the test ends. */
function limit(name: string, value: number): void {
  here.sim.engine.limit(name, value);
  onTestFinished(() => here.sim.engine.limit(name, null));
}

describe("a login that is refused says what to check, and changes nothing", () => {
  const account = { type: "service_account", client_email: "a@b", private_key: "no key", project_id: "test-project" };
  test.each<[string, () => Promise<object> | object, string, RegExp]>([
    ["no credentials", () => ({}), "denied", /default credentials.*gcloud auth application-default login/],
    [
      "a key file that is not there",
      () => ({ keyFilename: join(folder, "none.json") }),
      "resources",
      /none\.json.*check its name/,
    ],
    ["a key file that is a folder", () => ({ keyFilename: folder }), "resources", /local file or folder/],
    [
      "a key file that is no JSON",
      async () => ({ keyFilename: await file("no.json", "no JSON") }),
      "denied",
      /check .*`keyFilename`/,
    ],
    [
      "a key file without a key",
      async () => ({ keyFilename: await file("empty.json", "{}") }),
      "denied",
      /check .*`keyFilename`/,
    ],
    ["credentials without a key", () => ({ credentials: { client_email: "a@b" } }), "denied", /private_key.*check `credentials`/],
    ["credentials with a key that is none", () => ({ credentials: account }), "denied", /check `credentials`/],
    ["credentials of a kind that is none", () => ({ credentials: { type: "nope" } }), "denied", /check `credentials`/],
    [
      "a token file that is not there",
      () => ({ credentials: { ...external("http://127.0.0.1:1"), credential_source: { file: join(folder, "gone") } } }),
      "resources",
      /gone does not exist/,
    ],
  ])("%s", async (_, login, kind, hint) => {
    // Nobody is logged in on this machine, and it is none of Google's.
    for (const [name, value] of Object.entries({
      HOME: folder,
      GOOGLE_APPLICATION_CREDENTIALS: "",
      GCE_METADATA_HOST: "127.0.0.1:1",
    }))
      vi.stubEnv(name, value);
    const w = here.world();
    const etl = w.etl({ warehouse: { authClient: undefined, ...(await login()) } });
    const e = await refused(w, () => run(etl, 1), "ADAPTER");
    expect(e.context).toMatchObject({ adapter: "bigquery", kind, outcome: "not-applied", pipeline: "p" });
    expect(e.message).toMatch(hint);
    expect(e.retryable).toBe(false);
    expect(e.cause).toBeInstanceOf(Error);
  });
  const external = (tokens: string) => ({
    type: "external_account",
    audience: "//iam.googleapis.com/x",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: `${tokens}/token`,
  });
  test("a token that has run out, in the middle of things", async () => {
    const w = await settled();
    w.sim.faults.add({ kind: "query", user: w.user }, { status: 401, reason: "authError", message: "Invalid Credentials" }, 100);
    const e = await failure(() => run(w.p, 3), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "denied", outcome: "not-applied" });
    expect(e.message).toMatch(/Invalid Credentials.*check `credentials`/);
    w.sim.faults.clear();
    await goodRun(w.p, 3);
  });
});

describe("a place that is not there, or is another one", () => {
  test.each<[string, (w: World) => object, RegExp]>([
    ["project", () => ({ projectId: "nope" }), /check `projectId`/],
    ["dataset", () => ({ dataset: "nope" }), /no dataset nope in the project test-project: make it first, or check `dataset`/],
    ["location", () => ({ location: "EU" }), /is in US, not in EU. Leave `location` out, or set it to "US"/],
  ])("another %s", async (_, options, hint) => {
    const w = await settled();
    const e = await refused(w, () => run(w.etl({ warehouse: options(w) }), 3), "ADAPTER");
    expect(e.context).toMatchObject({
      kind: expect.stringMatching(/missing-object|denied/),
      outcome: "not-applied",
      pipeline: "p",
    });
    expect(e.message).toMatch(hint);
  });
  test.each<[string, [string, string, string]]>([
    ["dataset", ["test-project", "nope", "orders"]],
    ["project", ["nope", "app", "orders"]],
  ])("the %s of a table", async (_, name) => {
    const w = here.world();
    const t = table(name, { columns: { id: "int64", v: "string?" }, key: "id" });
    const e = await refused(w, () => run(w.etl({ table: t }), 1), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "missing-object", outcome: "not-applied", table: "orders", release: 1 });
    expect(e.message).toMatch(/nope.*check project, dataset, name and location/s);
  });
});

describe("a permission that the account lacks", () => {
  const operations: Readonly<Record<string, (p: Etl, candidate: Candidate) => Promise<unknown>>> = {
    run: (p) => p.run({ orders: rows([order(2, "new"), order(4)]) }),
    clone: (p) => p.clone(),
    load: (_, candidate) => candidate.load({ orders: rows([order(5)]) }),
    swap: (_, candidate) => candidate.swap(),
    rollback: (p) => p.rollback(),
    restore: (p) => p.rollback({ to: 1, restore: "time-travel" }),
    adopt: (p) => p.adopt(),
    check: (p) => p.check(),
    audit: (p) => p.audit(),
    recover: (p) => p.recover(),
  };
  /** Releases by an account that has what the documentation asks for; of the first only the engine's history tells. */
  async function limited(): Promise<World & { readonly p: Etl; readonly candidate: Candidate }> {
    const w = here.world();
    await w.sql("CREATE TABLE $.orders (id INT64 NOT NULL, v STRING)");
    w.grant("roles/bigquery.jobUser");
    for (const d of [w.dataset, w.ledger]) w.grant("roles/bigquery.dataOwner", d);
    const checked = table(`${w.dataset}.orders`, { columns: { id: "int64", v: "string?" }, key: "id", checks: [notNull("id")] });
    const p = w.etl({ keep: 1, table: checked });
    for (const id of [1, 2, 3]) await goodRun(p, id);
    const candidate = await p.clone();
    await candidate.load({ orders: rows([order(5)]) });
    return { ...w, p, candidate };
  }
  const onData = /Grant (?:the account )?.*roles\/bigquery\.dataEditor on the dataset/;
  const onJobs = /Grant the account roles\/bigquery\.jobUser on the project/;
  const onPolicies = /bigquery\.rowAccessPolicies\.list/;
  const all = Object.keys(operations);
  const but = (...others: readonly string[]) => all.filter((o) => !others.includes(o));

  const lacking: readonly (readonly [string, "project" | "dataset" | "ledger", readonly string[], RegExp])[] = [
    ["roles/bigquery.jobUser", "project", all, onJobs],
    ["tables.get", "dataset", but("recover"), onData],
    ["tables.getData", "dataset", but("recover"), onData],
    ["tables.updateData", "dataset", but("adopt", "audit", "check", "recover"), onData],
    ["tables.create", "dataset", ["clone", "swap", "restore"], onData],
    ["tables.update", "dataset", ["swap", "restore"], onData],
    ["tables.list", "dataset", ["recover"], onData],
    ["rowAccessPolicies.list", "dataset", ["clone", "swap", "restore"], onPolicies],
    ["tables.getData", "ledger", all, onData],
    ["tables.updateData", "ledger", but("audit", "check"), onData],
    ["tables.create", "ledger", ["run", "load"], onData],
    ["tables.list", "ledger", ["recover"], onData],
  ];
  test("each operation says which role it takes, changes nothing, and works with it", async () => {
    const w = await limited();
    const before = [await w.live(), await w.p.status()] as const;
    for (const [permission, where, what, hint] of lacking) {
      const on = { project: null, dataset: w.dataset, ledger: w.ledger }[where];
      for (const name of what) {
        const act = [permission, where, name];
        w.revoke(permission, on);
        const e = await failure(() => operations[name]?.(w.p, w.candidate), "ADAPTER", "UNSUPPORTED", "PUBLISH_FAILED").catch(
          (cause: unknown) => {
            throw new Error(act.join(), { cause });
          },
        );
        w.grant(permission, on);
        expect([...act, e.message]).toEqual([...act, expect.stringMatching(hint)]);
        expect(e.context).toMatchObject({ pipeline: "p" });
        if (isCutoverError(e, "ADAPTER")) expect(e.context).toMatchObject({ kind: "denied", outcome: "not-applied" });
        if (isCutoverError(e, "PUBLISH_FAILED")) expect(e.context.state).toBe("before");
        expect([...act, await w.live()]).toEqual([...act, before[0]]);
      }
      expect([permission, await w.p.status()]).toEqual([permission, before[1]]);
    }
    await w.candidate.swap();
    expect(await w.live()).toEqual(["1=v1", "2=v2", "3=v3", "5=v5"]);
    await goodRun(w.p, 6);
  }, 120_000);
  test("to drop tables: a swap is out, and its candidate is left to recovery", async () => {
    const w = await limited();
    w.revoke("tables.delete", w.dataset);
    expect((await w.candidate.swap()).release).toBe(4);
    const e = await failure(() => w.p.recover(), "ADAPTER");
    expect(e.message).toMatch(/bigquery\.tables\.delete/);
    w.grant("tables.delete", w.dataset);
    expect((await w.p.recover()).dropped).toHaveLength(1);
    expect(await w.p.status()).toMatchObject({ live: 4, open: [] });
  });
  test("to make the dataset of the ledger", async () => {
    const w = here.world();
    w.grant("roles/bigquery.jobUser");
    w.grant("roles/bigquery.dataEditor", w.dataset);
    const e = await refused(w, () => run(w.etl({ ledgerSchema: `${w.dataset}_other` }), 1), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "denied", outcome: "not-applied" });
    expect(e.message).toMatch(/Grant roles\/bigquery\.user on the project, or make the dataset of the ledger yourself/);
  });
  test("a run in place needs no more than the roles of an editor", async () => {
    const w = here.world();
    w.grant("roles/bigquery.jobUser");
    for (const d of [w.dataset, w.ledger]) w.grant("roles/bigquery.dataEditor", d);
    const p = w.etl();
    for (const id of [1, 2]) await goodRun(p, id);
    await p.rollback();
    expect((await p.audit()).ok).toBe(true);
    expect(await w.live()).toEqual(["1=v1"]);
  });
});

describe("a quota that is used up", () => {
  test("of modifications of the table: the swap is withdrawn, nothing is changed, and it can be tried again", async () => {
    const w = await settled();
    const candidate = await w.p.clone();
    await candidate.load({ orders: rows([order(3)]) });
    const message = "Quota exceeded: Your table exceeded quota for imports or query appends per table.";
    w.sim.faults.add({ kind: "copy", table: `${w.dataset}.orders` }, { job: { reason: "quotaExceeded", message } }, 100);
    const e = await failure(() => candidate.swap(), "PUBLISH_FAILED");
    expect(e.context).toMatchObject({ state: "before", pipeline: "p", release: 3 });
    expect((e.cause as Error).message).toMatch(/Quota exceeded.*wait until it is refilled/s);
    expect(await w.live()).toEqual(["1=v1", "2=v2"]);
    w.sim.faults.clear();
    expect((await candidate.swap()).release).toBe(3);
    expect(await w.live()).toEqual(["1=v1", "2=v2", "3=v3"]);
    await w.p.rollback();
    expect(await w.live()).toEqual(["1=v1", "2=v2"]);
  });
  test("of load jobs", async () => {
    const w = await settled();
    limit("tableModificationsPerDay", 0);
    const e = await refused(w, () => run(w.p, 3), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "resources", outcome: "not-applied", table: "orders" });
    expect(e.message).toMatch(/Quota exceeded.*wait until it is refilled/s);
    expect(e.retryable).toBe(false);
  });
  test("of requests", async () => {
    const w = await settled();
    w.sim.faults.add({ kind: "query", user: w.user }, { status: 403, reason: "quotaExceeded", message: "Quota exceeded" }, 100);
    const e = await failure(() => run(w.p, 3), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "resources", outcome: "not-applied" });
    w.sim.faults.clear();
    await goodRun(w.p, 3);
  });
  test("of DML statements that wait: the block comes again, and then it works", async () => {
    const w = await settled();
    const message =
      "Resources exceeded during query execution: Too many DML statements outstanding against table x, limit is 20.";
    const struck = w.sim.faults.add({ sql: / publish /, user: w.user }, { job: { reason: "resourcesExceeded", message } });
    await goodRun(w.p, 3);
    expect(struck.times).toBe(1);
  });
  test.each<[string, object]>([
    ["of requests", { status: 403, reason: "rateLimitExceeded" }],
    ["of requests, by status", { status: 429 }],
    ["in a job", { job: { reason: "jobRateLimitExceeded", message: "Exceeded rate limits: too many table update operations" } }],
  ])("within seconds, %s: it passes", async (_, fault) => {
    const w = await settled();
    const struck = w.sim.faults.add({ kind: "load", user: w.user, endpoint: ["upload", "jobs.insert"] }, fault);
    await goodRun(w.p, 3);
    expect(struck.times).toBe(1);
  });
  test("of bytes, which the user has set for each query", async () => {
    const w = await settled();
    const e = await refused(w, () => run(w.etl({ warehouse: { maximumBytesBilled: 1 } }), 3), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "resources", outcome: "not-applied" });
    expect(e.message).toMatch(/maximumBytesBilled/);
  });
});

describe("what is too large", () => {
  test("a block whose text is too long", async () => {
    const w = await settled();
    const long = (n: number) => sql`SELECT id FROM orders WHERE v = ${"x".repeat(n)}`;
    const checked = (n: number) =>
      table(`${w.dataset}.orders`, {
        columns: { id: "int64", v: "string?" },
        key: "id",
        checks: [noRows("none of these", long(n))],
      });
    await goodRun(w.etl({ table: checked(400_000) }), 3);
    const e = await refused(w, () => run(w.etl({ table: checked(1_100_000) }), 4), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "resources", outcome: "not-applied" });
    expect(e.message).toMatch(/script of the block publish is \d+ bytes long.*Publish fewer tables at once/);
  });
  test.each<[string, string, "ADAPTER" | "BAD_SOURCE"]>([
    ["a delta that is larger than a load job takes", "loadBytes", "ADAPTER"],
    ["a row that is", "rowBytes", "BAD_SOURCE"],
    ["a compressed file that is", "gzipBytes", "BAD_SOURCE"],
  ])("%s", async (_, quota, code) => {
    const w = await settled();
    limit(quota, 1000);
    const noise = Array.from({ length: 4000 }, (_x, i) => Math.sin(i).toString(36)).join("");
    const e = await refused(w, () => w.p.run({ orders: rows([order(3, noise)]) }), code);
    expect(e.context).toMatchObject({ table: "orders", release: 3 });
    expect(e.message).toMatch(/larger|exceed|too large/i);
  });
});

describe("a source that fails in mid-stream leaves nothing behind", () => {
  test.each<[string, number, () => string]>([
    ["a few rows", 10, () => ""],
    ["more than memory is given to", 30_000, () => randomBytes(600).toString("base64")],
  ])("after %s", async (what, count, noise) => {
    const w = await settled();
    // Of its own, since others spool as well.
    const spools = await mkdtemp(join(folder, "spools-"));
    vi.stubEnv("TMPDIR", spools);
    const mark = w.sim.counts.mark();
    const broken = new Error("the source broke");
    let spooled = 0;
    const source = async function* () {
      for (let id = 1; id <= count; id++) yield order(id, noise());
      spooled = (await readdir(spools)).length;
      throw broken;
    };
    const e = await refused(w, () => w.p.run({ orders: rows(source()) }), "SOURCE");
    expect(e.cause).toBe(broken);
    expect(e.context).toMatchObject({ table: "orders", release: 3 });
    expect(w.sim.counts.since(mark).log.filter((j) => j.kind === "load")).toEqual([]);
    expect(w.litter()).toEqual([]);
    expect(spooled).toBe(what === "a few rows" ? 0 : 1);
    expect(await readdir(spools)).toEqual([]);
    await goodRun(w.p, 3);
  });
});

test("without the driver it is told how to install it", async () => {
  const hook = `export const resolve = (name, context, next) => {
    if (name !== "@google-cloud/bigquery") return next(name, context);
    throw Object.assign(new Error("Cannot find package '@google-cloud/bigquery'"), { code: "ERR_MODULE_NOT_FOUND" });
  };`;
  const script = `
    import { register } from "node:module";
    register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)});
    const { cutover, table } = await import("cutover");
    const { bigquery } = await import("cutover/bigquery");
    const t = table("t", { columns: { id: "int64" }, key: "id" });
    const e = await cutover({ warehouse: bigquery({ dataset: "app" }), pipeline: "p", tables: { t } }).status().catch((x) => x);
    console.log(JSON.stringify([e.code, e.context, e.message]));`;
  const args = ["--import", "tsx", "--conditions=cutover-source", "--input-type=module", "-e", script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const install = "npm install @google-cloud/bigquery";
  const [code, context, message] = JSON.parse(stdout) as [string, object, string];
  expect(code).toBe("DRIVER_MISSING");
  expect(context).toMatchObject({ install, pipeline: "p" });
  expect(message).toContain(install);
});
