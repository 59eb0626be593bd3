import { afterAll, beforeAll, expect, it } from "vitest";
import { describe, list } from "../../adapters/bigquery/describe.js";
import { type Fingerprint, markLabels, readFingerprint, splitLabels } from "../../adapters/bigquery/fingerprint.js";
import { type BigQueryNative, perform } from "../../adapters/bigquery/natives.js";
import { failure, io, type Place, places } from "./links.js";

const here = places();
let place: Place;
beforeAll(async () => {
  place = await here.open();
});
afterAll(() => here.end());

const path = (name: string): readonly [string, string, string] => ["test-project", "app", name];
const shape = async (name: string, what: "columns" | "whole" = "whole") => {
  const found = await describe(place.link, { path: path(name) }, io(), what);
  if (found === null) throw new Error(`no table ${name}`);
  return found;
};
const print = async (name: string): Promise<Fingerprint> => {
  const found = readFingerprint((await shape(name)).fingerprint);
  if (found === null) throw new Error("no fingerprint");
  return found;
};
const run = (native: BigQueryNative): Promise<void> => perform(place.link, native, io());
const query = (text: string) => place.link.run({ query: { query: text } }, io());
const resource = async (name: string): Promise<Record<string, unknown>> =>
  (await place.link.rest({ method: "GET", path: `/datasets/app/tables/${name}` }, io())) as Record<string, unknown>;

it("tells columns with their native types, their defaults, and what cannot be NULL", async () => {
  const fields = [
    { name: "i", type: "INTEGER", mode: "REQUIRED" },
    { name: "s", type: "STRING", maxLength: "20", defaultValueExpression: "'x'" },
    { name: "d", type: "NUMERIC", precision: "10", scale: "2" },
    { name: "b", type: "BIGNUMERIC" },
    { name: "a", type: "RECORD", mode: "REPEATED", fields: [{ name: "k", type: "INTEGER" }] },
    { name: "g", type: "GEOGRAPHY" },
  ];
  await place.table("typed", { schema: { fields } });
  const { columns } = await shape("typed", "columns");
  expect(columns).toEqual([
    { name: "i", type: "int64", nullable: false, native: "INT64" },
    { name: "s", type: "string", nullable: true, native: "STRING(20)", default: "'x'" },
    { name: "d", type: "decimal(10,2)", nullable: true, native: "NUMERIC(10,2)" },
    { name: "b", type: "string", nullable: true, native: "BIGNUMERIC" },
    { name: "a", type: "string", nullable: false, native: "ARRAY<STRUCT<`k` INT64>>" },
    { name: "g", type: "string", nullable: true, native: "GEOGRAPHY" },
  ]);
});

it("finds no table, and no tables of a dataset that is not there", async () => {
  expect(await describe(place.link, { path: path("nothing") }, io(), "whole")).toBeNull();
  expect(await list(place.link, { path: ["test-project", "nowhere"] }, "", io())).toEqual([]);
});

it("lists the tables of a dataset by the beginning of their names, through all pages", async () => {
  for (const name of ["list_b", "list_a", "List_c", "other"]) await place.table(name);
  const found = await list(place.link, { path: ["test-project", "app"] }, "list_", io());
  expect(found.map((t) => t.path[2]).toSorted()).toEqual(["list_a", "list_b"]);
});

it("asks once for columns, and for a whole table also for its grants and its policies", async () => {
  await place.table("asked");
  const mark = place.sim.counts.mark();
  await shape("asked", "columns");
  expect(place.sim.counts.since(mark).endpoints).toEqual({ "tables.get": 1 });
  const whole = place.sim.counts.mark();
  await shape("asked");
  expect(place.sim.counts.since(whole).endpoints).toEqual({
    "tables.get": 1,
    "tables.getIamPolicy": 1,
    "rowAccessPolicies.list": 1,
  });
});

const day = {
  timePartitioning: { type: "DAY", field: "d" },
  schema: {
    fields: [
      { name: "d", type: "DATE" },
      { name: "n", type: "INTEGER" },
    ],
  },
};
it("tells how a table is cut into partitions, and a condition that holds for all of them where queries must name one", async () => {
  await place.table("daily", { ...day, clustering: { fields: ["n"] } });
  expect(await print("daily")).toMatchObject({
    partitioning: { kind: "time", column: "d", unit: "DAY", type: "DATE", expirationMs: null },
    clustering: ["n"],
    requirePartitionFilter: false,
  });
  expect((await shape("daily")).ref).toEqual({ path: path("daily") });
  const filters: Record<string, object> = {
    "(`d` >= DATE '0001-01-01' OR `d` IS NULL)": day,
    "(`n` >= 0 OR `n` < 0 OR `n` IS NULL)": {
      rangePartitioning: { field: "n", range: { start: "0", end: "100", interval: "10" } },
    },
    "(_PARTITIONTIME >= TIMESTAMP '0001-01-01 00:00:00+00' OR _PARTITIONTIME IS NULL)": { timePartitioning: { type: "DAY" } },
  };
  for (const [i, [filter, more]] of Object.entries(filters).entries()) {
    await place.table(`filtered${i}`, { ...more, requirePartitionFilter: true });
    const { ref } = await shape(`filtered${i}`, "columns");
    expect(ref.filter).toBe(filter);
    const name = ref.path.map((p) => `\`${p}\``).join(".");
    expect(await place.cell(`SELECT COUNT(*) AS n FROM ${name} WHERE ${ref.filter}`)).toBe("0");
  }
});

