import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { BigQuery } from "@google-cloud/bigquery";
import { type Config, isCutoverError, rows } from "cutover";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { clientOf, send } from "../../adapters/bigquery/client.js";
import { readOptions } from "../../adapters/bigquery/options.js";
import { authClient } from "../simulators/bigquery/client.js";
import { type Etl, failure, order, type Region, region, type World } from "./world.js";

/** Letters that nothing else has. In a header there can be no others. */
const canary = "canary-7f3b+e9/x=";
const user = `${canary}@example.com`;
const token = `token-of-${user}`;
const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const forms = (secret: string): readonly string[] => [
  secret,
  encodeURIComponent(secret),
  encodeURI(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString("base64").slice(0, -4),
];
/** A line out of the middle of a key. */
const hidden = [...forms(canary), key.split("\n")[5] as string];

let here: Region;
let folder: string;
let tokens: Server;
let refusing = false;
beforeAll(async () => {
  here = await region({ users: [user] });
  folder = await mkdtemp(join(tmpdir(), "cutover-secrets-"));
  await writeFile(join(folder, "subject"), canary);
  tokens = createServer((_, res) => {
    const good = { access_token: token, issued_token_type: "urn:x", token_type: "Bearer", expires_in: 3600 };
    const bad = { error: "invalid_grant", error_description: `the client ${canary} is not known` };
    res.writeHead(refusing ? 400 : 200, { "Content-Type": "application/json" }).end(JSON.stringify(refusing ? bad : good));
  });
  await new Promise<void>((ready) => tokens.listen(0, "127.0.0.1", ready));
});
afterAll(async () => {
  tokens.close();
  await here.close();
  await rm(folder, { recursive: true });
});

/** A login of another company's, whose secrets a server changes for a token. */
const external = () => ({
  type: "external_account",
  audience: "//iam.googleapis.com/x",
  subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  token_url: `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/token`,
  credential_source: { file: join(folder, "subject") },
  client_id: "etl",
  client_secret: canary,
});
const ways: Readonly<Record<string, (w: World) => Promise<object> | object>> = {
  "a token of the application's": () => ({ authClient: authClient(token) }),
  "a client of the application's": (w) => ({
    client: new BigQuery({ projectId: "test-project", apiEndpoint: w.login.apiEndpoint, authClient: authClient(token) }),
    apiEndpoint: undefined,
  }),
  credentials: () => ({ credentials: external() }),
  "a key file": async () => {
    await writeFile(join(folder, "key.json"), JSON.stringify(external()));
    return { keyFilename: join(folder, "key.json") };
  },
};

/** An error as a curious logger would take it apart: hidden properties, causes, what it is as JSON. */
function opened(e: unknown): string {
  const parts = [inspect(e, { depth: 20, showHidden: true, getters: true, maxStringLength: null, maxArrayLength: null })];
  for (let at = e; at instanceof Error; at = at.cause) {
    parts.push(at.message, String(at.stack), JSON.stringify(at), JSON.stringify(Object.getOwnPropertyDescriptors(at)));
    if (isCutoverError(at)) parts.push(JSON.stringify(at.context));
  }
  return parts.join("\n");
}

/** Runs `body` with everything that listens, and looks for the secrets in all that was said, sent and written. */
async function silent(w: World, login: object, body: (etl: Etl) => Promise<unknown>): Promise<string> {
  const heard: unknown[] = [];
  const say = (...args: unknown[]): void => void heard.push(args);
  const config: Partial<Config> = { logger: { debug: say, info: say, warn: say, error: say }, observers: [{ event: say }] };
  const mark = w.sim.counts.mark();
  const etl = w.etl({ ...config, warehouse: { authClient: undefined, ...login } });
  const end = await body(etl).then((value) => inspect(value, { depth: 12 }), opened);
  w.sim.faults.clear();
  const jobs = w.sim.counts.since(mark).log.map(({ user: _theirs, ...job }: { readonly user?: string } & object) => job);
  const told = [
    end,
    inspect(heard, { depth: 12, showHidden: true }),
    inspect(etl, { depth: 12, showHidden: true }),
    JSON.stringify(jobs),
    JSON.stringify(w.sim.jobs().map((job) => [job["jobReference"], job["configuration"]])),
    JSON.stringify(await w.snapshot()),
  ];
  for (const text of told) for (const secret of hidden) expect(text).not.toContain(secret);
  return end;
}
const run = (etl: Etl) => etl.run({ orders: rows([order(1)]) });

for (const [what, login] of Object.entries(ways)) {
  test(`invariant 10: ${what} appears nowhere when all goes well`, async () => {
    const w = here.world();
    const end = await silent(w, await login(w), async (etl) => {
      const published = await run(etl);
      const candidate = await etl.clone();
      await candidate.load({ orders: rows([order(2)]) });
      await candidate.swap();
      const plans = [await etl.plan({ strategy: "in-place" }), await etl.plan({ rollback: {} })];
      await etl.rollback();
      return [published, plans, await etl.status(), await etl.history(), await etl.audit()];
    });
    expect(end).toContain("published");
  });
  test(`invariant 10: ${what} appears nowhere when the service fails`, async () => {
    const w = here.world();
    for (const fault of [
      { status: 400, reason: "invalid", message: "no" },
      { status: 401, reason: "authError", message: "who are you" },
      { status: 403, reason: "accessDenied", message: "not you" },
      { job: { reason: "invalidQuery", message: "not so" } },
    ] as const) {
      w.sim.faults.add({}, fault, 100);
      expect(await silent(w, await login(w), run)).toContain("CutoverError");
    }
    w.sim.faults.add({ sql: / publish / }, { at: "after", body: "malformed" });
    expect(await silent(w, await login(w), run)).toContain("published");
    w.sim.faults.add({ endpoint: "upload" }, { status: 413 }, 100);
    expect(await silent(w, await login(w), run)).toContain("CutoverError");
  });
}

describe("invariant 10: a login that fails shows nothing", () => {
  const account = { type: "service_account", client_email: "a@b", private_key: key, project_id: "test-project" };
  const file = async (text: string): Promise<object> => {
    await writeFile(join(folder, "bad.json"), text);
    return { keyFilename: join(folder, "bad.json") };
  };
  test.each<[string, () => Promise<object> | object]>([
    ["a token that is not known", () => ({ authClient: authClient(`${canary}-old`) })],
    ["a key that is cut off", () => ({ credentials: { ...account, private_key: key.slice(0, 900) } })],
    ["a key that is none", () => ({ credentials: { ...account, private_key: canary, private_key_id: canary } })],
    ["a key without a name", () => ({ credentials: { type: "service_account", private_key: key } })],
    ["a key file that is no JSON", () => file(`${canary} ${key}`)],
    ["a key file that is cut off", () => file(JSON.stringify({ ...account, private_key: canary }).slice(0, -20))],
    ["a key file with a key that is none", () => file(JSON.stringify({ ...account, private_key: canary }))],
    ["a secret as an option that is none", () => ({ keyFilename: { canary }, credentials: canary })],
  ])("%s", async (_, login) => {
    const w = here.world();
    const end = await silent(w, await login(), run).catch((e: unknown) => {
      // Options that are refused are refused before there is a pipeline.
      if (!isCutoverError(e, "CONFIG")) throw e;
      return opened(e);
    });
    expect(end).toContain("CutoverError");
    for (const secret of hidden) expect(end).not.toContain(secret);
  });
  test("a server that quotes the secret which it refuses", async () => {
    const w = here.world();
    refusing = true;
    onTestFinished(() => {
      refusing = false;
    });
    expect(await silent(w, { credentials: external() }, run)).toMatch(/CutoverError.*\*\*\*/s);
  });
  test("a service that quotes the secret", async () => {
    const w = here.world();
    w.sim.faults.add({}, { status: 400, reason: "invalid", message: `no, not with ${canary}` }, 100);
    expect(await silent(w, { credentials: external() }, run)).toContain("***");
    w.sim.faults.add({}, { job: { reason: "invalidQuery", message: `no, not with ${canary}` } }, 100);
    expect(await silent(w, { credentials: external() }, run)).toContain("***");
  });
});

describe("invariant 10: what stands in addresses appears nowhere", () => {
  const named = encodeURIComponent(canary);
  test.each<[string, (address: string) => string]>([
    ["one that is none", () => `no address ${canary}`],
    ["one with user and password", (a) => a.replace("//", `//etl:${named}@`)],
    ["one with a token as a parameter", (a) => `${a}/?access_token=${named}`],
  ])("an apiEndpoint is refused: %s", async (_, spoiled) => {
    const w = here.world();
    const e = await failure(() => w.etl({ warehouse: { apiEndpoint: spoiled(w.login.apiEndpoint) } }), "CONFIG");
    expect(e.context.issues.map((i) => i.path)).toEqual(["apiEndpoint"]);
    for (const secret of hidden) expect(opened(e)).not.toContain(secret);
  });
  test("the address of an upload, which is as good as a key to it", async () => {
    const client = await clientOf(readOptions({ dataset: "app", projectId: "test-project", authClient: authClient(token) }));
    const { signal } = new AbortController();
    const session = { method: "PUT", uri: "http://etl:secret-1@127.0.0.1:1/upload/jobs", query: { upload_id: "secret-2" } };
    for (const uri of [session.uri, session.uri.replace("etl:secret-1@", "")]) {
      const e = await send(client, { ...session, uri }, { signal }).catch((x: unknown) => x);
      expect(String(e)).toContain("http://127.0.0.1:1/upload/jobs");
      expect(opened(e)).not.toMatch(/secret-\d/);
    }
  });
  test("the password of a proxy that refuses", async () => {
    const w = here.world();
    let asked = 0;
    const proxy = createServer((_, res) => {
      asked += 1;
      res.writeHead(407).end("who are you");
    });
    await new Promise<void>((ready) => proxy.listen(0, "127.0.0.1", ready));
    onTestFinished(() => void proxy.close());
    vi.stubEnv("HTTP_PROXY", `http://etl:${named}@127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    vi.stubEnv("NO_PROXY", "");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await silent(w, { authClient: authClient(token) }, run)).toContain("CutoverError");
    expect(asked).toBeGreaterThan(0);
  });
});
