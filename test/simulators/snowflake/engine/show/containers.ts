import type { Session } from "../engine.js";
import type { SimResult } from "../types.js";
import { listing } from "./listing.js";
import type { Scope } from "./scope.js";

const yes = (is: boolean): string => (is ? "Y" : "N");

/** docs "SHOW SCHEMAS". */
export function showSchemas(session: Session, scope: Scope): SimResult {
  const names = [
    "created_on:time",
    "name",
    "is_default",
    "is_current",
    "database_name",
    "owner",
    "comment",
    "options",
    "retention_time",
    "owner_role_type",
    "classification_profile_database",
    "classification_profile_schema",
    "classification_profile",
  ];
  const found = scope.schemas.filter((s) => scope.matches(s.name));
  return listing(
    names,
    scope
      .limited(found)
      .map((s) => [
        s.created,
        s.name,
        "N",
        yes(session.database === s.database.name && session.schema === s.name),
        s.database.name,
        s.owner,
        s.comment ?? "",
        s.transient ? "TRANSIENT" : "",
        String(s.retention ?? s.database.retention ?? 1),
        "ROLE",
        null,
        null,
        null,
      ]),
  );
}

/** docs "SHOW DATABASES". */
export function showDatabases(session: Session, scope: Scope): SimResult {
  const names = [
    "created_on:time",
    "name",
    "is_default",
    "is_current",
    "origin",
    "owner",
    "comment",
    "options",
    "retention_time",
    "kind",
    "owner_role_type",
  ];
  const found = [...session.engine.catalog.databases.values()].filter(
    (d) => scope.databases.includes(d) || scope.databases.length === 1,
  );
  return listing(
    names,
    scope
      .limited(found.filter((d) => scope.matches(d.name)))
      .map((d) => [
        d.created,
        d.name,
        "N",
        yes(session.database === d.name),
        "",
        d.owner,
        d.comment ?? "",
        d.transient ? "TRANSIENT" : "",
        String(d.retention ?? 1),
        "STANDARD",
        "ROLE",
      ]),
  );
}

/** docs "SHOW WAREHOUSES" (the first columns). */
export function showWarehouses(session: Session, scope: Scope): SimResult {
  const names = ["name", "state", "type", "size", "is_default", "is_current", "owner", "comment", "created_on:time"];
  const found = [...session.engine.catalog.warehouses.values()].filter((w) => scope.matches(w.name));
  return listing(
    names,
    scope
      .limited(found)
      .map((w) => [
        w.name,
        "STARTED",
        "STANDARD",
        "X-Small",
        "N",
        yes(session.warehouse === w.name),
        w.owner,
        w.comment ?? "",
        w.created,
      ]),
  );
}

/** docs "SHOW ROLES". */
export function showRoles(session: Session, scope: Scope): SimResult {
  const names = [
    "created_on:time",
    "name",
    "is_default",
    "is_current",
    "is_inherited",
    "assigned_to_users:number",
    "granted_to_roles:number",
    "granted_roles:number",
    "owner",
    "comment",
  ];
  const all = [...session.engine.catalog.roles.values()];
  return listing(
    names,
    scope
      .limited(all.filter((r) => scope.matches(r.name)))
      .map((r) => [
        r.created,
        r.name,
        "N",
        yes(session.role === r.name),
        "N",
        r.users.size,
        r.grantedTo.size,
        all.filter((o) => o.grantedTo.has(r.name)).length,
        r.owner,
        r.comment ?? "",
      ]),
  );
}
