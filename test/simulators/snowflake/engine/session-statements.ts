import { identifier, must, next, oneOf, path, peek, takes, unexpected } from "./cursor.js";
import type { Parameter, Session } from "./engine.js";
import type { Translation } from "./environment.js";
import { errors } from "./errors.js";
import { defaults } from "./parameters.js";
import { rolesOf } from "./privileges.js";
import { databaseOf, schemaOf } from "./resolve.js";
import { said } from "./run.js";
import { statementTypes } from "./statement-types.js";
import { begin, commit, rollback } from "./transactions.js";
import type { SimResult } from "./types.js";

type Act = () => Promise<SimResult>;
const done = (more: Partial<SimResult> = {}, type: number = statementTypes.alterSession) =>
  said("Statement executed successfully.", type, more);

/** `ALTER SESSION SET a = 1 b = 2` and UNSET (docs "ALTER SESSION"), apart by spaces or commas. */
export function alterSession(t: Translation): Act {
  const { c } = t;
  const { session } = t.statement;
  const changes = new Map<string, Parameter>();
  const known = (name: string): Parameter => {
    const value = defaults[name];
    if (value === undefined) throw errors.invalidParameter(name);
    return value;
  };
  if (takes(c, "SET")) {
    do {
      const name = identifier(c);
      must(c, "=");
      changes.set(name, parameterValue(name, known(name), value(t)));
      takes(c, ",");
    } while (peek(c).kind === "word");
  } else {
    must(c, "UNSET");
    do {
      const name = identifier(c);
      changes.set(name, known(name));
    } while (takes(c, ","));
  }
  return async () => {
    for (const [name, to] of changes) await setParameter(session, name, to);
    return done({ parameters: Object.fromEntries(changes) });
  };
}

function value(t: Translation): string {
  const { c } = t;
  const negative = takes(c, "-");
  const token = next(c);
  if (!["word", "string", "number"].includes(token.kind)) throw unexpected(c, token);
  return `${negative ? "-" : ""}${token.value}`;
}

/** A parameter's value has the kind of its default. */
export function parameterValue(name: string, like: Parameter, given: Parameter): Parameter {
  const text = String(given);
  if (typeof like === "boolean") {
    if (/^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
    throw errors.invalidValue(text, name);
  }
  if (typeof like === "number") {
    if (/^\d+$/.test(text)) return Number(text);
    throw errors.invalidValue(text, name);
  }
  if (name === "QUERY_TAG" && text.length > 2000) throw errors.invalidValue(text, name);
  return text;
}

export async function setParameter(session: Session, name: string, to: Parameter): Promise<void> {
  if (name === "TIMEZONE") {
    try {
      await session.duck.run(`SET TimeZone = '${String(to).replaceAll("'", "''")}'`);
    } catch {
      throw errors.invalidValue(String(to), name);
    }
    session.timezone = String(to);
  }
  session.parameters.set(name, to);
}

/** `USE [ROLE | WAREHOUSE | DATABASE | SCHEMA] …` (docs "USE <object>"). */
export function use(t: Translation): Act {
  const { c } = t;
  const { session } = t.statement;
  const { catalog } = session.engine;
  must(c, "USE");
  if (takes(c, "SECONDARY", "ROLES")) {
    const which = oneOf(c, "ALL", "NONE");
    if (which !== "NONE") throw errors.unsupported("secondary roles");
    return async () => done({}, statementTypes.use);
  }
  const kind = oneOf(c, "ROLE", "WAREHOUSE", "DATABASE", "SCHEMA");
  const names = path(c);
  const name = names.at(-1) ?? "";
  return async () => {
    if (kind === "ROLE") {
      const role = catalog.roles.get(name);
      if (!role) throw errors.noOperation();
      const granted =
        name === "PUBLIC" ||
        [...catalog.roles.values()].some((r) => r.users.has(session.user) && rolesOf(session, r.name).has(name));
      if (!granted) throw errors.roleNotGranted(name);
      session.role = name;
      return done({ finalRole: name }, statementTypes.use);
    }
    if (kind === "WAREHOUSE") {
      if (!catalog.warehouses.has(name)) throw errors.noOperation();
      session.warehouse = name;
      return done({ finalWarehouse: name }, statementTypes.use);
    }
    try {
      if (kind === "DATABASE" || (kind === null && names.length === 1)) {
        const database = databaseOf(session, name);
        session.database = name;
        session.schema = database.schemas.has("PUBLIC") ? "PUBLIC" : null;
      } else {
        const schema = schemaOf(session, names, "USE SCHEMA");
        session.database = schema.database.name;
        session.schema = schema.name;
      }
    } catch (error) {
      if ((error as { code?: string }).code === "002003") throw errors.noOperation();
      throw error;
    }
    return done(
      {
        ...(session.database ? { finalDatabase: session.database } : {}),
        ...(session.schema ? { finalSchema: session.schema } : {}),
      },
      statementTypes.use,
    );
  };
}

/** `BEGIN | START TRANSACTION`, `COMMIT`, `ROLLBACK` (docs "BEGIN", "COMMIT", "ROLLBACK"): a second BEGIN, or an end of none, does nothing. */
export function transaction(t: Translation): Act {
  const { c } = t;
  const { session, queryId } = t.statement;
  const word = oneOf(c, "BEGIN", "START", "COMMIT", "ROLLBACK");
  if (word === "START") must(c, "TRANSACTION");
  else if (word === "BEGIN") {
    oneOf(c, "WORK", "TRANSACTION");
    const following = peek(c);
    // A block of Snowflake Scripting begins alike.
    if (following.kind === "word" && following.value !== "NAME") throw errors.unsupported("Snowflake Scripting");
  } else takes(c, "WORK");
  const name = (word === "BEGIN" || word === "START") && takes(c, "NAME") ? identifier(c) : undefined;
  return async () => {
    if (word === "BEGIN" || word === "START") session.transaction ??= begin(session.engine, queryId, true, name);
    else if (session.transaction) {
      const tx = session.transaction;
      session.transaction = null;
      if (word === "COMMIT") commit(session.engine, tx);
      else rollback(session.engine, tx);
    }
    return said("Statement executed successfully.", statementTypes.transaction);
  };
}
