import { rows, table } from "cutover";
import { describe, expect, test } from "vitest";
import { failure, order, refused, type World, world } from "./support.js";

const feed = { orders: rows([order(9)]) };
const paths = (e: { readonly context: { readonly issues: readonly { readonly path: string }[] } }) =>
  e.context.issues.map((i) => i.path);
const run = (w: World, o: object) => w.etl.run(feed, o as never);

describe("a window", () => {
  test.each([
    ["without an end", { from: "2024-01-01T00:00:00Z" }, "window.until"],
    ["that is none", "today", "window"],
    ["that is null", null, "window"],
    ["with a word of its own", { until: "2024-01-01T00:00:00Z", to: 1 }, "window"],
    ["of another type", { until: 5 }, "window.until"],
    ["of NULL", { until: null }, "window.until"],
    ["of an invalid date", { until: new Date("never") }, "window.until"],
    ["of a moment without a zone", { until: "2024-01-01T00:00:00" }, "window.until"],
    ["from another type", { from: 5n, until: "2024-01-01T00:00:00Z" }, "window.from"],
    ["the wrong way round", { from: "2024-01-02T00:00:00Z", until: "2024-01-01T00:00:00Z" }, "window.from"],
    ["of no length", { from: "2024-01-02T00:00:00Z", until: "2024-01-02T00:00:00Z" }, "window.from"],
    ["that ends before the watermark and begins nowhere", { until: "2023-01-01T00:00:00Z" }, "window.until"],
    ["with a gap allowed by a word", { until: "2024-01-02T00:00:00Z", allowGap: "yes" }, "window.allowGap"],
  ])("%s is a mistake of its path", async (_, window, path) => {
    const w = await world();
    const e = await refused(w, () => run(w, { window }), "CONFIG");
    expect(paths(e)).toContain(path);
  });
  test.each([Number.NaN, Number.POSITIVE_INFINITY, 1.5])("of a cursor of whole numbers, that is %s", async (until) => {
    const t = table("n", { columns: { id: "int64", seq: "int64" }, key: "id", cursor: "seq" });
    const w = await world();
    const etl = w.pipeline({ pipeline: "n", tables: { t } });
    const e = await failure(() => etl.run({ t: rows([{ id: 1, seq: 1 }]) }, { window: { until } }), "CONFIG");
    expect(paths(e)).toEqual(["window.until"]);
    expect(e.message).toContain("t has a cursor of type int64");
  });
  test("for tables without a cursor", async () => {
    const t = table("n", { columns: { id: "int64" }, key: "id" });
    const w = await world();
    const etl = w.pipeline({ pipeline: "n", tables: { t } });
    const e = await failure(() => etl.run({ t: rows([]) }, { window: { until: 1 } }), "CONFIG");
    expect(paths(e)).toEqual(["window"]);
  });
  test("that leaves a gap tells the watermark and where it begins", async () => {
    const w = await world();
    const from = "2025-01-01T00:00:00Z";
    const e = await refused(w, () => run(w, { window: { from, until: "2025-01-02T00:00:00Z" } }), "GAP");
    expect(e.context).toMatchObject({ from, table: "orders", pipeline: "p" });
    expect(e.message).toContain("allowGap");
  });
  test("of a load by steps is refused before the release is touched", async () => {
    const w = await world();
    await using release = await w.etl.begin();
    const e = await failure(() => release.load(feed, { window: { until: 5 } }), "CONFIG");
    expect(paths(e)).toEqual(["window.until"]);
    await release.load(feed, { window: { from: "2024-01-01T00:00:00Z", until: "2024-01-02T00:00:00Z" } });
    const apart = await failure(
      () =>
        release.load(feed, {
          window: { from: "2024-01-01T00:00:00Z", until: "2024-01-02T00:00:00Z" },
          partitions: { orders: [1] },
        }),
      "CONFIG",
    );
    expect(paths(apart)).toEqual(["partitions.orders"]);
  });
});

describe("windows of one release", () => {
  const t = table("e", { columns: { seq: "int64" }, mode: "append", cursor: "seq" });
  const load = (seq: number) => ({ t: rows([{ seq }]) });
  test("may not overlap where rows are appended, nor leave a gap", async () => {
    const w = await world();
    const etl = w.pipeline({ pipeline: "e", tables: { t } });
    await using release = await etl.begin();
    await release.load(load(1), { window: { from: 0, until: 10 } });
    const twice = await failure(() => release.load(load(1), { window: { from: 0, until: 10 } }), "CONFIG");
    expect(twice.message).toMatch(/overlap/);
    const apart = await failure(() => release.load(load(12), { window: { from: 12, until: 20, allowGap: true } }), "CONFIG");
    expect(apart.message).toMatch(/without a gap/);
    expect((await release.publish()).tables["t"]?.rows).toBe(1);
  });
});