it("tells another version after each write", async () => {
  await place.table("written");
  const versions = new Set([(await shape("written")).version]);
  for (let i = 0; i < 3; i++) {
    await query(`INSERT INTO app.written (n) VALUES (${i})`);
    versions.add((await shape("written")).version);
  }
  await query("UPDATE app.written SET n = n + 1 WHERE TRUE");
  versions.add((await shape("written")).version);
  expect(versions.size).toBe(5);
});

for (const marker of ["12-0a1b2c3d-4e5f", "Release 7: Ünïcode!", "x-already", "a".repeat(300)]) {
  it(`writes the mark ${marker.slice(0, 20)} beside the labels that are there, and reads it back`, async () => {
    const written = markLabels(marker);
    for (const value of Object.values(written)) expect(value).toMatch(/^[a-z0-9_-]{1,63}$/);
    expect(splitLabels({ team: "data", ...written })).toEqual({ own: { team: "data" }, marker });
  });
}

it("marks a table, once more over an earlier and longer mark, and leaves its labels", async () => {
  await place.table("marked", { labels: { team: "data" } });
  for (const marker of ["A".repeat(200), "7-x"]) {
    await run({ call: "mark", table: path("marked"), marker });
    expect((await shape("marked")).marker).toBe(marker);
  }
  expect((await print("marked")).labels).toEqual({ team: "data" });
});

for (const [what, sql, hint] of [
  ["a view", "CREATE VIEW app.refused_0 AS SELECT 1 AS a", /reads/],
  ["a snapshot", "CREATE SNAPSHOT TABLE app.refused_1 CLONE app.base", /CLONE/],
] as const) {
  it(`refuses ${what}, and says what to do`, async () => {
    await query("CREATE TABLE IF NOT EXISTS app.base (n INT64)");
    await query(sql);
    const name = /refused_\d/.exec(sql)?.[0] ?? "";
    const found = await failure(shape(name, "columns"));
    expect(found).toMatchObject({ kind: "unsupported", outcome: "not-applied", hint: expect.stringMatching(hint) });
    expect(found.message).toContain(what);
  });
}

it("clones while the chain of clones allows it, then copies", async () => {
  await query("CREATE TABLE app.chain0 AS SELECT 1 AS n");
  const step = (from: string, to: string) => run({ call: "copy", from: path(from), to: path(to), keep: false, once: null });
  const isClone = async (name: string) => (await resource(name))["cloneDefinition"] !== undefined;
  for (let i = 1; i <= 5; i++) {
    await step(`chain${i - 1}`, `chain${i}`);
    expect(await isClone(`chain${i}`)).toBe(i !== 4);
  }
  expect((await resource("chain5"))["numRows"]).toBe("1");
  // Of a base that is gone nobody knows how long its chain was.
  await query("DROP TABLE app.chain1");
  await step("chain2", "loose");
  expect(await isClone("loose")).toBe(false);
});

it("names what a swap would take off", async () => {
  await query("CREATE TABLE app.guarded (n INT64)");
  expect((await print("guarded")).fixed).toEqual([]);
  await query("CREATE ROW ACCESS POLICY mine ON app.guarded GRANT TO ('user:a@example.com') FILTER USING (n > 1)");
  expect((await print("guarded")).fixed).toEqual(["the row access policy mine"]);
});

const decorated = {
  description: "what it's for",
  friendlyName: "Shop",
  labels: { team: "data" },
  schema: { fields: [{ name: "n", type: "INTEGER", description: "a number" }] },
  tableConstraints: { primaryKey: { columns: ["n"] } },
};
const worn = { description: "what it's for", friendlyName: "Shop", labels: { team: "data" }, primaryKey: ["n"] };

