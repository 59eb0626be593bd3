import {
  type Adapter,
  adapterOf,
  type ColumnShape,
  type IoOptions,
  type Row,
  raw,
  type Session,
  type TableRef,
} from "cutover/adapter";
import { type SnowflakeOptions, snowflake } from "../../adapters/snowflake/index.js";
import { type Simulator, type SimulatorOptions, startSnowflake } from "../simulators/snowflake/server.js";

export const calm = (tag = "cutover orders test"): IoOptions => ({ tag, signal: new AbortController().signal });

/** A simulated account of its own, and the adapter on it. */
export interface Account {
  readonly sim: Simulator;
  readonly adapter: Adapter;
  open(o?: IoOptions): Promise<Session>;
  /** An adapter with other options. */
  other(options: Partial<SnowflakeOptions>): Adapter;
  /** Statements of SQL, one after the other, on a session of their own; the rows of the last. */
  sql(...statements: readonly string[]): Promise<readonly Row[]>;
  /** Statements that were sent while `body` ran, without the comment before them. */
  sent(body: () => Promise<unknown>): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function account(options: SimulatorOptions = {}): Promise<Account> {
  const sim = await startSnowflake(options);
  const opened: Session[] = [];
  const other = (more: Partial<SnowflakeOptions>): Adapter => {
    const adapter = adapterOf(snowflake({ ...sim.connectionOptions(), ...more } as SnowflakeOptions));
    if (adapter === null) throw new Error("unreachable");
    return adapter;
  };
  const adapter = other({});
  const open = async (o = calm()): Promise<Session> => {
    const session = (await adapter.open(o)) as Session;
    opened.push(session);
    return session;
  };
  let own: Promise<Session> | undefined;
  return {
    sim,
    adapter,
    open,
    other,
    async sql(...statements) {
      own ??= open();
      let rows: readonly Row[] = [];
      for (const text of statements) rows = (await (await own).execute({ sql: raw(text) }, calm("setting up"))).rows;
      return rows;
    },
    async sent(body) {
      const mark = sim.counts.mark();
      await body();
      return sim.counts.since(mark).log.map((s) => s.sql.replace(/^\/\*.*?\*\/ /, ""));
    },
    async close() {
      for (const session of opened) await session.close();
      await sim.close();
    },
  };
}

export const at = (name: string): TableRef => ({ path: ["DB", "PUBLIC", name] });
export const column = (name: string, type: ColumnShape["type"], native: string, nullable = true): ColumnShape => ({
  name,
  type,
  native,
  nullable,
});

/** Rows as one batch after the other, each of so many. */
export async function* rowsOf(count: number, size: number, value: (i: number) => readonly unknown[]) {
  for (let from = 0; from < count; from += size) {
    const rows = Array.from({ length: Math.min(size, count - from) }, (_, i) => value(from + i));
    yield { rows: rows.length, columns: (rows[0] ?? []).map((_, c) => rows.map((r) => r[c])) };
  }
}

/** What a promise is rejected with. */
export async function failure(call: Promise<unknown>): Promise<unknown> {
  const nothing = Symbol("nothing");
  const e = await call.then(
    () => nothing,
    (error: unknown) => error,
  );
  if (e === nothing) throw new Error("it did not fail");
  return e;
}
