import { datasetOf, dropTable, nameText, notFoundTable } from "../catalog.js";
import { type Cursor, end, must, oneOf, peek, sees, tablePath, takes, unexpected } from "../cursor.js";
import type { Env } from "../env.js";
import { invalid, runtime } from "../errors.js";
import { qualified } from "../translate/from.js";
import type { SimResult } from "../types.js";
import { alterTable } from "./alter-table.js";
import { answer } from "./answer.js";
import { copied, createTable } from "./create-table.js";
import { createView } from "./create-view.js";
import { createPolicy, dropPolicy, grant } from "./policies.js";
import { createSchema, dropSchema } from "./schemas.js";

export async function ddl(c: Cursor, env: Env): Promise<SimResult> {
  if (sees(c, "GRANT") || sees(c, "REVOKE")) return await grant(c, env);
  if (takes(c, "ALTER")) return await alterTable(c, env);
  if (takes(c, "DROP")) return await drop(c, env);
  must(c, "CREATE");
  const replace = takes(c, "OR", "REPLACE");
  const temporary = oneOf(c, "TEMP", "TEMPORARY") !== null;
  if (takes(c, "TABLE")) return await createTable(c, env, { replace, temporary });
  if (temporary) throw unexpected(c);
  if (takes(c, "SNAPSHOT", "TABLE")) {
    const unless = takes(c, "IF", "NOT", "EXISTS");
    const at = peek(c);
    if (replace) throw invalid("CREATE SNAPSHOT TABLE does not support OR REPLACE", at);
    const path = tablePath(c);
    if (!sees(c, "CLONE")) throw unexpected(c);
    return await copied(c, env, { replace, temporary, unless }, path, at, "SNAPSHOT");
  }
  if (takes(c, "VIEW")) return await createView(c, env, replace);
  if (takes(c, "SCHEMA")) return await createSchema(c, env);
  if (takes(c, "ROW", "ACCESS", "POLICY")) return await createPolicy(c, env, replace);
  throw unexpected(c);
}

async function drop(c: Cursor, env: Env): Promise<SimResult> {
  if (takes(c, "SCHEMA")) return await dropSchema(c, env);
  if (takes(c, "ALL", "ROW", "ACCESS", "POLICIES")) return await dropPolicy(c, env, true);
  if (takes(c, "ROW", "ACCESS", "POLICY")) return await dropPolicy(c, env, false);
  const kind = takes(c, "SNAPSHOT", "TABLE")
    ? "SNAPSHOT"
    : takes(c, "EXTERNAL", "TABLE")
      ? "EXTERNAL"
      : oneOf(c, "TABLE", "VIEW");
  if (!kind) throw unexpected(c);
  const unless = takes(c, "IF", "EXISTS");
  const at = peek(c);
  const path = tablePath(c);
  end(c);
  const type = kind === "SNAPSHOT" ? "DROP_SNAPSHOT_TABLE" : kind === "EXTERNAL" ? "DROP_EXTERNAL_TABLE" : `DROP_${kind}`;
  if (path.length === 1) {
    const temporary = env.tables.temporary(path[0] as string);
    if (temporary) {
      if (!env.dryRun) env.tables.dropTemporary(temporary);
      return answer(type, "DROP", temporary.name);
    }
  }
  const name = qualified({ env }, path, at);
  datasetOf(env.catalog, name, env.location);
  env.tables.ddl(type, name);
  const table = env.tables.find(name);
  if (!table) {
    if (unless) return answer(type, "SKIP", name);
    throw notFoundTable(name, env.location);
  }
  env.demand("bigquery.tables.delete", name);
  if (table.kind !== kind)
    throw runtime(`Cannot drop ${nameText(name)} which has type ${table.kind}. An object of type ${kind} was expected.`);
  await env.planned?.(type);
  if (!env.dryRun) dropTable(env.catalog, table);
  return answer(type, "DROP", name);
}
