import { type Candidate, type ErrorCode, rows, type Sql, sql, table } from "cutover";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Etl, failure, goodRun, order, type Region, refused, region, type World } from "./world.js";

let here: Region;
beforeAll(async () => {
  here = await region();
});
afterAll(() => here.close());

const ours = "CREATE TABLE $.orders (id INT64 NOT NULL, v STRING)";
const admin = { user: "tester@example.com" };
const named = (w: World, tableId = "orders") => ({ projectId: w.sim.project, datasetId: w.dataset, tableId });
const made = (w: World, body: object, tableId = "orders") =>
  w.sim.engine.tables.insert(named(w), { tableReference: named(w, tableId), ...body } as never, admin);
const fields = [
  { name: "id", type: "INT64", mode: "REQUIRED" },
  { name: "v", type: "STRING" },
];

describe("a live table that is no plain table is refused, by what it is", () => {
  test.each<[string, (w: World) => Promise<unknown>, RegExp]>([
    ["a view", (w) => w.sql("CREATE VIEW $.orders AS SELECT * FROM $.base"), /is a view\. Name the table that the view reads/],
    [
      "a materialized view",
      (w) => made(w, { materializedView: { query: `SELECT id, v FROM ${w.dataset}.base` } }),
      /is a materialized view\. Name the table/,
    ],
    [
      "an external table",
      (w) =>
        made(w, {
          schema: { fields },
          externalDataConfiguration: { sourceFormat: "CSV", sourceUris: ["gs://bucket/x.csv"], schema: { fields } },
        }),
      /is an external table\. Make a table of BigQuery's own from it/,
    ],
    ["a snapshot", (w) => w.sql("CREATE SNAPSHOT TABLE $.orders CLONE $.base"), /is a snapshot\. Make a table from it/],
    [
      "a table that is being streamed into",
      async (w) => {
        await w.sql(ours);
        await w.sim.engine.stream(named(w), [{ id: "9", v: "streamed" }], admin);
      },
      /has a streaming buffer\. .*stop streaming, and wait up to 90 minutes/,
    ],
  ])("%s", async (_, make, says) => {
    const w = here.world();
    await w.sql(ours.replace("orders", "base"));
    await make(w);
    for (const act of [(p: Etl) => p.run({ orders: rows([order(1)]) }), (p: Etl) => p.adopt(), (p: Etl) => p.clone()]) {
      const e = await failure(() => act(w.etl()), "UNSUPPORTED");
      expect(e.message).toMatch(says);
      expect(e.context).toMatchObject({ pipeline: "p", table: "orders", alternative: expect.stringMatching(/\w/) });
      expect(e.cause).toBeInstanceOf(Error);
    }
    expect(await w.etl().status()).toMatchObject({ live: null, open: [], lease: null });
    expect(w.litter()).toEqual([]);
  });
  test("one that others begin to stream into between two releases: nothing is changed until the buffer is empty", async () => {
    const w = here.world();
    const p = w.etl();
    await goodRun(p, 1);
    await w.sim.engine.stream(named(w), [{ id: "9", v: "streamed" }], admin);
    const e = await failure(() => p.run({ orders: rows([order(1, "new"), order(2)]) }), "UNSUPPORTED");
    expect(e.message).toMatch(/streaming buffer/);
    expect(await w.live()).toContain("1=v1");
    expect((await p.status()).live).toBe(1);
  });
});

describe("columns that do not fit are refused, and nothing is changed", () => {
  test.each<[string, string, ErrorCode, RegExp]>([
    [
      "one that is missing",
      "CREATE TABLE $.orders (id INT64 NOT NULL)",
      "CONFIG",
      /columns\.v: the live table has no such column/,
    ],
    [
      "one of another type",
      "CREATE TABLE $.orders (id INT64 NOT NULL, v DATE)",
      "CONFIG",
      /columns\.v: declared as string, but live has DATE/,
    ],
    [
      "one that is an array",
      "CREATE TABLE $.orders (id INT64 NOT NULL, v ARRAY<STRING>)",
      "BAD_SOURCE",
      /value "v1" does not fit ARRAY<STRING>/,
    ],
  ])("%s", async (_, ddl, code, says) => {
    const w = here.world();
    await w.sql(ddl);
    const e = await refused(w, () => w.etl().run({ orders: rows([order(1)]) }), code);
    expect(e.message).toMatch(says);
    expect(e.context).toMatchObject({ pipeline: "p", release: 1 });
  });
  test("NULL for a column that is REQUIRED, which the definition does not say", async () => {
    const w = here.world();
    await w.sql("CREATE TABLE $.orders (id INT64 NOT NULL, v STRING NOT NULL)");
    const p = w.etl();
    await goodRun(p, 1);
    const e = await refused(w, () => p.run({ orders: rows([{ id: 2, v: null }]) }), "BAD_ROW");
    expect(e.context).toMatchObject({ table: "orders", column: "v", row: 1, release: 2 });
    await goodRun(p, 3);
  });
  test("a REQUIRED column that the definition leaves out", async () => {
    const w = here.world();
    await w.sql("CREATE TABLE $.orders (id INT64 NOT NULL, v STRING, w STRING NOT NULL)");
    const e = await refused(w, () => w.etl().run({ orders: rows([order(1)]) }), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "bad-data", outcome: "not-applied", pipeline: "p", release: 1 });
    expect(e.message).toMatch(/\bw\b.*NULL came for a column that is REQUIRED/s);
  });
});

