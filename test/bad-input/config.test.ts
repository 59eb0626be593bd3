import { between, type CutoverError, cutover, isCutoverError, maxDrop, notNull, quarantined, rowCount, table } from "cutover";
import { duckdb } from "cutover/duckdb";
import { describe, expect, test } from "vitest";

const good = { warehouse: duckdb(), pipeline: "p", tables: { t: table("t", { columns: { id: "int64" }, key: "id" }) } };
function mistakes(config: unknown): CutoverError<"CONFIG"> {
  try {
    cutover(config as typeof good);
  } catch (e) {
    if (isCutoverError(e, "CONFIG")) return e;
    throw e;
  }
  throw new Error("the configuration was taken");
}
const paths = (config: unknown): string[] =>
  mistakes(config)
    .context.issues.map((i) => i.path)
    .sort();

test("several mistakes are reported at once, by path", () => {
  const config = {
    warehouse: duckdb(),
    pipeline: "",
    keep: 0,
    lease: { ttl: "5 minutes", wait: -1 },
    tables: {
      a: table("", { columns: { id: "int", n: "int64" }, key: "idd", cursor: "m", lookback: "soon", colour: 1 } as never),
      b: { name: "b" },
      c: table("c", { columns: { id: "int64" }, mode: "partition", checks: [maxDrop(-1, { per: "partition" })] } as never),
    },
    loger: console,
  };
  const e = mistakes(config);
  const expected = [
    "",
    "keep",
    "lease.ttl",
    "lease.wait",
    "pipeline",
    "tables.a.columns.id",
    "tables.a.colour",
    "tables.a.cursor",
    "tables.a.key",
    "tables.a.lookback",
    "tables.a.name",
    "tables.b",
    "tables.c.checks[0]",
    "tables.c.partition",
  ];
  expect([...new Set(e.context.issues.map((i) => i.path))].sort()).toEqual(expected.sort());
  for (const { path, message } of e.context.issues) {
    expect(message).not.toBe("");
    expect(e.message).toContain(`${path}: ${message}`);
  }
  expect(e.message).toMatch(new RegExp(`^${e.context.issues.length} mistakes: `));
  expect(e.retryable).toBe(false);
});

test("the good one is taken, and nothing is opened", () => {
  expect(cutover(good).name).toBe("p");
});

describe("one mistake is one issue", () => {
  test.each<[string, unknown, string]>([
    ["no pipeline", { ...good, pipeline: undefined }, "pipeline"],
    ["a pipeline that is no text", { ...good, pipeline: 5 }, "pipeline"],
    ["a pipeline with too long a name", { ...good, pipeline: "p".repeat(201) }, "pipeline"],
    ["keep that is a fraction", { ...good, keep: 1.5 }, "keep"],
    ["keep below 1", { ...good, keep: 0 }, "keep"],
    ["scanEvery below 1", { ...good, scanEvery: 0 }, "scanEvery"],
    ["an empty ledger schema", { ...good, ledgerSchema: "" }, "ledgerSchema"],
    ["observers that are no list", { ...good, observers: {} }, "observers"],
    ["a lease that is no object", { ...good, lease: "5m" }, "lease"],
    ["an unknown option of the lease", { ...good, lease: { time: "5m" } }, "lease"],
    ["a lease shorter than 1s", { ...good, lease: { ttl: 999 } }, "lease.ttl"],
  ])("%s", (_, config, path) => {
    expect(paths(config)).toEqual([path]);
  });
  test.each(["5 m", "m", "1e3s", "5M", "-5m", -1, Number.NaN, Number.POSITIVE_INFINITY, null, {}, "", "5"])(
    "a wrong duration: %s",
    (d) => {
      expect(paths({ ...good, lease: { wait: d } })).toEqual(["lease.wait"]);
      const t = table("t", { columns: { id: "int64" }, key: "id", cursor: "id", lookback: d as never });
      expect(paths({ ...good, tables: { t } })).toEqual(["tables.t.lookback"]);
    },
  );
  test.each([0, 1, "0s", "250ms", "1.5m", "2h", "1d"] as const)("a right duration: %s", (wait) => {
    expect(() => cutover({ ...good, lease: { wait } })).not.toThrow();
  });
  test.each([
    ["undefined", undefined],
    ["text", "warehouse.duckdb"],
    ["null", null],
    ["an object", { contract: 1, name: "duckdb" }],
    ["the factory", duckdb],
  ])("a warehouse that is %s", (_, warehouse) => {
    expect(paths({ ...good, warehouse })).toEqual(["warehouse"]);
  });
  test.each([
    ["undefined", undefined],
    ["null", null],
    ["text", "orders"],
    ["none", {}],
    ["a list of none", []],
  ])("tables that are %s", (_, tables) => {
    expect(paths({ ...good, tables })).toEqual(["tables"]);
  });
  test.each([
    ["undefined", undefined],
    ["null", null],
    ["text", "p"],
  ])("a configuration that is %s", (_, config) => {
    expect(mistakes(config).context.issues.length).toBeGreaterThan(0);
  });
  test("two aliases of one table", () => {
    const again = table("t", { columns: { id: "int64" }, key: "id" });
    expect(paths({ ...good, tables: { ...good.tables, again } })).toEqual(["tables.again"]);
  });
});

