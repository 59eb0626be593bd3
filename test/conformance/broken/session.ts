import type { AtomicBlock, Batch, ColumnShape, IoOptions, Native, Session, Sql, SqlPart, TableRef } from "cutover/adapter";
import { ident, isColumnType, join, raw, template } from "cutover/adapter";
import { syntax } from "../../../adapters/duckdb/syntax.js";
import { type Broken, broken, session } from "./broken.js";

type Own = Session<Native>;
type Source = Parameters<Own["stage"]>[2];

const calm = (o: IoOptions): IoOptions => ({ ...o, signal: new AbortController().signal });

/** SQL with some of its parts changed, at every depth. */
function rewritten(sql: Sql, change: (part: SqlPart) => SqlPart): Sql {
  const values = sql.values.map((v) => (isSql(v) ? rewritten(v, change) : change(v)));
  return template(Object.assign([...sql.strings], { raw: sql.strings }), ...values);
}
const isSql = (v: unknown): v is Sql => typeof v === "object" && v !== null && "~sql" in v;
/** Changes of the SQL, wherever a session is given some. */
const statements = (change: (sql: Sql) => Sql) =>
  session((s) => ({
    execute: (op, o) => s.execute("native" in op ? op : { ...op, sql: change(op.sql) }, o),
    atomic: (b, o) =>
      s.atomic(
        operations(b, (op) => ({ ...op, sql: change(op.sql) })),
        o,
      ),
    stream: (sql, returns, o) => s.stream(change(sql), returns, o),
  }));
const parts = (change: (part: SqlPart) => SqlPart) => statements((sql) => rewritten(sql, change));
const identifiers = (change: (path: readonly string[]) => SqlPart) =>
  parts((v) => (typeof v === "object" && v !== null && "ident" in v ? change(v.ident) : v));

type SqlOp = Extract<AtomicBlock["ops"][number], { op: unknown }>["op"];
const operations = (b: AtomicBlock, change: (op: SqlOp) => SqlOp): AtomicBlock => ({
  ...b,
  ops: b.ops.map((item) => ("op" in item ? { ...item, op: change(item.op) } : item)),
});
const lenient = (b: AtomicBlock): AtomicBlock => operations(b, ({ expect: _, ...op }) => op);

/** Changes of every value that `execute` hands back. */
const returned = (change: (v: unknown) => unknown) =>
  session((s) => ({
    execute: async (op, o) => {
      const r = await s.execute(op, o);
      const rows = r.rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, v]) => [name, change(v)])));
      return { ...r, rows };
    },
  }));
/** Changes of every value that is staged from batches. */
const staged = (change: (v: unknown, column: ColumnShape) => unknown) =>
  session((s) => ({
    stage: (into, columns, from, o) =>
      s.stage(
        into,
        columns,
        isBatches(from)
          ? eachBatch(from, (b) => ({ ...b, columns: b.columns.map((values, i) => values.map((v) => change(v, columns[i]!))) }))
          : from,
        o,
      ),
  }));
/** Changes of every column that is staged. */
const staging = (change: (c: ColumnShape) => ColumnShape) =>
  session((s) => ({ stage: (into, columns, from, o) => s.stage(into, columns.map(change), from, o) }));
const isBatches = (from: Source): from is AsyncIterable<Batch> => Symbol.asyncIterator in from;
async function* eachBatch(from: AsyncIterable<Batch>, change: (b: Batch) => Batch): AsyncGenerator<Batch> {
  for await (const b of from) yield change(b);
}
const described = (change: (c: ColumnShape, i: number) => readonly ColumnShape[]) =>
  session((s) => ({
    describe: async (ref, o) => {
      const found = await s.describe(ref, o);
      return found === null ? null : { ...found, columns: found.columns.flatMap(change) };
    },
  }));

async function all<T>(from: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const one of from) found.push(one);
  return found;
}
async function* each<T>(from: Promise<readonly T[]>): AsyncGenerator<T> {
  yield* await from;
}
/** What is in a table, before what comes. */
async function* added(s: Own, into: TableRef, columns: readonly ColumnShape[], from: AsyncIterable<Batch>, o: IoOptions) {
  const names = columns.map((c) => ident([c.name]));
  for (const rows of await all(s.stream(template`SELECT ${join(names, ", ")} FROM ${ident(into.path)}`, columns, o)))
    yield { rows: rows.length, columns: columns.map((c) => rows.map((r) => r[c.name])) };
  yield* from;
}

