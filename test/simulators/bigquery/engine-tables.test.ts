import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "./engine-world.js";

let w: World;
beforeAll(async () => {
  w = await openWorld();
});
afterAll(() => w.engine.close());
const by = { user: "u" };
const dataset = { projectId: "p", datasetId: "d" };
const named = (tableId: string) => ({ ...dataset, tableId });
const get = (tableId: string) => w.engine.tables.get(named(tableId), null, by);
const fields = [
  { name: "id", type: "INT64", mode: "REQUIRED" },
  { name: "v", type: "STRING", description: "a text", policyTags: { names: ["tag"] } },
];

describe("tables of the API", () => {
  it("are made once, of a schema with legacy or new names of types", async () => {
    const made = await w.engine.tables.insert(
      dataset,
      { tableReference: named("made"), schema: { fields }, labels: { a: "b" } },
      by,
    );
    expect(made).toMatchObject({
      id: "p:d.made",
      schema: {
        fields: [
          { type: "INTEGER", mode: "REQUIRED" },
          { type: "STRING", description: "a text", policyTags: { names: ["tag"] } },
        ],
      },
    });
    await expect(
      w.engine.tables.insert(dataset, { tableReference: named("made"), schema: { fields } }, by),
    ).rejects.toMatchObject({
      reason: "duplicate",
      status: 409,
    });
  });

  it("have an etag that changes with each change, of rows too; If-Match is held against it", async () => {
    const first = get("made")["etag"];
    await w.run("INSERT made (id) VALUES (1)");
    const second = get("made");
    expect(second["etag"]).not.toBe(first);
    expect(second["numRows"]).toBe("1");
    await expect(w.engine.tables.patch(named("made"), { description: "x" }, String(first), by)).rejects.toMatchObject({
      reason: "conditionNotMet",
      status: 412,
    });
    expect(await w.engine.tables.patch(named("made"), { description: "x" }, String(second["etag"]), by)).toMatchObject({
      description: "x",
    });
  });

  it("patch merges labels, and null takes away", async () => {
    expect(await w.engine.tables.patch(named("made"), { labels: { c: "d", a: null } }, null, by)).toMatchObject({
      labels: { c: "d" },
    });
    expect(await w.engine.tables.patch(named("made"), { description: null }, null, by)).not.toHaveProperty("description");
    await expect(w.engine.tables.patch(named("made"), { labels: { Big: "x" } }, null, by)).rejects.toThrow("Invalid label key");
  });

  it("update takes away what it does not tell", async () => {
    const told = await w.engine.tables.update(named("made"), { schema: { fields }, friendlyName: "f" }, null, by);
    expect(told).toMatchObject({ friendlyName: "f" });
    expect(told).not.toHaveProperty("labels");
  });

  it("gain columns and lose REQUIRED by a schema, nothing else", async () => {
    const more = [{ name: "id", type: "INTEGER" }, fields[1], { name: "extra", type: "FLOAT" }];
    const told = await w.engine.tables.patch(named("made"), { schema: { fields: more as never } }, null, by);
    expect(told).toMatchObject({ schema: { fields: [{ mode: "NULLABLE" }, { name: "v" }, { name: "extra", type: "FLOAT" }] } });
    expect(await w.rows("SELECT id, extra FROM made")).toEqual([["1", null]]);
    await expect(w.engine.tables.patch(named("made"), { schema: { fields: [fields[1]] as never } }, null, by)).rejects.toThrow(
      "Field id is missing in new schema",
    );
    await expect(
      w.engine.tables.patch(
        named("made"),
        { schema: { fields: [{ name: "id", type: "STRING" }, fields[1], more[2]] as never } },
        null,
        by,
      ),
    ).rejects.toThrow("Field id has changed type from INTEGER to STRING");
  });

  it("keep their partitioning", async () => {
    await w.engine.tables.insert(
      dataset,
      {
        tableReference: named("parted"),
        schema: { fields: [{ name: "at", type: "TIMESTAMP" }] },
        timePartitioning: { type: "HOUR", field: "at" },
      },
      by,
    );
    await expect(
      w.engine.tables.patch(named("parted"), { timePartitioning: { type: "DAY", field: "at" } }, null, by),
    ).rejects.toThrow("Cannot change partitioning");
    expect(await w.engine.tables.patch(named("parted"), { requirePartitionFilter: true }, null, by)).toMatchObject({
      requirePartitionFilter: true,
    });
  });

  it("external ones and views are declared", async () => {
    const outside = { sourceFormat: "CSV", sourceUris: ["gs://b/o"], autodetect: true };
    await w.engine.tables.insert(dataset, { tableReference: named("outside"), externalDataConfiguration: outside }, by);
    expect(get("outside")).toMatchObject({ type: "EXTERNAL", externalDataConfiguration: outside });
    expect((await w.refusal("INSERT outside (a) VALUES (1)")).message).toContain("it is currently a EXTERNAL");
  });

  it("come in pages, by name", () => {
    const first = w.engine.tables.list(dataset, { maxResults: 2 }, by);
    expect([first.items.length, first.total, typeof first.nextPageToken]).toEqual([2, 3, "string"]);
    const rest = w.engine.tables.list(dataset, { maxResults: 2, pageToken: String(first.nextPageToken) }, by);
    expect([...first.items, ...rest.items].map((t) => t["id"])).toEqual(["p:d.made", "p:d.outside", "p:d.parted"]);
    expect(rest.nextPageToken).toBeNull();
  });

  it("are gone when they are deleted", () => {
    w.engine.tables.delete(named("made"), by);
    expect(() => get("made")).toThrow("Not found: Table p:d.made");
    expect(() => w.engine.tables.delete(named("made"), by)).toThrow("Not found: Table p:d.made");
  });
});

describe("datasets of the API", () => {
  it("are made, changed and deleted when empty", () => {
    const name = { projectId: "p", datasetId: "fresh" };
    w.engine.datasets.insert("p", { datasetReference: name, location: "US", defaultTableExpirationMs: "3600000" }, by);
    expect(() => w.engine.datasets.insert("p", { datasetReference: name }, by)).toThrow("Already Exists: Dataset p:fresh");
    expect(w.engine.datasets.patch(name, { description: "x", labels: { a: "b" } }, null, by)).toMatchObject({
      description: "x",
      location: "US",
    });
    expect(w.engine.datasets.list("p", {}, by).items.map((d) => d["id"])).toEqual(["p:d", "p:fresh"]);
    expect(() => w.engine.datasets.delete({ projectId: "p", datasetId: "d" }, false, by)).toThrow("still in use");
    w.engine.datasets.delete(name, false, by);
    expect(() => w.engine.datasets.get(name, by)).toThrow("Not found: Dataset p:fresh");
  });
});
