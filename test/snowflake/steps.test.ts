import { type ColumnType, inline, type Step, type StepKind, type TableShape } from "cutover/adapter";
import { expect, it } from "vitest";
import { steps } from "../../adapters/snowflake/steps/index.js";
import { syntax } from "../../adapters/snowflake/syntax.js";

const ref = (name: string) => ({ path: ["DB", "S", name] });
const types: Readonly<Record<string, ColumnType>> = {
  ID: "int64",
  'we"ird': "string",
  AMOUNT: "float64",
  AT: "timestamp",
  DOC: "json",
};
const columns = Object.entries(types).map(([name, type]) => ({ name, type, native: syntax.type(type), nullable: name !== "ID" }));
const fingerprint = { kind: "permanent", comment: "it's", owner: "R", grants: [], fixed: [], attached: [] };
const shape = (name: string): TableShape => ({ ref: ref(name), columns, marker: null, version: null, fingerprint });
const [key, cursor] = [["ID"], "AT"];
const images = { changes: ref("CHANGES"), release: 3 };
const live = shape("LIVE");
const tallied = { sameAs: "tally", column: "before_rows" };

const golden: readonly Step[] = [
  { kind: "create", ref: ref("NEW"), columns, ifNotExists: true, scratch: true },
  { kind: "create", ref: ref("JOURNAL"), columns: columns.slice(0, 1), ifNotExists: false, scratch: false },
  {
    kind: "seed",
    ref: ref("LEASE"),
    columns: [{ name: "fence", type: "int64", native: "NUMBER(19,0)", nullable: false, value: 0 }],
  },
  {
    kind: "capture",
    live,
    delta: ref("DELTA"),
    given: ["ID", "AMOUNT", "AT"],
    rows: 5,
    ...images,
    scope: { keys: key },
    key,
    cursor,
    deletes: { column: "GONE", equals: { value: true, type: "bool" } },
    prune: null,
  },
  {
    kind: "capture",
    live,
    delta: ref("DELTA"),
    given: columns.map((c) => c.name),
    rows: 5,
    ...images,
    scope: "all",
    key: [],
    cursor: null,
    deletes: null,
    prune: null,
  },
  {
    kind: "exchange",
    live,
    ...images,
    key,
    remove: "before",
    removes: tallied,
    inserts: { ...tallied, column: "after_rows" },
    rows: 9,
    captured: true,
    prune: null,
  },
  { kind: "exchange", live, ...images, key, remove: "after", removes: 2, inserts: 1, rows: 9, captured: false, prune: null },
  {
    kind: "tally",
    ...images,
    columns,
    stale: { live, delta: ref("DELTA"), key, cursor, prune: null },
    count: { on: ref("LIVE"), rows: 7 },
    moved: [images],
  },
  {
    kind: "record",
    journal: ref("JOURNAL"),
    events: [
      { pipeline: "p", release: 3, seq: 1, event: "validated", fence: 4n, payload: '{"a":1}', facts: ["tally"] },
      { pipeline: "p", release: 3, seq: 2, event: "published", fence: 4n, payload: "{}", facts: [] },
    ],
  },
  {
    kind: "difference",
    parts: [
      { table: ref("LIVE"), sign: 1 },
      { ...images, sign: -1 },
    ],
    columns: columns.slice(0, 3),
    key,
  },
  { kind: "clone", from: { ...live, marker: "m" }, to: ref("COPY"), depth: 0, empty: true },
  { kind: "swap", live, candidate: shape("CANDIDATE"), at: ref("LIVE"), keepAs: ref("KEPT"), marker: "m" },
  { kind: "mark", table: live, marker: "release 3" },
  { kind: "restore", live, to: ref("PAST"), before: "01b6c04c-0108-5374-0008-50d700010052" },
];
const compiled = (step: Step): readonly string[] => {
  const compile = steps[step.kind as StepKind] as (s: Step) => readonly { readonly sql: Parameters<typeof inline>[0] }[];
  return compile(step).map((op) => inline(op.sql, syntax));
};

it("compiles steps to the statements that were looked at", async () => {
  const text = golden.map((step) => `-- ${step.kind}\n${compiled(step).join(";\n")};\n`).join("\n");
  await expect(text).toMatchFileSnapshot("steps.sql");
});

it("takes one statement for each step of a release in place", () => {
  const inPlace = golden.filter((s) => ["capture", "tally", "record"].includes(s.kind) || (s.kind === "exchange" && s.captured));
  expect(inPlace.map((s) => compiled(s).length)).toEqual(inPlace.map(() => 1));
});

it("has one MERGE refused where other rows change than the tally counted", () => {
  const [op] = steps.exchange(golden.find((s) => s.kind === "exchange" && s.captured) as Step<"exchange">);
  expect(op?.expect).toEqual({ affected: { sameAs: "tally", column: "changed" } });
});
