import {
  type Batch,
  type BlockResult,
  ident,
  interactive,
  raw,
  render,
  resultJson,
  type Session,
  sqlOp,
  template,
} from "cutover/adapter";

import { type Broken, broken, type Change, session } from "./broken.js";
import { asked, compiler, words } from "./compilers.js";

/** Blocks made anew from single statements, with other words at their ends; null: none. */
function blocks(words: { readonly begin: string | null; readonly commit: string | null; readonly rollback: string | null }) {
  return ({ syntax }: Parameters<Change>[0]): ReturnType<Change> =>
    session((s) => {
      const say = async (word: string | null, o: Parameters<Session["execute"]>[1]): Promise<void> => {
        if (word !== null) await s.execute(sqlOp(word), o);
      };
      const calm = { tag: "broken", signal: new AbortController().signal };
      return {
        atomic: interactive({
          begin: (o) => say(words.begin, o),
          commit: (o) => say(words.commit, o),
          rollback: () => say(words.rollback, calm),
          async exec(op, results, o) {
            const known = (id: string) => ({ value: resultJson(results.get(id)), type: "string" as const });
            const { text } = render(
              op.sql,
              syntax,
              (_i, v) => syntax.literal(v),
              (ref) => known(ref.resultOf),
            );
            const result = await s.execute({ ...op, sql: raw(text) }, o);
            for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve));
            return result;
          },
        }),
      };
    })();
}
/** All batches but the last, where there are several. */
async function* butLast(from: AsyncIterable<Batch>): AsyncGenerator<Batch> {
  let held: Batch | null = null;
  let n = 0;
  for await (const b of from) {
    if (held !== null) yield held;
    held = b;
    n += 1;
  }
  if (held !== null && n === 1) yield held;
}
async function* atOnce(from: AsyncIterable<Batch>): AsyncGenerator<Batch> {
  const all: Batch[] = [];
  for await (const b of from) all.push(b);
  yield* all;
}
const staging = (change: (from: AsyncIterable<Batch>) => AsyncIterable<Batch>) =>
  session((s) => ({
    stage: (into, columns, from, o) => s.stage(into, columns, Symbol.asyncIterator in from ? change(from) : from, o),
  }));

/** Faults that only an operation shows. */
export const brokenOperations: readonly Broken[] = [
  broken(
    "drops the last batch of a load",
    "operations: a load of several batches arrives whole, by its first release and by the next",
    staging(butLast),
  ),
  broken(
    "reads a source as a whole before it writes",
    "operations: a run of 200,000 rows of 500 bytes, and the diff of it, hold no more than batches in memory",
    staging(atOnce),
  ),
  broken(
    "tells that every column may be NULL",
    "operations: a row without a value that live requires is a BAD_ROW that names row and column, also where none are declared",
    session((s) => ({
      describe: async (ref, o) => {
        const shape = await s.describe(ref, o);
        return shape === null ? null : { ...shape, columns: shape.columns.map((c) => ({ ...c, nullable: true })) };
      },
    })),
  ),
  broken(
    "measures leases by a clock that stands still",
    "operations: a lease that nobody renews runs out by the warehouse's clock, and another takes it",
    words(["lease", "renew", "fence", "readLease", "readState"], () => ({ now: () => "TIMESTAMPTZ '2001-01-01 00:00:00+00'" })),
  ),
  broken(
    "renews nothing",
    "operations: an owner that works longer than its lease keeps it by its heartbeat",
    compiler("renew", () => (s) => [
      sqlOp(template`UPDATE ${ident(s.lease.path)} SET owner = owner WHERE fence = ${s.fence}`, { expect: { affected: 1 } }),
    ]),
  ),
  broken(
    "lets a stale owner into its block",
    'operations: an owner whose lease was taken just before the block "publish" changes nothing by it',
    compiler("fence", () => (s) => [sqlOp(template`UPDATE ${ident(s.lease.path)} SET fence = fence`)]),
  ),
  broken(
    "tells of a commit that did not happen",
    "operations: a run publishes what its source gives, with the watermark; a repeat adds nothing",
    session((s) => ({
      atomic: async (b, o): Promise<BlockResult> => {
        const result = await s.atomic(b.id === "publish" ? { ...b, end: "rollback" } : b, o);
        return result.outcome === "refused" ? result : { ...result, outcome: b.end === "commit" ? "committed" : "rehearsed" };
      },
    })),
  ),
  broken(
    "tells that a commit failed which happened",
    "operations: several loads make one release, which says what it is, and publishes once",
    session((s) => ({
      atomic: async (b, o) => {
        const result = await s.atomic(b, o);
        if (b.id === "publish" && result.outcome === "committed") throw new Error("TransactionContext Error: Conflict on update");
        return result;
      },
    })),
  ),
  broken(
    "keeps what a rehearsal did",
    "operations: the rehearsals of a release and of a rollback tell what would be, and change nothing",
    session((s) => ({
      atomic: async (b, o): Promise<BlockResult> => {
        const result = await s.atomic({ ...b, end: "commit" }, o);
        return result.outcome === "committed" && b.end === "rollback" ? { ...result, outcome: "rehearsed" } : result;
      },
    })),
  ),
  broken(
    "keeps the rows of a block that was refused",
    "operations: a failed check of every kind leaves live, watermark and status as they were, and tells what it saw",
    blocks({ begin: "BEGIN", commit: "COMMIT", rollback: "COMMIT" }),
  ),
  broken(
    "commits each statement of a block by itself",
    "operations: readers see whole releases only, of two tables at once, while releases in place come, fail, go and come back",
    blocks({ begin: null, commit: null, rollback: null }),
  ),
  broken(
    "clones by a view on live",
    "operations: a candidate is apart from live, and live from it, until they change places",
    compiler("clone", () => (s) => [sqlOp(template`CREATE VIEW ${ident(s.to.path)} AS SELECT * FROM ${ident(s.from.ref.path)}`)]),
  ),
  broken(
    "lists no tables",
    "operations: recover drops tables that belong to nothing, and spares what is held, what is kept and what is not its own",
    session(() => ({ list: async () => [] })),
  ),
  broken(
    "calls a value that does not fit a temporary failure",
    "operations: a value that does not fit is not quoted where the table redacts a column, by rows or by query",
    () => ({
      classify: (e, own) => {
        const fault = own(e);
        return fault.kind === "bad-data" ? { ...fault, kind: "transient" } : fault;
      },
    }),
  ),
  broken(
    "finds any idempotency key",
    "operations: an idempotency key publishes once; a rollback gives it back, a redo takes it again",
    asked("findEvents", () => ({ payload: null })),
  ),
];
