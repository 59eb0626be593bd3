import { createHash } from "node:crypto";
import {
  type AtomicBlock,
  type BlockOp,
  type BlockResult,
  type ColumnType,
  type IoOptions,
  type NativeOp,
  type OpResult,
  type Row,
  render,
  type Session,
} from "cutover/adapter";
import type { Opened } from "./connect.js";
import { describe, list } from "./describe.js";
import { BigQueryFault, fault } from "./errors.js";
import { words } from "./jobs.js";
import type { Done, Field, JobConfiguration, Link } from "./link.js";
import { type BigQueryNative, perform } from "./natives.js";
import { renderSql, type Statement } from "./render.js";
import { blockScript, type ScriptOp } from "./script.js";
import { columnsOf, stage } from "./stage/index.js";
import { syntax } from "./syntax.js";
import { datasetOf, hasDataset } from "./tables.js";
import { decodeCell } from "./values.js";

type Returns = Readonly<Record<string, ColumnType>>;

/** A session. It has nothing on the service's side: each call is a job or a request of its own. */
export function sessionOn({ link, home }: Opened): Session<BigQueryNative> {
  let closed = false;
  const open = <T>(work: () => Promise<T>): Promise<T> =>
    closed ? Promise.reject(fault("other", "the session is closed", "Open a new session.")) : work();
  const block = blocks(link);
  return {
    home,
    execute: (op, o) => open(() => ("native" in op ? native(link, op, o) : execute(link, block, op, o))),
    async *stream(sql, returns, o) {
      const types = Object.fromEntries(returns.map((c) => [c.name, c.type] as const));
      const done = await open(() => link.run(queryOf(renderSql(sql)), o));
      yield* rowsOf(link, done, types, o);
    },
    atomic: (b, o) => open(() => block(b, o)),
    stage: (into, columns, from, o) => open(() => stage(link, into, columns, from, o)),
    columnsOf: (source, o) => open(() => columnsOf(link, source, o)),
    describe: (ref, o, what) => open(() => describe(link, ref, o, what ?? "whole")),
    list: (schema, prefix, o) => open(() => list(link, schema, prefix, o)),
    hasSchema: ({ path }, o) => open(() => hasDataset(link, datasetOf(path), o)),
    estimate: (b, o, most) => open(() => estimate(link, b, o, most)),
    close: async () => {
      closed = true;
    },
  };
}

const queryOf = (s: Statement): JobConfiguration => ({
  query: {
    query: s.text,
    ...(s.parameters.length === 0 ? {} : { parameterMode: "POSITIONAL", queryParameters: s.parameters }),
  },
});

async function native(link: Link, op: NativeOp<BigQueryNative>, o: IoOptions): Promise<OpResult> {
  await perform(link, op.native, o);
  return { affected: null, rows: [] };
}

type Block = (block: AtomicBlock, o: IoOptions) => Promise<BlockResult>;

/** Longest time for a statement that needs variables and is given no time of its own: what a query may take at most (docs: quotas). */
const LONGEST_MS = 6 * 3_600_000;

async function execute(link: Link, block: Block, op: ScriptOp, o: IoOptions): Promise<OpResult> {
  if (op.declare !== undefined && op.declare.length > 0) {
    const { expect: _judgedByTheCaller, ...alone } = op;
    const ops: readonly BlockOp[] = [{ id: "alone", step: "exchange", op: alone }];
    const { results } = await block({ id: "alone", end: "commit", timeoutMs: o.timeoutMs ?? LONGEST_MS, ops }, o);
    return results.get("alone") ?? { affected: null, rows: [] };
  }
  const done = await link.run(queryOf(renderSql(op.sql)), o);
  const rows: Row[] = [];
  if (done.affected === null) for await (const batch of rowsOf(link, done, op.returns, o)) rows.push(...batch);
  return { affected: done.affected, rows, bytes: done.bytes, nativeId: done.job.jobId };
}

