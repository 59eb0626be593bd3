import {
  type Column,
  columnNamed,
  datasetOf,
  latest,
  nameText,
  newColumnId,
  newTable,
  type Partitioning,
  pushVersion,
  putTable,
  type Table,
  touch,
} from "../catalog.js";
import { type Cursor, end, peek, sees, tablePath, takes } from "../cursor.js";
import { bare, types } from "../datatype.js";
import { assigned } from "../dml/target.js";
import type { Env } from "../env.js";
import { invalid, runtime } from "../errors.js";
import { change, newX, work } from "../execute.js";
import type { Token } from "../lex.js";
import { createPart, type Physical } from "../store.js";
import type { Query } from "../translate/ast.js";
import { findRelation, qualified } from "../translate/from.js";
import { outputsOf } from "../translate/outputs.js";
import { parseExpr } from "../translate/parse-expr.js";
import { parseQuery } from "../translate/parse-query.js";
import { query } from "../translate/query.js";
import { SimError, type SimResult, type TableName } from "../types.js";
import { answer } from "./answer.js";
import { checkColumns, type Definitions, definitions, makeColumn, type Option, options } from "./columns.js";
import { applyOptions } from "./options.js";
import { checkClustering, layout, partitioning } from "./partitioning.js";
import { partitionText } from "./text.js";

export interface Creation {
  readonly replace: boolean;
  readonly temporary: boolean;
  readonly unless: boolean;
}

/** `CREATE [OR REPLACE] [TEMP] TABLE [IF NOT EXISTS] …`; what stands before TABLE is read. */
export async function createTable(c: Cursor, env: Env, o: Omit<Creation, "unless">): Promise<SimResult> {
  const unless = takes(c, "IF", "NOT", "EXISTS");
  const at = peek(c);
  if (o.replace && unless) throw invalid("CREATE TABLE cannot have both OR REPLACE and IF NOT EXISTS", at);
  const path = tablePath(c);
  const creation = { ...o, unless };
  if (takes(c, "LIKE")) return await like(c, env, creation, path, at);
  if (sees(c, "COPY") || sees(c, "CLONE")) return await copied(c, env, creation, path, at, "TABLE");
  const given = sees(c, "(") ? definitions(c) : null;
  const place = layout(c);
  const listed = options(c);
  const q = takes(c, "AS") ? parseQuery(c) : null;
  end(c);
  if (!given && !q) throw invalid("CREATE TABLE must have a column list or AS query", at);
  const name = o.temporary ? temporaryName(env, path) : qualified({ env }, path, at);
  return await build(env, { creation, name, given, q, listed, at, place });
}

interface Build {
  readonly creation: Creation;
  readonly name: TableName;
  readonly given: Definitions | null;
  readonly q: Query | null;
  readonly listed: readonly Option[];
  readonly at: Token;
  readonly place: ReturnType<typeof layout>;
}

const temporaryName = (env: Env, path: readonly string[]): TableName => ({
  projectId: env.project,
  datasetId: `_script${env.jobId.replace(/\W/g, "")}`,
  tableId: path.at(-1) as string,
});

async function build(env: Env, b: Build): Promise<SimResult> {
  const { name, creation, given, q } = b;
  const type = q ? "CREATE_TABLE_AS_SELECT" : "CREATE_TABLE";
  const existing = before(env, creation, name, type);
  if (existing === "skip") return answer(type, "SKIP", name);
  const x = await newX(env, q);
  const rows = q ? query(x, q) : null;
  const outputs = rows ? outputsOf(rows.columns, rows.value) : null;
  if (given && outputs && given.columns.length !== outputs.columns.length && given.columns.length > 0)
    throw invalid(
      `The number of columns in the column definition list does not match the number of columns produced by the query`,
      b.at,
    );
  const named = outputs?.columns.find((_, k) => rows?.columns[k]?.name === null && !outputs.struct);
  if (named && (!given || given.columns.length === 0))
    throw invalid("CREATE TABLE columns must be named, but column 1 has no name", b.at);
  let columns: Column[];
  if (given && given.columns.length > 0) {
    columns = [];
    for (const d of given.columns) columns.push(makeColumn(env.catalog, d, await descriptionOf(env, d.options)));
  } else
    columns = (outputs?.columns ?? []).map((p) =>
      makeColumn(env.catalog, { name: p.name as string, type: bare(p.type), required: false, default: null }, null),
    );
  checkColumns(columns);
  const parted = b.place.partition ? await partitioning(env, b.place.partition, columns) : null;
  if (parted?.kind === "time" && parted.field === null) {
    if (q) throw runtime("Partitioning by pseudo-column _PARTITIONTIME is not supported for CREATE TABLE AS SELECT");
    columns = [...columns, pseudoColumn(env)];
  }
  const clustering = checkClustering(b.place.clustering, columns);
  if (existing) samePlace(existing, parted, clustering, columns);
  for (const key of given?.primaryKey ?? [])
    if (!columnNamed(columns, key)) throw runtime(`Primary key column ${key} does not exist`);
  await env.planned?.(type);
  if (env.dryRun) return answer(type, existing ? "REPLACE" : "CREATE", name);
  const values =
    outputs && rows
      ? columns.map((col, k) => {
          const o = outputs.columns[k] as (typeof outputs.columns)[number];
          const sql = outputs.struct ? `struct_extract(s.k0, 'f${k}')` : `s.k${k}`;
          return assigned(
            {
              sql,
              type: o.type,
              ...(o.untyped ? { untyped: true } : {}),
            },
            col,
            "INSERT",
            b.at,
          );
        })
      : null;
  const part = rows && values ? await filled(env, columns, `SELECT ${values.join(", ")} FROM (${rows.sql}) s`) : null;
  // Made apart, so that an option that is refused leaves nothing behind.
  const made = newTable(env.catalog, name, "TABLE", columns, env.jobId);
  made.partitioning = parted;
  made.clustering = clustering;
  made.primaryKey = given?.primaryKey ?? null;
  made.temporary = creation.temporary;
  if (!creation.temporary) expireByDataset(env, made);
  await applyOptions(env, made, b.listed);
  if (part) made.versions = [{ ...latest(made), parts: [part] }];
  install(env, made, existing);
  return answer(type, existing ? "REPLACE" : "CREATE", name);
}

