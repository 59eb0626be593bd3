import type { Securable } from "../catalog.js";
import { identifier, oneOf, path, takes, unexpected } from "../cursor.js";
import type { Act } from "../ddl/act.js";
import type { Session } from "../engine.js";
import type { Translation } from "../environment.js";
import { errors } from "../errors.js";
import { shown } from "../names.js";
import { databaseOf, placeOf, relationOf, schemaOf } from "../resolve.js";
import { type Cell, listing } from "./listing.js";

const columns = [
  "created_on:time",
  "privilege",
  "granted_on",
  "name",
  "granted_to",
  "grantee_name",
  "grant_option",
  "granted_by",
];

/** The whole name of an object, as SHOW GRANTS writes it. */
function wholeName(o: Securable): string {
  if (o.type === "DATABASE" || o.type === "WAREHOUSE") return shown(o.name);
  if (o.type === "SCHEMA") return [o.database.name, o.name].map(shown).join(".");
  return [o.schema.database.name, o.schema.name, o.name].map(shown).join(".");
}

/** An object's grants: OWNERSHIP is granted by itself first (docs "SHOW GRANTS"). */
function grantsOn(o: Securable): Cell[][] {
  const on = o.type.replaceAll(" ", "_");
  const name = wholeName(o);
  const owner: Cell[] = [o.created, "OWNERSHIP", on, name, "ROLE", o.owner, "true", o.owner];
  return [owner, ...o.grants.map((g): Cell[] => [g.at, g.privilege, on, name, "ROLE", g.role, String(g.option), g.by])];
}

function every(session: Session): Securable[] {
  const { catalog } = session.engine;
  const found: Securable[] = [...catalog.warehouses.values()];
  for (const d of catalog.databases.values()) {
    found.push(d);
    for (const s of d.schemas.values())
      found.push(
        s,
        ...s.relations.values(),
        ...s.streams.values(),
        ...s.stages.values(),
        ...s.sequences.values(),
        ...s.named.values(),
      );
  }
  return found;
}

/** `SHOW GRANTS [ON … | TO ROLE … | OF ROLE …]` and `SHOW FUTURE GRANTS IN …`. */
export function showGrants(t: Translation): Act {
  const { c } = t;
  const { session } = t.statement;
  const { catalog } = session.engine;
  if (takes(c, "ON")) {
    const kind = oneOf(c, "TABLE", "VIEW", "SCHEMA", "DATABASE", "WAREHOUSE", "STAGE", "STREAM");
    if (!kind) throw unexpected(c);
    const names = path(c);
    return async () => {
      const name = names.at(-1) ?? "";
      if (kind === "WAREHOUSE") {
        const found = catalog.warehouses.get(name);
        if (!found) throw errors.noOperation();
        return listing(columns, grantsOn(found));
      }
      if (kind === "DATABASE") return listing(columns, grantsOn(databaseOf(session, name)));
      if (kind === "SCHEMA") return listing(columns, grantsOn(schemaOf(session, names, "SHOW GRANTS")));
      if (kind === "TABLE" || kind === "VIEW") return listing(columns, grantsOn(relationOf(session, names, "SHOW GRANTS")));
      const { schema } = placeOf(session, names, "SHOW GRANTS");
      const found = (kind === "STAGE" ? schema.stages : schema.streams).get(name);
      if (!found) throw errors.noOperation();
      return listing(columns, grantsOn(found));
    };
  }
  if (takes(c, "TO", "ROLE")) {
    const role = identifier(c);
    return async () => {
      if (!catalog.roles.has(role)) throw errors.noOperation();
      const inherited = [...catalog.roles.values()]
        .filter((r) => r.grantedTo.has(role))
        .map((r): Cell[] => [r.created, "USAGE", "ROLE", shown(r.name), "ROLE", role, "false", r.owner]);
      return listing(columns, [
        ...every(session)
          .flatMap(grantsOn)
          .filter((row) => row[5] === role),
        ...inherited,
      ]);
    };
  }
  if (takes(c, "OF", "ROLE")) {
    const role = identifier(c);
    return async () => {
      const found = catalog.roles.get(role);
      if (!found) throw errors.noOperation();
      const rows: Cell[][] = [
        ...[...found.grantedTo].map((to) => [found.created, role, "ROLE", to, found.owner]),
        ...[...found.users].map((to) => [found.created, role, "USER", to, found.owner]),
      ];
      return listing(["created_on:time", "role", "granted_to", "grantee_name", "granted_by"], rows);
    };
  }
  throw unexpected(c);
}