describe("a table", () => {
  const columns = { id: "int64", day: "date", n: "int64", s: "string", ok: "bool", j: "json" } as const;
  test.each<[string, Record<string, unknown>, string[]]>([
    ["without a key", { columns }, ["key"]],
    ["with an empty key", { columns, key: [] }, ["key"]],
    ["by partition without one", { columns, mode: "partition" }, ["partition"]],
    ["by key with a partition", { columns, key: "id", partition: "day" }, ["partition"]],
    ["without columns, said so", { columns: {}, key: "id" }, ["columns", "key"]],
    ["with columns that are text", { columns: "id", key: "id" }, ["columns"]],
    ["with a lookback without a cursor", { columns, key: "id", lookback: "1m" }, ["lookback"]],
    ["with a lookback on text", { columns, key: "id", cursor: "s", lookback: 5 }, ["lookback"]],
    ["with a cursor that has no order", { columns, key: "id", cursor: "j" }, ["cursor"]],
    ["with a cursor that has two values", { columns, key: "id", cursor: "ok" }, ["cursor"]],
    ["with an unknown reaction", { columns, key: "id", onUnknownColumn: "take" }, ["onUnknownColumn"]],
    ["with an unknown way with rows that do not fit", { columns, key: "id", onInvalid: "keep" }, ["onInvalid"]],
    [
      "that counts quarantined rows without a quarantine, and by nothing",
      { columns, key: "id", checks: [quarantined({}), quarantined({ ratio: 2 })] },
      ["checks[0]", "checks[1]"],
    ],
    ["with a check that is none", { columns, key: "id", checks: [{}] }, ["checks[0]"]],
    ["with checks that are no list", { columns, key: "id", checks: notNull("id") }, ["checks"]],
    [
      "with a bound that says nothing",
      { columns, key: "id", checks: [rowCount({}), between("n", {})] },
      ["checks[0]", "checks[1]"],
    ],
    ["with a negative ratio", { columns, key: "id", checks: [maxDrop(-0.1)] }, ["checks[0]"]],
    [
      "with a check per partition without one",
      { columns, key: "id", checks: [maxDrop(0.1, { per: "partition" })] },
      ["checks[0]"],
    ],
    [
      "with a severity that does not exist",
      { columns, key: "id", checks: [notNull(["id"], { severity: "fatal" as never })] },
      ["checks[0]"],
    ],
    ["with rowCount upside down", { columns, key: "id", checks: [rowCount({ min: 5, max: 1 })] }, ["checks[0]"]],
    ["with a type that is too precise", { columns: { id: "int64", n: "decimal(39,0)" }, key: "id" }, ["columns.n"]],
  ])("%s", (_, options, expected) => {
    const t = table("t", options as never);
    expect([...new Set(paths({ ...good, tables: { t } }))]).toEqual(expected.map((p) => `tables.t.${p}`).sort());
  });
  test.each([
    ["empty", ""],
    ["an empty tuple", []],
    ["a tuple with an empty part", ["main", ""]],
    ["a number", 5],
    ["empty parts", "main..t"],
    ["a quote that never ends", 'main."t'],
  ])("a name that is %s", (_, name) => {
    const t = table(name as never, { columns, key: "id" });
    expect(paths({ ...good, tables: { t } })).toEqual(["tables.t.name"]);
  });
  test("options that are no object", () => {
    const t = table("t", undefined as never);
    expect(paths({ ...good, tables: { t } })).toEqual(["tables.t.key"]);
  });
});

describe("duckdb()", () => {
  test.each<[Record<string, unknown>, string[]]>([
    [{ path: "" }, ["path"]],
    [{ path: 5 }, ["path"]],
    [{ file: "a" }, ["file"]],
    [{ readOnly: true }, ["readOnly"]],
    [{ path: "a", readOnly: "yes" }, ["readOnly"]],
    [{ instance: {} }, ["instance"]],
    [{ instance: null }, ["instance"]],
    [{ path: "a", config: "x", nothing: 1 }, ["nothing", "config"]],
    [{ maxSessions: 0 }, ["maxSessions"]],
    [{ path: "a", maxSessions: 2.5 }, ["maxSessions"]],
    [{ maxSessions: "4" }, ["maxSessions"]],
  ])("%j", (options, expected) => {
    try {
      duckdb(options as never);
      expect.unreachable();
    } catch (e) {
      if (!isCutoverError(e, "CONFIG")) throw e;
      expect(e.context.issues.map((i) => i.path)).toEqual(expected);
    }
  });
});
