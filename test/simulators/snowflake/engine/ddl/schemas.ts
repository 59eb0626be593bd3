import { type Database, latest, newDatabase, newSchema, type Schema } from "../catalog.js";
import { identifier, must, path, string, takes, unexpected } from "../cursor.js";
import type { Translation } from "../environment.js";
import { errors } from "../errors.js";
import { shown } from "../names.js";
import { databaseOf, demand, schemaOf } from "../resolve.js";
import { said } from "../run.js";
import { statementTypes } from "../statement-types.js";
import { versionAt } from "../timetravel.js";
import { timePoint } from "../translate/from.js";
import type { TimePoint } from "../translate/model.js";
import type { SimResult } from "../types.js";
import type { Act } from "./act.js";
import { newTable } from "./objects.js";
import { days } from "./properties.js";

const done = () => said("Statement executed successfully.", statementTypes.ddl);

interface Options {
  readonly replace: boolean;
  readonly transient: boolean;
}

interface Settings {
  retention: number | null;
  comment: string | null;
}

function settings(t: Translation, on: string): Settings {
  const { c } = t;
  const s: Settings = { retention: null, comment: null };
  while (c.tokens[c.at]?.kind === "word") {
    if (takes(c, "WITH", "MANAGED", "ACCESS")) continue;
    const name = identifier(c);
    must(c, "=");
    if (name === "DATA_RETENTION_TIME_IN_DAYS") s.retention = days(c);
    else if (name === "COMMENT") s.comment = string(c);
    else throw errors.invalidProperty(name, on);
  }
  return s;
}

/** `CREATE SCHEMA` and its CLONE (docs "CREATE SCHEMA"). It becomes the session's schema, as a new database becomes its database. */
export function createSchema(t: Translation, o: Options): Act {
  const { c } = t;
  const { session } = t.statement;
  const { engine } = session;
  const ifNotExists = takes(c, "IF", "NOT", "EXISTS");
  const names = path(c);
  if (names.length > 2) throw unexpected(c);
  const name = names.at(-1) ?? "";
  const databaseName = names.length === 2 ? (names[0] ?? "") : session.database;
  if (databaseName === null) throw errors.noDatabase("CREATE SCHEMA");
  const database = databaseOf(session, databaseName);
  demand(session, ["CREATE SCHEMA"], database, "database");
  const source = takes(c, "CLONE") ? schemaOf(session, path(c), "CREATE SCHEMA") : null;
  const point = source ? timePoint(t) : null;
  const s = settings(t, "SCHEMA");
  return async (): Promise<SimResult> => {
    const old = database.schemas.get(name);
    if (old && ifNotExists) return said(`${shown(name)} already exists, statement succeeded.`, statementTypes.ddl);
    if (old && !o.replace) throw errors.exists(name);
    const made = newSchema(engine.catalog, database, name, session.role, engine.tick(), o.transient || database.transient);
    Object.assign(made, s);
    if (source) await cloneInto(t, source, made, point);
    if (old) dropSchema(t, old);
    database.schemas.set(name, made);
    session.database = database.name;
    session.schema = name;
    return said(`Schema ${name} successfully created.`, statementTypes.ddl, { finalDatabase: database.name, finalSchema: name });
  };
}

/** Tables, views, sequences and streams go along with their grants; internal stages do not (docs "Cloning considerations"). */
async function cloneInto(t: Translation, from: Schema, to: Schema, point: TimePoint | null): Promise<void> {
  const { session, queryId } = t.statement;
  for (const relation of from.relations.values()) {
    if (relation.type === "VIEW") {
      to.relations.set(relation.name, {
        ...relation,
        id: ++session.engine.catalog.ids,
        schema: to,
        grants: [...relation.grants],
      });
      continue;
    }
    if (relation.kind === "EXTERNAL" || relation.kind === "HYBRID") continue;
    const version = point ? await versionAt(session, relation, point) : latest(relation);
    const table = newTable(
      session,
      to,
      relation.name,
      relation.kind,
      { parts: version.parts, columns: version.columns },
      queryId,
    );
    Object.assign(table, {
      owner: relation.owner,
      grants: [...relation.grants],
      comment: relation.comment,
      clusterBy: relation.clusterBy,
      constraints: [...relation.constraints],
      policies: [...relation.policies],
      tags: new Map(relation.tags),
      retention: relation.retention,
      clonedFrom: relation.id,
    });
    to.relations.set(table.name, table);
  }
}

