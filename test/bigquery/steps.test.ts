import {
  type ColumnType,
  ident,
  inline,
  isCutoverError,
  type Op,
  type Step,
  type StepKind,
  type TableShape,
} from "cutover/adapter";
import { describe, expect, it } from "vitest";
import type { Fingerprint, Partitioning } from "../../adapters/bigquery/fingerprint.js";
import type { BigQueryNative } from "../../adapters/bigquery/natives.js";
import { blockScript } from "../../adapters/bigquery/script.js";
import { steps } from "../../adapters/bigquery/steps/index.js";
import { dressing } from "../../adapters/bigquery/steps/swap.js";
import { syntax } from "../../adapters/bigquery/syntax.js";

const ref = (name: string) => ({ path: ["p", "ds", name] });
const column = (name: string, type: ColumnType, native = syntax.type(type)) => ({ name, type, native, nullable: name !== "id" });
const columns = [
  column("id", "int64"),
  column("we`ird", "string"),
  column("amount", "float64"),
  column("at", "timestamp"),
  column("day", "date"),
  column("local", "datetime"),
  column("n", "int64"),
  column("doc", "json"),
  column("tags", "string", "ARRAY<STRING>"),
  column("place", "string", "GEOGRAPHY"),
];
const plain: Fingerprint = {
  partitioning: null,
  requirePartitionFilter: false,
  clustering: [],
  description: "what it is for",
  friendlyName: null,
  labels: { team: "sales" },
  expires: null,
  fields: [
    { name: "id", type: "INTEGER", mode: "REQUIRED", description: "who" },
    { name: "note", type: "STRING" },
  ],
  primaryKey: ["id"],
  foreignKeys: [],
  iam: null,
  fixed: [],
};
const shape = (name: string, more: Partial<Fingerprint> = {}): TableShape => ({
  ref: ref(name),
  columns,
  marker: null,
  version: "1",
  fingerprint: { ...plain, ...more },
});
const compile = (step: Step): readonly Op<BigQueryNative>[] =>
  (steps[step.kind as StepKind as keyof typeof steps] as (s: Step) => readonly Op<BigQueryNative>[])(step);
/** Steps as the script of a block. */
function script(...given: readonly (readonly [id: string, step: Step])[]): string {
  const ops = given.flatMap(([id, step]) =>
    compile(step).map((op, i, all) => {
      if ("native" in op) throw new Error("no SQL");
      return {
        id: i === all.findLastIndex((o) => !("native" in o) && o.returns !== undefined) ? id : `${id}.${i}`,
        step: step.kind,
        op,
      };
    }),
  );
  return `${blockScript({ id: "b", end: "commit", timeoutMs: 1, ops }).text}\n`;
}

const time = (column_: string | null, type: "DATE" | "TIMESTAMP" | "DATETIME", unit: "HOUR" | "DAY" | "MONTH"): Partitioning => ({
  kind: "time",
  column: column_,
  unit,
  type,
  expirationMs: null,
});
const images = { changes: ref("changes"), release: 3 };
const upsert = (live: TableShape, key: readonly string[] = ["id"]): Step<"capture"> => ({
  kind: "capture",
  live,
  delta: ref("delta"),
  given: columns.map((c) => c.name),
  rows: 5,
  ...images,
  scope: { keys: key },
  key,
  cursor: null,
  deletes: null,
  prune: null,
});
const tallied = { sameAs: "tally", column: "before_rows" };
const exchange = (live: TableShape, more: Partial<Step<"exchange">> = {}): Step<"exchange"> => ({
  kind: "exchange",
  live,
  ...images,
  key: ["id"],
  remove: "before",
  removes: tallied,
  inserts: { ...tallied, column: "after_rows" },
  rows: 9,
  captured: true,
  prune: null,
  ...more,
});
const tally = (live: TableShape, key: readonly string[] = ["id"]): Step<"tally"> => ({
  kind: "tally",
  ...images,
  columns,
  stale: { live, delta: ref("delta"), key, cursor: "at", prune: null },
  count: null,
  moved: null,
});
const release = (live: TableShape, key = ["id"]): string =>
  script(["capture", upsert(live, key)], ["tally", tally(live, key)], ["exchange", exchange(live, { key })]);
const whole = (live: TableShape, scope: Step<"capture">["scope"], key: readonly string[] = []): string =>
  script(
    ["capture", { ...upsert(live, key), scope }],
    ["tally", { ...tally(live), stale: null }],
    ["exchange", exchange(live, { key })],
  );
const byDay = { partitioning: time("day", "DATE", "DAY") };

