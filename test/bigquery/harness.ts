import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { BigQuery } from "@google-cloud/bigquery";
import { ident, type Sql, type TableRef, template } from "cutover/adapter";
import { type BigQueryOptions, bigquery } from "cutover/bigquery";
import type { Harness } from "cutover/conformance";
import * as z from "zod";
import { capabilities } from "../../adapters/bigquery/capabilities.js";
import { wrapped } from "../../src/conformance/wrapped.js";
import { authClient } from "../simulators/bigquery/client.js";

/** What BigQuery's tables can bear that a clone and a swap must carry. */
export const decorate = (table: TableRef): readonly Sql[] => [
  template`ALTER TABLE ${ident(table.path)} SET OPTIONS (description = 'what it\\'s for', labels = [('team', 'data')])`,
  template`ALTER TABLE ${ident(table.path)} ALTER COLUMN ${ident(["note"])} SET OPTIONS (description = 'a note')`,
];

/** What a run of the kit did that a project pays for. */
export interface Cost {
  /** Calls of sessions: a job each, or a request. */
  readonly calls: number;
  readonly bytes: number;
  readonly datasets: number;
}
/** Where the kit runs: what `bigquery()` takes, with its project and location. */
export type Project = Omit<Extract<BigQueryOptions, { authClient?: unknown; apiEndpoint?: unknown }>, "dataset"> & {
  readonly projectId: string;
  readonly location: string;
};

/** The kit in a project: two datasets for each case, one of them for the ledger, both deleted when it ends. */
export function harnessIn(project: Project): Harness & { readonly cost: () => Cost } {
  const counted = { calls: 0, bytes: 0, datasets: 0 };
  const client = new BigQuery({ ...(project as object), projectId: project.projectId });
  const counting = (options: BigQueryOptions) =>
    wrapped(bigquery(options), {
      session: (s) => {
        const count = <R extends { readonly bytes?: number }>(done: R): R => {
          counted.calls += 1;
          counted.bytes += done.bytes ?? 0;
          return done;
        };
        return {
          execute: (op, o) => s.execute(op, o).then(count),
          atomic: (b, o) => s.atomic(b, o).then(count),
          stage: (into, columns, from, o) => s.stage(into, columns, from, o).finally(() => counted.calls++),
        };
      },
    });
  return {
    capabilities,
    decorate,
    cost: () => ({ ...counted }),
    open: async () => {
      const dataset = `cutover_${randomUUID().replaceAll("-", "").slice(0, 16)}`;
      const ledgerSchema = `${dataset}_ledger`;
      counted.datasets += 1;
      await client.createDataset(dataset, { location: project.location });
      return {
        warehouse: counting({ ...project, dataset } as BigQueryOptions),
        ledgerSchema,
        dispose: async () => {
          for (const name of [dataset, ledgerSchema])
            await client
              .dataset(name)
              .delete({ force: true })
              .catch((e: { code?: number }) => {
                if (e.code !== 404) throw e;
              });
        },
      };
    },
  };
}

const told = z.object({
  token: z.string(),
  projectId: z.string(),
  location: z.string(),
  apiEndpoint: z.string(),
});

/** The kit on the simulator, which every case shares; in a process of its own, so that the kit measures its own memory. */
export async function simulated(): Promise<{ readonly harness: Harness; close(): Promise<void> }> {
  const file = fileURLToPath(new URL("./simulator-child.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", "--conditions=cutover-source", file], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  // Whoever forgets to close it is not kept from ending.
  child.unref();
  for (const stream of [child.stdin, child.stdout]) (stream as unknown as { unref(): void }).unref();
  const { token, ...project } = told.parse(JSON.parse(line));
  return {
    harness: harnessIn({ ...project, authClient: authClient(token) } as Project),
    close: async () => {
      const closed = once(child, "close");
      child.stdin.end();
      await closed;
    },
  };
}
