import { type Column, latest, notFoundTable, type Table, type Version } from "../catalog.js";
import { cursor, end } from "../cursor.js";
import { held, type SqlType, shown, types } from "../datatype.js";
import type { Scan } from "../env.js";
import { invalid, runtime } from "../errors.js";
import { schemaView } from "../information/index.js";
import { lex, type Token } from "../lex.js";
import { union } from "../store.js";
import { SimError, type TableName } from "../types.js";
import type { Body, Expr, From, Query } from "./ast.js";
import { together } from "./coerce.js";
import { analyze } from "./expr.js";
import {
  type Ex,
  fresh,
  lookUp,
  newScope,
  type Output,
  passing,
  type Relation,
  type ScopeColumn,
  within,
  type X,
} from "./model.js";
import { bool, compared } from "./operators.js";
import { parseExpr } from "./parse-expr.js";
import { parseQuery } from "./parse-query.js";
import { decorated, partitionRange, prune } from "./partitions.js";

/** The relations of a FROM clause as SQL; they are added to the scope. `where` is what may choose partitions. */
export function from(x: X, f: From, where: Expr | null): string {
  if (f.k === "join") return join(x, f, where);
  if (f.k === "query") {
    if (isPlain(f.query)) for (const i of f.query.body.select.items) passing.add(i);
    const rows = within(x, { scope: newScope((x.scope as NonNullable<X["scope"]>).outer), clause: null, grouping: null }, () =>
      x.query(x, f.query),
    );
    const r = fresh(x);
    add(x, f.alias, r, rows.columns, f.at, rows.value);
    return `(${rows.sql}) ${r}`;
  }
  if (f.k === "unnest") return unnest(x, analyze(x, f.array), f.alias, f.offset, f.at).sql;
  return named(x, f, where);
}

/** `SELECT * FROM … [WHERE …]` and nothing more. */
const isPlain = (q: Query): q is Query & { readonly body: Extract<Body, { k: "select" }> } => {
  if (q.body.k !== "select" || q.ctes.length > 0 || q.order.length > 0 || q.limit !== null) return false;
  const { distinct, as, items, group, having, qualify } = q.body.select;
  return !distinct && as === null && !group && !having && !qualify && items.every((i) => i.k === "star" && i.of === null);
};

function add(
  x: X,
  alias: string | null,
  r: string,
  columns: readonly Pick<Output, "name" | "type" | "unread">[],
  at: Token,
  value = false,
): void {
  const made: ScopeColumn[] = columns.map((c, k) => ({
    name: c.name,
    type: c.type,
    sql: `${r}.k${k}`,
    ...(c.unread?.column && c.unread.scan ? { column: c.unread.column, scan: c.unread.scan } : {}),
  }));
  const whole = made[0];
  relate(x, value && whole ? { alias, columns: structColumns(whole), value: whole } : { alias, columns: made }, at);
}

/** One more relation of the FROM clause. */
function relate(x: X, relation: Relation, at: Token): void {
  const { relations } = x.scope as NonNullable<X["scope"]>;
  const { alias } = relation;
  if (alias !== null && relations.some((r) => r.alias?.toLowerCase() === alias.toLowerCase()))
    throw invalid(`Duplicate table alias ${alias} in the same FROM clause`, at);
  relations.push(relation);
}

const structColumns = (value: ScopeColumn): ScopeColumn[] =>
  value.type.kind === "STRUCT"
    ? (value.type.fields ?? []).map((f, k) => ({ name: f.name, type: f.type, sql: `struct_extract(${value.sql}, 'f${k}')` }))
    : [];