describe("scripts that read the partitions they need", () => {
  it.each([
    ["by-day", () => release(shape("live", { ...byDay, requirePartitionFilter: true }))],
    ["by-day-in-key", () => release(shape("live", byDay), ["id", "day"])],
    ["by-hour", () => release(shape("live", { partitioning: time("at", "TIMESTAMP", "HOUR") }))],
    ["by-month", () => release(shape("live", { partitioning: time("day", "DATE", "MONTH") }))],
    ["by-local-month", () => release(shape("live", { partitioning: time("local", "DATETIME", "MONTH") }))],
    [
      "by-range",
      () => release(shape("live", { partitioning: { kind: "range", column: "n", start: "0", end: "100", interval: "10" } })),
    ],
    ["by-ingestion", () => release(shape("live", { partitioning: time(null, "TIMESTAMP", "DAY") }))],
    ["overwrite", () => whole(shape("live", byDay), { partition: "day", type: "date", values: [1, 2] })],
    ["overwrite-from", () => whole(shape("live", byDay), { partition: "day", type: "date", from: ref("delta") }, ["id"])],
    [
      "overwrite-other",
      () =>
        whole(shape("live", { partitioning: time("at", "TIMESTAMP", "DAY"), requirePartitionFilter: true }), {
          partition: "day",
          type: "date",
          values: [1],
        }),
    ],
    ["unpartitioned", () => release(shape("live"))],
    [
      "rollback",
      () =>
        script(
          [
            "keyed",
            exchange(shape("live", { ...byDay, requirePartitionFilter: true }), {
              captured: false,
              remove: "after",
              removes: 2,
              inserts: 1,
            }),
          ],
          ["keyless", exchange(shape("live", byDay), { captured: false, remove: "after", removes: 2, inserts: 1, key: [] })],
          ["empty", { kind: "empty", live: shape("live", { ...byDay, requirePartitionFilter: true }), rows: 7 }],
          [
            "difference",
            {
              kind: "difference",
              parts: [
                { table: ref("live"), sign: 1 },
                { ...images, sign: -1 },
              ],
              columns,
              key: ["id"],
            },
          ],
          ["scan", { kind: "scan", on: ref("live"), columns, expected: { rows: 7, sum: "9" } }],
        ),
    ],
    [
      "delta",
      () =>
        script(
          ["fold", { kind: "fold", from: ref("delta"), to: ref("live"), key: ["id"], cursor: "at", columns }],
          ["once", { kind: "fold", from: ref("delta"), to: ref("live"), key: ["id", "day"], cursor: null, columns }],
          ["fill", { kind: "fill", live: shape("live"), delta: ref("delta"), given: ["id", "at"], deletes: null, inserts: 5 }],
          [
            "why",
            {
              kind: "offenders",
              on: ident(ref("live").path),
              observe: { of: "nulls", column: "doc" },
              columns,
              limit: 3,
            },
          ],
        ),
    ],
  ])("%s", async (name, text) => {
    await expect(text()).toMatchFileSnapshot(`golden/${name}.sql`);
  });
  it("reads all rows of no partition in vain: keys that name the partition find none without one", () => {
    expect(release(shape("live", byDay))).toContain("OR `l`.`day` IS NULL");
    expect(release(shape("live", byDay), ["id", "day"])).not.toContain("`l`.`day` IS NULL");
  });
  it("notes the partitions once for a release", () => {
    expect(release(shape("live", byDay)).match(/^SET _cutover_parts/gm)).toHaveLength(1);
  });
  it("takes one statement for each step of a release in place", () => {
    for (const step of [upsert(shape("live")), tally(shape("live")), exchange(shape("live"))])
      expect(compile(step)).toHaveLength(1);
  });
  it("overwrites no partition of the time of ingestion", () => {
    const live = shape("live", { partitioning: time(null, "TIMESTAMP", "DAY") });
    const thrown = thrownBy(() => whole(live, { partition: "_PARTITIONTIME", type: "timestamp", values: [0n] }));
    expect(isCutoverError(thrown, "UNSUPPORTED") && thrown.context).toMatchObject({
      capability: "_PARTITIONTIME",
      table: "p.ds.live",
    });
  });
});

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (e) {
    return e;
  }
  throw new Error("nothing was thrown");
}
const calls = (step: Step): readonly unknown[] =>
  compile(step).map((op) => ("native" in op ? { ...op.native, like: undefined } : inline(op.sql, syntax)));
const kinds = (step: Step): readonly string[] => compile(step).map((op) => ("native" in op ? op.native.call : "sql"));
const swap = (live: TableShape | null, candidate = shape("candidate")): Step<"swap"> => ({
  kind: "swap",
  live,
  candidate,
  at: ref("live"),
  keepAs: ref("kept"),
  marker: "9-marker",
});
const clone = (from: TableShape, empty = false): Step<"clone"> => ({ kind: "clone", from, to: ref("copy"), depth: 0, empty });
const restore = (live: TableShape, before: string): Step<"restore"> => ({ kind: "restore", live, to: ref("past"), before });

