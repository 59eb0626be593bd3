import { datasetKey, dropTable, notFoundDataset } from "../catalog.js";
import { type Cursor, end, oneOf, peek, tablePath, takes, unexpected } from "../cursor.js";
import { types } from "../datatype.js";
import type { Env } from "../env.js";
import { invalid, runtime } from "../errors.js";
import { constantOf } from "../execute.js";
import type { Token } from "../lex.js";
import { insertDataset } from "../resources.js";
import { type DatasetName, type Json, SimError, type SimResult } from "../types.js";
import { answer } from "./answer.js";
import { options } from "./columns.js";
import { labelsOf } from "./options.js";

function datasetName(env: Env, path: readonly string[], at: Token): DatasetName {
  if (path.length > 2) throw invalid(`Invalid dataset name: ${path.join(".")}`, at);
  return { projectId: path.length === 2 ? (path[0] as string) : env.project, datasetId: path.at(-1) as string };
}

/** `CREATE SCHEMA [IF NOT EXISTS] d [OPTIONS (…)]` */
export async function createSchema(c: Cursor, env: Env): Promise<SimResult> {
  const unless = takes(c, "IF", "NOT", "EXISTS");
  const at = peek(c);
  const name = datasetName(env, tablePath(c), at);
  const listed = options(c);
  end(c);
  env.tables.ddl("CREATE_SCHEMA", name);
  env.demand("bigquery.datasets.create", { projectId: name.projectId });
  const body: Record<string, Json> = { datasetReference: { ...name }, location: env.location };
  for (const o of listed) {
    if (o.name === "location" || o.name === "description" || o.name === "friendly_name")
      body[o.name === "friendly_name" ? "friendlyName" : o.name] = (await constantOf(env, o.value, types.string)).value as string;
    else if (o.name === "labels") body["labels"] = labelsOf((await constantOf(env, o.value)).value);
    else if (o.name === "default_table_expiration_days")
      body["defaultTableExpirationMs"] = String(
        Math.round(Number((await constantOf(env, o.value, types.float64)).value) * 86_400_000),
      );
    else if (o.name === "max_time_travel_hours")
      body["maxTimeTravelHours"] = String((await constantOf(env, o.value, types.int64)).value);
    else throw invalid(`Unknown option: ${o.name}`, o.at);
  }
  await env.planned?.("CREATE_SCHEMA");
  if (env.catalog.datasets.has(datasetKey(name))) {
    if (unless) return answer("CREATE_SCHEMA", "SKIP");
    throw new SimError("duplicate", 409, `Already Exists: Dataset ${name.projectId}:${name.datasetId}`);
  }
  if (!env.dryRun) insertDataset(env.catalog, name, body);
  return answer("CREATE_SCHEMA", "CREATE");
}

/** `DROP SCHEMA [IF EXISTS] d [CASCADE | RESTRICT]` */
export async function dropSchema(c: Cursor, env: Env): Promise<SimResult> {
  const unless = takes(c, "IF", "EXISTS");
  const at = peek(c);
  const name = datasetName(env, tablePath(c), at);
  const cascade = oneOf(c, "CASCADE", "RESTRICT") === "CASCADE";
  if (peek(c).kind !== "end" && peek(c).value !== ";") throw unexpected(c);
  end(c);
  env.tables.ddl("DROP_SCHEMA", name);
  const dataset = env.catalog.datasets.get(datasetKey(name));
  if (!dataset) {
    if (unless) return answer("DROP_SCHEMA", "SKIP");
    throw notFoundDataset(name, env.location);
  }
  env.demand("bigquery.datasets.delete", name);
  await env.planned?.("DROP_SCHEMA");
  if (dataset.tables.size > 0 && !cascade) throw runtime(`Dataset ${name.projectId}:${name.datasetId} is still in use`);
  if (!env.dryRun) {
    for (const table of [...dataset.tables.values()]) dropTable(env.catalog, table);
    env.catalog.datasets.delete(datasetKey(name));
  }
  return answer("DROP_SCHEMA", "DROP");
}