function unnest(x: X, array: Ex, alias: string | null, offset: string | null, at: Token): { sql: string; lateral: boolean } {
  if (array.type.kind !== "ARRAY")
    throw invalid(`Values referenced in UNNEST must be arrays. UNNEST contains expression of type ${shown(array.type)}`, at);
  const r = fresh(x);
  const value: ScopeColumn = { name: alias, type: array.type.element as SqlType, sql: `${r}.v` };
  const columns = structColumns(value);
  const places: ScopeColumn[] = offset === null ? [] : [{ name: offset, type: types.int64, sql: `${r}.o` }];
  const relation: Relation = {
    alias,
    columns: [
      ...columns,
      ...places,
      ...(columns.length === 0 && value.type.kind !== "STRUCT" ? [{ ...value, hidden: false }] : []),
    ],
    value,
  };
  relate(x, relation, at);
  const source = array.untyped ? `CAST(NULL AS ${held(array.type)})` : array.sql;
  return {
    sql: `LATERAL (SELECT unnest(${source}) AS v, CAST(generate_subscripts(${source}, 1) - 1 AS BIGINT) AS o) ${r}`,
    lateral: true,
  };
}

function join(x: X, f: Extract<From, { k: "join" }>, where: Expr | null): string {
  const scope = x.scope as NonNullable<X["scope"]>;
  // A condition of WHERE chooses rows of the side that must be there; ON those of the side that may be missing.
  const a = from(
    x,
    f.a,
    f.kind === "RIGHT" || f.kind === "FULL" ? (f.kind === "RIGHT" ? f.on : null) : both(where, f.kind === "INNER" ? f.on : null),
  );
  const before = scope.relations.length;
  const b = from(x, f.b, f.kind === "LEFT" ? f.on : f.kind === "FULL" ? null : both(where, f.kind === "INNER" ? f.on : null));
  if (b.startsWith("LATERAL") && (f.kind === "RIGHT" || f.kind === "FULL"))
    throw invalid(`Array scan is not allowed with ${f.kind} JOIN`, f.at);
  if (f.kind === "CROSS") return `${a} CROSS JOIN ${b}`;
  const kind = f.kind === "INNER" ? "JOIN" : `${f.kind} JOIN`;
  if (f.on) {
    const on = within(x, { clause: "JOIN ON clause" }, () => bool(x, f.on as Expr, "JOIN ON clause")).sql;
    return `${a} ${kind} ${nested(f.b, b)} ON ${on}`;
  }
  if (f.using) {
    const conditions = f.using.map((name) => {
      const side = (relations: readonly Relation[], merged: readonly ScopeColumn[]): Ex => {
        const found = lookUp({ ...newScope(null), relations: [...relations], merged: [...merged] }, [name], f.at);
        if (!found)
          throw invalid(
            `Column ${name} in USING clause not found on ${relations === scope.relations ? "left" : "one"} side of join`,
            f.at,
          );
        if (found.column.scan && found.column.column) found.column.scan.columns.add(found.column.column);
        return { sql: found.column.sql, type: found.column.type };
      };
      const left = side(scope.relations.slice(0, before), scope.merged);
      const right = side(scope.relations.slice(before), []);
      const { all, type } = together([left, right], "operator =", f.at);
      const merged: ScopeColumn = {
        name,
        type,
        sql: f.kind === "RIGHT" ? right.sql : f.kind === "FULL" ? `coalesce(${left.sql}, ${right.sql})` : left.sql,
      };
      return { sql: compared("=", all[0] as Ex, all[1] as Ex), merged };
    });
    const names = new Set(f.using.map((n) => n.toLowerCase()));
    scope.relations.forEach((r, k) => {
      scope.relations[k] = { ...r, joined: new Set([...(r.joined ?? []), ...names]) };
    });
    for (const { merged } of conditions) {
      const k = scope.merged.findIndex((m) => m.name?.toLowerCase() === merged.name?.toLowerCase());
      if (k >= 0) scope.merged[k] = merged;
      else scope.merged.push(merged);
    }
    return `${a} ${kind} ${nested(f.b, b)} ON ${conditions.map((c) => c.sql).join(" AND ")}`;
  }
  return `${a} ${kind} ${b} ON TRUE`;
}

const nested = (f: From, sql: string): string => (f.k === "join" ? `(${sql})` : sql);
const both = (a: Expr | null, b: Expr | null): Expr | null => (a && b ? { k: "binary", at: a.at, op: "AND", a, b } : (a ?? b));

