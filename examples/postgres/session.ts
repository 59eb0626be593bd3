import { randomUUID } from "node:crypto";
import { type ColumnType, type IoOptions, interactive, type Row, type Session, type SqlOp } from "cutover/adapter";
import { describe, hasSchema, homeOf, list, queryColumns } from "./describe.js";
import { connect, heed, type PGliteLike, type Statement, type Within } from "./driver.js";
import { around, plain, rendered } from "./render.js";
import { noFiles, stage } from "./stage.js";
import { syntax } from "./syntax.js";

/** A session on the application's client. There is one connection, so each call is a transaction that waits for its turn. */
export async function openSession(client: PGliteLike, o: IoOptions): Promise<Session> {
  const within = await connect(client);
  return {
    home: await within(o, homeOf),
    execute: (op: SqlOp, io) => within(io, (block) => block.run(rendered(op.sql), op.returns)),
    stream: (sql, returns, io) =>
      stream(within, rendered(sql), Object.fromEntries(returns.map((c) => [c.name, c.type] as const)), io),
    atomic: (b, io) =>
      within(io, ({ run, rollback }) => {
        // The transaction around begins and commits it.
        const nothing = async (): Promise<void> => undefined;
        const block = interactive({
          exec: async (op, results, each) => {
            await heed(each.signal);
            return run(rendered(op.sql, results), op.returns);
          },
          begin: nothing,
          commit: nothing,
          rollback,
        });
        return block(b, io);
      }),
    stage: (into, columns, from, io) => stage(within, into, columns, from, io),
    columnsOf: async (source, io) => {
      if (!("~sql" in source)) throw noFiles();
      return within(io, (block) => queryColumns(block, rendered(source)));
    },
    describe: (ref, io) => within(io, (block) => describe(block, ref)),
    list: (schema, prefix, io) => within(io, (block) => list(block, schema, prefix)),
    hasSchema: (schema, io) => within(io, (block) => hasSchema(block, schema)),
    // The client is the application's to close.
    close: async () => undefined,
  };
}

const FETCH = 1000;
/** A cursor that outlives its transaction: whoever reads slowly keeps nobody from the connection. */
async function* stream(
  within: Within,
  query: Statement,
  returns: Readonly<Record<string, ColumnType>>,
  o: IoOptions,
): AsyncGenerator<readonly Row[]> {
  const cursor = syntax.ident([`cutover_${randomUUID()}`]);
  await within(o, (block) => block.run(around(query, `DECLARE ${cursor} NO SCROLL CURSOR WITH HOLD FOR `, "")));
  try {
    for (;;) {
      const { rows } = await within(o, (block) => block.run(plain(`FETCH ${FETCH} FROM ${cursor}`), returns));
      if (rows.length > 0) yield rows;
      if (rows.length < FETCH) return;
    }
  } finally {
    const calm = { ...o, signal: new AbortController().signal };
    await within(calm, (block) => block.run(plain(`CLOSE ${cursor}`)));
  }
}