describe("partitions by name", () => {
  const parts = table("parts", { columns: { day: "date", n: "int64" }, mode: "partition", partition: "day", cursor: "day" });
  test.each([
    ["of no table", { none: ["2024-01-01"] }, {}, "partitions.none"],
    ["of a table of another mode", { orders: [1] }, {}, "partitions.orders"],
    ["of another type", { parts: [5] }, {}, "partitions.parts[0]"],
    ["NULL", { parts: ["2024-01-01", null] }, {}, "partitions.parts[1]"],
    ["none at all", { parts: [] }, {}, "partitions.parts"],
    ["beside a window", { parts: ["2024-01-01"] }, { window: { until: "2024-01-02" } }, "partitions.parts"],
  ])("%s", async (_, partitions, more, path) => {
    const w = await world();
    const etl = w.pipeline({
      pipeline: "parts",
      tables: { parts, orders: table("other", { columns: { id: "int64" }, key: "id" }) },
    });
    const e = await failure(
      () => etl.run({ parts: rows([{ day: "2024-01-01", n: 1 }]) }, { partitions, ...more } as never),
      "CONFIG",
    );
    expect(paths(e)).toEqual([path]);
    expect((await etl.status()).live).toBe(null);
  });
  test("that the feed has no source for", async () => {
    const w = await world();
    const etl = w.pipeline({ pipeline: "parts", tables: { parts } });
    const e = await failure(() => etl.run({}, { partitions: { parts: ["2024-01-01"] } }), "CONFIG");
    expect(paths(e)).toEqual(["partitions.parts"]);
  });
});

describe("setWatermark", () => {
  test.each([
    ["of another type", "orders", 5, "CONFIG"],
    ["undefined", "orders", undefined, "CONFIG"],
    ["of an invalid date", "orders", new Date("never"), "CONFIG"],
    ["of a table that is not there", "none", null, "NOT_FOUND"],
  ] as const)("%s", async (_, alias, to, code) => {
    const w = await world();
    await refused(w, () => w.etl.setWatermark(alias as never, to as never), code);
  });
  test("of a table without a cursor", async () => {
    const w = await world();
    const t = table("n", { columns: { id: "int64" }, key: "id" });
    const etl = w.pipeline({ pipeline: "n", tables: { t } });
    for (const to of [1, null]) await failure(() => etl.setWatermark("t" as never, to as never), "CONFIG");
  });
});

describe("a table", () => {
  const wrong = (options: object): string[] => {
    const made = table("t", { columns: { id: "int64", gone: "bool", note: "json" }, ...options } as never) as unknown as {
      readonly "~issues": readonly { readonly path: string }[];
    };
    return made["~issues"].map((i) => i.path);
  };
  test.each([
    ["append with neither a key nor a cursor", { mode: "append" }, "cursor"],
    ["a release column without append", { key: "id", releaseColumn: "r" }, "releaseColumn"],
    ["a release column that is declared", { mode: "append", key: "id", releaseColumn: "GONE" }, "releaseColumn"],
    ["a release column that is no name", { mode: "append", key: "id", releaseColumn: 5 }, "releaseColumn"],
    ["replace with a cursor", { mode: "replace", cursor: "id" }, "cursor"],
    ["replace with a partition", { mode: "replace", partition: "id" }, "partition"],
    ["allowEmpty without replace", { key: "id", allowEmpty: true }, "allowEmpty"],
    ["allowEmpty by a word", { mode: "replace", allowEmpty: "yes" }, "allowEmpty"],
    ["deletes by nothing", { key: "id", deleteWhen: {} }, "deleteWhen"],
    ["deletes by an unknown column", { key: "id", deleteWhen: { column: "x", equals: true } }, "deleteWhen.column"],
    ["deletes by the key", { key: "id", deleteWhen: { column: "id", equals: 1 } }, "deleteWhen.column"],
    ["deletes by a value of another type", { key: "id", deleteWhen: { column: "gone", equals: "yes" } }, "deleteWhen.equals"],
    ["deletes by NULL where none is", { key: "id", deleteWhen: { column: "gone", equals: null } }, "deleteWhen.equals"],
    ["deletes by JSON", { key: "id", deleteWhen: { column: "note", equals: "{}" } }, "deleteWhen.equals"],
  ])("%s", (_, options, path) => {
    expect(wrong(options)).toEqual([path]);
  });
  test("deletes by a value that live's column cannot have", async () => {
    const w = await world();
    await w.sql("CREATE TABLE bare (id BIGINT, gone BOOLEAN)");
    const etl = w.pipeline({
      pipeline: "bare",
      tables: { t: table("bare", { key: "id", deleteWhen: { column: "gone", equals: "x" } } as never) },
    });
    const e = await failure(() => etl.run({ t: rows([{ id: 1, gone: true }]) } as never), "CONFIG");
    expect(paths(e)).toEqual(["tables.t.deleteWhen.equals"]);
  });
  test("a release column that live has in another type", async () => {
    const w = await world();
    await w.sql("CREATE TABLE taken (id BIGINT, cutover_release VARCHAR)");
    const etl = w.pipeline({
      pipeline: "taken",
      tables: { t: table("taken", { columns: { id: "int64" }, mode: "append", key: "id" }) },
    });
    const e = await failure(() => etl.run({ t: rows([{ id: 1 }]) }), "CONFIG");
    expect(paths(e)).toEqual(["tables.t.releaseColumn"]);
  });
});
