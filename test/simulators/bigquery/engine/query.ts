import { billed, checkBudget, checkFilters, reads } from "./bytes.js";
import { newTable } from "./catalog.js";
import type { Env } from "./env.js";
import { stopped } from "./errors-run.js";
import { copyTables } from "./jobs/copy.js";
import { detect } from "./jobs/detect.js";
import { parquetColumns, parquetTable } from "./jobs/parquet.js";
import { lex } from "./lex.js";
import { parameters } from "./parameters.js";
import { checkTags, type Privileges } from "./privileges.js";
import { prunes, prunesDry } from "./prunes.js";
import { checkLength } from "./quota.js";
import { runStatement } from "./run.js";
import { type Node, parseScript } from "./script/parse.js";
import { runScript } from "./script/run.js";
import { type Script, systemVariable } from "./script/state.js";
import { variables } from "./script/variables.js";
import { type Core, type Scope, viewFor } from "./transactions.js";
import { type QueryRequest, SimError, type SimResult } from "./types.js";

/** A query job: one statement, or a script where there are several or words of the procedural language. */
export async function queryJob(core: Core, privileges: Privileges, q: QueryRequest): Promise<SimResult> {
  privileges.demand(q.user, "jobs.create", { projectId: q.project });
  checkLength(q.sql, core.quotas.limit("queryCharacters"));
  if (q.parameters.length > core.quotas.limit("parameters"))
    throw new SimError(
      "invalid",
      400,
      `Too many query parameters: ${q.parameters.length}. The limit is ${core.quotas.limit("parameters")}.`,
    );
  if (q.signal.aborted) throw stopped();
  if (q.location !== core.catalog.location && q.defaultDataset)
    throw new SimError(
      "notFound",
      404,
      `Not found: Dataset ${q.defaultDataset.projectId}:${q.defaultDataset.datasetId} was not found in location ${q.location}`,
    );
  const nodes = parseScript(lex(q.sql));
  if (nodes.length === 0) throw new SimError("invalidQuery", 400, "Syntax error: Unexpected end of statement at [1:1]");
  const script = scriptFor(core, privileges, q);
  await defineTables(core, q, script.scope);
  const only = nodes[0];
  if (nodes.length === 1 && only?.kind === "statement") {
    const { env, finish } = script.env(null);
    return finish(await runStatement(only.tokens, env));
  }
  try {
    await runScript(script, q.dryRun ? dryNodes(nodes) : nodes);
  } catch (error) {
    if (error instanceof SimError) error.children = script.children;
    throw error;
  }
  return scriptResult(script, q);
}

/** Tables over files that a query brings along, without their rows. */
async function defineTables(core: Core, q: QueryRequest, scope: Scope): Promise<void> {
  for (const [name, { files, configuration }] of Object.entries(q.tableDefinitions ?? {})) {
    if (!q.dryRun) throw new SimError("notImplemented", 501, "The simulator has external tables in dry runs only");
    const format = configuration["sourceFormat"];
    const targets = configuration["decimalTargetTypes"];
    const decimals = Array.isArray(targets) ? targets.map(String) : [];
    const columns =
      format === "PARQUET"
        ? parquetTable(core.catalog, await parquetColumns(core.store, files, decimals))
        : await detect(core, format === "CSV" ? "CSV" : "JSON", files);
    const table = newTable(
      core.catalog,
      { projectId: q.project, datasetId: "_external", tableId: name },
      "TABLE",
      columns,
      q.jobId,
    );
    table.temporary = true;
    scope.temporary.set(name, table);
  }
}

/** What the statements of a request share; it has run nothing yet. */
export function scriptFor(core: Core, privileges: Privileges, q: QueryRequest): Script {
  const scope: Scope = { tx: null, temporary: new Map() };
  const given = parameters(q);
  const make = environments(core, privileges, q, scope);
  const { limit } = core.quotas;
  return {
    core,
    scope,
    vars: variables({ each: limit("variableBytes"), all: limit("variablesBytes") }),
    signal: q.signal,
    jobId: q.jobId,
    children: [],
    env: (s, other) => make(s, other ?? given, q.dryRun),
    rowCount: null,
    bytes: 0,
    errors: [],
  };
}