function named(x: X, f: Extract<From, { k: "table" }>, where: Expr | null): string {
  const [first = ""] = f.path;
  if (f.path.length === 1) {
    const cte = x.ctes.get(first.toLowerCase());
    if (cte) {
      if (f.time) throw invalid("FOR SYSTEM_TIME AS OF is not allowed on WITH clause aliases", f.at);
      const r = fresh(x);
      add(x, f.alias ?? first, r, cte.columns, f.at);
      return `${cte.sql} ${r}`;
    }
  }
  // `FROM t, t.items` and correlated arrays of outer queries.
  if (f.path.length > 1 && x.scope?.relations.some((r) => r.alias?.toLowerCase() === first.toLowerCase())) return path(x, f);
  if (f.path.length > 1 && x.scope?.outer && lookUp(x.scope.outer, f.path, f.at)?.taken === 2) return path(x, f);
  const information = schemaView(x.env, f.path, f.at);
  if (information) {
    const r = fresh(x);
    add(x, f.alias ?? (f.path.at(-1) as string), r, information.columns, f.at);
    return `${information.sql} ${r}`;
  }
  return table(x, f, where);
}

function path(x: X, f: Extract<From, { k: "table" }>): string {
  const array = analyze(x, { k: "name", at: f.at, path: f.path, quoted: false });
  return unnest(x, array, f.alias ?? (f.path.at(-1) as string), f.offset, f.at).sql;
}

/** A whole name for what a statement wrote. */
export function qualified(x: Pick<X, "env">, path: readonly string[], at: Token): TableName {
  const { project, dataset } = x.env;
  if (path.length === 1) {
    if (!dataset) throw new SimError("invalid", 400, `Table "${path[0]}" must be qualified with a dataset (e.g. dataset.table).`);
    return { ...dataset, tableId: path[0] as string };
  }
  if (path.length === 2) return { projectId: project, datasetId: path[0] as string, tableId: path[1] as string };
  if (path.length === 3) return { projectId: path[0] as string, datasetId: path[1] as string, tableId: path[2] as string };
  throw invalid(`Invalid table name: ${path.join(".")}`, at);
}

export function findRelation(
  x: Pick<X, "env">,
  path: readonly string[],
  at: Token,
): { table: Table; name: TableName; partition: string | null } {
  const { env } = x;
  if (path.length === 1 || (path.length === 2 && path[0]?.toUpperCase() === "_SESSION")) {
    const temporary = env.tables.temporary(path.at(-1) as string);
    if (temporary) return { table: temporary, name: temporary.name, partition: null };
  }
  const { name, partition } = decorated(qualified(x, path, at));
  const dataset = env.catalog.datasets.get(`${name.projectId}.${name.datasetId}`);
  if (!dataset || dataset.location !== env.location)
    throw new SimError(
      "notFound",
      404,
      `Not found: Dataset ${name.projectId}:${name.datasetId} was not found in location ${env.location}`,
    );
  const table = env.tables.find(name);
  if (!table) throw notFoundTable(name, env.location);
  return { table, name, partition };
}

function table(x: X, f: Extract<From, { k: "table" }>, where: Expr | null): string {
  const { env } = x;
  const { table: found, partition } = findRelation(x, f.path, f.at);
  const alias = f.alias ?? (f.path.at(-1) as string).split(".").at(-1) ?? "";
  if (!found.temporary) env.demand("bigquery.tables.getData", found.name);
  if (found.kind === "EXTERNAL")
    throw runtime(
      `Access Denied: the simulator holds no data of the external table ${found.name.datasetId}.${found.name.tableId}`,
    );
  let at: bigint | null = null;
  if (f.time) {
    at = x.times.get(f.time) ?? null;
    if (at === null) throw invalid("FOR SYSTEM_TIME AS OF TIMESTAMP expression must not be NULL", f.at);
  }
  if (found.kind === "VIEW" || found.kind === "MATERIALIZED_VIEW") {
    const under = passedThrough(found);
    return under === null ? view(x, found, alias, f.at) : through(x, { ...under, alias, at: f.at }, where);
  }
  const version = env.tables.version(found, at);
  const { sql, relation } = scanned(x, found, version, alias, partition, at === null);
  relate(x, relation, f.at);
  const scan = relation.columns[0]?.scan;
  if (scan) scan.prune = prune(x, found, relation, where);
  return sql;
}

