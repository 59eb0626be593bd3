import { openEngine } from "./index.js";
import type { SimBind, SimEngine, SimEngineOptions, SimError, SimResult, SimSession } from "./types.js";

type Row = readonly (string | null)[];
type Parameters = Readonly<Record<string, string | number | boolean>>;

/** An engine for tests: sessions that answer with rows, or with the code of what they refuse. */
export interface Opened {
  readonly engine: SimEngine;
  connect(o?: { user?: string; role?: string; schema?: string; warehouse?: string | null }): Promise<Session>;
  close(): Promise<void>;
}

export interface Session {
  readonly raw: SimSession;
  run(
    sql: string,
    binds?: Readonly<Record<string, SimBind>>,
    o?: { signal?: AbortSignal; parameters?: Parameters; queryId?: string },
  ): Promise<SimResult>;
  rows(sql: string, binds?: Readonly<Record<string, SimBind>>): Promise<Row[]>;
  /** The first column of the first row. */
  one(sql: string): Promise<string | null>;
  /** "code sqlState: message" of what the statement is refused with; throws if it is not. */
  refused(sql: string, binds?: Readonly<Record<string, SimBind>>): Promise<string>;
  queryId(): string;
  close(): Promise<void>;
}

export async function opened(o: Partial<SimEngineOptions> = {}): Promise<Opened> {
  const users = [
    { name: "ANNA", roles: ["SYSADMIN"], defaultWarehouse: "WH" },
    { name: "BEN", roles: ["READER"], defaultWarehouse: "WH" },
    { name: "ADMIN", roles: ["ACCOUNTADMIN"], defaultWarehouse: "WH" },
  ];
  const engine = await openEngine({ account: "test", users, ...o });
  let queries = 0;
  return {
    engine,
    close: () => engine.close(),
    connect: async ({ user = "ANNA", role, schema = "PUBLIC", warehouse = "WH" } = {}) => {
      const raw = await engine.connect({ user, role: role ?? null, database: "DB", schema, warehouse });
      let last = "";
      const run: Session["run"] = (sql, binds, options = {}) => {
        last = options.queryId ?? `q-${raw.id}-${++queries}`;
        return raw.execute(sql, binds, {
          signal: options.signal ?? new AbortController().signal,
          queryId: last,
          ...(options.parameters ? { parameters: options.parameters } : {}),
        });
      };
      const rows: Session["rows"] = async (sql, binds) => {
        const result = await run(sql, binds);
        if (Array.isArray(result.rows)) return [...result.rows];
        const all: Row[] = [];
        for await (const some of result.rows as AsyncIterable<Row[]>) all.push(...some);
        return all;
      };
      return {
        raw,
        run,
        rows,
        one: async (sql) => (await rows(sql))[0]?.[0] ?? null,
        refused: (sql, binds) =>
          run(sql, binds).then(
            () => {
              throw new Error(`not refused: ${sql}`);
            },
            (e: SimError) => `${e.code} ${e.sqlState}: ${e.message}`,
          ),
        queryId: () => last,
        close: () => raw.close(),
      };
    },
  };
}
