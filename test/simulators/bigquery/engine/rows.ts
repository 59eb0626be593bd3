import { type Column, datasetOf, findTable, latest, nameText, notFoundTable, pushVersion, type Table } from "./catalog.js";
import { decorated } from "./jobs/decorators.js";
import { fill } from "./jobs/fill.js";
import { problems } from "./jobs/problems.js";
import { partitionRows } from "./jobs/target.js";
import { fromJson } from "./jobs/texts.js";
import type { Privileges } from "./privileges.js";
import { stored, union, withConnection } from "./store.js";
import { type Core, travelled } from "./transactions.js";
import { type Caller, type Resource, type RowsPage, type RowsRequest, SimError, type TableName } from "./types.js";
import { cell, field, fromDuck } from "./values.js";

function tableOf(core: Core, name: TableName): Table {
  datasetOf(core.catalog, name);
  const found = findTable(core.catalog, name);
  if (!found) throw notFoundTable(name, core.catalog.location);
  return found;
}

const mostRows = 100_000;

/** tabledata.list: rows in the order in which they are kept; the engine has no other. */
export async function listRows(
  core: Core,
  privileges: Privileges,
  name: TableName,
  page: RowsRequest,
  by: Caller,
): Promise<RowsPage> {
  const read = decorated(name, core.catalog.now());
  const table = tableOf(core, read.name);
  privileges.demand(by.user, "tables.getData", read.name);
  if (table.kind === "VIEW" || table.kind === "MATERIALIZED_VIEW" || table.kind === "EXTERNAL")
    throw new SimError("invalid", 400, `Cannot list a table of type ${table.kind}.`);
  const version = read.at === null ? latest(table) : travelled(core.catalog, table, read.at);
  const shown = version.columns.filter((c) => !c.hidden);
  const wanted = page.selectedFields ?? null;
  const columns = wanted === null ? shown : shown.filter((c) => wanted.some((w) => w.toLowerCase() === c.name.toLowerCase()));
  const parts = read.partition === null ? version.parts : [await partitionRows(core, table, version, read.partition, "only")];
  const from = page.pageToken === undefined ? (page.startIndex ?? 0) : Number.parseInt(page.pageToken, 36);
  const most = Math.min(page.maxResults ?? mostRows, mostRows);
  const totalRows = parts.reduce((n, part) => n + part.rows, 0);
  const rows = await withConnection(core.store, async (duck) => {
    const sql = `SELECT ${stored(columns) || "NULL"} FROM ${union(parts, version.columns)} LIMIT ${most} OFFSET ${from}`;
    return (await duck.runAndReadAll(sql)).getRows();
  });
  const schema = columns.map((c) => ({ ...field(c.name, c.type, { required: c.required }) }));
  const next = from + rows.length;
  return {
    schema,
    rows: rows.map((row) => columns.map((c, k) => cell(fromDuck(row[k] ?? null, c.type), c.type))),
    totalRows,
    nextPageToken: next < totalRows && rows.length > 0 ? next.toString(36) : null,
  };
}

const buffered = 30n * 60_000_000n;

/** tabledata.insertAll: rows that no UPDATE or DELETE may touch for half an hour (docs "DML statements in GoogleSQL", Limitations). */
export async function streamRows(
  core: Core,
  privileges: Privileges,
  name: TableName,
  rows: readonly Resource[],
  by: Caller,
): Promise<void> {
  const table = tableOf(core, name);
  privileges.demand(by.user, "tables.updateData", name);
  if (table.kind !== "TABLE") throw new SimError("invalid", 400, `Cannot add rows to a table of type ${table.kind}.`);
  const { columns } = latest(table);
  const bad = problems("JSON", 0);
  const part = await fill(core.store, columns, texts(rows, columns, nameText(name)), bad);
  const at = core.catalog.now();
  const known = table.streaming;
  table.streaming = { parts: new Set([...(known?.parts ?? []), part]), oldest: known?.oldest ?? at, until: at + buffered };
  const now = latest(table);
  pushVersion(core.catalog, table, { parts: [...now.parts, part], columns, appended: [part], by: "insertAll" });
}

async function* texts(
  rows: readonly Resource[],
  columns: readonly Column[],
  table: string,
): AsyncGenerator<readonly (readonly (string | null)[])[]> {
  for (const row of rows) {
    const byName = new Map(Object.entries(row).map(([name, value]) => [name.toLowerCase(), value]));
    const unknown = [...byName.keys()].find((name) => !columns.some((c) => c.name.toLowerCase() === name));
    if (unknown !== undefined) throw new SimError("invalid", 400, `${table}: no such field: ${unknown}.`);
    const texts = columns.map((c) => {
      const value = byName.get(c.name.toLowerCase());
      const read = fromJson(value === undefined ? undefined : JSON.stringify(value), c.type);
      if ("problem" in read) throw new SimError("invalid", 400, `${read.problem}: ${c.name}`);
      if (read.text === null && c.required) throw new SimError("invalid", 400, `Missing required field: ${c.name}.`);
      return read.text;
    });
    yield [texts];
  }
}