/** Faults of sessions. */
export const brokenSession: readonly Broken[] = [
  broken(
    "reports one row too many",
    "session: execute tells how many rows a statement changed",
    session((s) => ({
      execute: async (op, o) => {
        const r = await s.execute(op, o);
        return { ...r, affected: r.affected === null ? null : r.affected + 1 };
      },
    })),
  ),
  broken(
    "commits a block that it refuses",
    "session: a block is refused, and leaves nothing behind, where it expects another number of rows",
    session((s) => ({
      atomic: async (b, o) => {
        const result = await s.atomic(b, o);
        if (result.outcome === "refused") await s.atomic(lenient(b), o);
        return result;
      },
    })),
  ),
  broken(
    "overlooks an expectation of an earlier operation",
    "session: a block is refused, and leaves nothing behind, where it expects what an earlier operation had to hold as well, and did not",
    session((s) => ({
      atomic: (b, o) =>
        s.atomic(
          operations(b, (op) => (op.expect !== undefined && "holds" in op.expect ? { ...op, expect: { holds: true } } : op)),
          o,
        ),
    })),
  ),
  broken(
    "commits a rehearsal",
    "session: a rehearsed block leaves nothing behind, and hands back its results",
    session((s) => ({
      atomic: async (b, o) => {
        const result = await s.atomic({ ...b, end: "commit" }, o);
        return result.outcome === "committed" ? { ...result, outcome: b.end === "commit" ? "committed" : "rehearsed" } : result;
      },
    })),
  ),
  broken(
    "applies a block twice",
    "session: a block is applied exactly once",
    session((s) => ({
      atomic: async (b, o) => {
        await s.atomic(lenient(b), o);
        return s.atomic(b, o);
      },
    })),
  ),
  broken(
    "runs the operations of a block each by itself",
    "session: an error in the middle of a block comes out, and leaves nothing behind",
    session((s) => ({
      atomic: async (b, o) => {
        const results = new Map();
        for (const item of b.ops) if ("op" in item) results.set(item.id, await s.execute(item.op, o));
        return { outcome: b.end === "commit" ? "committed" : "rehearsed", results };
      },
    })),
  ),
  broken(
    "never runs an explanation",
    "session: an explanation is handed back for a refused block too",
    session((s) => ({
      atomic: (b, o) => s.atomic({ ...b, ops: b.ops.map((item) => ("op" in item ? { ...item, explain: [] } : item)) }, o),
    })),
  ),
  broken(
    "ignores the time limit of a block",
    "session: the time limit ends a block, and leaves nothing behind",
    session((s) => ({ atomic: (b, o) => s.atomic({ ...b, timeoutMs: 1e9 }, o) })),
  ),
  broken(
    "ignores the signal in a block",
    "session: an abort inside a block ends it, and leaves nothing behind",
    session((s) => ({ atomic: (b, o) => s.atomic(b, calm(o)) })),
  ),
  broken(
    "ignores the signal before a block",
    "session: an abort before a block begins leaves nothing behind",
    session((s) => ({ atomic: (b, o) => s.atomic(b, calm(o)) })),
  ),
  broken(
    "ignores the signal of a statement",
    "session: an abort before a statement begins keeps it from being run",
    session((s) => ({ execute: (op, o) => s.execute(op, calm(o)) })),
  ),
  broken(
    "never answers an abort",
    "session: an abort ends a statement that is running, also in the engine",
    session((s) => ({
      execute: (op, o) =>
        "native" in op || !op.sql.strings.join("").includes("count(*)") ? s.execute(op, o) : new Promise(() => undefined),
    })),
  ),
  broken(
    "ignores the signal of a stage",
    "session: an abort while stage reads its source ends it, and a repeat gives exactly the rows",
    session((s) => ({ stage: (into, columns, from, o) => s.stage(into, columns, from, calm(o)) })),
  ),
  broken(
    "ignores the signal of a stream",
    "session: an abort ends a stream, and leaves the session usable",
    session((s) => ({ stream: (sql, returns, o) => s.stream(sql, returns, calm(o)) })),
  ),
  broken(
    "reads whole numbers through floats",
    "session: int64 comes back as it went in, by a parameter",
    returned((v) => (typeof v === "bigint" ? BigInt(Math.min(Number(v), 2 ** 63 - 1024)) : v)),
  ),
  broken("writes −0 as 0", "session: float64 comes back as it went in, by a literal", ({ syntax }) => {
    const literal: typeof syntax.literal = (v) => syntax.literal(v.value === 0 ? { ...v, value: 0 } : v);
    return { syntax: { ...syntax, literal } };
  }),
  broken(
    "streams decimals through floats",
    "session: decimal(38,10) comes back as it went in, by stream",
    session((s) => ({
      stream: async function* (sql, returns, o) {
        const decimals = returns.filter((c) => c.type.startsWith("decimal"));
        for await (const rows of s.stream(sql, returns, o)) {
          const change = (v: unknown) => (v === null ? null : String(Number(v)));
          yield rows.map((r) => ({ ...r, ...Object.fromEntries(decimals.map((c) => [c.name, change(r[c.name])])) }));
        }
      },
    })),
  ),
  broken(
    "stages milliseconds",
    "session: timestamp comes back as it went in, by stage",
    staged((v, c) => (c.type === "timestamp" && typeof v === "bigint" ? (v / 1000n) * 1000n : v)),
  ),
  broken(
    "stages the empty string as NULL",
    "session: string comes back as it went in, by stage",
    staged((v) => (v === "" ? null : v)),
  ),
  broken(
    "stages JSON as JavaScript parses it",
    "session: json comes back as it went in, by stage",
    staged((v, c) => (c.type === "json" && typeof v === "string" ? JSON.stringify(JSON.parse(v)) : v)),
  ),
  broken(
    "stages bytes as text",
    "session: bytes comes back as it went in, by stage",
    staged((v) => (v instanceof Uint8Array ? new Uint8Array(Buffer.from(Buffer.from(v).toString("utf8"))) : v)),
  ),
  broken(
    "turns NULL into the empty string",
    "session: execute binds NULL of every type and hands it back",
    returned((v) => v ?? ""),
  ),
  broken(
    "binds parameters in the wrong order",
    "session: execute binds parameters in the order of their placeholders",
    statements((sql) => {
      const bound: SqlPart[] = [];
      rewritten(sql, (v) => {
        bound.push(v);
        return v;
      });
      const values = bound.filter(isValue);
      return rewritten(sql, (v) => (isValue(v) ? values.pop()! : v));
    }),
  ),
  broken(
    "does not quote names",
    "session: a table and a column may be called select",
    identifiers((path) => raw(path.join("."))),
  ),
  broken(
    "does not double the quotes in names",
    'session: the name we"ird is taken as it is or refused, and hurts nothing',
    // Made by the step, read without: half of an adapter quotes.
    session((s) => ({
      stream: (sql, returns, o) =>
        s.stream(
          rewritten(sql, (v) => (typeof v === "object" && v !== null && "ident" in v ? raw(`"${v.ident.join('"."')}"`) : v)),
          returns,
          o,
        ),
    })),
  ),
  broken(
    "folds names that are quoted",
    "session: a name keeps its case",
    identifiers((path) => ({ ident: path.map((name) => name.toLowerCase()) })),
  ),
  broken(
    "leaves a column out of what it describes",
    "session: describe tells every column: order, type, nullability",
    described((c, i) => (i === 3 ? [] : [c])),
  ),
  broken(
    "describes every column as nullable",
    "session: describe tells every column: order, type, nullability",
    described((c) => [{ ...c, nullable: true }]),
  ),
  broken(
    "forgets defaults",
    "session: describe tells defaults, as text that makes them again",
    described(({ default: _, ...c }) => [c]),
  ),
  broken(
    "describes decimals without their digits",
    "session: describe tells natives that make an equal table",
    described((c) => [{ ...c, native: c.native.replace(/\(.*\)$/, "") }]),
  ),
  broken(
    "takes a view for no table at all",
    "session: describe refuses a view",
    session((s) => ({ describe: (ref, o) => s.describe(ref, o).catch(() => null) })),
  ),
  broken(
    "appends instead of replacing",
    "session: stage replaces what was there, and tells how many rows came",
    session((s) => ({
      stage: (into, columns, from, o) => s.stage(into, columns, isBatches(from) ? added(s, into, columns, from, o) : from, o),
    })),
  ),
  broken(
    "keeps the rows of a source that failed",
    "session: a source that throws makes stage throw, and a repeat gives exactly the rows",
    session((s) => ({
      stage: (into, columns, from, o) => {
        const forgiving = async function* (source: AsyncIterable<Batch>): AsyncGenerator<Batch> {
          try {
            yield* source;
          } catch {
            // What came so far is taken for all.
          }
        };
        return s.stage(into, columns, isBatches(from) ? forgiving(from) : from, o);
      },
    })),
  ),
  broken(
    "stages the values that fit, and leaves out the others",
    "session: stage refuses an int64 beyond 64 bits in a later batch, and a repeat gives exactly the rows",
    staged((v) => (typeof v === "bigint" && BigInt.asIntN(64, v) !== v ? null : v)),
  ),
  broken(
    "rounds decimals",
    "session: stage refuses a decimal with a digit too many behind its point in the first batch, and a repeat gives exactly the rows",
    staged((v, c) => (c.type === "decimal(5,2)" && typeof v === "string" && v.startsWith("1.") ? Number(v).toFixed(2) : v)),
  ),
  broken(
    "stages into a table that is there as it is",
    "session: stage makes the table, and in place of one with other columns one with exactly those given",
    session((s) => ({
      stage: async (into, columns, from, o) => {
        const there = await s.describe(into, o);
        const was = (name: string) => there?.columns.find((c) => c.name === name) ?? {};
        return s.stage(
          into,
          columns.map((c) => ({ ...c, ...was(c.name) })),
          from,
          o,
        );
      },
    })),
  ),
  broken(
    "stages into columns that may all be NULL",
    "session: stage refuses NULL in a column that is NOT NULL",
    staging((c) => ({ ...c, nullable: true })),
  ),
  broken(
    "stages into types of its own",
    "session: a type without a canonical one travels as text",
    staging((c) => ({ ...c, native: syntax.type(c.type) })),
  ),
  broken(
    "forgets defaults where only columns are asked for",
    "session: describe tells path and columns whole where only those are asked for",
    session((s) => ({
      describe: async (ref, o, what) => {
        const found = await s.describe(ref, o, what);
        if (found === null || what !== "columns") return found;
        return { ...found, columns: found.columns.map(({ default: _, ...c }) => c) };
      },
    })),
  ),
  broken(
    "gathers a whole source before it stages it",
    "session: stage does not hold the whole source in memory",
    session((s) => ({
      stage: (into, columns, from, o) => s.stage(into, columns, isBatches(from) ? each(all(from)) : from, o),
    })),
  ),
  broken(
    "gathers a whole result before it streams it",
    "session: stream does not hold the whole result in memory",
    session((s) => ({ stream: (sql, returns, o) => each(all(s.stream(sql, returns, o))) })),
  ),
  broken(
    "streams a result as one batch",
    "session: stream does not hold the whole result in memory",
    session((s) => ({
      stream: async function* (sql, returns, o) {
        yield (await all(s.stream(sql, returns, o))).flat();
      },
    })),
  ),
  broken(
    "ends a stream that fails as if it were whole",
    "session: a missing table is an error of stream, of kind missing-object",
    session((s) => ({
      stream: async function* (sql, returns, o) {
        try {
          yield* s.stream(sql, returns, o);
        } catch {
          // Swallowed.
        }
      },
    })),
  ),
  broken(
    "swallows errors",
    "session: a missing table is an error of execute, of kind missing-object",
    session((s) => ({ execute: (op, o) => s.execute(op, o).catch(() => ({ affected: null, rows: [] })) })),
  ),
  broken("throws while it explains an error", "session: classify answers for anything, and never throws", () => ({
    classify: (e, own) => own((e as Error).message === undefined ? e : e),
  })),
  broken("calls everything an unknown error", "session: what is no SQL is an error of execute, of kind syntax", () => ({
    classify: () => ({ kind: "other", outcome: "not-applied" }),
  })),
  broken(
    "lists by LIKE",
    "session: list finds tables by their prefix, and no others",
    session((s) => ({
      list: async (schema, prefix, o) => {
        const pattern = new RegExp(`^${prefix.replaceAll("\\", "\\\\").replaceAll("_", ".").replaceAll("%", ".*")}`);
        return (await s.list(schema, "", o)).filter((r) => pattern.test(r.path.at(-1) ?? ""));
      },
    })),
  ),
  broken(
    "lists the first fifty tables",
    "session: list is complete",
    session((s) => ({ list: async (schema, prefix, o) => (await s.list(schema, prefix, o)).slice(0, 50) })),
  ),
  broken(
    "lists every schema",
    "session: list looks into one schema only",
    session((s) => ({
      list: async (schema, prefix, o) => [...(await s.list(schema, prefix, o)), ...(await s.list({ path: s.home }, prefix, o))],
    })),
  ),
  broken(
    "tells a query's columns in an order of its own",
    "session: columnsOf tells the columns of a query: names, order, types",
    session((s) => ({ columnsOf: async (source, o) => (await s.columnsOf(source, o)).toReversed() })),
  ),
  broken("closes every session with one", "session: closing a session lets the others live on", () => {
    const opened: Own[] = [];
    return {
      session: (s) => {
        opened.push(s);
        return {
          close: async () => {
            for (const each of opened.splice(0)) await each.close();
          },
        };
      },
    };
  }),
  broken(
    "has no home",
    "session: home is where unqualified names stand",
    session(() => ({ home: ["memory", "elsewhere"] })),
  ),
];

const isValue = (v: SqlPart): boolean => typeof v !== "object" || v === null || ("value" in v && isColumnType(v.type));