describe("a candidate that was made over", () => {
  const days = (w: World) => table(`${w.dataset}.orders`, { columns: { id: "int64", day: "date" }, key: ["id", "day"] });
  const cut = "PARTITION BY day CLUSTER BY id";
  test.each<[string, string, RegExp]>([
    ["without partitions", "CLUSTER BY id", /is partitioned otherwise than the candidate/],
    ["by another span", "PARTITION BY DATE_TRUNC(day, MONTH) CLUSTER BY id", /is partitioned otherwise than the candidate/],
    ["clustered otherwise", "PARTITION BY day", /is clustered otherwise than the candidate/],
  ])("%s: the swap is refused, live stays", async (_, other, says) => {
    const w = here.world();
    await w.sql(`CREATE TABLE $.orders (id INT64 NOT NULL, day DATE NOT NULL) ${cut}`);
    const p = w.etl({ table: days(w) });
    await p.run({ orders: rows([{ id: 1, day: "2026-01-01" }]) });
    const candidate: Candidate = await p.clone();
    await candidate.load({ orders: rows([{ id: 2, day: "2026-01-02" }]) });
    const [name] = w.litter();
    await w.sql(
      `CREATE TABLE $.apart ${other} AS SELECT * FROM $.${name}`,
      `DROP TABLE $.${name}`,
      `ALTER TABLE $.apart RENAME TO ${name}`,
    );
    const before = [await w.live(), w.table(), (await p.status()).live];
    const e = await failure(() => candidate.swap(), "UNSUPPORTED");
    expect(e.message).toMatch(says);
    expect(e.context).toMatchObject({ capability: "swap", alternative: "publish in place", pipeline: "p", release: 2 });
    expect([await w.live(), w.table(), (await p.status()).live]).toEqual(before);
    await candidate.reject();
    expect(await p.run({ orders: rows([{ id: 3, day: "2026-01-03" }]) })).toMatchObject({ status: "published" });
    expect(w.table()).toMatchObject({ timePartitioning: { type: "DAY", field: "day" }, clustering: { fields: ["id"] } });
  });
  test("by a statement of its own that the engine refuses", async () => {
    const w = here.world();
    const p = w.etl();
    await goodRun(p, 1);
    const candidate = await p.clone();
    const e = await failure(
      () => candidate.transform(sql`UPDATE ${candidate.refs["orders"] as Sql} SET nope = 1 WHERE TRUE`),
      "ADAPTER",
    );
    expect(e.context).toMatchObject({ outcome: "not-applied", pipeline: "p", release: 2 });
    expect(e.message).toMatch(/nope/);
    expect(await w.live()).toEqual(["1=v1"]);
  });
});

