import { join } from "node:path";
import { latest, type Named, type Schema, type TableKind, type View } from "../catalog.js";
import { identifier, inParentheses, list, must, next, oneOf, path, peek, sees, string, takes, unexpected } from "../cursor.js";
import type { Translation } from "../environment.js";
import { errors } from "../errors.js";
import { demand, placeOf, tableOf } from "../resolve.js";
import { duckRun, said } from "../run.js";
import { statementTypes } from "../statement-types.js";
import { timePoint } from "../translate/from.js";
import { typeOf } from "../values.js";
import type { Act } from "./act.js";
import { createTable } from "./create-table.js";
import { formatOptions } from "./options.js";
import { createDatabase, createSchema } from "./schemas.js";

const tableKinds: readonly (readonly [readonly string[], TableKind])[] = [
  [["TRANSIENT"], "TRANSIENT"],
  [["LOCAL", "TEMPORARY"], "TEMPORARY"],
  [["LOCAL", "TEMP"], "TEMPORARY"],
  [["GLOBAL", "TEMPORARY"], "TEMPORARY"],
  [["GLOBAL", "TEMP"], "TEMPORARY"],
  [["TEMPORARY"], "TEMPORARY"],
  [["TEMP"], "TEMPORARY"],
  [["VOLATILE"], "TEMPORARY"],
  [["HYBRID"], "HYBRID"],
  [["ICEBERG"], "ICEBERG"],
  // Of these only that they are there, and what they refuse, is simulated.
  [["EXTERNAL"], "EXTERNAL"],
  [["DYNAMIC"], "DYNAMIC"],
];

/** `CREATE [OR REPLACE] <object>`: finds out which. */
export function create(t: Translation): Act {
  const { c } = t;
  must(c, "CREATE");
  const replace = takes(c, "OR", "REPLACE");
  const found = tableKinds.find(([words]) => takes(c, ...words));
  const kind = found?.[1] ?? "PERMANENT";
  if (takes(c, "TABLE")) return createTable(t, { replace, kind });
  if (kind === "PERMANENT" || kind === "TRANSIENT") {
    if (takes(c, "SCHEMA")) return createSchema(t, { replace, transient: kind === "TRANSIENT" });
    if (takes(c, "DATABASE")) return createDatabase(t, { replace, transient: kind === "TRANSIENT" });
  }
  if (kind === "PERMANENT" || kind === "TEMPORARY") {
    const secure = takes(c, "SECURE");
    if (takes(c, "MATERIALIZED", "VIEW")) return view(t, replace, secure, true);
    if (takes(c, "VIEW")) return view(t, replace, secure, false);
    if (takes(c, "STREAM")) return stream(t, replace);
    if (takes(c, "STAGE")) return stage(t, replace, kind === "TEMPORARY");
    if (takes(c, "SEQUENCE")) return sequence(t, replace);
    if (takes(c, "FILE", "FORMAT")) return named(t, "FILE FORMAT", replace, kind === "TEMPORARY");
    if (takes(c, "ROW", "ACCESS", "POLICY")) return named(t, "ROW ACCESS POLICY", replace);
    if (takes(c, "MASKING", "POLICY")) return named(t, "MASKING POLICY", replace);
    if (takes(c, "TAG")) return named(t, "TAG", replace);
    if (takes(c, "ROLE")) return role(t, replace);
    if (takes(c, "WAREHOUSE")) return warehouse(t, replace);
  }
  throw unexpected(c);
}

const made = (kind: string, name: string) => said(`${kind} ${name} successfully created.`, statementTypes.ddl);
const already = (name: string) => said(`${name} already exists, statement succeeded.`, statementTypes.ddl);

function owned(t: Translation, name: string) {
  const { session } = t.statement;
  return {
    id: ++session.engine.catalog.ids,
    name,
    owner: session.role,
    grants: [],
    comment: null,
    created: session.engine.tick(),
  };
}

