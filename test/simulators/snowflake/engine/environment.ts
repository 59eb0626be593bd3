import { type Binds, bound } from "./binds.js";
import type { Column, Table, Version, View } from "./catalog.js";
import { inferSchema } from "./copy/infer.js";
import { staged } from "./copy/query.js";
import { type Cursor, cursor, end } from "./cursor.js";
import type { Session, Statement } from "./engine.js";
import { errors } from "./errors.js";
import { informationSchema, tableFunction } from "./information/index.js";
import { duck } from "./names.js";
import { demand, relationOf } from "./resolve.js";
import { resultScan } from "./results.js";
import { type Physical, union } from "./store.js";
import { systemFunction } from "./system.js";
import { versionAt } from "./timetravel.js";
import { visible } from "./transactions.js";
import { expression } from "./translate/expr.js";
import { block, type Col, type Ctx, type Env, type TimePoint } from "./translate/model.js";
import { query } from "./translate/query.js";

/** A statement being translated: what must be asked for before its SQL can be made is in `prepare`. */
export interface Translation extends Ctx {
  readonly statement: Statement;
  readonly prepare: (() => Promise<void>)[];
}

type Source = { sql: () => string; columns: () => readonly Col[] | null };

export const colsOf = (columns: readonly Column[]): readonly Col[] =>
  columns.map((c) => ({ name: c.name, type: c.type, nullable: c.nullable }));

export function translation(statement: Statement, c: Cursor, binds: Binds | undefined, view: View | null = null): Translation {
  const { session } = statement;
  const prepare: (() => Promise<void>)[] = [];
  const t: Translation = {
    c,
    statement,
    prepare,
    block: block(null),
    parse: { query, expr: expression },
    valuesClause: false,
    env: {
      table: (path, point) => relation(t, path, point, view),
      tableFunction: (name, args) => {
        if (name === "RESULT_SCAN") return resultScan(t, args);
        if (name === "INFER_SCHEMA") return inferSchema(t, args);
        return tableFunction(session, name, args);
      },
      stage: (token, options) => staged(t, token, options),
      bind: (name) => bound(binds, name),
      context: (name) => contextValue(session, name),
      system: (name, args) => systemFunction(t, name, args),
      nowMicros: () => BigInt(session.engine.now()),
      sequence: () => {
        throw errors.unsupported("sequences in expressions");
      },
      timezone: session.timezone,
    } satisfies Env,
  };
  return t;
}

/** A warehouse is needed as soon as rows are read or written. */
export function needWarehouse(session: Session): void {
  const { warehouses } = session.engine.catalog;
  if (session.warehouse === null || !warehouses.has(session.warehouse)) throw errors.noWarehouse();
}

function relation(t: Translation, path: readonly string[], point: TimePoint | null, view: View | null): Source {
  const { session } = t.statement;
  const whole = view ? qualified(path, view) : path;
  if (whole.length > 1 && whole.at(-2) === "INFORMATION_SCHEMA") return informationSchema(session, whole);
  const found = relationOf(session, whole);
  // A view reads with its owner's rights (docs "Overview of views").
  if (!view) demand(session, ["SELECT"], found, found.type === "VIEW" ? "view" : "table");
  needWarehouse(session);
  if (found.type === "VIEW") {
    if (point) throw errors.unsupported("time travel of a view");
    return expanded(t, found);
  }
  return tableSource(t, found, point);
}

function qualified(path: readonly string[], view: View): readonly string[] {
  const home = [view.schema.database.name, view.schema.name];
  return path.length === 3 ? path : [...home.slice(0, 3 - path.length), ...path];
}

/** Rows of a table as a statement of this session sees them. */
export function tableSource(t: Translation, table: Table, point: TimePoint | null): Source {
  const { session } = t.statement;
  let version: Version | undefined;
  if (point) {
    t.prepare.push(async () => {
      version = await versionAt(session, table, point);
    });
  }
  const seen = () => version ?? visible(table, session.transaction);
  return {
    columns: () => colsOf(seen().columns),
    sql: () => {
      const { parts, columns } = seen();
      hold(session, parts);
      return union(parts, columns, (column) => virtual(t, columns, column));
    },
  };
}

export function hold(session: Session, parts: readonly Physical[]): void {
  for (const part of parts) session.held.add(part);
}

/** A default or the expression of a virtual column, as SQL of DuckDB. */
export function translated(t: Translation, sql: string, columns: readonly Column[] = []): string {
  const c = cursor(sql);
  const inner: Ctx = { ...t, c, block: block(null) };
  inner.block.relations.push({ alias: null, columns: () => colsOf(columns) });
  const made = expression(inner);
  end(c);
  return made.sql();
}

function virtual(t: Translation, columns: readonly Column[], column: Column): string {
  return translated(t, column.virtual ?? "NULL", columns);
}

function expanded(t: Translation, view: View): Source {
  const inner = translation(t.statement, cursor(view.query), undefined, view);
  const made = query(inner);
  end(inner.c);
  t.prepare.push(...inner.prepare);
  const names = view.columns.map((c) => duck(c.name)).join(", ");
  return { sql: () => `(SELECT * FROM (${made.sql()}) AS "·V" (${names}))`, columns: () => view.columns };
}

/** docs "Context functions". */
function contextValue(session: Session, name: string): string | null | undefined {
  switch (name) {
    case "CURRENT_DATABASE":
      return session.database;
    case "CURRENT_SCHEMA":
      return session.schema;
    case "CURRENT_ROLE":
      return session.role;
    case "CURRENT_WAREHOUSE":
      return session.warehouse;
    case "CURRENT_USER":
      return session.user;
    case "CURRENT_SESSION":
      return String(session.id);
    case "CURRENT_ACCOUNT":
    case "CURRENT_ACCOUNT_NAME":
      return session.engine.catalog.account.toUpperCase();
    case "CURRENT_ORGANIZATION_NAME":
      return "SIMULATED";
    case "CURRENT_REGION":
      return "AWS_US_WEST_2";
    case "CURRENT_VERSION":
      return "9.30.0";
    case "CURRENT_CLIENT":
      return "JavaScript 3.3.0";
    case "CURRENT_TRANSACTION":
      return session.transaction?.id ?? null;
    case "CURRENT_STATEMENT":
      return null;
    case "LAST_QUERY_ID":
      return session.queryIds.at(-1) ?? null;
    default:
      return undefined;
  }
}
