/**
 * One connection: how statements run. The driver is imported here, by the few methods that are used, so that an application
 * without it is told so (`driver-missing`, with the command that installs it as `detail`) when it connects.
 */
import { type InteractiveConnection, type IoOptions, interactive, type Session } from "cutover/adapter";
import { columnsOf, describe, hasSchema, list } from "./describe.js";
import { unwritten } from "./errors.js";
import { stage } from "./stage.js";

/** Where the warehouse is. */
export interface EngineOptions {
  readonly url: string;
}

/** Connects, and fixes the connection's own settings (time zone, collation) on which values depend; nothing global. */
export async function openSession(_options: EngineOptions, _o: IoOptions): Promise<Session> {
  const connection: InteractiveConnection = {
    exec: () => unwritten("exec", "the rows in canonical form and the number of rows changed; `render` makes text and values"),
    begin: () => unwritten("begin", "when the transaction has begun"),
    commit: () => unwritten("commit", "when it is committed; an answer that is lost is an error with outcome `unknown`"),
    rollback: () => unwritten("rollback", "when nothing of the transaction is left, also after an error or an abort"),
  };
  return {
    home: unwritten("home", "the database and the schema in which unqualified names stand"),
    execute: () => unwritten("execute", "the rows in canonical form and the number of rows changed, of one statement"),
    stream: () => unwritten("stream", "the rows batch by batch; whoever stops reading leaves nothing open"),
    atomic: interactive(connection),
    stage,
    columnsOf,
    describe,
    list,
    hasSchema,
    close: () => unwritten("close", "when what the session opened is closed, and nothing that was given to it"),
  };
}