describe("calls that are no SQL", () => {
  it("make and drop tables without a job", () => {
    expect(calls({ kind: "create", ref: ref("new"), columns: [], ifNotExists: true, scratch: true })).toMatchObject([
      { call: "create", table: ["p", "ds", "new"], ifNotExists: true },
    ]);
    expect(calls({ kind: "drop", ref: ref("old") })).toMatchObject([{ call: "drop", table: ["p", "ds", "old"] }]);
    expect(calls({ kind: "createSchema", ref: { path: ["p", "new"] }, ifNotExists: true })).toMatchObject([
      { call: "createSchema", path: ["p", "new"] },
    ]);
    expect(() => calls({ kind: "drop", ref: { path: ["ds", "old"] } })).toThrow("no full name of a table");
    expect(() => calls({ kind: "createSchema", ref: { path: ["new"] }, ifNotExists: true })).toThrow("no full name of a dataset");
  });
  it("clone, and dress the clone", () => {
    expect(calls(clone(shape("live")))).toMatchObject([
      { call: "copy", keep: false, once: null },
      { call: "dress", marker: null },
    ]);
    expect(kinds(clone(shape("live"), true))).toEqual(["create"]);
  });
  it("keep live aside, overwrite it by a job that can exist once, dress it, and drop the candidate last", () => {
    expect(calls(swap(shape("live")))).toMatchObject([
      { call: "mark", table: ["p", "ds", "candidate"], marker: "9-marker" },
      { call: "copy", from: ["p", "ds", "live"], to: ["p", "ds", "kept"], keep: true, once: "9-marker" },
      { call: "dress", table: ["p", "ds", "kept"], marker: null },
      { call: "overwrite", from: ["p", "ds", "candidate"], to: ["p", "ds", "live"], marker: "9-marker", version: "1" },
      { call: "dress", table: ["p", "ds", "live"], marker: "9-marker" },
      { call: "drop", table: ["p", "ds", "candidate"] },
    ]);
    expect(calls(swap(null))).toMatchObject([{ call: "rename", from: ["p", "ds", "candidate"], to: ["p", "ds", "live"] }]);
  });
  it("give live what people gave the candidate, else what they gave live", () => {
    const live = { ...plain, expires: "5", labels: { team: "sales", old: "1" } };
    const fields = [
      { name: "ID", type: "INTEGER" },
      { name: "note", type: "STRING", description: "new" },
    ];
    const next = { ...plain, description: null, labels: { team: "ops" }, primaryKey: [], fields };
    expect(dressing(live, next)).toMatchObject({
      description: "what it is for",
      labels: { team: "ops", old: "1" },
      expires: "5",
      primaryKey: ["id"],
      fields: [
        { name: "ID", description: "who" },
        { name: "note", description: "new" },
      ],
    });
    expect(dressing(live, { ...next, fields: fields.slice(1) }).primaryKey).toEqual([]);
  });
  it("go back in time", () => {
    expect(calls(restore(shape("live"), "1700000000000001"))).toMatchObject([
      { call: "restore", micros: "1700000000000001" },
      { call: "dress", marker: null },
    ]);
    expect(() => compile(restore(shape("live"), "x; DROP"))).toThrow("no instant");
  });
  it("mark and rename by names that may be repeated", () => {
    expect(calls({ kind: "mark", table: shape("candidate"), marker: "9-marker" })).toMatchObject([
      { call: "mark", marker: "9-marker" },
    ]);
    expect(calls({ kind: "rename", from: ref("a"), to: ref("b") })).toMatchObject([{ call: "rename", to: ["p", "ds", "b"] }]);
  });
});

describe("what no copy may leave behind is refused", () => {
  const tagged = [{ name: "id", type: "INTEGER", policyTags: { names: ["tag"] } }];
  it.each([
    [
      "a row access policy",
      () => compile(clone(shape("live", { fixed: ["the row access policy mine"] }))),
      "it has the row access policy mine",
    ],
    ["partitions", () => compile(swap(shape("live", byDay))), "it is partitioned otherwise"],
    ["clustering", () => compile(swap(shape("live", { clustering: ["id"] }))), "it is clustered otherwise"],
    ["a policy tag", () => compile(swap(shape("live", { fields: tagged }))), "id (tag) has a policy tag"],
  ])("%s", (_what, work, why) => {
    const thrown = thrownBy(work);
    expect(isCutoverError(thrown, "UNSUPPORTED") && thrown.context.alternative).toBe("publish in place");
    expect((thrown as Error).message).toContain(why);
  });
  it("but a candidate that has it all is taken", () => {
    const all = { ...byDay, clustering: ["id"], fields: tagged };
    expect(kinds(swap(shape("live", all), shape("candidate", all)))).toEqual([
      "mark",
      "copy",
      "dress",
      "overwrite",
      "dress",
      "drop",
    ]);
  });
});
