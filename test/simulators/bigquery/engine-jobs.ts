import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Column, newTable, putTable, type Table } from "./engine/catalog.js";
import { type OpenCore, openCore } from "./engine/core.js";
import { copyJob } from "./engine/jobs/copy.js";
import { loadJob } from "./engine/jobs/load.js";
import { columnOf, type FieldSchema } from "./engine/jobs/schema.js";
import { type Privileges, privileges } from "./engine/privileges.js";
import { listRows } from "./engine/rows.js";
import type { CopyResult, LoadResult, Resource, SimCell, TableName } from "./engine/types.js";

/** Load and copy jobs apart from SQL. */
export interface Jobs {
  readonly core: OpenCore;
  readonly rights: Privileges;
  name(table: string): TableName;
  /** A table in the catalog, without rows. */
  table(name: string, fields: readonly FieldSchema[], more?: Partial<Table>): Table;
  load(content: string | Buffer | readonly (string | Buffer)[], configuration: Resource, user?: string): Promise<LoadResult>;
  copy(from: string, to: string, more?: Resource, user?: string): Promise<CopyResult>;
  rows(table: string): Promise<readonly (readonly SimCell[])[]>;
  close(): Promise<void>;
}

export async function openJobs(now?: () => number): Promise<Jobs> {
  const core = await openCore({ project: "p", datasets: ["d"], ...(now ? { now } : {}) });
  const rights = privileges();
  const directory = mkdtempSync(join(tmpdir(), "bigquery-"));
  const name = (tableId: string): TableName => ({ projectId: "p", datasetId: "d", tableId });
  let files = 0;
  return {
    core,
    rights,
    name,
    table(id, fields, more = {}) {
      const columns: readonly Column[] = fields.map((f) => columnOf(core.catalog, f));
      const made = Object.assign(newTable(core.catalog, name(id), "TABLE", columns, "test"), more);
      putTable(core.catalog, made);
      return made;
    },
    load(content, configuration, user = "u") {
      const contents = Array.isArray(content) ? (content as readonly (string | Buffer)[]) : [content as string | Buffer];
      const paths = contents.map((text) => {
        const path = join(directory, `f${++files}`);
        writeFileSync(path, text);
        return path;
      });
      return loadJob(core, rights, { files: paths, configuration, user, jobId: "j", signal: new AbortController().signal });
    },
    copy(from, to, more = {}, user = "u") {
      const configuration = { sourceTable: { ...name(from) }, destinationTable: { ...name(to) }, ...more };
      return copyJob(core, rights, { configuration, user, jobId: "j", signal: new AbortController().signal });
    },
    rows: async (table) => (await listRows(core, rights, name(table), {}, { user: "u" })).rows,
    async close() {
      await core.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