/** A table's rows as a relation whose reads are noted. */
export function scanned(
  x: X,
  table: Table,
  version: Version,
  alias: string,
  partition: string | null,
  policies: boolean,
): { sql: string; relation: Relation } {
  const r = fresh(x);
  const scan: Scan = { table, version, columns: new Set<Column>(), whole: false, prune: null, partition };
  x.env.reads.add(scan);
  const columns: ScopeColumn[] = version.columns.map((column) => ({
    name: column.name,
    type: column.type,
    sql: `${r}.${column.id}`,
    column,
    scan,
    ...(column.hidden ? { hidden: true } : {}),
  }));
  const pseudo = version.columns.find((c) => c.hidden);
  if (pseudo && table.partitioning?.kind === "time" && table.partitioning.unit === "DAY")
    columns.push({
      name: "_PARTITIONDATE",
      type: types.date,
      sql: `CAST(${r}.${pseudo.id} AS DATE)`,
      column: pseudo,
      scan,
      hidden: true,
    });
  const relation: Relation = { alias, columns };
  const conditions: string[] = [];
  if (partition !== null) conditions.push(partitionRange(table, version.columns, partition, r));
  if (policies && table.rowPolicies.length > 0) conditions.push(policyFilter(x, table, relation));
  const source = union(version.parts, version.columns);
  if (conditions.length === 0) return { sql: `${source} ${r}`, relation };
  return { sql: `(SELECT * FROM ${source} ${r} WHERE ${conditions.join(" AND ")}) ${r}`, relation };
}

/** Rows that any policy which names the caller lets through (docs "Row-level security"). */
function policyFilter(x: X, table: Table, relation: Relation): string {
  const mine = table.rowPolicies.filter((p) =>
    p.grantees.some((g) => g === "allAuthenticatedUsers" || g === "allUsers" || g.slice(g.indexOf(":") + 1) === x.env.user),
  );
  if (mine.length === 0) return "FALSE";
  return `(${mine
    .map((p) => {
      const c = cursor(lex(p.filter).slice(0, -1));
      const e = parseExpr(c);
      end(c);
      const scope = newScope(null);
      scope.relations.push(relation);
      return within(x, { scope, clause: "row access policy" }, () => bool(x, e, "filter").sql);
    })
    .join(" OR ")})`;
}

/** The table of a view that is `SELECT * FROM p.d.t`: what is asked of the view spares partitions of the table. */
function passedThrough({ view: text }: Table): Extract<From, { k: "table" }> | null {
  const c = cursor(lex(text ?? "").slice(0, -1));
  const q = parseQuery(c);
  if (!isPlain(q)) return null;
  const { from: of, where, items } = q.body.select;
  const all = items.length === 1 && items.every((i) => i.k === "star" && i.except.length === 0 && i.replace.length === 0);
  return all && where === null && of?.k === "table" && of.path.length === 3 && of.time === null ? of : null;
}
/** Pseudo columns stay with the table. */
function through(x: X, f: Extract<From, { k: "table" }>, where: Expr | null): string {
  const sql = table(x, f, where);
  const { relations } = x.scope as NonNullable<X["scope"]>;
  const made = relations.pop() as Relation;
  relations.push({ ...made, columns: made.columns.filter((c) => !c.hidden) });
  return sql;
}

function view(x: X, table: Table, alias: string, at: Token): string {
  if (x.views.length > 15) throw runtime("Within a view, views are nested too deeply");
  const c = cursor(lex(table.view ?? "").slice(0, -1));
  const q = parseQuery(c);
  end(c);
  const inner: X = {
    ...x,
    scope: newScope(null),
    ctes: new Map(),
    grouping: null,
    windows: new Map(),
    clause: null,
    inAggregate: false,
    inWindow: false,
    views: [...x.views, table.name.tableId],
  };
  const rows = x.query(inner, q);
  const r = fresh(x);
  add(
    x,
    alias,
    r,
    rows.columns.map((col, k) => ({ name: latest(table).columns[k]?.name ?? col.name, type: col.type })),
    at,
  );
  return `(${rows.sql}) ${r}`;
}
