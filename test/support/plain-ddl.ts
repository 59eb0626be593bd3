import type { Warehouse } from "cutover";
import {
  adapterOf,
  type ColumnType,
  ident,
  raw,
  type Session,
  type SqlOp,
  sqlOp,
  type TableRef,
  template,
} from "cutover/adapter";
import { duckdb } from "cutover/duckdb";
import { capabilities as own } from "../../adapters/duckdb/capabilities.js";
import { type Fingerprint, readFingerprint } from "../../adapters/duckdb/fingerprint.js";
import { clone } from "../../adapters/duckdb/steps/clone.js";
import { swap } from "../../adapters/duckdb/steps/swap.js";
import { tally } from "../../adapters/duckdb/steps/tally.js";
import { syntax, text } from "../../adapters/duckdb/syntax.js";
import { wrapped } from "../../src/conformance/wrapped.js";

export const capabilities = { ...own, swap: "table", transactionalDdl: false, grants: true, timeTravel: true } as const;

/** A native call: statements of one transaction, or a table under another name with all that is on it. */
type Call =
  | { readonly call: "together"; readonly ops: readonly SqlOp[] }
  | { readonly call: "rename"; readonly from: TableRef; readonly to: TableRef };
const native = (call: Call) => ({ native: call, text: call.call });

/**
 * DuckDB as an engine whose DDL has no part in transactions: names are exchanged by one call and a rename, as elsewhere.
 * Comments on columns stand for grants, and a copy that each tally makes for the past.
 */
export function plainDdl(): Warehouse {
  const warehouse = duckdb({ config: { threads: "1" } });
  const steps = adapterOf(warehouse)?.steps ?? {};
  let tallies = 0;
  return wrapped(warehouse, {
    capabilities,
    steps: {
      ...steps,
      swap: (s) => {
        if (s.live === null) return [native({ call: "together", ops: swap(s) })];
        const between = { path: [...s.at.path.slice(0, -1), `${s.at.path.at(-1)}_between`] };
        const back = sqlOp(`ALTER TABLE ${syntax.ident(between.path)} RENAME TO ${syntax.ident(s.candidate.ref.path.slice(-1))}`);
        return [
          native({ call: "together", ops: [...swap({ ...s, keepAs: between }), back] }),
          native({ call: "rename", from: s.candidate.ref, to: s.keepAs }),
        ];
      },
      mark: (s) => {
        const comment = readFingerprint(s.table.fingerprint)?.comment ?? "";
        return [sqlOp(`COMMENT ON TABLE ${syntax.ident(s.table.ref.path)} IS ${text(`${comment}${OPENS}${s.marker}`)}`)];
      },
      rename: (s) => [native({ call: "rename", from: s.from, to: s.to })],
      regrant: (s) => {
        const [before, after] = [s.before, s.after].map((f) => readFingerprint(f)?.columnComments ?? {});
        return [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].map((name) => {
          const comment = after?.[name];
          return sqlOp(
            `COMMENT ON COLUMN ${syntax.ident([...s.ref.path, name])} IS ${comment === undefined ? "NULL" : text(comment)}`,
          );
        });
      },
      tally: (s) => {
        const ops = tally(s);
        const [last] = ops.slice(-1);
        if (s.count === null || last === undefined) return ops;
        const past = [...s.count.on.path.slice(0, -1), `past_${tallies++}`];
        const sql = template`SELECT *, ${raw(text(syntax.ident(past)))} AS before FROM (${last.sql}) AS told`;
        const returns = { ...last.returns, before: "string" as ColumnType };
        const keep = template`CREATE TABLE ${ident(past)} AS SELECT * FROM ${ident(s.count.on.path)}`;
        return [...ops.slice(0, -1), sqlOp(keep), { ...last, sql, returns }];
      },
      restore: (s) => [
        ...clone({ kind: "clone", from: s.live, to: s.to, depth: 0, empty: true }),
        sqlOp(template`INSERT INTO ${ident(s.to.path)} SELECT * FROM ${raw(s.before)}`),
      ],
    },
    session: (s) => ({
      execute: (op, o) => ("native" in op ? call(s, op.native as Call, o) : s.execute(op, o)),
      describe: async (ref, o, what) => {
        const shape = await s.describe(ref, o, what);
        const print = readFingerprint(shape?.fingerprint);
        if (shape === null || print === null) return shape;
        const [comment, marker = null] = print.comment?.split(OPENS) ?? [null];
        const fingerprint: Fingerprint = { ...print, comment: comment === "" ? null : (comment ?? null) };
        return { ...shape, marker, fingerprint };
      },
    }),
  });
}

/** Where a mark begins in a comment. */
const OPENS = "\ncutover: ";

async function call(s: Session, c: Call, o: Parameters<Session["execute"]>[1]) {
  const together = async (ops: readonly SqlOp[]) => {
    const block = { id: "together", end: "commit", timeoutMs: 60_000 } as const;
    await s.atomic({ ...block, ops: ops.map((op, i) => ({ id: String(i), step: "swap" as const, op })) }, o);
    return { affected: null, rows: [] };
  };
  if (c.call === "together") return together(c.ops);
  const table = await s.describe(c.from, o);
  if (table === null) return s.execute(sqlOp(template`SELECT * FROM ${ident(c.from.path)}`), o);
  return together(swap({ kind: "swap", live: null, candidate: table, at: c.to, keepAs: c.to, marker: "" }));
}
