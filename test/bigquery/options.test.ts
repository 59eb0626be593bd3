import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { BigQuery } from "@google-cloud/bigquery";
import { isCutoverError } from "cutover";
import { adapterOf } from "cutover/adapter";
import { afterAll, beforeAll, expect, it } from "vitest";
import { classify } from "../../adapters/bigquery/classify.js";
import { type BigQueryOptions, bigquery } from "../../adapters/bigquery/index.js";
import { readOptions } from "../../adapters/bigquery/options.js";
import { type Simulator, startBigQuery } from "../simulators/bigquery/server.js";
import { failure, io } from "./links.js";

let sim: Simulator;
beforeAll(async () => {
  sim = await startBigQuery({ location: "EU", users: ["tester@example.com", "guest@example.com"] });
});
afterAll(() => sim.close());

/** The issues of a configuration that is refused. */
function refused(options: unknown): readonly { readonly path: string; readonly message: string }[] {
  try {
    bigquery(options as BigQueryOptions);
  } catch (e) {
    if (isCutoverError(e, "CONFIG")) return e.context.issues;
    throw e;
  }
  throw new Error("the options were taken");
}
const paths = (options: unknown): readonly string[] => refused(options).map((i) => i.path);
const open = (options: object) => {
  const adapter = adapterOf(bigquery(options as BigQueryOptions));
  if (adapter === null) throw new Error("no adapter");
  return adapter.open(io());
};

const client = { request: () => undefined, getProjectId: async () => "p" };
const ways: Readonly<Record<string, object>> = {
  "the default credentials": { dataset: "app" },
  "a key file": { dataset: "app", keyFilename: "key.json" },
  "the contents of one": { dataset: "app", credentials: { client_email: "a@b", private_key: "k" } },
  "a client that logs in": { dataset: "app", authClient: { getRequestHeaders: () => undefined } },
  "the application's client": { dataset: "app", client },
  "all the rest": {
    dataset: "app",
    projectId: "p-1",
    location: "EU",
    apiEndpoint: "http://127.0.0.1:1",
    labels: { team: "data" },
  },
};
for (const [way, options] of Object.entries(ways)) {
  it(`takes ${way}, as it is`, () => expect(readOptions(options)).toEqual({ labels: {}, ...options }));
}

it("names each option that is wrong", () => {
  expect(paths({})).toEqual(["dataset"]);
  expect(paths(undefined)).toEqual([""]);
  expect(paths({ dataset: "a-b", location: "", projectId: "A b", maximumBytesBilled: 0, datset: "x" }).toSorted()).toEqual([
    "dataset",
    "datset",
    "location",
    "maximumBytesBilled",
    "projectId",
  ]);
  expect(paths({ dataset: "app", maxSessions: 0 })).toEqual(["maxSessions"]);
  expect(paths({ dataset: "app", client: {} })).toEqual(["client"]);
  expect(paths({ dataset: "app", authClient: 3 })).toEqual(["authClient"]);
  expect(paths({ dataset: "app", credentials: {} })).toEqual(["credentials"]);
  expect(paths({ dataset: "app", labels: { Team: "data" } })).toEqual(["labels.Team"]);
  expect(paths({ dataset: "app", labels: { team: "Da ta" } })).toEqual(["labels.team"]);
  expect(paths({ dataset: "app", labels: { cutover: "x" } })).toEqual(["labels"]);
});

it("takes one way to log in, and says which other it cannot have beside it", () => {
  expect(refused({ dataset: "app", client, apiEndpoint: "http://127.0.0.1:1" })).toEqual([
    { path: "apiEndpoint", message: "cannot be given beside `client`" },
  ]);
  expect(paths({ dataset: "app", keyFilename: "k", credentials: { a: "b" } })).toEqual(["credentials"]);
});

it("opens with the application's client, and leaves it as it was", async () => {
  const own = new BigQuery(sim.connectionOptions());
  const session = await open({ client: own, dataset: "app" });
  expect(session.home).toEqual(["test-project", "app"]);
  await session.close();
  expect(await own.dataset("app").exists()).toEqual([true]);
});

it("asks the dataset where it is, and refuses another location", async () => {
  const { location: _location, ...options } = sim.connectionOptions();
  await (await open(options)).close();
  await (await open({ ...options, location: "eu" })).close();
  const found = await failure(open({ ...options, location: "US" }));
  expect(found).toMatchObject({ kind: "missing-object", outcome: "not-applied" });
  expect(found.message).toBe("the dataset test-project.app is in EU, not in US");
});

it("says which dataset is missing", async () => {
  const found = await failure(open({ ...sim.connectionOptions(), dataset: "ap" }));
  expect(found).toMatchObject({
    kind: "missing-object",
    outcome: "not-applied",
    hint: expect.stringContaining("no dataset ap in"),
  });
});

it("says what to do where nobody is logged in, or is unknown to the service", async () => {
  const { authClient: _login, ...options } = sim.connectionOptions();
  const file = await failure(open({ ...options, keyFilename: join(tmpdir(), "no-such-key.json") }));
  expect(file).toMatchObject({ kind: expect.stringMatching(/denied|resources/), outcome: "not-applied" });
  const credentials = { type: "authorized_user", client_id: "a", client_secret: "b", refresh_token: "c" };
  const stranger = new BigQuery(options).authClient.fromJSON(credentials);
  stranger.setCredentials({ access_token: "unknown-token" });
  const found = await failure(open({ ...options, authClient: stranger }));
  expect(found).toMatchObject({ kind: "denied", outcome: "not-applied", hint: expect.stringContaining("credentials") });
});

it("says that the service was not reached", async () => {
  const found = await failure(open({ ...sim.connectionOptions(), apiEndpoint: "http://127.0.0.1:9" }));
  expect(found).toMatchObject({ kind: "transient", outcome: "not-applied" });
}, 60_000);

const canary = "canary-4f1e9b7c";
it("shows no secret: not in the warehouse, not in errors, not in what hangs on them", async () => {
  const { authClient: _login, ...options } = sim.connectionOptions();
  const key = `-----BEGIN PRIVATE KEY-----\n${canary}\n-----END PRIVATE KEY-----\n`;
  const credentials = { type: "service_account", client_email: "a@b", private_key: key, private_key_id: canary };
  const seen: unknown[] = [bigquery({ ...options, credentials } as BigQueryOptions)];
  const collect = async (more: object): Promise<void> => {
    await open(more).catch((e: unknown) => seen.push(e, classify(e)));
  };
  await collect({ ...options, credentials });
  const file = join(tmpdir(), `cutover-${process.pid}-key.json`);
  await writeFile(file, `${canary} is no JSON`);
  await collect({ ...options, keyFilename: file });
  await writeFile(file, JSON.stringify(credentials));
  await collect({ ...options, keyFilename: file });
  const login = { type: "authorized_user", client_id: "a", client_secret: canary, refresh_token: canary };
  const stranger = new BigQuery(options).authClient.fromJSON(login);
  stranger.setCredentials({ access_token: canary });
  await collect({ ...options, authClient: stranger });
  try {
    bigquery({ dataset: "app", keyFilename: 3, credentials: canary } as unknown as BigQueryOptions);
  } catch (e) {
    seen.push(e);
  }
  expect(seen.length).toBe(10);
  for (const value of seen) expect(inspect(value, { depth: 12, showHidden: true })).not.toContain(canary);
});
