import { type IoOptions, interactive, oneAtATime, type Session, type SqlOp } from "cutover/adapter";
import type { Opened } from "./connect.js";
import { describe, hasSchema, list } from "./describe.js";
import { type Link, perform, rowsOf, run, start } from "./driver.js";
import { cancelled, fault, SnowflakeFault } from "./errors.js";
import { readable, renderSql } from "./render.js";
import { columnsOf } from "./stage/columns.js";
import { stage } from "./stage/index.js";
import { scratchOf } from "./stage/scratch.js";
import { syntax } from "./syntax.js";

/** A session on one connection. */
export function sessionOn({ link, home, close }: Opened): Session {
  let closed = false;
  let ended: Promise<void> | undefined;
  const end = (): Promise<void> => {
    ended ??= close();
    return ended;
  };
  // Another statement would slip into an open transaction.
  const alone = oneAtATime(() => {
    if (closed) throw fault("other", "the session is closed", "Open a new session.");
  });
  const exec = (op: SqlOp, o: IoOptions, results?: Parameters<typeof renderSql>[1]) =>
    run(link, readable(renderSql(op.sql, results), op.returns ?? {}), o, op.returns);
  // An interactive block rolls back without options of its own: its begin has told its name.
  let tag = "cutover";
  const block = interactive({
    exec: (op, results, o) => exec(op, o, results),
    begin: (o) => {
      tag = o.tag;
      return perform(link, "BEGIN TRANSACTION", o);
    },
    commit: (o) => commit(link, o),
    rollback: () => rollback(link, tag),
  });
  const scratch = scratchOf(link);
  return {
    home,
    execute: (op: SqlOp, o) =>
      alone(async () => {
        const done = await exec(op, o);
        // A new schema becomes the session's current one (docs: CREATE SCHEMA), and names of users' SQL would mean others.
        if (makesSchema(op)) await perform(link, `USE SCHEMA ${syntax.ident(home)}`, o);
        return done;
      }),
    async *stream(sql, returns, o) {
      const types = Object.fromEntries(returns.map((c) => [c.name, c.type] as const));
      const statement = readable(renderSql(sql), types);
      // The rows come by another way than statements: these may go on meanwhile.
      const done = await alone(() => start(link, statement, o));
      yield* rowsOf(link, done, types, o.signal);
    },
    atomic: (b, o) =>
      alone(async () => {
        try {
          return await block(b, o);
        } catch (e) {
          if (link.lost) await end();
          throw o.signal.aborted && e === o.signal.reason ? cancelled("signal", true) : e;
        }
      }),
    stage: (into, columns, from, o) => alone(() => stage(link, scratch, into, columns, from, o)),
    columnsOf: (source, o) => alone(() => columnsOf(link, scratch, source, o)),
    describe: (ref, o, what) => alone(() => describe(link, ref, o, what ?? "whole")),
    list: (schema, prefix, o) => alone(() => list(link, schema, prefix, o)),
    hasSchema: (schema, o) => alone(() => hasSchema(link, schema, o)),
    close: async () => {
      if (closed) return;
      await alone(async () => undefined);
      closed = true;
      await end();
    },
  };
}

const makesSchema = ({ sql }: SqlOp): boolean => /^CREATE SCHEMA\b/.test(renderSql(sql).text);
const calm = (tag: string): IoOptions => ({ tag, signal: new AbortController().signal });

/** A transaction that cannot be rolled back holds its locks for minutes: then the session must go, which ends it. */
async function rollback(link: Link, tag: string): Promise<void> {
  if (link.lost) throw fault("transient", "the session is lost", "Its transaction ends with it.");
  try {
    await perform(link, "ROLLBACK", calm(tag));
  } catch (e) {
    link.lost = true;
    throw e;
  }
}

/**
 * The service's codes of statements. The others, of the driver and of sessions that are gone, may come to the repetition of a request
 * whose first answer was lost.
 */
const answered = /^(?!39|4)\d{6}$/;

/** Only what the service itself says of it is certain; a COMMIT without an answer may have been one. */
async function commit(link: Link, o: IoOptions): Promise<void> {
  try {
    await perform(link, "COMMIT", o);
  } catch (e) {
    // One that never arrived leaves the transaction open, and its locks would keep out whoever looks what became of it.
    await perform(link, "ROLLBACK", { ...calm("cutover rollback"), timeoutMs: 5000 }).catch(() => undefined);
    link.lost = true;
    const certain = e instanceof SnowflakeFault && answered.test(e.code ?? "") && e.fault.outcome === "not-applied";
    if (certain || !(e instanceof SnowflakeFault)) throw e;
    throw new SnowflakeFault(e.message, { ...e.fault, outcome: "unknown" }, { cause: e, code: e.code });
  }
}
