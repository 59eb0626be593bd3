import { type ColumnShape, type ColumnType, inline, type TableRef, type TableShape } from "cutover/adapter";
import { bigquery } from "cutover/bigquery";
import { duckdb } from "cutover/duckdb";
import { snowflake } from "cutover/snowflake";
import { expect } from "vitest";
import type { Fingerprint as BigQueryFingerprint } from "../../adapters/bigquery/fingerprint.js";
import { blockScript } from "../../adapters/bigquery/script.js";
import type { Fingerprint } from "../../adapters/duckdb/fingerprint.js";
import { type Adapter, adapterOf } from "../../src/adapter/define.js";
import type { Expect, Inspect } from "../../src/adapter/operations.js";
import type { CheckDefinition } from "../../src/check/checks.js";
import { ledgerNames, schemaOf } from "../../src/ledger/names.js";
import { tableKey } from "../../src/ledger/portable.js";
import { emptyState, type Kept, type State, type TableState, type Undo } from "../../src/ledger/state.js";
import { compileBlock, type Plan, planText } from "../../src/plan/compile.js";
import type { TableLoad } from "../../src/plan/in-place.js";
import type { JsRunner, ReleaseFacts } from "../../src/plan/release.js";
import { neutral } from "./syntax.js";

export const adapters: readonly (readonly [string, Adapter])[] = [
  ["ansi", neutral],
  ["duckdb", adapterOf(duckdb()) as Adapter],
];
/** Where a swap is apart from its transaction. */
export const apartly: readonly (readonly [string, Adapter])[] = [
  ["snowflake", adapterOf(snowflake({ account: "a" })) as Adapter],
  ["bigquery", adapterOf(bigquery({ projectId: "db", dataset: "main" })) as Adapter],
];
/** Those whose words differ in place; what is apart from a transaction has plans of its own. */
export const inPlaceAdapters = [...adapters, ...apartly];
export const names = ledgerNames(["db", "main"], "cutover_ledger", "shop");
export const inMain = (name: string): TableRef => ({ path: ["db", "main", name] });

/** The columns of a table, by canonical type; `!` for those that cannot be NULL. */
export function columnsOf(
  adapter: Adapter,
  spec: Readonly<Record<string, ColumnType | `${ColumnType}!`>>,
): readonly ColumnShape[] {
  return Object.entries(spec).map(([name, s]) => {
    const type = s.replace("!", "") as ColumnType;
    return { name, type, nullable: !s.endsWith("!"), native: adapter.syntax.type(type) };
  });
}
/** A table as `describe` would tell it, with what a swap carries over; a copy bears another name than live, and so do its indexes. */
export function shape(
  adapter: Adapter,
  of: string | TableRef,
  columns: readonly ColumnShape[],
  indexes: readonly string[] = [],
): TableShape {
  const ref = typeof of === "string" ? inMain(of) : of;
  const copy = typeof of !== "string";
  const apart = { ref, columns, marker: null, version: "17" };
  if (adapter.name === "snowflake") return { ...apart, fingerprint: onSnowflake };
  if (adapter.name === "bigquery") return { ...apart, fingerprint: onBigQuery };
  const fingerprint: Fingerprint = {
    table: ref.path,
    body: `(${columns.map((c) => `${adapter.syntax.ident([c.name])} ${c.native}`).join(", ")})`,
    comment: "what it is for",
    columnComments: {},
    indexes: indexes.map((column) => ({
      name: `by_${column}`,
      ...(copy ? { as: `by_${column}_of_the_copy` } : {}),
      unique: false,
      on: ` (${column})`,
      comment: null,
    })),
    views: [],
    foreignKeys: [],
  };
  return { ref, columns, marker: null, version: null, fingerprint };
}
const onSnowflake = {
  kind: "permanent",
  comment: "what it is for",
  owner: "OWNER",
  grants: [{ privilege: "SELECT", kind: "ROLE", to: "READER", grantable: false }],
  fixed: [],
  attached: [],
};
const onBigQuery: BigQueryFingerprint = {
  partitioning: null,
  requirePartitionFilter: false,
  clustering: [],
  description: "what it is for",
  friendlyName: null,
  labels: { team: "sales" },
  expires: null,
  fields: [],
  primaryKey: [],
  foreignKeys: [],
  iam: null,
  fixed: [],
};
export const idOf = (name: string): string => tableKey(inMain(name).path, "db", false);