async function* rowsOf(link: Link, done: Done, returns: Returns | undefined, o: IoOptions): AsyncGenerator<readonly Row[]> {
  for await (const page of link.pages(done, o)) yield page.map((cells) => rowOf(done.schema, cells, returns));
}
function rowOf(schema: readonly Field[], cells: readonly unknown[], returns: Returns | undefined): Row {
  const row: Record<string, unknown> = {};
  for (const [i, field] of schema.entries()) {
    const value = decodeCell(returns?.[field.name], field, cells[i]);
    if (field.name === "__proto__") Object.defineProperty(row, field.name, { value, enumerable: true });
    else row[field.name] = value;
  }
  return row;
}

/**
 * A block is one job. Where it writes under a fence, its name is made of its text, so that a process that sends it again after a lost
 * answer meets the job that it sent; the same block on purpose once more (after a conflict) is another job.
 */
function blocks(link: Link): Block {
  const sent = new Map<string, number>();
  return async (block, o) => {
    const script = blockScript(block);
    const id = block.ops.some((item) => "step" in item && item.step === "fence") ? idOf(script.text, sent, o.tag) : undefined;
    const configuration = queryOf({ text: script.text, parameters: [] });
    const timeoutMs = Math.min(block.timeoutMs, o.timeoutMs ?? block.timeoutMs);
    const done = await link.run(configuration, { ...o, timeoutMs, again: false, ...(id === undefined ? {} : { id }) });
    for await (const [row] of link.pages(done, { ...o, signal: new AbortController().signal }))
      if (row !== undefined) return { ...script.read(row), bytes: done.bytes, nativeId: done.job.jobId };
    const nothing = { kind: "other", outcome: "unknown", hint: "Look into the job in the console, then run again." } as const;
    throw new BigQueryFault(`the script of the job ${done.job.jobId} told nothing`, nothing);
  };
}
function idOf(text: string, sent: Map<string, number>, tag: string): string {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 24);
  const n = sent.get(hash) ?? 0;
  sent.set(hash, n + 1);
  return `cutover_${words(tag)}_${hash}_${n}`;
}

/**
 * Statements of a block by themselves: a dry run of the script stops where it first branches, and knows no values of variables (docs:
 * multi-statement queries). So those that choose partitions are asked for, where that may read as much as it does.
 */
async function estimate(link: Link, block: AtomicBlock, o: IoOptions, most: number): Promise<{ readonly bytes: number | null }> {
  const known = new Map<string, string>();
  let sum = 0;
  for (const item of block.ops) {
    if ("inspect" in item) continue;
    const op: ScriptOp = item.op;
    const bytes = await bytesOf(link, op, known, o);
    if (bytes === null) return { bytes };
    sum += bytes;
    if (op.sets === undefined || sum > most) continue;
    const done = await link.run(queryOf(renderSql(op.sets.query.sql)), o);
    const rows: Row[] = [];
    for await (const page of rowsOf(link, done, op.sets.query.returns, o)) rows.push(...page);
    for (const [name, value] of op.sets.values(rows)) known.set(name, value);
  }
  return { bytes: sum };
}
async function bytesOf(link: Link, op: ScriptOp, known: ReadonlyMap<string, string>, o: IoOptions): Promise<number | null> {
  const { text } = render(
    op.sets?.query.sql ?? op.sql,
    syntax,
    (_index, value) => syntax.literal(value),
    () => "'[]'",
  );
  const unknown = (op.declare ?? []).filter(({ name }) => op.sets === undefined && !known.has(name));
  const declared = unknown.map(({ name, type }) => `DECLARE ${name} ${type}; `).join("");
  const written = [...known].reduce((sql, [name, value]) => sql.replaceAll(name, () => value), text);
  try {
    return (await link.dryRun(queryOf({ text: `${declared}${written}`, parameters: [] }), o)).bytes;
  } catch (e) {
    if (e instanceof BigQueryFault && e.fault.kind === "missing-object") return null;
    throw e;
  }
}
