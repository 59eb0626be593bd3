import type { Grant, Role, Securable } from "../catalog.js";
import { identifier, list, must, oneOf, path, peek, takes, unexpected } from "../cursor.js";
import type { Translation } from "../environment.js";
import { errors } from "../errors.js";
import { may, owns } from "../privileges.js";
import { databaseOf, placeOf, relationOf, schemaOf } from "../resolve.js";
import { said } from "../run.js";
import { statementTypes } from "../statement-types.js";
import type { Act } from "./act.js";

const done = () => said("Statement executed successfully.", statementTypes.ddl);

/** Privileges of each kind of object (docs "Access control privileges"). */
const privileges: Readonly<Record<string, readonly string[]>> = {
  TABLE: ["SELECT", "INSERT", "UPDATE", "TRUNCATE", "DELETE", "EVOLVE SCHEMA", "REFERENCES", "APPLYBUDGET"],
  VIEW: ["SELECT", "REFERENCES"],
  STREAM: ["SELECT"],
  STAGE: ["READ", "WRITE", "USAGE"],
  SCHEMA: [
    "USAGE",
    "MODIFY",
    "MONITOR",
    "ADD SEARCH OPTIMIZATION",
    "CREATE TABLE",
    "CREATE VIEW",
    "CREATE MATERIALIZED VIEW",
    "CREATE STREAM",
    "CREATE STAGE",
    "CREATE SEQUENCE",
    "CREATE FILE FORMAT",
    "CREATE ROW ACCESS POLICY",
    "CREATE MASKING POLICY",
    "CREATE TAG",
  ],
  DATABASE: ["USAGE", "MODIFY", "MONITOR", "CREATE SCHEMA"],
  WAREHOUSE: ["USAGE", "MODIFY", "MONITOR", "OPERATE"],
};

type Kind = "TABLE" | "VIEW" | "STREAM" | "STAGE" | "SCHEMA" | "DATABASE" | "WAREHOUSE";
const kinds: readonly Kind[] = ["TABLE", "VIEW", "STREAM", "STAGE", "SCHEMA", "DATABASE", "WAREHOUSE"];

/** Privilege names run to ON or a comma. */
function names(t: Translation): string[] {
  const { c } = t;
  return list(c, () => {
    const words: string[] = [];
    while (peek(c).kind === "word" && peek(c).value !== "ON") words.push(identifier(c));
    if (words.length === 0) throw unexpected(c);
    return words.join(" ");
  });
}

function single(t: Translation, kind: Kind, at: readonly string[]): Securable {
  const { session } = t.statement;
  const name = at.at(-1) ?? "";
  switch (kind) {
    case "WAREHOUSE": {
      const found = session.engine.catalog.warehouses.get(name);
      if (!found) throw errors.notExists("Warehouse", name);
      return found;
    }
    case "DATABASE":
      return databaseOf(session, name);
    case "SCHEMA":
      return schemaOf(session, at, "GRANT");
    case "TABLE":
    case "VIEW":
      return relationOf(session, at, "GRANT");
    default: {
      const { schema } = placeOf(session, at, "GRANT");
      const found = (kind === "STAGE" ? schema.stages : schema.streams).get(name);
      if (!found) throw errors.notExists(kind, name);
      return found;
    }
  }
}

interface On {
  readonly kind: Kind;
  readonly objects: () => Securable[];
  /** Future grants: where they are kept. */
  readonly future: (() => (Grant & { readonly on: string })[]) | null;
}

function target(t: Translation): On {
  const { c } = t;
  const { session } = t.statement;
  const all = oneOf(c, "ALL", "FUTURE");
  if (all) {
    const plural = identifier(c);
    const kind = kinds.find((k) => `${k}S` === plural);
    if (!kind) throw unexpected(c);
    must(c, "IN");
    const where = oneOf(c, "SCHEMA", "DATABASE");
    if (!where) throw unexpected(c);
    const at = path(c);
    const schemas = () =>
      where === "SCHEMA" ? [schemaOf(session, at, "GRANT")] : [...databaseOf(session, at[0] ?? "").schemas.values()];
    const objects = () =>
      kind === "SCHEMA"
        ? schemas()
        : schemas().flatMap((s): Securable[] => [
            ...(kind === "STAGE"
              ? s.stages.values()
              : kind === "STREAM"
                ? s.streams.values()
                : [...s.relations.values()].filter((r) => r.type === kind)),
          ]);
    const future = () => (where === "SCHEMA" ? schemaOf(session, at, "GRANT").future : databaseOf(session, at[0] ?? "").future);
    return { kind, objects: all === "ALL" ? objects : () => [], future: all === "FUTURE" ? future : null };
  }
  const kind = oneOf(c, ...kinds);
  if (!kind) throw unexpected(c);
  const at = path(c);
  return { kind, objects: () => [single(t, kind, at)], future: null };
}