export const pseudoColumn = (env: Pick<Env, "catalog">): Column => ({
  id: newColumnId(env.catalog),
  name: "_PARTITIONTIME",
  type: types.timestamp,
  required: false,
  default: null,
  description: null,
  policyTags: [],
  hidden: true,
});

async function descriptionOf(env: Env, given: readonly Option[]): Promise<string | null> {
  const probe = { description: null } as unknown as Table;
  await applyOptions(
    env,
    probe,
    given.filter((o) => o.name !== "data_policies" && o.name !== "rounding_mode"),
  );
  return probe.description;
}

async function filled(env: Env, columns: readonly Column[], sql: string): Promise<Physical> {
  return await work(env, async (duck) => {
    const part = await createPart(env.store, duck, columns);
    part.rows = await change(duck, `INSERT INTO ${part.name} ${sql}`);
    return part;
  });
}

function expireByDataset(env: Env, made: Table): void {
  const ms = datasetOf(env.catalog, made.name).resource["defaultTableExpirationMs"];
  if (typeof ms === "string") made.expires = env.catalog.now() + BigInt(ms) * 1000n;
}

/** What is there already: refused, left as it is, or replaced. */
function before(env: Env, o: Creation, name: TableName, type: string): Table | null | "skip" {
  if (o.temporary) {
    const known = env.tables.temporary(name.tableId);
    if (known && o.unless) return "skip";
    if (known && !o.replace) throw alreadyExists(name);
    return null;
  }
  datasetOf(env.catalog, name, env.location);
  env.tables.ddl(type, name);
  env.demand("bigquery.tables.create", { projectId: name.projectId, datasetId: name.datasetId });
  const existing = env.tables.find(name);
  if (!existing) return null;
  if (o.unless) return "skip";
  if (!o.replace) throw alreadyExists(name);
  if (existing.kind !== "TABLE")
    throw runtime(`${nameText(name)} is not allowed for this operation because it is currently a ${existing.kind}.`);
  env.demand("bigquery.tables.updateData", name);
  return existing;
}

export const alreadyExists = (name: TableName): SimError =>
  new SimError("duplicate", 409, `Already Exists: Table ${nameText(name)}`);

/** docs "CREATE TABLE statement": OR REPLACE cannot change how a table is partitioned and clustered. */
function samePlace(
  existing: Table,
  parted: Partitioning | null,
  clustering: readonly string[],
  columns: readonly Column[],
): void {
  const told = (p: Partitioning | null, cols: readonly Column[], by: readonly string[]): string =>
    `${p ? partitionText(p, cols.find((c) => c.name.toLowerCase() === p.field?.toLowerCase())?.type.kind).toLowerCase() : "none"}${by.length > 0 ? ` clustered by ${by.join(",").toLowerCase()}` : ""}`;
  const [was, is] = [
    told(existing.partitioning, latest(existing).columns, existing.clustering),
    told(parted, columns, clustering),
  ];
  const [part, cluster] = [was.split(" clustered")[0] === is.split(" clustered")[0], was === is];
  if (!part)
    throw runtime(
      `Cannot replace a table with a different partitioning spec. Instead, DROP the table, and then recreate it. New partitioning spec is ${is} and existing spec is ${was}`,
    );
  if (!cluster)
    throw runtime(
      `Cannot replace a table with a different clustering spec. Instead, DROP the table, and then recreate it. New clustering spec is ${is} and existing spec is ${was}`,
    );
}

