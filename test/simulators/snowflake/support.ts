import "./quiet.js";

import snowflake, { type Connection, type ConnectionOptions, type RowStatement, type StatementOption } from "snowflake-sdk";
import { type Simulator, type SimulatorOptions, startSnowflake } from "./server.js";

// the driver writes its log to the console and to a file of the working directory unless told not to
snowflake.configure({ logLevel: "OFF" });

export interface Answer {
  readonly rows: readonly Record<string, unknown>[];
  readonly statement: RowStatement;
}

/** A connection of the official driver whose calls are promises. */
export interface Client {
  readonly connection: Connection;
  run(sql: string, options?: Partial<StatementOption>): Promise<Answer>;
  /** The statement as it is under way. */
  begin(sql: string, options?: Partial<StatementOption>): { readonly statement: RowStatement; readonly answer: Promise<Answer> };
  cancel(statement: RowStatement): Promise<void>;
  close(): Promise<void>;
}

export interface Account {
  readonly sim: Simulator;
  connect(options?: Partial<ConnectionOptions>): Promise<Client>;
}

/** Starts a simulator; `end` closes what was opened. */
export function accounts(): { start(options?: SimulatorOptions): Promise<Account>; end(): Promise<void> } {
  const sims: Simulator[] = [];
  return {
    start: async (options = {}) => {
      const sim = await startSnowflake(options);
      sims.push(sim);
      return { sim, connect: (more = {}) => open({ ...sim.connectionOptions(), ...more }) };
    },
    end: async () => {
      for (const sim of sims.splice(0)) await sim.close();
    },
  };
}

async function open(options: ConnectionOptions): Promise<Client> {
  const connection = snowflake.createConnection(options);
  await new Promise<void>((done, fail) => connection.connect((e) => (e ? fail(e) : done())));
  const begin: Client["begin"] = (sqlText, more = {}) => {
    let statement: RowStatement | undefined;
    const answer = new Promise<Answer>((done, fail) => {
      statement = connection.execute({
        sqlText,
        ...more,
        complete: (e, s, rows) =>
          e ? fail(e) : done({ rows: (Array.isArray(rows) ? rows : []) as Answer["rows"], statement: s as RowStatement }),
      });
    });
    answer.catch(() => {});
    return { statement: statement as RowStatement, answer };
  };
  return {
    connection,
    begin,
    run: (sql, more) => begin(sql, more).answer,
    cancel: (statement) => new Promise((done, fail) => statement.cancel((e) => (e ? fail(e) : done()))),
    close: () => new Promise((done, fail) => connection.destroy((e) => (e ? fail(e) : done()))),
  };
}

/** A SELECT of so many rows of 100 letters. */
export const manyRows = (rows: number): string => `SELECT REPEAT('x', 100) AS T FROM TABLE(GENERATOR(ROWCOUNT => ${rows}))`;