function grantee(t: Translation, word: "TO" | "FROM"): string {
  const { c } = t;
  must(c, word);
  must(c, "ROLE");
  return identifier(c);
}

function roleNamed(t: Translation, name: string): Role {
  const found = t.statement.session.engine.catalog.roles.get(name);
  if (!found) throw errors.notExists("Role", name);
  return found;
}

/** Who may grant: the owner, MANAGE GRANTS, or a grant with its option. */
function demandGrant(t: Translation, on: Securable): void {
  const { session } = t.statement;
  if (owns(session, on) || ["ACCOUNTADMIN", "SECURITYADMIN"].includes(session.role)) return;
  if (on.grants.some((g) => g.option && may(session, g.privilege, on) && g.role === session.role)) return;
  throw errors.insufficient(on.type.toLowerCase(), on.name);
}

/** `GRANT <privileges> ON … TO ROLE …`, `GRANT OWNERSHIP`, `GRANT ROLE` (docs "GRANT <privileges>", "GRANT OWNERSHIP", "GRANT ROLE"). */
export function grant(t: Translation): Act {
  const { c } = t;
  const { session } = t.statement;
  if (takes(c, "ROLE")) return grantRole(t, true);
  if (takes(c, "OWNERSHIP")) return ownership(t);
  const wanted = names(t);
  must(c, "ON");
  const on = target(t);
  const to = grantee(t, "TO");
  const option = takes(c, "WITH", "GRANT", "OPTION");
  const given = expand(wanted, on.kind);
  return async () => {
    roleNamed(t, to);
    const at = session.engine.tick();
    for (const o of on.objects()) {
      demandGrant(t, o);
      for (const privilege of given) {
        o.grants = o.grants.filter((g) => g.role !== to || g.privilege !== privilege);
        o.grants.push({ privilege, role: to, by: o.owner, option, at });
      }
    }
    for (const privilege of given) on.future?.().push({ privilege, role: to, by: session.role, option, at, on: on.kind });
    return done();
  };
}

function expand(wanted: readonly string[], kind: Kind): string[] {
  const known = privileges[kind] ?? [];
  return wanted.flatMap((p) => {
    if (p === "ALL" || p === "ALL PRIVILEGES") return known.filter((k) => k !== "EVOLVE SCHEMA" && k !== "APPLYBUDGET");
    if (!known.includes(p)) throw errors.invalidPrivilege(p, kind);
    return [p];
  });
}

/** Other grants must be revoked or copied; both words are asked for where there are any (docs "GRANT OWNERSHIP"). */
function ownership(t: Translation): Act {
  const { c } = t;
  const { session } = t.statement;
  must(c, "ON");
  const on = target(t);
  const to = grantee(t, "TO");
  const current = oneOf(c, "COPY", "REVOKE");
  if (current) must(c, "CURRENT", "GRANTS");
  return async () => {
    roleNamed(t, to);
    for (const o of on.objects()) {
      if (!owns(session, o) && !["ACCOUNTADMIN", "SECURITYADMIN"].includes(session.role))
        throw errors.insufficient(o.type.toLowerCase(), o.name);
      if (o.grants.length > 0 && !current) throw errors.dependentGrants();
      if (current === "REVOKE") o.grants = [];
      o.owner = to;
    }
    return done();
  };
}

function grantRole(t: Translation, add: boolean): Act {
  const { c } = t;
  const { session } = t.statement;
  const name = identifier(c);
  must(c, add ? "TO" : "FROM");
  const kind = oneOf(c, "ROLE", "USER");
  if (!kind) throw unexpected(c);
  const to = identifier(c);
  return async () => {
    const role = roleNamed(t, name);
    if (!["ACCOUNTADMIN", "SECURITYADMIN", "USERADMIN", role.owner].includes(session.role))
      throw errors.insufficient("role", name);
    if (kind === "ROLE") roleNamed(t, to);
    const home = kind === "ROLE" ? role.grantedTo : role.users;
    if (add) home.add(to);
    else home.delete(to);
    return done();
  };
}

/** `REVOKE <privileges> ON … FROM ROLE …` (docs "REVOKE <privileges>"). */
export function revoke(t: Translation): Act {
  const { c } = t;
  if (takes(c, "ROLE")) return grantRole(t, false);
  takes(c, "GRANT", "OPTION", "FOR");
  const wanted = names(t);
  must(c, "ON");
  const on = target(t);
  const from = grantee(t, "FROM");
  if (!takes(c, "CASCADE")) takes(c, "RESTRICT");
  const taken = new Set(expand(wanted, on.kind));
  return async () => {
    roleNamed(t, from);
    for (const o of on.objects()) {
      demandGrant(t, o);
      o.grants = o.grants.filter((g) => g.role !== from || !taken.has(g.privilege));
    }
    const future = on.future?.();
    if (future)
      future.splice(0, future.length, ...future.filter((g) => g.role !== from || g.on !== on.kind || !taken.has(g.privilege)));
    return done();
  };
}
