import { datasetOf, newTable, putTable, touch } from "../catalog.js";
import { type Cursor, end, identifier, inParentheses, list, must, peek, sees, tablePath, takes } from "../cursor.js";
import type { Env } from "../env.js";
import { invalid, runtime } from "../errors.js";
import { newX } from "../execute.js";
import { qualified } from "../translate/from.js";
import { outputsOf } from "../translate/outputs.js";
import { parseQuery } from "../translate/parse-query.js";
import { query } from "../translate/query.js";
import type { SimResult } from "../types.js";
import { answer } from "./answer.js";
import { makeColumn, options, written } from "./columns.js";
import { alreadyExists } from "./create-table.js";
import { applyOptions } from "./options.js";

/** `CREATE [OR REPLACE] VIEW [IF NOT EXISTS] v [(names)] [OPTIONS (…)] AS query` */
export async function createView(c: Cursor, env: Env, replace: boolean): Promise<SimResult> {
  const unless = takes(c, "IF", "NOT", "EXISTS");
  const at = peek(c);
  const path = tablePath(c);
  const names = sees(c, "(") ? inParentheses(c, () => list(c, () => identifier(c))) : null;
  const listed = options(c);
  must(c, "AS");
  let q: ReturnType<typeof parseQuery> | undefined;
  const sql = written(c, () => {
    q = parseQuery(c);
  });
  end(c);
  const name = qualified({ env }, path, at);
  datasetOf(env.catalog, name, env.location);
  env.tables.ddl("CREATE_VIEW", name);
  env.demand("bigquery.tables.create", { projectId: name.projectId, datasetId: name.datasetId });
  const existing = env.tables.find(name);
  if (existing && unless) return answer("CREATE_VIEW", "SKIP", name);
  if (existing && !replace) throw alreadyExists(name);
  if (existing && existing.kind !== "VIEW")
    throw runtime(
      `${name.projectId}:${name.datasetId}.${name.tableId} is not allowed for this operation because it is currently a ${existing.kind}.`,
    );
  const rows = query(await newX(env, q), q as NonNullable<typeof q>);
  const { columns } = outputsOf(rows.columns, rows.value);
  if (names && names.length !== columns.length) throw invalid("The number of view columns does not match the query", at);
  await env.planned?.("CREATE_VIEW");
  if (env.dryRun) return answer("CREATE_VIEW", existing ? "REPLACE" : "CREATE", name);
  const made = newTable(
    env.catalog,
    name,
    "VIEW",
    columns.map((o, k) =>
      makeColumn(env.catalog, { name: names?.[k] ?? (o.name as string), type: o.type, required: false, default: null }, null),
    ),
    env.jobId,
  );
  made.view = sql;
  await applyOptions(env, made, listed);
  if (existing) {
    Object.assign(existing, { view: made.view, versions: made.versions, description: made.description, labels: made.labels });
    touch(env.catalog, existing);
  } else putTable(env.catalog, made);
  return answer("CREATE_VIEW", existing ? "REPLACE" : "CREATE", name);
}
