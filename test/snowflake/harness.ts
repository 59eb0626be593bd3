import { randomUUID } from "node:crypto";
import { adapterOf, ident, type Sql, sqlOp, type TableRef, template } from "cutover/adapter";
import type { Harness } from "cutover/conformance";
import { type SnowflakeOptions, snowflake } from "cutover/snowflake";
import { capabilities } from "../../adapters/snowflake/capabilities.js";
import { wrapped } from "../../src/conformance/wrapped.js";
import { startSnowflake } from "../simulators/snowflake/server.js";

const io = { signal: new AbortController().signal, tag: "conformance schema" };

/** What Snowflake's tables can bear that a clone and a swap must carry. */
export const decorate = (table: TableRef): readonly Sql[] => [
  template`COMMENT ON TABLE ${ident(table.path)} IS 'what it''s for'`,
  template`COMMENT ON COLUMN ${ident([...table.path, "note"])} IS 'a note'`,
  template`ALTER TABLE ${ident(table.path)} CLUSTER BY (${ident(["id"])})`,
  template`GRANT SELECT ON TABLE ${ident(table.path)} TO ROLE PUBLIC`,
];

/** What a run of the kit did that an account pays for. */
export interface Cost {
  readonly sessions: number;
  /** Calls of sessions; a block is one. */
  readonly calls: number;
  readonly schemas: number;
}

/** The kit in an account: two schemas for each case, one of them for the ledger, both dropped when it ends. */
export function harnessIn(
  login: Extract<SnowflakeOptions, { username?: string | undefined }>,
): Harness & { readonly cost: () => Cost } {
  const { database } = login;
  if (database === undefined) throw new Error("the kit needs a database to make schemas in");
  const counted = { sessions: 0, calls: 0, schemas: 0 };
  const counting = (options: SnowflakeOptions) =>
    wrapped(snowflake(options), {
      session: (s) => {
        counted.sessions += 1;
        return {
          execute: (op, o) => s.execute(op, o).finally(() => counted.calls++),
          atomic: (b, o) => s.atomic(b, o).finally(() => counted.calls++),
          stage: (into, columns, from, o) => s.stage(into, columns, from, o).finally(() => counted.calls++),
        };
      },
    });
  const admin = adapterOf(snowflake(login));
  const run = async (statements: readonly string[]): Promise<void> => {
    const session = await admin?.open(io);
    try {
      for (const text of statements) await session?.execute(sqlOp(text), io);
    } finally {
      await session?.close();
    }
  };
  const quoted = (name: string): string => `"${database}"."${name}"`;
  return {
    capabilities,
    decorate,
    cost: () => ({ ...counted }),
    open: async () => {
      const schema = `CUTOVER_${randomUUID().replaceAll("-", "").slice(0, 16).toUpperCase()}`;
      const ledgerSchema = `${schema}_LEDGER`;
      counted.schemas += 1;
      await run([`CREATE SCHEMA ${quoted(schema)}`]);
      return {
        warehouse: counting({ ...login, schema }),
        ledgerSchema,
        dispose: () => run([schema, ledgerSchema].map((name) => `DROP SCHEMA IF EXISTS ${quoted(name)} CASCADE`)),
      };
    },
  };
}

/** The kit on the simulator, which every case of a process shares. */
export async function simulated(): Promise<{ readonly harness: Harness; close(): Promise<void> }> {
  const simulator = await startSnowflake();
  return { harness: harnessIn(simulator.connectionOptions()), close: () => simulator.close() };
}
