import { untilAbort } from "../source/abortable.js";
import type { Row, Sql } from "../sql/sql.js";
import type { AtomicBlock, BlockOp, BlockResult, Expect, OpResult, SqlOp } from "./operations.js";
import type { IoOptions } from "./session.js";

/** An interactive connection, as far as a block needs it. */
export interface InteractiveConnection {
  /** Runs one operation; `results` are those of the block so far, for values that refer to them. */
  exec(op: SqlOp, results: ReadonlyMap<string, OpResult>, o: IoOptions): Promise<OpResult>;
  /** Opens a transaction. */
  begin(o: IoOptions): Promise<unknown>;
  /** Ends it; what it did is kept. */
  commit(o: IoOptions): Promise<unknown>;
  /** Also after an abort or a time limit: it gets no signal. */
  rollback(): Promise<unknown>;
}

/** Runs a block statement by statement; the same for every engine with interactive transactions. */
export function interactive(c: InteractiveConnection): (block: AtomicBlock, o: IoOptions) => Promise<BlockResult> {
  return async (block, given) => {
    const limit = new AbortController();
    const tooLong = new DOMException(`the block took longer than ${block.timeoutMs} ms`, "TimeoutError");
    // Not AbortSignal.timeout: its timer lets the process end while a check of the user's is waited for.
    const timer = setTimeout(() => limit.abort(tooLong), Math.min(block.timeoutMs, LONGEST_TIMER));
    try {
      return await run(c, block, given, { ...given, signal: AbortSignal.any([given.signal, limit.signal]) });
    } finally {
      clearTimeout(timer);
    }
  };
}

/** What a timer of Node can count, in milliseconds: about 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

async function run(c: InteractiveConnection, block: AtomicBlock, given: IoOptions, o: IoOptions): Promise<BlockResult> {
  const results = new Map<string, OpResult>();
  await c.begin(o);
  try {
    for (const item of block.ops) {
      o.signal.throwIfAborted();
      if ("inspect" in item) {
        const query = async (sql: Sql): Promise<readonly Row[]> => {
          // A check that was given up on may still run: the transaction that it would ask is gone.
          o.signal.throwIfAborted();
          return (await c.exec({ sql }, results, o)).rows;
        };
        const row = await untilAbort(o.signal, () => item.inspect(query));
        results.set(item.id, { affected: null, rows: [row] });
        if (row["ok"] === true) continue;
      } else {
        const result = await c.exec(item.op, results, o);
        results.set(item.id, result);
        await explain(item, result, c, results, o);
        if (met(item.op.expect, result, results)) continue;
      }
      await c.rollback();
      return { outcome: "refused", at: item.id, results };
    }
    if (block.end === "rollback") await c.rollback();
    else o.signal.throwIfAborted();
  } catch (e) {
    // The first error tells more than a failed rollback; a connection that lost its transaction fails here too.
    await c.rollback().catch(() => undefined);
    throw e;
  }
  if (block.end === "rollback") return { outcome: "rehearsed", results };
  // No abort from here on: whoever cancelled must not be told so when the release is out.
  await c.commit({ ...given, signal: new AbortController().signal });
  return { outcome: "committed", results };
}

async function explain(
  item: BlockOp,
  result: OpResult,
  c: InteractiveConnection,
  results: Map<string, OpResult>,
  o: IoOptions,
): Promise<void> {
  for (const { id, unless, op } of item.explain ?? []) {
    if (result.rows[0]?.[unless] === false) results.set(id, await c.exec(op, results, o));
  }
}

/** Whether an expectation is met. */
export function met(expect: Expect | undefined, result: OpResult, results: ReadonlyMap<string, OpResult>): boolean {
  if (expect === undefined) return true;
  if ("holds" in expect) {
    const holds = (r: OpResult | undefined): boolean => r?.rows.length === 1 && r.rows[0]?.["ok"] === true;
    return holds(result) && (expect.also ?? []).every((id) => holds(results.get(id)));
  }
  if (typeof expect.affected === "number") return result.affected === expect.affected;
  const { sameAs, column } = expect.affected;
  const earlier = results.get(sameAs);
  const wanted = column === undefined ? earlier?.affected : earlier?.rows[0]?.[column];
  return (
    result.affected !== null &&
    wanted !== undefined &&
    wanted !== null &&
    BigInt(result.affected) === BigInt(wanted as bigint | number)
  );
}

/** The rows of a result as JSON text, as the journal keeps them: whole numbers as text, so that no digit is lost. */
export function resultJson(result: OpResult | undefined): string {
  return JSON.stringify(result?.rows ?? [], (_k, v: unknown) => (typeof v === "bigint" ? v.toString() : v));
}