/** A dry run goes as far as nothing depends on values (docs "Work with multi-statement queries", Estimate costs). */
function dryNodes(nodes: readonly Node[]): readonly Node[] {
  const runs: Node[] = [];
  for (const node of nodes) {
    if (node.kind === "block") {
      const inner = dryNodes(node.body);
      runs.push({ ...node, body: inner, handler: null });
      if (inner.length < node.body.length) return runs;
    } else if (node.kind === "declare") runs.push(node.type.length > 0 ? { ...node, value: [] } : node);
    else if (node.kind === "set") continue;
    else if (node.kind === "statement" || node.kind === "transaction") {
      const ddl = node.kind === "statement" && /^(?:CREATE|DROP|ALTER|TRUNCATE)$/.test(node.tokens[0]?.upper ?? "");
      if (ddl) return runs;
      runs.push(node);
    } else return runs;
  }
  return runs;
}

/** The result of a script is that of its last statement, or of its first SELECT (REST Job, ScriptOptions.keyResultStatement). */
function scriptResult(script: Script, q: QueryRequest): SimResult {
  const own = script.children.filter(
    (c) => c.evaluationKind === "STATEMENT" && c.result && !c.statementType.endsWith("_TRANSACTION"),
  );
  const key = q.keyResultStatement === "FIRST_SELECT" ? own.find((c) => c.statementType === "SELECT") : own.at(-1);
  const tables = script.children.flatMap((c) => c.result?.tables ?? []);
  return {
    schema: key?.result?.schema ?? null,
    rows: key?.result?.rows ?? [],
    statementType: "SCRIPT",
    affected: null,
    bytesProcessed: script.bytes,
    tables,
    children: script.children,
    ...(q.dryRun ? { totalBytesProcessedAccuracy: "LOWER_BOUND" } : {}),
  };
}

type Make = (
  script: Script | null,
  given: Env["parameters"],
  dryRun: boolean,
) => { env: Env; finish(result: SimResult): SimResult };

function environments(core: Core, privileges: Privileges, q: QueryRequest, scope: Scope): Make {
  let spent = 0;
  return (script, given, dryRun) => {
    const log = reads(core.store);
    let bytes = 0;
    const { tx } = scope;
    const env: Env = {
      catalog: core.catalog,
      store: core.store,
      variables: script?.vars.all ?? new Map(),
      system: (name) => systemVariable(script, name) ?? jobVariable(q, name),
      parameters: given,
      project: q.project,
      dataset: q.defaultDataset,
      location: q.location,
      user: q.user,
      jobId: q.jobId,
      tables: viewFor(core, scope, q.signal, q.jobId),
      signal: q.signal,
      // Within a transaction the clock stands (docs "Multi-statement transactions").
      now: tx?.started ?? core.catalog.now(),
      reads: log,
      dryRun,
      demand: (permission, on) => privileges.demand(q.user, permission, on),
      copy: async (c) => (await copyTables(core, privileges, { ...c, user: q.user, by: q.jobId })).table,
      prunes: dryRun ? prunesDry : prunes,
      async planned() {
        checkFilters(log.scans);
        checkTags(log.scans, privileges, q.user);
        bytes = await log.bytes();
        const cost = billed(bytes, log.tables().length);
        checkBudget(cost, q.statementByteBudget);
        checkBudget(spent + cost, q.maximumBytesBilled);
        if (!dryRun) spent += cost;
      },
    };
    const finish = (result: SimResult): SimResult => ({
      ...result,
      bytesProcessed: bytes,
      tables: log.tables(),
      ...(dryRun && result.totalBytesProcessedAccuracy === undefined ? { totalBytesProcessedAccuracy: "PRECISE" as const } : {}),
    });
    return { env, finish };
  };
}

function jobVariable(q: QueryRequest, name: string): ReturnType<Env["system"]> {
  const values: Readonly<Record<string, string | null>> = {
    project_id: q.project,
    dataset_id: q.defaultDataset?.datasetId ?? null,
    dataset_project_id: q.defaultDataset?.projectId ?? null,
    current_job_id: q.jobId,
    location: q.location,
    time_zone: "UTC",
  };
  const value = values[name];
  return value === undefined ? undefined : { type: { kind: "STRING" }, value };
}
