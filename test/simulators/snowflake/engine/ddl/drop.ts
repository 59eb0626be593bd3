import { retentionOf, type Table } from "../catalog.js";
import { oneOf, path, takes, unexpected } from "../cursor.js";
import type { Translation } from "../environment.js";
import { errors } from "../errors.js";
import { databaseOf, demand, findRelation, placeOf, schemaOf } from "../resolve.js";
import { said } from "../run.js";
import { statementTypes } from "../statement-types.js";
import type { SimError } from "../types.js";
import type { Act } from "./act.js";
import { discard } from "./objects.js";
import { dropDatabase, dropSchema } from "./schemas.js";

const kinds = ["TABLE", "VIEW", "SCHEMA", "DATABASE", "STREAM", "STAGE", "SEQUENCE", "TAG", "ROLE", "WAREHOUSE"] as const;
const day = 86_400_000_000;

/** `DROP <object> [IF EXISTS] …` (docs "DROP <object>"). */
export function drop(t: Translation): Act {
  const { c } = t;
  const { session } = t.statement;
  const { catalog } = session.engine;
  const kind = takes(c, "FILE", "FORMAT")
    ? "FILE FORMAT"
    : takes(c, "ROW", "ACCESS", "POLICY")
      ? "ROW ACCESS POLICY"
      : takes(c, "MASKING", "POLICY")
        ? "MASKING POLICY"
        : oneOf(c, ...kinds);
  if (!kind) throw unexpected(c);
  const ifExists = takes(c, "IF", "EXISTS");
  const names = path(c);
  if (!takes(c, "CASCADE")) takes(c, "RESTRICT");
  const name = names.at(-1) ?? "";
  const dropped = () => said(`${name} successfully dropped.`, statementTypes.ddl);
  return async () => {
    try {
      switch (kind) {
        case "TABLE":
        case "VIEW": {
          const found = findRelation(session, names, `DROP ${kind}`);
          if (!found) throw errors.notExists(kind === "TABLE" ? "Table" : "View", qualifiedName(session, names));
          if ((found.type === "TABLE") !== (kind === "TABLE")) throw errors.wrongKind(found.name, found.type, kind);
          if (found.type === "VIEW" || found.session === null) demand(session, ["OWNERSHIP"], found, kind.toLowerCase());
          if (found.type === "TABLE") discard(session, found);
          else found.schema.relations.delete(found.name);
          return dropped();
        }
        case "SCHEMA": {
          const found = schemaOf(session, names, "DROP SCHEMA");
          demand(session, ["OWNERSHIP"], found, "schema");
          dropSchema(t, found);
          return dropped();
        }
        case "DATABASE": {
          const found = databaseOf(session, name);
          demand(session, ["OWNERSHIP"], found, "database");
          dropDatabase(t, found);
          return dropped();
        }
        case "ROLE":
          if (!catalog.roles.delete(name)) throw errors.notExists("Role", name);
          return dropped();
        case "WAREHOUSE":
          if (!catalog.warehouses.delete(name)) throw errors.notExists("Warehouse", name);
          return dropped();
        default: {
          const place = placeOf(session, names, `DROP ${kind}`);
          const { schema } = place;
          const home =
            kind === "STREAM"
              ? schema.streams
              : kind === "STAGE"
                ? schema.stages
                : kind === "SEQUENCE"
                  ? schema.sequences
                  : schema.named;
          const found = home.get(name);
          if (!found) throw errors.notExists(`${kind.charAt(0)}${kind.slice(1).toLowerCase()}`, qualifiedName(session, names));
          demand(session, ["OWNERSHIP"], found, kind.toLowerCase());
          home.delete(name);
          return dropped();
        }
      }
    } catch (error) {
      if (ifExists && (error as SimError).code === "002003") {
        return said(`Drop statement executed successfully (${name} already dropped).`, statementTypes.ddl);
      }
      throw error;
    }
  };
}

const qualifiedName = (session: Translation["statement"]["session"], names: readonly string[]): string =>
  [session.database, session.schema]
    .slice(0, 3 - names.length)
    .filter((n) => n !== null)
    .concat(names)
    .join(".");

/** `UNDROP TABLE | SCHEMA | DATABASE` (docs "UNDROP TABLE"): the latest of the name, while its retention lasts. */
export function undrop(t: Translation): Act {
  const { c } = t;
  const { session } = t.statement;
  const { catalog } = session.engine;
  const kind = oneOf(c, "TABLE", "SCHEMA", "DATABASE");
  if (!kind) throw unexpected(c);
  const names = path(c);
  const name = names.at(-1) ?? "";
  const oldest = () => session.engine.now();
  return async () => {
    if (kind === "TABLE") {
      const { schema } = placeOf(session, names, "UNDROP TABLE");
      const usable = (table: Table) => table.name === name && (table.dropped ?? 0) + retentionOf(table) * day > oldest();
      const found = schema.droppedTables.findLast(usable);
      if (!found) throw errors.undropped("Table", name);
      demand(session, ["OWNERSHIP"], found, "table");
      if (schema.relations.has(name)) throw errors.exists(name);
      schema.droppedTables.splice(schema.droppedTables.indexOf(found), 1);
      found.dropped = null;
      schema.relations.set(name, found);
    } else if (kind === "SCHEMA") {
      const database =
        names.length > 1 || session.database !== null
          ? databaseOf(session, names.length > 1 ? (names[0] ?? "") : (session.database ?? ""))
          : null;
      if (!database) throw errors.noDatabase("UNDROP SCHEMA");
      const found = database.droppedSchemas.findLast((s) => s.name === name);
      if (!found) throw errors.undropped("Schema", name);
      if (database.schemas.has(name)) throw errors.exists(name);
      database.droppedSchemas.splice(database.droppedSchemas.indexOf(found), 1);
      found.dropped = null;
      database.schemas.set(name, found);
    } else {
      const found = catalog.droppedDatabases.findLast((d) => d.name === name);
      if (!found) throw errors.undropped("Database", name);
      if (catalog.databases.has(name)) throw errors.exists(name);
      catalog.droppedDatabases.splice(catalog.droppedDatabases.indexOf(found), 1);
      found.dropped = null;
      catalog.databases.set(name, found);
    }
    return said(`${kind.charAt(0)}${kind.slice(1).toLowerCase()} ${name} successfully restored.`, statementTypes.ddl);
  };
}
