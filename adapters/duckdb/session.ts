import { interactive, oneAtATime, type Session, type SqlOp } from "cutover/adapter";
import { columnsOf, describe, hasSchema, homeOf, list } from "./describe.js";
import { type Connection, guarded, run, stream } from "./driver.js";
import { cancelled, commitFailed, fault } from "./errors.js";
import type { Hold } from "./instance.js";
import { renderSql } from "./render.js";
import { stage } from "./stage.js";

const plain = (c: Connection, text: string): Promise<unknown> => run(c, { text, values: [] });

/** A connection whose own settings are ours: instants in UTC, texts compared as they are. Nothing global is touched. */
async function connect(hold: Hold): Promise<Connection> {
  const c: Connection = { driver: hold.driver, raw: await hold.instance.connect() };
  try {
    await plain(c, "SET SESSION TimeZone = 'UTC'");
    await plain(c, "SET SESSION default_collation = 'binary'");
  } catch (e) {
    c.raw.closeSync();
    throw e;
  }
  return c;
}

/** Opens one session on an instance; closing it lets the instance go. */
export async function openSession(hold: Hold): Promise<Session> {
  try {
    const c = await connect(hold);
    return sessionOn(c, hold, await homeOf(c));
  } catch (e) {
    hold.release();
    throw e;
  }
}

function sessionOn(c: Connection, hold: Hold, home: readonly string[]): Session {
  let closed = false;
  // Another statement would slip into an open transaction.
  const alone = oneAtATime(() => {
    if (closed) throw fault("other", "the session is closed", "Open a new session.");
  });
  const block = interactive({
    exec: (op, results, o) => guarded(c, o, () => run(c, renderSql(op.sql, results), op.returns)),
    begin: (o) => guarded(c, o, () => plain(c, "BEGIN")),
    commit: () => commit(c),
    rollback: () => plain(c, "ROLLBACK"),
  });
  return {
    home,
    execute: (op: SqlOp, o) => alone(() => guarded(c, o, () => run(c, renderSql(op.sql), op.returns))),
    stream: (sql, returns, o) => {
      const types = Object.fromEntries(returns.map((column) => [column.name, column.type]));
      return apart(hold, (own) => stream(own, renderSql(sql), types, o));
    },
    atomic: (b, o) =>
      alone(async () => {
        try {
          return await block(b, o);
        } catch (e) {
          await plain(c, "ROLLBACK").catch(() => undefined);
          throw o.signal.aborted && e === o.signal.reason ? cancelled("signal", e) : e;
        }
      }),
    stage: (into, columns, from, o) => alone(() => stage(c, into, columns, from, o)),
    columnsOf: (source, o) => alone(() => guarded(c, o, () => columnsOf(c, source))),
    describe: (ref, o) => alone(() => guarded(c, o, () => describe(c, ref))),
    list: (schema, prefix, o) => alone(() => guarded(c, o, () => list(c, schema, prefix))),
    hasSchema: (schema, o) => alone(() => guarded(c, o, () => hasSchema(c, schema))),
    close: async () => {
      if (closed) return;
      await alone(async () => undefined);
      closed = true;
      c.raw.closeSync();
      hold.release();
    },
  };
}

/** A result that is read slowly gets a connection of its own: the next statement on a connection ends the one before. */
async function* apart<T>(hold: Hold, work: (c: Connection) => AsyncIterable<T>): AsyncGenerator<T> {
  const own = await connect(hold);
  try {
    yield* work(own);
  } finally {
    own.raw.closeSync();
  }
}

/** Never interrupted: an answer is worth more than the time that is left. */
async function commit(c: Connection): Promise<void> {
  try {
    await plain(c, "COMMIT");
  } catch (e) {
    await plain(c, "ROLLBACK").catch(() => undefined);
    throw commitFailed(e);
  }
}