export const was = (more: Partial<TableState> = {}): TableState => ({
  path: ["db", "main", "orders"],
  rows: 100,
  sum: "12345",
  hash: "h",
  watermark: "2024-01-01T00:00:00Z",
  proven: [],
  changes: null,
  sinceScan: 1,
  ...more,
});
export const kept = (release: number, undo: Undo, more: Partial<Kept> = {}): Kept => ({
  release,
  previous: release - 1,
  at: "2024-01-01T00:00:00Z",
  strategy: undo.kind === "swap" ? "swap" : "in-place",
  tables: { [idOf("orders")]: { undo, was: was(), is: was({ rows: 110, sum: "23456" }) } },
  ...more,
});

export function facts(more: Partial<ReleaseFacts> = {}): ReleaseFacts {
  let seq = 40;
  const state: State = { ...emptyState, live: 6 };
  return {
    pipeline: "shop",
    release: 7,
    fence: 9n,
    state,
    keep: 3,
    note: undefined,
    key: undefined,
    journal: names.journal,
    results: names.checkResults,
    lease: names.lease,
    nextSeq: () => ++seq,
    hashVersion: "h",
    forget: null,
    marker: null,
    ...more,
  };
}
export function load(
  live: TableShape,
  more: Partial<Omit<TableLoad, "checks">> & { readonly checks?: readonly unknown[] } = {},
): TableLoad {
  const alias = live.ref.path.at(-1) ?? "";
  const id = idOf(alias);
  return {
    alias,
    id,
    live,
    make: null,
    delta: names.delta(id, 7, "0r"),
    raw: names.delta(id, 7, "0r"),
    given: live.columns.map((c) => c.name),
    rows: 5,
    scope: { keys: ["id"] },
    deletes: null,
    flagged: 0,
    key: ["id"],
    partition: null,
    cursor: null,
    changes: names.changes(id, schemaOf(live.columns)),
    hash: "h",
    watermark: "2024-02-01T00:00:00Z",
    was: was(),
    fill: false,
    scanAll: false,
    totals: null,
    ...more,
    checks: (more.checks ?? []) as CheckDefinition[],
  };
}
export const js: JsRunner = (op): Inspect => ({ id: op, inspect: () => Promise.resolve({ ok: true }) });

const wanted = (e: Expect | undefined): string => {
  if (e === undefined) return "";
  if ("holds" in e) return " -- must hold";
  if (typeof e.affected === "number") return ` -- must change ${e.affected} rows`;
  return ` -- must change as many rows as ${e.affected.sameAs}${e.affected.column === undefined ? "" : `.${e.affected.column}`}`;
};
/** Where a block is one script, the script; other statements as `plan()` shows them. */
function scriptOf(adapter: Adapter, plan: Plan): string {
  const shown = planText(adapter, plan).statements.map((s) => `${s};\n`);
  if (!plan.atomic) return `-- ${plan.name}\n\n${shown.join("")}`;
  const steps = plan.steps.filter((s) => !("inspect" in s));
  return `-- ${plan.name}, one script\n\n${blockScript(compileBlock(adapter, { ...plan, steps }, "commit", 60_000)).text}\n`;
}
/** A plan as text: each operation with its name and what must come of it; what explains a refusal is indented. */
export function golden(adapter: Adapter, plan: Plan): string {
  if (adapter.name === "bigquery") return scriptOf(adapter, plan);
  const block = compileBlock(adapter, plan, "commit", 60_000);
  const lines = block.ops.flatMap((op) => {
    if ("inspect" in op) return [`-- ${op.id}: JavaScript check`];
    const why = (op.explain ?? []).map((x) => `--   where ${x.unless} is FALSE, ${x.id}: ${inline(x.op.sql, adapter.syntax)};`);
    return [`-- ${op.id}${wanted(op.op.expect)}`, `${inline(op.op.sql, adapter.syntax)};`, ...why];
  });
  // The block is what `plan()` shows: the same statements in the same order.
  const text = planText(adapter, plan);
  expect(text?.statements).toEqual(
    block.ops.map((op) => ("inspect" in op ? `-- ${op.id}: JavaScript check` : inline(op.op.sql, adapter.syntax))),
  );
  return `-- ${plan.name}${plan.atomic ? ", one transaction" : ""}\n\n${lines.join("\n")}\n`;
}
export async function matches(dialect: string, name: string, adapter: Adapter, plan: Plan): Promise<void> {
  const text = golden(adapter, plan);
  // Names of operations are unique in a block: results are told by them.
  const ids = plan.steps.map((s) => s.id);
  expect(new Set(ids).size).toBe(ids.length);
  await expect(text).toMatchFileSnapshot(`golden/${dialect}/${name}.sql`);
}
