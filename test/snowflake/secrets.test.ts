import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { type Config, isCutoverError, rows } from "cutover";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { etlUser, order, type Region, region, type World } from "./world.js";

/** Letters that nothing else has, and that an address would write in another way. */
const canary = "cänary 7f/3b+e9@x:y";
const key = generateKeyPairSync("rsa", { modulusLength: 2048 });
const passphrase = canary;
const encrypted = key.privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase }).toString();
const plain = key.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
/** A line out of the middle of a key. */
const lineOf = (pem: string): string => pem.split("\n")[5] as string;
const forms = (secret: string): readonly string[] => [
  secret,
  encodeURIComponent(secret),
  encodeURI(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString("base64").slice(0, -4),
];
const hidden = [...forms(canary), lineOf(plain), lineOf(encrypted)];

let here: Region;
beforeAll(async () => {
  const user = {
    ...etlUser,
    password: canary,
    oauthToken: canary,
    accessToken: canary,
    publicKey: key.publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
  const admin = { name: "TESTER", password: "not a secret", roles: ["SYSADMIN"], defaultWarehouse: "WH" };
  here = await region({ users: [admin, user] });
});
afterAll(() => here.close());

const ways: Readonly<Record<string, object>> = {
  "a password": { password: canary },
  "an OAuth token": { authenticator: "OAUTH", token: canary },
  "an access token": { authenticator: "PROGRAMMATIC_ACCESS_TOKEN", token: canary },
  "a private key": { authenticator: "SNOWFLAKE_JWT", privateKey: plain },
  "an encrypted private key": { authenticator: "SNOWFLAKE_JWT", privateKey: encrypted, privateKeyPass: passphrase },
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
async function silent(w: World, login: object, body: (etl: ReturnType<World["etl"]>) => Promise<unknown>): Promise<string> {
  const heard: unknown[] = [];
  const say = (...args: unknown[]): void => void heard.push(args);
  const config: Partial<Config> = { logger: { debug: say, info: say, warn: say, error: say }, observers: [{ event: say }] };
  const mark = w.sim.counts.mark();
  const etl = w.etl({ ...config, warehouse: { username: "ETL", password: undefined, ...login } });
  const end = await body(etl).then((value) => inspect(value, { depth: 12 }), opened);
  w.sim.faults.clear();
  const { log } = w.sim.counts.since(mark);
  const told = [
    end,
    inspect(heard, { depth: 12, showHidden: true }),
    inspect(etl, { depth: 12, showHidden: true }),
    JSON.stringify(log.map((s) => [s.sql, s.tag])),
    JSON.stringify(await w.snapshot()),
  ];
  for (const text of told) for (const secret of hidden) expect(text).not.toContain(secret);
  return end;
}
async function place(): Promise<World> {
  const w = await here.world();
  await w.sql("GRANT ALL ON DATABASE $ TO ROLE ETL", "GRANT ALL ON SCHEMA $.PUBLIC TO ROLE ETL");
  return w;
}
const run = (etl: ReturnType<World["etl"]>) => etl.run({ orders: rows([order(1)]) });

for (const [what, login] of Object.entries(ways)) {
  test(`invariant 10: ${what} appears nowhere when all goes well`, async () => {
    const w = await place();
    const end = await silent(w, login, async (etl) => {
      const published = await run(etl);
      const plans = [await etl.plan({ strategy: "in-place" }), await etl.plan({ rollback: {} })];
      return [published, plans, await etl.status(), await etl.history()];
    });
    expect(end).toContain("published");
  });
  test(`invariant 10: ${what} appears nowhere when the connection fails`, async () => {
    const w = await place();
    w.sim.faults.add({ kind: "UPDATE" }, { status: 400 }, 100);
    expect(await silent(w, login, run)).toContain("CutoverError");
    w.sim.faults.add({ kind: "COMMIT" }, { at: "after", body: "malformed" }, 100);
    expect(await silent(w, login, run)).toContain("PUBLISH_FAILED");
    w.sim.faults.add({}, { token: "gone" }, 100);
    expect(await silent(w, login, run)).toContain("CutoverError");
  });
  test(`invariant 10: ${what} appears nowhere when the login fails`, async () => {
    const w = await place();
    const echo = Object.values(login).includes(canary) ? canary : "that";
    for (const fault of [{ status: 400 }, { error: { code: "390100", message: `no, not with ${echo}` } }] as const) {
      w.sim.faults.add({ endpoint: "login" }, fault, 100);
      expect(await silent(w, login, run)).toContain("CutoverError");
    }
    expect(await silent(w, { ...login, account: "ELSEWHERE" }, run)).toContain("CutoverError");
    expect(await silent(w, { ...login, username: "NOBODY", authenticator: undefined, password: canary }, run)).toContain(
      "CutoverError",
    );
  });
}

describe("invariant 10: a key that cannot be read appears nowhere", () => {
  test.each<[string, object]>([
    ["a wrong passphrase", { privateKey: encrypted, privateKeyPass: `not ${canary}` }],
    ["no passphrase", { privateKey: encrypted }],
    ["a key that is cut off", { privateKey: plain.slice(0, 900) }],
    ["a key that is none", { privateKey: canary }],
    ["a password for a key file", { privateKeyPath: "nowhere.p8", privateKeyPass: canary }],
  ])("%s", async (_, given) => {
    const end = await silent(await place(), { authenticator: "SNOWFLAKE_JWT", ...given }, run);
    expect(end).toContain("CutoverError");
  });
});

describe("invariant 10: what stands in addresses appears nowhere", () => {
  const named = encodeURIComponent(canary);
  test("user and password of accessUrl", async () => {
    const w = await place();
    const accessUrl = w.login.accessUrl.replace("//", `//etl:${named}@`);
    await silent(w, { password: canary, accessUrl }, run);
    w.sim.faults.add({ endpoint: "login" }, { status: 400 }, 100);
    await silent(w, { password: canary, accessUrl }, run);
    expect(await silent(w, { password: canary, accessUrl, account: "ELSEWHERE" }, run)).toContain("CutoverError");
  });
  test("an accessUrl that is none", async () => {
    const w = await place();
    const e = await Promise.resolve()
      .then(() => w.etl({ warehouse: { accessUrl: `no address ${canary}` } }))
      .catch((x: unknown) => x);
    expect(isCutoverError(e, "CONFIG")).toBe(true);
    for (const secret of hidden) expect(opened(e)).not.toContain(secret);
  });
  test("the password of a proxy that refuses", async () => {
    const w = await place();
    const proxy = createServer((_, res) => res.writeHead(407).end("who are you"));
    await new Promise<void>((ready) => proxy.listen(0, "127.0.0.1", ready));
    onTestFinished(() => void proxy.close());
    const { port } = proxy.address() as AddressInfo;
    const through = { password: canary, proxyHost: "127.0.0.1", proxyPort: port, proxyUser: "u", proxyPassword: canary };
    expect(await silent(w, through, run)).toContain("CutoverError");
  });
});