describe("what is on a table beside its rows", () => {
  const tag = "projects/p/locations/us/taxonomies/1/policyTags/2";
  const secret = { schema: { fields: [fields[0], { ...fields[1], policyTags: { names: [tag] } }] } };
  const reader = "roles/datacatalog.categoryFineGrainedReader";
  async function tagged(): Promise<World> {
    const w = here.world();
    await made(w, secret);
    w.grant("roles/bigquery.jobUser");
    for (const d of [w.dataset, w.ledger]) w.grant("roles/bigquery.dataOwner", d);
    return w;
  }
  test("policy tags that the account may not read past: each operation says which role it takes", async () => {
    const w = await tagged();
    w.grant(reader);
    const p = w.etl();
    for (const id of [1, 2]) await goodRun(p, id);
    const candidate = await p.clone();
    w.revoke(reader);
    const acts: Readonly<Record<string, () => Promise<unknown>>> = {
      run: () => p.run({ orders: rows([order(1, "new")]) }),
      rollback: () => p.rollback(),
      audit: () => p.audit(),
      clone: () => p.clone(),
      swap: () => candidate.swap(),
    };
    for (const [name, act] of Object.entries(acts)) {
      const e = await failure(act, "ADAPTER").catch((x: unknown) => {
        throw new Error(name, { cause: x });
      });
      expect(e.context).toMatchObject({ kind: "denied", outcome: "not-applied", pipeline: "p" });
      expect(e.message).toMatch(/policy tag.*grant roles\/datacatalog\.categoryFineGrainedReader/s);
      expect(await w.live()).toEqual(["1=v1", "2=v2"]);
    }
    w.grant(reader);
    await candidate.swap();
    expect(w.table()).toMatchObject({ schema: { fields: [{}, { policyTags: { names: [tag] } }] } });
    await goodRun(p, 3);
  });
  test("a row access policy: no copy has it, in place works and leaves it", async () => {
    const w = here.world();
    const p = w.etl();
    await goodRun(p, 1);
    await w.sql('CREATE ROW ACCESS POLICY mine ON $.orders GRANT TO ("allAuthenticatedUsers") FILTER USING (TRUE)');
    const e = await failure(() => p.clone(), "UNSUPPORTED");
    expect(e.message).toMatch(/row access policy mine.*publish in place/);
    expect(e.context.alternative).toBe("publish in place");
    expect(w.litter()).toEqual([]);
    await goodRun(p, 2);
    const { items } = w.sim.engine.rowAccessPolicies.list(named(w), {}, admin);
    expect(items).toHaveLength(1);
  });
  test("a row access policy that comes while a candidate is open: the swap is refused, live and policy stay", async () => {
    const w = here.world();
    const p = w.etl();
    await goodRun(p, 1);
    const candidate = await p.clone();
    await candidate.load({ orders: rows([order(2)]) });
    await w.sql('CREATE ROW ACCESS POLICY mine ON $.orders GRANT TO ("allAuthenticatedUsers") FILTER USING (TRUE)');
    const e = await failure(() => candidate.swap(), "UNSUPPORTED");
    expect(e.message).toMatch(/row access policy mine/);
    expect(await w.live()).toEqual(["1=v1"]);
    expect(w.sim.engine.rowAccessPolicies.list(named(w), {}, admin).items).toHaveLength(1);
    await candidate.reject();
    await goodRun(p, 3);
  });
});

describe("a past that is gone", () => {
  test("a restore to before the engine's history begins says so, and changes nothing", async () => {
    const w = here.world();
    const p = w.etl({ keep: 1 });
    for (const id of [1, 2, 3]) await goodRun(p, id);
    w.sim.engine.advance(8 * 86_400_000);
    const before = [await w.live(), await p.status()];
    const e = await failure(() => p.rollback({ to: 1, restore: "time-travel" }), "ADAPTER");
    expect(e.context).toMatchObject({ kind: "missing-object", outcome: "not-applied", pipeline: "p", table: "orders" });
    expect(e.message).toMatch(/history.*7 days/s);
    expect([await w.live(), await p.status()]).toEqual(before);
    expect(w.litter()).toEqual([]);
    await goodRun(p, 4);
  });
});

test("names with all that a name may have work, in place and by swap", async () => {
  const w = here.world();
  const name = ["test-project", w.dataset, "Order- select ключ"] as const;
  const columns = { id: "int64", select: "string?", Group: "string?", constructor: "string?", ключ: "float64?" } as const;
  const hard = table([...name], { columns, key: "id" });
  const quoted = "`$.Order- select ключ`";
  await w.sql(
    `CREATE TABLE ${quoted} (id INT64 NOT NULL, \`select\` STRING, \`Group\` STRING, constructor STRING, \`ключ\` FLOAT64)`,
  );
  const p = w.etl({ table: hard, pipeline: "Pipe \"line\" 'x' `y` */ \\" });
  const row = (id: number, v: string) => ({ id, select: v, Group: v, constructor: v, ключ: id / 10 });
  const found = async () =>
    (await w.sql(`SELECT id, \`select\`, constructor AS c, \`ключ\` AS k FROM ${quoted} ORDER BY 1`)).map((r) =>
      Object.values(r).join(),
    );
  await p.run({ orders: rows([row(1, "a"), row(2, "b")]) });
  await p.run({ orders: rows([row(2, `c'"\\\`\n*/`)]) });
  expect(await found()).toEqual(["1,a,a,0.1", `2,c'"\\\`\n*/,c'"\\\`\n*/,0.2`]);
  const candidate = await p.clone();
  await candidate.load({ orders: rows([row(3, "d")]) });
  await candidate.swap();
  expect(await found()).toHaveLength(3);
  await p.rollback({ to: 1 });
  expect(await found()).toEqual(["1,a,a,0.1", "2,b,b,0.2"]);
});
