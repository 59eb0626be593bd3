import { join } from "node:path";
import * as z from "zod";
import { orAbort } from "../shared/waiting.js";
import { bindTarget, createBindStage, stagedBinds } from "./binds.js";
import { type SimBind, type SimEngine, SimError, type SimResult } from "./engine/types.js";
import { errors } from "./errors.js";
import { defaultParameters, type ParameterValue, statementTimeout } from "./parameters.js";
import type { Queries, Query, Work } from "./queries.js";
import type { Session, Sessions } from "./sessions.js";
import { systemCall } from "./system.js";
import { kindOf, splitStatements } from "./text.js";
import type { Grants } from "./transfer.js";

const value = z.union([z.string(), z.null()]);
/** Types that the driver binds (connection/statement.js, buildBindsMap). */
const bind = z.object({ type: z.enum(["TEXT", "FIXED", "REAL", "BOOLEAN", "VARIANT"]), value: z.union([value, z.array(value)]) });

/** What the driver sends as a statement (connection/statement.js, sendRequestPreExec). Anything else is refused so that it is noticed. */
export const statementBody = z.strictObject({
  sqlText: z.string(),
  disableOfflineChunks: z.boolean().optional(),
  bindings: z.record(z.string(), bind).optional(),
  bindStage: z.string().nullish(),
  parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  isInternal: z.boolean().optional(),
  asyncExec: z.boolean().optional(),
  describeOnly: z.boolean().optional(),
  queryContextDTO: z.unknown().optional(),
});
export type StatementBody = z.infer<typeof statementBody>;

export interface Service {
  readonly engine: SimEngine;
  readonly queries: Queries;
  readonly sessions: Sessions;
  readonly grants: Grants;
  /** Directory for what the driver uploads as binds. */
  readonly scratch: string;
  readonly url: () => string;
}

/** Runs a statement, or finds the one that this request ran before. `first` happens before the statement does anything. */
export function execute(
  service: Service,
  session: Session,
  requestId: string,
  body: StatementBody,
  first: (signal: AbortSignal) => Promise<void>,
): Query {
  const { sqlText: sql } = body;
  const parameters = body.parameters ?? {};
  const kind = kindOf(sql);
  const system = systemCall(sql, service.queries, service.sessions);
  const own = parameters["QUERY_TAG"] ?? session.engine.parameters.get("QUERY_TAG") ?? session.client.get("QUERY_TAG");
  const asked = {
    requestId,
    session,
    sql,
    kind,
    tag: String(own ?? ""),
    detached: body.asyncExec ?? false,
    timeout: statementTimeout(session.engine, parameters),
    apart: system?.apart ?? false,
  };
  const work: Work = async ({ queryId, signal }) => {
    await orAbort(first(signal), signal);
    checkParameters(session, parameters);
    checkCount(sql, parameters);
    if (system) return system.run(signal);
    if (createBindStage.test(sql)) return makeBindStage(session);
    const bindFolder = join(service.scratch, String(session.id));
    if (kind === "PUT" || kind === "GET") {
      const forBinds = session.bindStage ? bindTarget(sql, bindFolder) : undefined;
      const target = forBinds ?? (await service.engine.put(sql, session.engine));
      if (!target) throw errors.unsupported(kind);
      return { data: service.grants.grant(target, [target.files], service.url()) };
    }
    const binds = body.bindStage ? await stagedBinds(body.bindStage, bindFolder) : body.bindings;
    return session.engine.execute(sql, binds as Readonly<Record<string, SimBind>> | undefined, {
      queryId,
      signal,
      describeOnly: body.describeOnly ?? false,
      parameters,
    });
  };
  return service.queries.ask(asked, work);
}

const forStatements = new Set(["QUERY_TAG", "STATEMENT_TIMEOUT_IN_SECONDS", "MULTI_STATEMENT_COUNT"]);

function checkParameters(session: Session, parameters: Readonly<Record<string, ParameterValue>>): void {
  for (const name of Object.keys(parameters)) {
    if (forStatements.has(name) || name in defaultParameters || session.engine.parameters.has(name)) continue;
    // [M] what the service says to a name that it does not know here; it would at least not do what was asked
    throw new SimError("001006", "22023", `SQL compilation error: invalid parameter '${name}'`);
  }
}

/** Developer guide, "Executing statements": one statement a request, unless MULTI_STATEMENT_COUNT says otherwise. */
function checkCount(sql: string, parameters: Readonly<Record<string, ParameterValue>>): void {
  if (sql.length > 1_048_576) throw errors.tooLong();
  const actual = splitStatements(sql).length;
  if (actual === 0) throw errors.emptyStatement();
  const desired = Number(parameters["MULTI_STATEMENT_COUNT"] ?? 1);
  if (desired !== 0 && actual !== desired) throw errors.statementCount(actual, desired);
  if (actual !== 1) throw errors.unsupported("several statements in one request");
}

function makeBindStage(session: Session): SimResult {
  if (session.engine.current.schema === null) throw errors.noSchema("CREATE STAGE");
  session.bindStage = true;
  return {
    columns: [{ name: "status", type: "TEXT", nullable: true, length: 16_777_216 }],
    rows: [["Stage area SYSTEM$BIND successfully created."]],
    statementTypeId: 0x6000,
  };
}