function view(t: Translation, replace: boolean, secure: boolean, materialized: boolean): Act {
  const { c } = t;
  const { session } = t.statement;
  const ifNotExists = takes(c, "IF", "NOT", "EXISTS");
  const at = placeOf(session, path(c), "CREATE VIEW");
  demand(session, [materialized ? "CREATE MATERIALIZED VIEW" : "CREATE VIEW"], at.schema, "schema");
  const names = sees(c, "(")
    ? inParentheses(c, () =>
        list(c, () => {
          const name = identifier(c);
          const comment = takes(c, "COMMENT") ? string(c) : null;
          return { name, comment };
        }),
      )
    : null;
  let comment: string | null = null;
  let copyGrants = false;
  for (;;) {
    if (takes(c, "COMMENT", "=")) comment = string(c);
    else if (takes(c, "COPY", "GRANTS")) copyGrants = true;
    else break;
  }
  must(c, "AS");
  const text = c.sql.slice(peek(c).start).replace(/;\s*$/, "");
  const query = t.parse.query(t);
  return async () => {
    const old = at.schema.relations.get(at.name);
    if (old && ifNotExists) return already(at.name);
    if (old && (!replace || old.type !== "VIEW")) throw errors.exists(at.name);
    const result = await duckRun(session, `SELECT * FROM (${query.sql()}) LIMIT 0`);
    const cols = query.columns();
    const columns = result.columnTypes().map((type, k) => ({
      name: names?.[k]?.name ?? cols?.[k]?.name ?? result.columnName(k),
      type: cols?.[k]?.type ?? typeOf(type),
      nullable: cols?.[k]?.nullable ?? true,
      comment: names?.[k]?.comment ?? null,
    }));
    if (names && names.length !== columns.length) throw errors.columnCount(names.length, columns.length);
    const view: View = {
      ...owned(t, at.name),
      type: "VIEW",
      schema: at.schema,
      text: c.sql,
      query: text,
      secure,
      materialized,
      columns,
      altered: session.engine.now(),
    };
    view.comment = comment;
    if (copyGrants && old) view.grants = [...old.grants];
    at.schema.relations.set(at.name, view);
    return made("View", at.name);
  };
}

function stream(t: Translation, replace: boolean): Act {
  const { c } = t;
  const { session } = t.statement;
  const ifNotExists = takes(c, "IF", "NOT", "EXISTS");
  const at = placeOf(session, path(c), "CREATE STREAM");
  demand(session, ["CREATE STREAM"], at.schema, "schema");
  takes(c, "COPY", "GRANTS");
  must(c, "ON", "TABLE");
  const table = tableOf(session, path(c), "CREATE STREAM");
  demand(session, ["SELECT"], table, "table");
  const point = timePoint(t);
  if (point) throw errors.unsupported("CREATE STREAM AT");
  let appendOnly = false;
  let comment: string | null = null;
  while (peek(c).kind === "word") {
    const name = identifier(c);
    must(c, "=");
    if (name === "APPEND_ONLY") appendOnly = takes(c, "TRUE") || !takes(c, "FALSE");
    else if (name === "SHOW_INITIAL_ROWS") next(c);
    else if (name === "COMMENT") comment = string(c);
    else throw errors.invalidProperty(name, "STREAM");
  }
  return async () => {
    const old = at.schema.streams.get(at.name);
    if (old && ifNotExists) return already(at.name);
    if (old && !replace) throw errors.exists(at.name);
    table.changeTracking = true;
    at.schema.streams.set(at.name, {
      ...owned(t, at.name),
      comment,
      type: "STREAM",
      schema: at.schema,
      table,
      appendOnly,
      offset: latest(table),
      stale: false,
    });
    return made("Stream", at.name);
  };
}

function stage(t: Translation, replace: boolean, temporary: boolean): Act {
  const { c } = t;
  const { session } = t.statement;
  const ifNotExists = takes(c, "IF", "NOT", "EXISTS");
  const at = placeOf(session, path(c), "CREATE STAGE");
  if (!temporary) demand(session, ["CREATE STAGE"], at.schema, "schema");
  let format: ReadonlyMap<string, string> = new Map();
  let comment: string | null = null;
  while (peek(c).kind === "word") {
    if (takes(c, "FILE_FORMAT", "=")) format = inParentheses(c, () => formatOptions(c));
    else if (takes(c, "COMMENT", "=")) comment = string(c);
    else if (takes(c, "DIRECTORY", "=") || takes(c, "ENCRYPTION", "=")) inParentheses(c, () => formatOptions(c));
    else if (sees(c, "URL")) throw errors.unsupported("external stages");
    else throw errors.invalidProperty(peek(c).value, "STAGE");
  }
  return async () => {
    const old = at.schema.stages.get(at.name);
    if (old && ifNotExists) return already(at.name);
    if (old && !replace) throw errors.exists(at.name);
    const own = owned(t, at.name);
    const directory = join(session.engine.directory, "stages", String(own.id));
    at.schema.stages.set(at.name, {
      ...own,
      comment,
      type: "STAGE",
      schema: at.schema,
      format,
      directory,
      session: temporary ? session.id : null,
    });
    return said(`Stage area ${at.name} successfully created.`, statementTypes.ddl);
  };
}

