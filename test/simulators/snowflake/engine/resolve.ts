import type { Database, Schema, Table, View } from "./catalog.js";
import type { Session } from "./engine.js";
import { errors } from "./errors.js";
import { shownPath } from "./names.js";
import { may, sees } from "./privileges.js";

/** Names to objects, by the session's current database and schema (docs "Object name resolution"). */
export interface Place {
  readonly database: Database;
  readonly schema: Schema;
  readonly name: string;
}

export function databaseOf(session: Session, name: string): Database {
  const found = session.engine.catalog.databases.get(name);
  if (!found || !sees(session, found)) throw errors.notExists("Database", shownPath([name]));
  return found;
}

export function schemaOf(session: Session, path: readonly string[], operation: string): Schema {
  const name = path.at(-1) ?? "";
  const databaseName = path.length > 1 ? (path[0] ?? "") : session.database;
  if (databaseName === null) throw errors.noDatabase(operation);
  const database = databaseOf(session, databaseName);
  const found = database.schemas.get(name);
  if (!found || !sees(session, found)) throw errors.notExists("Schema", shownPath([databaseName, name]));
  return found;
}

/** Where an object of this name is, or would be. */
export function placeOf(session: Session, path: readonly string[], operation: string): Place {
  const name = path.at(-1) ?? "";
  if (path.length === 1) {
    if (session.database === null) throw errors.noDatabase(operation);
    if (session.schema === null) throw errors.noSchema(operation);
    const schema = schemaOf(session, [session.database, session.schema], operation);
    return { database: schema.database, schema, name };
  }
  const schema = schemaOf(session, path.slice(0, -1), operation);
  return { database: schema.database, schema, name };
}

export const keyOf = (database: string, schema: string, name: string): string => JSON.stringify([database, schema, name]);

/** A table or view that the role may know of; a temporary table hides another of its name. null: there is none. */
export function findRelation(session: Session, path: readonly string[], operation: string): Table | View | null {
  const place = placeOf(session, path, operation);
  const temporary = session.temporary.get(keyOf(place.database.name, place.schema.name, place.name));
  if (temporary) return temporary;
  const found = place.schema.relations.get(place.name);
  return found && sees(session, found) ? found : null;
}

export function relationOf(session: Session, path: readonly string[], operation = "SELECT"): Table | View {
  let whole = path;
  if (path.length === 1 && session.database && session.schema) whole = [session.database, session.schema, ...path];
  else if (path.length === 2 && session.database) whole = [session.database, ...path];
  const found = findRelation(session, path, operation);
  if (!found) throw errors.notExists("Object", shownPath(whole));
  return found;
}

/** A table for DML or DDL; views and other kinds are refused by those who call. */
export function tableOf(session: Session, path: readonly string[], operation = "SELECT"): Table {
  const found = relationOf(session, path, operation);
  if (found.type !== "TABLE") throw errors.wrongKind(found.name, "VIEW", "TABLE");
  return found;
}

/** Refuses unless the role has one of the privileges on the object. */
export function demand(session: Session, privileges: readonly string[], on: Parameters<typeof may>[2], kind: string): void {
  if (!privileges.some((p) => may(session, p, on))) throw errors.insufficient(kind, on.name);
}
