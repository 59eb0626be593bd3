import type { Engine, Session } from "./engine.js";
import { errors } from "./errors.js";
import { fromDuck } from "./from-duck.js";
import { defaults } from "./parameters.js";
import { rolesOf } from "./privileges.js";
import { remember } from "./results.js";
import { parameterValue, setParameter } from "./session-statements.js";
import { run } from "./statements.js";
import { rollback } from "./transactions.js";
import type { SimConnect, SimResult, SimSession, SimUser } from "./types.js";

/** A session of a user, as the service begins it: names that do not exist leave nothing current. */
export async function openSession(
  engine: Engine,
  users: readonly SimUser[],
  o: SimConnect,
): Promise<{ session: Session; face: SimSession }> {
  const { catalog } = engine;
  const user = users.find((u) => u.name.toUpperCase() === o.user.toUpperCase());
  const role = o.role ?? user?.roles?.[0] ?? "PUBLIC";
  const [database = null, schema = null] = user?.defaultNamespace?.split(".") ?? [];
  const session: Session = {
    engine,
    id: ++engine.sessionIds,
    user: (user?.name ?? o.user).toUpperCase(),
    role,
    database: null,
    schema: null,
    warehouse: null,
    parameters: new Map(Object.entries(defaults)),
    duck: await engine.store.instance.connect(),
    held: new Set(),
    transaction: null,
    temporary: new Map(),
    queryIds: [],
    results: new Map(),
    timezone: String(defaults["TIMEZONE"]),
    aborted: false,
  };
  const granted =
    role === "PUBLIC" || [...catalog.roles.values()].some((r) => r.users.has(session.user) && rolesOf(session, r.name).has(role));
  if (!catalog.roles.has(role) || !granted) {
    session.duck.disconnectSync();
    throw errors.loginRole(role);
  }
  await setParameter(session, "TIMEZONE", session.timezone);
  const wantedDatabase = o.database ?? database;
  const home = wantedDatabase === null ? undefined : catalog.databases.get(wantedDatabase);
  const wantedSchema = o.schema ?? (o.database === null ? schema : null) ?? "PUBLIC";
  if (home) session.database = home.name;
  if (home?.schemas.has(wantedSchema)) session.schema = wantedSchema;
  const warehouse = o.warehouse ?? user?.defaultWarehouse ?? null;
  if (warehouse !== null && catalog.warehouses.has(warehouse)) session.warehouse = warehouse;
  engine.sessions.add(session);
  return { session, face: face(session) };
}

function face(session: Session): SimSession {
  const { engine } = session;
  return {
    id: session.id,
    user: session.user,
    parameters: session.parameters,
    get current() {
      return { role: session.role, database: session.database, schema: session.schema, warehouse: session.warehouse };
    },
    execute: (sql, binds, o) => execute(session, sql, binds, o),
    async close() {
      engine.sessions.delete(session);
      if (session.transaction) rollback(engine, session.transaction);
      session.transaction = null;
      for (const schema of [...engine.catalog.databases.values()].flatMap((d) => [...d.schemas.values()])) {
        for (const home of [schema.stages, schema.named])
          for (const [name, o] of home) if (o.session === session.id) home.delete(name);
      }
      session.temporary.clear();
      session.held.clear();
      session.duck.disconnectSync();
      engine.tidy();
    },
  };
}

/** Statements that AT | BEFORE (STATEMENT => …) can still speak of. */
const mostStatements = 20_000;

type Execute = SimSession["execute"];

const execute = async (session: Session, ...[sql, binds, o]: Parameters<Execute>): Promise<SimResult> => {
  const { engine } = session;
  if (session.aborted) throw errors.canceled();
  if (o.signal.aborted) throw errors.canceled();
  const record = { at: engine.tick(), end: 0 };
  engine.statements.set(o.queryId, record);
  const interrupt = () => session.duck.interrupt();
  o.signal.addEventListener("abort", interrupt);
  const before = new Map(session.parameters);
  try {
    // Parameters beside the text hold for this statement alone.
    for (const [name, value] of Object.entries(o.parameters ?? {})) {
      const like = defaults[name];
      if (like !== undefined) await setParameter(session, name, parameterValue(name, like, value));
    }
    const own = new Map(session.parameters);
    const result = await run(
      { session, queryId: o.queryId, signal: o.signal, sql, describeOnly: o.describeOnly === true },
      binds,
    );
    restore(session, before, own);
    if (!o.describeOnly) remember(session.results, o.queryId, result);
    return result;
  } catch (error) {
    restore(session, before, session.parameters);
    throw o.signal.aborted ? errors.canceled() : fromDuck(error);
  } finally {
    o.signal.removeEventListener("abort", interrupt);
    record.end = engine.tick();
    session.held.clear();
    if (!o.describeOnly) session.queryIds.splice(0, session.queryIds.length, o.queryId);
    if (engine.statements.size > mostStatements) engine.statements.delete(engine.statements.keys().next().value ?? "");
  }
};

/** Takes back what held for one statement, but not what the statement itself set. */
function restore(
  session: Session,
  before: ReadonlyMap<string, string | number | boolean>,
  own: ReadonlyMap<string, string | number | boolean>,
): void {
  for (const [name, value] of before) {
    if (session.parameters.get(name) === own.get(name)) session.parameters.set(name, value);
  }
}
