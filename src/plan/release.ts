import type { Inspect } from "../adapter/operations.js";
import { type ColumnShape, rowsOf, stored, type TableRef, type TableShape } from "../adapter/shapes.js";
import type { Observation } from "../adapter/steps.js";
import type { CheckDefinition } from "../check/checks.js";
import type { CheckGroup, CompiledChecks } from "../check/compile.js";
import { notedChecks } from "../check/planned.js";
import { keyEvents, type Published, payloadText } from "../ledger/events.js";
import { schemaOf } from "../ledger/names.js";
import type { State } from "../ledger/state.js";
import type { Sql } from "../sql/sql.js";
import type { PlannedStep } from "./compile.js";

/** What each release is recorded with. */
export interface ReleaseFacts {
  readonly pipeline: string;
  readonly release: number;
  readonly fence: bigint;
  readonly state: State;
  readonly keep: number;
  readonly note: string | undefined;
  readonly key: string | undefined;
  /** Why the pipeline is on hold afterwards; undefined: it is not. */
  readonly hold?: string | undefined;
  readonly journal: TableRef;
  readonly results: TableRef;
  readonly lease: TableRef;
  readonly nextSeq: () => number;
  /** What the block itself cleans up, and then gives the lease up; null: a cleanup that needs the lease follows. */
  readonly forget: readonly PlannedStep[] | null;
  /** Told on a table that takes live's place apart from the journal; no other table bears it. null: DDL is transactional. */
  readonly marker: string | null;
  /** The algorithm of today's checksums. */
  readonly hashVersion: string;
}
/** Runs a JavaScript check as part of a block. */
export type JsRunner = (op: string, definition: Extract<CheckDefinition, { runs: "js" }>, self: Sql) => Inspect;

export const opOf = {
  count: (alias: string): string => `${alias}.count`,
  capture: (alias: string): string => `${alias}.capture`,
  tally: (alias: string): string => `${alias}.tally`,
  scan: (alias: string): string => `${alias}.scan`,
  fence: "fence",
};

/** What the record of every release begins with. */
export const head = (f: ReleaseFacts, strategy: Published["strategy"]): Omit<Published, "tables" | "facts"> => ({
  strategy,
  previous: f.state.live,
  keep: f.keep,
  ...(f.note === undefined ? {} : { note: f.note }),
  ...(f.key === undefined ? {} : { key: f.key }),
  ...(f.hold === undefined ? {} : { hold: f.hold }),
  base: { ...f.state, undone: [] },
});
/** `free`: the lease is given up with the commit, where nothing is left to do that needs it. */
export const fence = (f: Pick<ReleaseFacts, "lease" | "fence">, free = false): PlannedStep => ({
  id: opOf.fence,
  step: { kind: "fence", lease: f.lease, fence: f.fence, free },
});

/** A checksum of the same columns by another algorithm than today's: it says nothing about what a scan finds now. */
export const outdated = (recorded: string, on: TableShape, hashVersion: string): boolean => {
  const schema = schemaOf(on.columns);
  return recorded.endsWith(`/${schema}`) && recorded !== `${hashVersion}/${schema}`;
};
/** Refuses unless a table holds what was recorded: rows and checksum, or only as many rows where the checksum is outdated. */
export function unchanged(
  id: string,
  on: TableShape,
  was: { readonly rows: number; readonly sum: string; readonly hash: string } | null,
  hashVersion: string,
): PlannedStep {
  if (was !== null && outdated(was.hash, on, hashVersion)) return { id, step: { kind: "count", on: on.ref, rows: was.rows } };
  const expected = { rows: was?.rows ?? 0, sum: was?.sum ?? "0" };
  return { id, step: { kind: "scan", on: on.ref, columns: stored(on.columns), expected } };
}

/** A table to be validated: what it is, and its checks compiled. */
export interface Validated {
  readonly alias: string;
  readonly live: TableShape;
  readonly checks: CompiledChecks;
}
/**
 * The scans of all tables, each with the samples that explain what fails; the last one judges them all, so a refusal tells
 * of every check. Then the JavaScript checks.
 */
export function validate(tables: readonly Validated[], js: JsRunner): (PlannedStep | Inspect)[] {
  const scans = tables.flatMap((t) =>
    t.checks.groups.map(
      (g): PlannedStep => ({
        id: g.op,
        step: { kind: "validate", on: g.on, scan: g.items.map((i) => i.item) },
        explain: sampling(g, stored(t.live.columns)) ?? [],
        judges: "later",
      }),
    ),
  );
  const last = scans.pop();
  const judge = last === undefined ? [] : [{ ...last, judges: scans.map((s) => s.id) }];
  const own = tables.flatMap((t) => t.checks.js.map((c) => js(c.op, c.definition, rowsOf(t.live.ref))));
  return [...scans, ...judge, ...own];
}
export const sampleOp = (op: string, index: number): string => `${op}.samples.${index}`;
/** Numbers that no single row makes what they are. */
const aggregates: ReadonlySet<Observation["of"]> = new Set(["rows", "sum", "age", "changed"]);
const sampling = (g: CheckGroup, columns: readonly ColumnShape[]): PlannedStep["explain"] =>
  g.items.flatMap(({ item, samples }, index) => {
    if (samples === 0 || aggregates.has(item.observe.of)) return [];
    const step = { kind: "offenders" as const, on: g.on, observe: item.observe, columns, limit: samples };
    return [{ id: sampleOp(g.op, index), unless: `p${index}`, step }];
  });

/** What the checks found, for people; nothing where there are none. */
export function note(f: ReleaseFacts, p: Published): readonly PlannedStep[] {
  const checks = notedChecks(Object.values(p.tables).flatMap((t) => t.checks));
  const step = { kind: "noteChecks" as const, results: f.results, pipeline: f.pipeline, release: f.release, checks };
  return checks.length === 0 ? [] : [{ id: "checks", step }];
}

/** The journal row, written in the same transaction as the data; what only the block can tell comes in as facts. */
export function record(f: ReleaseFacts, p: Published): PlannedStep {
  const ops = Object.values(p.tables).flatMap((t) => [t.tally, t.scan, ...t.checks.map((c) => c.op)]);
  const facts = [...new Set(ops.filter((op): op is string => op !== null))];
  const { facts: _none, ...constant } = p;
  const common = { pipeline: f.pipeline, release: f.release, fence: f.fence };
  const keyed = f.key === undefined ? [] : [{ ...common, seq: f.nextSeq(), event: keyEvents.taken, payload: f.key, facts: [] }];
  return {
    id: "record",
    step: {
      kind: "record",
      journal: f.journal,
      events: [
        ...keyed,
        {
          ...common,
          seq: f.nextSeq(),
          event: "published",
          payload: payloadText("published", constant, f.journal.path[0] ?? ""),
          facts,
        },
      ],
    },
  };
}
