import { isCutoverError, type Session, type Step, type TableShape } from "cutover/adapter";
import { afterAll, beforeAll, expect, it } from "vitest";
import { steps } from "../../adapters/snowflake/steps/index.js";
import { type Account, account, at, calm } from "./place.js";

let a: Account;
let session: Session;
beforeAll(async () => {
  a = await account();
  session = await a.open();
});
afterAll(() => a.close());

async function shape(name: string): Promise<TableShape> {
  const found = await session.describe(at(name), calm());
  if (found === null) throw new Error(`there is no ${name}`);
  return found;
}
type Kind = "clone" | "swap" | "mark" | "restore" | "regrant" | "rename";
async function run<K extends Kind>(step: Step<K>): Promise<void> {
  const compile = steps[step.kind as Kind] as (s: Step) => ReturnType<(typeof steps)[Kind]>;
  for (const op of compile(step as Step)) await session.execute(op, calm());
}
const content = async (name: string): Promise<unknown> =>
  (await a.sql(`SELECT "N" FROM "${name}" ORDER BY 1`)).map((r) => r["N"]);
const grants = async (name: string): Promise<readonly string[]> =>
  (await a.sql(`SHOW GRANTS ON TABLE "${name}"`)).map((r) => `${r["privilege"]} ${r["grantee_name"]}`).sort();

it("clones with grants and comment, without the mark; a transient table as a transient one", async () => {
  for (const kind of ["", "TRANSIENT"]) {
    const name = `LIVE${kind}`;
    await a.sql(
      `CREATE ${kind} TABLE "${name}" ("N" NUMBER(19,0)) COMMENT = 'it''s ours'`,
      `INSERT INTO "${name}" SELECT 1`,
      `GRANT SELECT ON TABLE "${name}" TO ROLE PUBLIC`,
    );
    await run({ kind: "mark", table: await shape(name), marker: "release 1 ]" });
    expect((await shape(name)).marker).toBe("release 1 ]");
    await run({ kind: "clone", from: await shape(name), to: at(`COPY${kind}`), depth: 0, empty: false });
    const copy = await shape(`COPY${kind}`);
    expect([copy.marker, copy.fingerprint]).toMatchObject([
      null,
      { comment: "it's ours", kind: kind === "" ? "permanent" : "transient" },
    ]);
    expect(await grants(`COPY${kind}`)).toEqual(["OWNERSHIP SYSADMIN", "SELECT PUBLIC"]);
    expect(await content(`COPY${kind}`)).toEqual([1n]);
  }
});

it("swaps, keeps what was live, and gives the grants that live had", async () => {
  await a.sql(
    'CREATE TABLE "A" ("N" NUMBER(19,0))',
    'INSERT INTO "A" SELECT 1',
    'GRANT SELECT ON TABLE "A" TO ROLE PUBLIC',
    'CREATE TABLE "B" ("N" NUMBER(19,0))',
    'INSERT INTO "B" SELECT 2',
    'GRANT INSERT ON TABLE "B" TO ROLE PUBLIC',
  );
  const [live, candidate] = [await shape("A"), await shape("B")];
  await run({ kind: "swap", live, candidate, at: at("A"), keepAs: at("KEPT"), marker: "m" });
  expect([await content("A"), await content("KEPT"), await session.describe(at("B"), calm())]).toEqual([[2n], [1n], null]);
  const now = await shape("A");
  await run({ kind: "regrant", ref: at("A"), before: now.fingerprint, after: live.fingerprint, owner: true });
  expect(await grants("A")).toEqual(["OWNERSHIP SYSADMIN", "SELECT PUBLIC"]);
});

it("brings back what a table was before a statement", async () => {
  await a.sql('CREATE TABLE "PAST" ("N" NUMBER(19,0))', 'INSERT INTO "PAST" SELECT 1');
  const [id] = await a.sql('SELECT LAST_QUERY_ID() AS "ID"');
  const [before] = await a.sql("SELECT 1", 'SELECT LAST_QUERY_ID() AS "ID"');
  await a.sql('UPDATE "PAST" SET "N" = 5');
  expect(id).not.toEqual(before);
  await run({ kind: "restore", live: await shape("PAST"), to: at("RESTORED"), before: String(before?.["ID"]) });
  expect([await content("PAST"), await content("RESTORED")]).toEqual([[5n], [1n]]);
  const evil = "x') COPY GRANTS; DROP TABLE y --";
  const live = await shape("PAST");
  expect(() => steps.restore({ kind: "restore", live, to: at("R"), before: evil })).toThrow("no id of a statement");
});

it("refuses to clone or swap a table that has what would stay behind", async () => {
  await a.sql(
    'CREATE TABLE "READ" ("N" NUMBER(19,0))',
    'CREATE STREAM "S" ON TABLE "READ"',
    'CREATE TRANSIENT TABLE "SHORT" ("N" NUMBER(19,0))',
  );
  const read = await shape("READ");
  const refusals = [
    () => steps.clone({ kind: "clone", from: read, to: at("X"), depth: 0, empty: false }),
    () => steps.swap({ kind: "swap", live: read, candidate: read, at: at("READ"), keepAs: at("X"), marker: "m" }),
  ];
  for (const compile of refusals) {
    let thrown: unknown;
    try {
      compile();
    } catch (e) {
      thrown = e;
    }
    expect(isCutoverError(thrown, "UNSUPPORTED") && thrown.message).toContain("the stream S");
    expect(isCutoverError(thrown, "UNSUPPORTED") && thrown.context.alternative).toBe("publish in place");
  }
  const short = await shape("SHORT");
  const plain = await shape("PAST");
  expect(() =>
    steps.swap({ kind: "swap", live: short, candidate: plain, at: at("SHORT"), keepAs: at("X"), marker: "m" }),
  ).toThrow("transient");
});

it("tells by its version that a table was written to", async () => {
  const before = await shape("A");
  expect((await shape("A")).version).toBe(before.version);
  await a.sql('INSERT INTO "A" SELECT 3');
  expect((await shape("A")).version).not.toBe(before.version);
});

it("refuses to swap where the candidate lacks what live has beside its rows", async () => {
  await a.sql('CREATE TABLE "CLUSTERED" ("N" NUMBER(19,0)) CLUSTER BY ("N")', 'CREATE TABLE "BARE" ("N" NUMBER(19,0))');
  const [live, bare] = [await shape("CLUSTERED"), await shape("BARE")];
  const swap = (candidate: TableShape) =>
    steps.swap({ kind: "swap", live, candidate, at: at("CLUSTERED"), keepAs: at("X"), marker: "m" });
  expect(() => swap(bare)).toThrow("clustering by");
  await run({ kind: "clone", from: live, to: at("CLUSTERED_TOO"), depth: 0, empty: true });
  expect(swap(await shape("CLUSTERED_TOO"))).toHaveLength(2);
});
