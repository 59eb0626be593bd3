import type { Securable } from "./catalog.js";
import type { Session } from "./engine.js";

/**
 * Who may do what. Sources: docs "Overview of access control", "Access control privileges". A role has what is granted to it and to the
 * roles that are granted to it; an owner may do everything with its object.
 */
export function rolesOf(session: Session, role = session.role): Set<string> {
  const { roles } = session.engine.catalog;
  const have = new Set([role, "PUBLIC"]);
  for (let grew = true; grew; ) {
    grew = false;
    for (const r of roles.values()) {
      if (have.has(r.name) || ![...r.grantedTo].some((to) => have.has(to))) continue;
      have.add(r.name);
      grew = true;
    }
  }
  return have;
}

export function owns(session: Session, on: Securable): boolean {
  return rolesOf(session).has(on.owner);
}

export function may(session: Session, privilege: string, on: Securable): boolean {
  const have = rolesOf(session);
  if (have.has(on.owner)) return true;
  return on.grants.some((g) => have.has(g.role) && (g.privilege === privilege || g.privilege === "ALL"));
}

const isTemporary = (on: Securable): boolean => on.type === "TABLE" && on.session !== null;

/** Whether the role may know that the object exists: some privilege on it, and USAGE on what it is in. */
export function sees(session: Session, on: Securable): boolean {
  if (isTemporary(on)) return true;
  const have = rolesOf(session);
  const privileged = have.has(on.owner) || on.grants.some((g) => have.has(g.role));
  if (!privileged) return false;
  if (on.type === "DATABASE" || on.type === "WAREHOUSE") return true;
  if (on.type === "SCHEMA") return usable(have, on.database);
  return usable(have, on.schema) && usable(have, on.schema.database);
}

const usable = (have: ReadonlySet<string>, on: Securable): boolean =>
  have.has(on.owner) || on.grants.some((g) => have.has(g.role) && (g.privilege === "USAGE" || g.privilege === "ALL"));
