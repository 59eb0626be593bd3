import assert from "node:assert/strict";
import type { Adapter } from "../../adapter/define.js";
import type { AtomicBlock, BlockOp, Expect, Inspect, SqlOp } from "../../adapter/operations.js";
import type { Fault } from "../../adapter/session.js";
import type { TableRef } from "../../adapter/shapes.js";
import { isCutoverError } from "../../errors/index.js";
import { ident, raw, type Sql, template } from "../../sql/sql.js";
import { shapes } from "../columns.js";
import { batches, calm, type Place } from "../place.js";

/** What cases of this group say again and again. */
export const [id, value, ok] = [ident(["id"]), ident(["value"]), ident(["ok"])];

/** A table with one column `id`, holding these. */
export async function numbers(place: Place, name: string, ids: readonly bigint[] = []): Promise<TableRef> {
  const ref = place.at(name);
  const columns = shapes(place.adapter, { id: "int64" });
  await (ids.length === 0
    ? place.create(ref, columns)
    : place.make(
        ref,
        columns,
        ids.map((n) => [n]),
      ));
  return ref;
}
/** Two tables with one row each. */
export const tables = async (place: Place) =>
  [await numbers(place, "first", [1n]), await numbers(place, "second", [1n])] as const;
/** The columns of such a table, and rows for it as they are staged. */
export const ids = (place: Place) => shapes(place.adapter, { id: "int64" });
export const idRows = (...of: readonly bigint[]) =>
  batches(
    of.map((n) => [n]),
    1,
  );
/** The column `id` of a table, sorted. */
export async function idsOf(place: Place, ref: TableRef): Promise<readonly bigint[]> {
  const rows = await place.query(template`SELECT ${id} FROM ${ident(ref.path)} ORDER BY ${id}`, { id: "int64" });
  return rows.map((r) => r["id"] as bigint);
}
export const insert = (ref: TableRef, ...ids: readonly bigint[]): Sql =>
  template`INSERT INTO ${ident(ref.path)} (${id}) VALUES ${raw(ids.map((n) => `(${n})`).join(", "))}`;
/** One row with a number in `wanted`. */
export const wanted = (n: bigint): Sql => template`SELECT ${{ value: n, type: "int64" }} AS ${ident(["wanted"])}`;
/** One row whose column `ok` is TRUE, FALSE or NULL. */
export const holds = (answer: boolean | null): Sql => template`SELECT ${{ value: answer, type: "bool" }} AS ${ok}`;

/** An operation of a block. The step is a name only: sessions do not read it. */
export const op = (name: string, sql: Sql, o: Omit<SqlOp, "sql"> & Pick<BlockOp, "explain"> = {}): BlockOp => {
  const { explain, ...rest } = o;
  return { id: name, step: "count", op: { sql, ...rest }, ...(explain === undefined ? {} : { explain }) };
};
export const blockOf = (
  ops: readonly (BlockOp | Inspect)[],
  o: Partial<Pick<AtomicBlock, "end" | "timeoutMs">> = {},
): AtomicBlock => ({ id: "conformance", end: "commit", timeoutMs: 60_000, ops, ...o });

export const expecting = (expect: Expect): { readonly expect: Expect } => ({ expect });

const kinds: Readonly<Record<Fault["kind"], true>> = {
  transient: true,
  conflict: true,
  denied: true,
  "missing-object": true,
  syntax: true,
  "bad-data": true,
  "bad-file": true,
  "driver-missing": true,
  locked: true,
  cancelled: true,
  resources: true,
  corrupt: true,
  unsupported: true,
  other: true,
};
/** What `classify` says, once it is known to be an answer at all. */
export function explained(adapter: Adapter, e: unknown): Fault {
  const fault = adapter.classify(e);
  assert.ok(Object.hasOwn(kinds, fault.kind), `classify() answers a kind of the contract, not ${String(fault.kind)}`);
  assert.ok(["not-applied", "unknown"].includes(fault.outcome), `classify() tells the outcome, not ${String(fault.outcome)}`);
  return fault;
}

/** What a call threw; `what` is said when it threw nothing. */
export async function thrownBy(call: () => Promise<unknown>, what: string): Promise<unknown> {
  let result: unknown;
  try {
    result = await call();
  } catch (e) {
    return e;
  }
  const told = result !== null && typeof result === "object" && "outcome" in result ? `: it was ${String(result.outcome)}` : "";
  return assert.fail(`${what}${told}`);
}
/** How `classify` explains what a call threw. */
export const faultOf = async (place: Place, what: string, call: () => Promise<unknown>): Promise<Fault> =>
  explained(place.adapter, await thrownBy(call, what));
/** Refused as what the engine cannot do, by the session or by the kind of its error. */
export async function assertUnsupported(place: Place, what: string, call: () => Promise<unknown>): Promise<void> {
  const e = await thrownBy(call, what);
  const refused = isCutoverError(e, "UNSUPPORTED") || explained(place.adapter, e).kind === "unsupported";
  assert.ok(refused, `${what}: refused as UNSUPPORTED or by a fault of kind "unsupported", not by ${String(e)}`);
}

/** What came before has left the session as good as new. */
export async function assertUsable(place: Place): Promise<void> {
  const ref = await numbers(place, "usable");
  await place.execute(insert(ref, 1n));
  const { outcome } = await place.session.atomic(blockOf([op("more", insert(ref, 2n))]), calm());
  assert.equal(outcome, "committed", "a block after it commits");
  assert.deepEqual(await idsOf(place, ref), [1n, 2n], "statements after it work");
}

/** A call that hangs must fail the case, not the runner. Counted in turns, so that a busy process has patience too. */
const PATIENCE = { turns: 60, everyMs: 100 };
export async function within<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    let turns = 0;
    timer = setInterval(() => {
      turns += 1;
      if (turns > PATIENCE.turns) reject(new assert.AssertionError({ message: what }));
    }, PATIENCE.everyMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearInterval(timer);
  }
}