function sequence(t: Translation, replace: boolean): Act {
  const { c } = t;
  const { session } = t.statement;
  const ifNotExists = takes(c, "IF", "NOT", "EXISTS");
  const at = placeOf(session, path(c), "CREATE SEQUENCE");
  demand(session, ["CREATE SEQUENCE"], at.schema, "schema");
  const number = (): number => {
    takes(c, "WITH") || takes(c, "BY");
    takes(c, "=");
    return Number(next(c).value);
  };
  let start = 1;
  let step = 1;
  for (;;) {
    if (takes(c, "START")) start = number();
    else if (takes(c, "INCREMENT")) step = number();
    else if (!oneOf(c, "ORDER", "NOORDER")) break;
  }
  return async () => {
    const old = at.schema.sequences.get(at.name);
    if (old && ifNotExists) return already(at.name);
    if (old && !replace) throw errors.exists(at.name);
    const physical = `s_${++session.engine.store.next}`;
    await session.duck.run(`CREATE SEQUENCE ${physical} START ${start} INCREMENT ${step}`);
    at.schema.sequences.set(at.name, { ...owned(t, at.name), type: "SEQUENCE", schema: at.schema, physical });
    return made("Sequence", at.name);
  };
}

/** Objects whose being there is what matters: their bodies are read over. */
function named(t: Translation, type: Named["type"], replace: boolean, temporary = false): Act {
  const { c } = t;
  const { session } = t.statement;
  const ifNotExists = takes(c, "IF", "NOT", "EXISTS");
  const at = placeOf(session, path(c), `CREATE ${type}`);
  if (!temporary) demand(session, [`CREATE ${type}`], at.schema, "schema");
  const format = type === "FILE FORMAT" ? formatOptions(c) : new Map<string, string>();
  if (type !== "FILE FORMAT") c.at = c.tokens.length - 1;
  return async () => {
    const old = at.schema.named.get(at.name);
    if (old && ifNotExists) return already(at.name);
    if (old && !replace) throw errors.exists(at.name);
    at.schema.named.set(at.name, {
      ...owned(t, at.name),
      type,
      schema: at.schema as Schema,
      format,
      session: temporary ? session.id : null,
    });
    const word = type === "FILE FORMAT" ? "File format" : `${type.charAt(0)}${type.slice(1).toLowerCase()}`;
    return made(word, at.name);
  };
}

function role(t: Translation, replace: boolean): Act {
  const { c } = t;
  const { session } = t.statement;
  const { catalog } = session.engine;
  const ifNotExists = takes(c, "IF", "NOT", "EXISTS");
  const name = identifier(c);
  const comment = takes(c, "COMMENT", "=") ? string(c) : null;
  if (!["ACCOUNTADMIN", "SECURITYADMIN", "USERADMIN"].includes(session.role))
    throw errors.insufficient("account", catalog.account.toUpperCase());
  return async () => {
    if (catalog.roles.has(name) && ifNotExists) return already(name);
    if (catalog.roles.has(name) && !replace) throw errors.exists(name);
    catalog.roles.set(name, {
      name,
      grantedTo: new Set(),
      users: new Set(),
      owner: session.role,
      comment,
      created: session.engine.tick(),
    });
    return made("Role", name);
  };
}

function warehouse(t: Translation, replace: boolean): Act {
  const { c } = t;
  const { session } = t.statement;
  const { catalog } = session.engine;
  const ifNotExists = takes(c, "IF", "NOT", "EXISTS");
  const name = identifier(c);
  takes(c, "WITH");
  while (peek(c).kind === "word") {
    identifier(c);
    must(c, "=");
    next(c);
  }
  if (!["ACCOUNTADMIN", "SYSADMIN"].includes(session.role)) throw errors.insufficient("account", catalog.account.toUpperCase());
  return async () => {
    if (catalog.warehouses.has(name) && ifNotExists) return already(name);
    if (catalog.warehouses.has(name) && !replace) throw errors.exists(name);
    catalog.warehouses.set(name, { ...owned(t, name), type: "WAREHOUSE" });
    session.warehouse = name;
    return said(`Warehouse ${name} successfully created.`, statementTypes.ddl, { finalWarehouse: name });
  };
}