/** The new table in its place. One that is replaced keeps its history and IAM policy, and loses the rest. */
function install(env: Env, made: Table, existing: Table | null): void {
  if (made.temporary) {
    env.tables.addTemporary(made);
    return;
  }
  if (!existing) {
    putTable(env.catalog, made);
    return;
  }
  const version = latest(made);
  pushVersion(env.catalog, existing, { parts: version.parts, columns: version.columns, appended: null, by: env.jobId });
  Object.assign(existing, {
    partitioning: made.partitioning,
    clustering: made.clustering,
    requirePartitionFilter: made.requirePartitionFilter,
    description: made.description,
    friendlyName: made.friendlyName,
    labels: made.labels,
    expires: made.expires,
    primaryKey: made.primaryKey,
    foreignKeys: [],
    cloneOf: null,
    snapshotOf: null,
    base: null,
    depth: 0,
    rowPolicies: [],
    streaming: null,
  });
}

async function like(c: Cursor, env: Env, o: Creation, path: readonly string[], at: Token): Promise<SimResult> {
  const source = findRelation({ env }, tablePath(c), at).table;
  const listed = options(c);
  if (sees(c, "AS")) throw invalid("The simulator does not know CREATE TABLE LIKE with AS", at);
  end(c);
  const name = o.temporary ? temporaryName(env, path) : qualified({ env }, path, at);
  const existing = before(env, o, name, "CREATE_TABLE");
  if (existing === "skip") return answer("CREATE_TABLE", "SKIP", name);
  const columns = latest(source).columns.map((col) => ({ ...col, id: newColumnId(env.catalog) }));
  if (existing) samePlace(existing, source.partitioning, source.clustering, columns);
  await env.planned?.("CREATE_TABLE");
  if (env.dryRun) return answer("CREATE_TABLE", "CREATE", name);
  const made = newTable(env.catalog, name, "TABLE", columns, env.jobId);
  Object.assign(made, {
    partitioning: source.partitioning,
    clustering: source.clustering,
    requirePartitionFilter: source.requirePartitionFilter,
    description: source.description,
    labels: source.labels,
    temporary: o.temporary,
  });
  await applyOptions(env, made, listed);
  install(env, made, existing);
  return answer("CREATE_TABLE", existing ? "REPLACE" : "CREATE", name);
}

/** `… COPY s`, `… CLONE s [FOR SYSTEM_TIME AS OF t] [OPTIONS (…)]`; also snapshots. */
export async function copied(
  c: Cursor,
  env: Env,
  o: Creation,
  path: readonly string[],
  at: Token,
  what: "TABLE" | "SNAPSHOT",
): Promise<SimResult> {
  const clone = takes(c, "CLONE");
  if (!clone) takes(c, "COPY");
  const from = { at: peek(c), path: tablePath(c) };
  const time = takes(c, "FOR", "SYSTEM_TIME", "AS", "OF") || takes(c, "FOR", "SYSTEM", "TIME", "AS", "OF") ? parseExpr(c) : null;
  const listed = options(c);
  end(c);
  const type = what === "SNAPSHOT" ? "CREATE_SNAPSHOT_TABLE" : "CREATE_TABLE";
  const name = qualified({ env }, path, at);
  const existing = before(env, o, name, type);
  if (existing === "skip") return answer(type, "SKIP", name);
  const source = findRelation({ env }, from.path, from.at).table;
  const restore = clone && existing !== null && source.kind === "SNAPSHOT";
  // bigquery-utils#486: a clone job does not overwrite, and the grammar's OR REPLACE is documented for snapshots alone.
  if (clone && existing && !restore)
    throw runtime(
      `CREATE OR REPLACE TABLE ${nameText(name)} CLONE is not supported for a source of type ${source.kind} because the table exists already.`,
    );
  const x = await newX(env, { time });
  await env.planned?.(type);
  if (env.dryRun) return answer(type, existing ? "REPLACE" : "CREATE", name);
  // Options are checked before anything is made.
  const probe = newTable(env.catalog, name, "TABLE", [], env.jobId);
  probe.partitioning = source.partitioning;
  await applyOptions(env, probe, listed);
  const as = time ? x.times.get(time) : undefined;
  const table = await env.copy({
    sources: [source.name],
    destination: name,
    operation: what === "SNAPSHOT" ? "SNAPSHOT" : restore ? "RESTORE" : clone ? "CLONE" : "COPY",
    write: existing ? "WRITE_TRUNCATE" : "WRITE_EMPTY",
    create: "CREATE_IF_NEEDED",
    expires: probe.expires,
    ...(typeof as === "bigint" ? { at: as } : {}),
  });
  await applyOptions(env, table, listed);
  touch(env.catalog, table);
  return answer(type, existing ? "REPLACE" : "CREATE", name);
}