export function createDatabase(t: Translation, o: Options): Act {
  const { c } = t;
  const { session } = t.statement;
  const { engine } = session;
  const ifNotExists = takes(c, "IF", "NOT", "EXISTS");
  const name = identifier(c);
  const source = takes(c, "CLONE") ? databaseOf(session, identifier(c)) : null;
  const point = source ? timePoint(t) : null;
  const s = settings(t, "DATABASE");
  if (!["ACCOUNTADMIN", "SYSADMIN"].includes(session.role))
    throw errors.insufficient("account", engine.catalog.account.toUpperCase());
  return async () => {
    const old = engine.catalog.databases.get(name);
    if (old && ifNotExists) return said(`${shown(name)} already exists, statement succeeded.`, statementTypes.ddl);
    if (old && !o.replace) throw errors.exists(name);
    const made = newDatabase(engine.catalog, name, session.role, engine.tick(), o.transient);
    Object.assign(made, s);
    for (const schema of source?.schemas.values() ?? []) {
      const copy = newSchema(engine.catalog, made, schema.name, schema.owner, engine.tick(), schema.transient);
      copy.grants = [...schema.grants];
      await cloneInto(t, schema, copy, point);
      made.schemas.set(copy.name, copy);
    }
    if (old) dropDatabase(t, old);
    engine.catalog.databases.set(name, made);
    session.database = name;
    session.schema = "PUBLIC";
    return said(`Database ${name} successfully created.`, statementTypes.ddl, { finalDatabase: name, finalSchema: "PUBLIC" });
  };
}

export function dropSchema(t: Translation, schema: Schema): void {
  const { session } = t.statement;
  schema.dropped = session.engine.tick();
  schema.database.schemas.delete(schema.name);
  schema.database.droppedSchemas.push(schema);
  if (session.database === schema.database.name && session.schema === schema.name) session.schema = null;
}

export function dropDatabase(t: Translation, database: Database): void {
  const { session } = t.statement;
  database.dropped = session.engine.tick();
  session.engine.catalog.databases.delete(database.name);
  session.engine.catalog.droppedDatabases.push(database);
  if (session.database === database.name) {
    session.database = null;
    session.schema = null;
  }
}

/** `ALTER SCHEMA` and `ALTER DATABASE`: RENAME TO, SWAP WITH, SET. */
export function alterContainer(t: Translation, kind: "SCHEMA" | "DATABASE"): Act {
  const { c } = t;
  const { session } = t.statement;
  const { databases } = session.engine.catalog;
  takes(c, "IF", "EXISTS");
  const names = path(c);
  const one = kind === "SCHEMA" ? schemaOf(session, names, "ALTER SCHEMA") : databaseOf(session, names[0] ?? "");
  demand(session, ["OWNERSHIP"], one, kind.toLowerCase());
  const siblings = (o: Schema | Database): Map<string, Schema | Database> =>
    (o.type === "SCHEMA" ? o.database.schemas : databases) as Map<string, Schema | Database>;
  if (takes(c, "RENAME", "TO")) {
    const to = path(c).at(-1) ?? "";
    return async () => {
      if (siblings(one).has(to)) throw errors.exists(to);
      siblings(one).delete(one.name);
      one.name = to;
      siblings(one).set(to, one);
      return done();
    };
  }
  if (takes(c, "SWAP", "WITH")) {
    const names = path(c);
    const other = kind === "SCHEMA" ? schemaOf(session, names, "ALTER SCHEMA") : databaseOf(session, names[0] ?? "");
    demand(session, ["OWNERSHIP"], other, kind.toLowerCase());
    return async () => {
      const [mine, theirs] = [one.name, other.name];
      const homes = [siblings(one), siblings(other)] as const;
      if (one.type === "SCHEMA" && other.type === "SCHEMA") [one.database, other.database] = [other.database, one.database];
      [one.name, other.name] = [theirs, mine];
      homes[0].set(mine, other);
      homes[1].set(theirs, one);
      return done();
    };
  }
  if (takes(c, "UNSET", "COMMENT")) {
    return async () => {
      one.comment = null;
      return done();
    };
  }
  must(c, "SET");
  const s = settings(t, kind);
  return async () => {
    if (s.comment !== null) one.comment = s.comment;
    if (s.retention !== null) one.retention = s.retention;
    return done();
  };
}