it("exchanges live for a candidate, with all that people put on live, and may be stopped and begun again at each step", async () => {
  await place.table("live", decorated);
  await query("INSERT INTO app.live (n) VALUES (1)");
  const before = await shape("live");
  const like = await print("live");
  const clone = { call: "copy", from: path("live"), to: path("next"), keep: false, once: null } as const;
  await run(clone);
  expect(await failure(run(clone))).toMatchObject({ kind: "unsupported", outcome: "not-applied" });
  await run({ call: "dress", table: path("next"), like, marker: null });
  await query("INSERT INTO app.next (n) VALUES (2)");
  await run({ call: "mark", table: path("next"), marker: "7-m" });
  expect(await print("next")).toMatchObject(worn);
  const steps: readonly BigQueryNative[] = [
    { call: "copy", from: path("live"), to: path("kept"), keep: true, once: "7-m" },
    { call: "overwrite", from: path("next"), to: path("live"), marker: "7-m", version: before.version },
    { call: "dress", table: path("live"), like, marker: "7-m" },
    { call: "drop", table: path("next") },
  ];
  for (const upTo of [1, 2, 3, 4]) for (const step of steps.slice(0, upTo)) await run(step);
  expect(await shape("live")).toMatchObject({ marker: "7-m", columns: before.columns });
  expect(await print("live")).toMatchObject({ ...worn, fields: like.fields });
  expect(await place.cell("SELECT COUNT(*) AS n FROM app.live")).toBe("2");
  expect(await place.cell("SELECT COUNT(*) AS n FROM app.kept")).toBe("1");
  expect(await describe(place.link, { path: path("next") }, io(), "columns")).toBeNull();
  expect(place.sim.counts.log.filter((j) => j.id.startsWith("cutover_swap_"))).toHaveLength(1);
});

it("does not overwrite what others have written to", async () => {
  await place.table("held");
  await place.table("newer");
  const { version } = await shape("held");
  await query("INSERT INTO app.held (n) VALUES (1)");
  const over = { call: "overwrite", from: path("newer"), to: path("held"), marker: "8-m", version } as const;
  expect(await failure(run(over))).toMatchObject({ kind: "unsupported", outcome: "not-applied" });
  expect(await place.cell("SELECT COUNT(*) AS n FROM app.held")).toBe("1");
});

it("does not say that nothing was changed where what stands in live's place cannot be dressed", async () => {
  await place.table("bare");
  const like = { ...(await print("bare")), description: "new" };
  place.sim.faults.add({ endpoint: "tables.patch", table: "app.bare" }, { status: 403, reason: "accessDenied" });
  const found = await failure(run({ call: "dress", table: path("bare"), like, marker: "9-m" }));
  expect(found).toMatchObject({ kind: "denied", outcome: "unknown" });
});

it("changes a table's properties on what others have just made of them", async () => {
  await place.table("shared", { labels: { a: "1" } });
  place.sim.faults.add({ endpoint: "tables.patch", table: "app.shared" }, { status: 412, reason: "conditionNotMet" }, 2);
  await run({ call: "mark", table: path("shared"), marker: "3-m" });
  expect((await shape("shared")).marker).toBe("3-m");
});

it("makes tables and datasets once, and drops what is there", async () => {
  const columns = [{ name: "n", type: "int64", nullable: false, native: "INT64", default: "1" }] as const;
  const create = { call: "create", table: path("made"), columns, ifNotExists: false, like: null } as const;
  await run(create);
  expect((await shape("made")).columns).toEqual(columns);
  expect(await failure(run(create))).toMatchObject({ kind: "unsupported" });
  await run({ ...create, ifNotExists: true });
  for (let i = 0; i < 2; i++) await run({ call: "drop", table: path("made") });
  expect(await describe(place.link, { path: path("made") }, io(), "columns")).toBeNull();
  for (let i = 0; i < 2; i++) await run({ call: "createSchema", path: ["test-project", "ledger"], ifNotExists: true });
  expect(await list(place.link, { path: ["test-project", "ledger"] }, "", io())).toEqual([]);
});

it("makes an empty table of the same kind", async () => {
  await place.table("model", { ...day, clustering: { fields: ["n"] }, labels: { team: "data" }, requirePartitionFilter: true });
  const { columns } = await shape("model");
  const like = await print("model");
  await run({ call: "create", table: path("twin"), columns, ifNotExists: false, like });
  expect(await print("twin")).toEqual(like);
});

it("renames a table, once, and never over another", async () => {
  await place.table("old");
  const rename = { call: "rename", from: path("old"), to: path("new") } as const;
  for (let i = 0; i < 2; i++) await run(rename);
  expect((await resource("new"))["tableReference"]).toMatchObject({ tableId: "new" });
  await place.table("old");
  await run({ call: "mark", table: path("old"), marker: "1-m" });
  expect(await failure(run(rename))).toMatchObject({ kind: "unsupported" });
  expect(await describe(place.link, { path: path("old") }, io(), "columns")).not.toBeNull();
});

it("drops a candidate in place of renaming it to what its own swap has kept", async () => {
  for (const name of ["cand", "was"]) await place.table(name);
  await run({ call: "mark", table: path("cand"), marker: "2-m" });
  await run({ call: "copy", from: path("was"), to: path("aside"), keep: true, once: "2-m" });
  await run({ call: "rename", from: path("cand"), to: path("aside") });
  expect(await describe(place.link, { path: path("cand") }, io(), "columns")).toBeNull();
});
