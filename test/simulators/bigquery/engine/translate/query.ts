import { bare, held, type SqlType, shown, types } from "../datatype.js";
import { invalid } from "../errors.js";
import { syntax, type Token } from "../lex.js";
import { groupable, ordered } from "./aggregates.js";
import type { Body, Expr, Item, Order, Query, Select } from "./ast.js";
import { coerce, together } from "./coerce.js";
import { analyze } from "./expr.js";
import { from } from "./from.js";
import {
  type Ex,
  fresh,
  type Grouping,
  lookUp,
  newScope,
  type Output,
  passing,
  type Rows,
  type ScopeColumn,
  use,
  within,
  type X,
} from "./model.js";
import { rowOf } from "./names.js";
import { bool } from "./operators.js";

/** A query with its WITH clause, set operators, order and limit. */
export function query(x: X, q: Query): Rows {
  let { ctes } = x;
  const written: string[] = [];
  for (const cte of q.ctes) {
    if (q.ctes.some((o) => o !== cte && o.name.toLowerCase() === cte.name.toLowerCase()))
      throw invalid(`Duplicate alias ${cte.name} for WITH subquery`, q.at);
    if (q.recursive) throw invalid("The simulator does not know WITH RECURSIVE", q.at);
    const made = within(x, { ctes, scope: newScope(x.scope), grouping: null }, () => query(x, cte.query));
    const name = fresh(x);
    written.push(`${name} AS MATERIALIZED (${made.sql})`);
    ctes = new Map(ctes).set(cte.name.toLowerCase(), { sql: name, columns: made.columns });
  }
  return within(x, { ctes }, () => {
    const made = body(x, q.body, q.order);
    const tail = [made.order, limit(x, q)].filter(Boolean).join(" ");
    const head = written.length > 0 ? `WITH ${written.join(", ")} ` : "";
    return { ...made.rows, sql: `${head}${made.rows.sql}${tail ? ` ${tail}` : ""}` };
  });
}

function limit(x: X, q: Query): string {
  const count = (e: Expr, what: string): string => {
    const made = coerce(analyze(x, e), types.int64, e.at);
    if (!made || (e.k !== "literal" && e.k !== "parameter" && e.k !== "cast"))
      throw syntax(`${what} expects an integer literal or parameter`, e.at);
    if (e.k === "literal" && typeof e.value === "bigint" && e.value < 0n)
      throw syntax(`${what} expects a non-negative integer literal or parameter`, e.at);
    return made.sql;
  };
  if (!q.limit) return "";
  return `LIMIT ${count(q.limit, "LIMIT")}${q.offset ? ` OFFSET ${count(q.offset, "OFFSET")}` : ""}`;
}

interface Made {
  readonly rows: Rows;
  /** ORDER BY of the same SELECT, or "". */
  readonly order: string;
}

function body(x: X, b: Body, order: readonly Order[]): Made {
  if (b.k === "select") return within(x, { scope: newScope(x.scope) }, () => select(x, b.select, order));
  let rows: Rows;
  if (b.k === "query") rows = query(x, b.query);
  else rows = setOperation(x, b);
  if (b.k === "query" || order.length > 0) rows = { ...rows, sql: `SELECT * FROM (${rows.sql}) ${fresh(x)}` };
  return { rows, order: outputOrder(x, rows.columns, order) };
}

function setOperation(x: X, b: Extract<Body, { k: "set" }>): Rows {
  const parts = b.parts.map((p) => body(x, p, []).rows);
  const first = parts[0] as Rows;
  const name = `${b.op} ${b.all ? "ALL" : "DISTINCT"}`;
  for (const p of parts)
    if (p.columns.length !== first.columns.length)
      throw invalid(
        `Queries in ${name} have mismatched column count; query 1 has ${first.columns.length} column${first.columns.length === 1 ? "" : "s"}, query ${parts.indexOf(p) + 1} has ${p.columns.length} column${p.columns.length === 1 ? "" : "s"}`,
        b.at,
      );
  const columns = first.columns.map((c, k): Output => {
    const all = parts.map((p) => ({
      sql: `k${k}`,
      type: p.columns[k]?.type as SqlType,
      ...(p.columns[k]?.untyped ? { untyped: true } : {}),
    }));
    let type: SqlType;
    try {
      ({ type } = together(all, name, b.at));
    } catch {
      throw invalid(`Column ${k + 1} in ${name} has incompatible types: ${all.map((e) => shown(e.type)).join(", ")}`, b.at);
    }
    if (!b.all) groupable(type, name, b);
    return { name: c.name, type: bare(type) };
  });
  const written = parts.map((p) => {
    const made = p.columns.map(
      (c, k) =>
        `${(coerce({ sql: `k${k}`, type: c.type, ...(c.untyped ? { untyped: true } : {}) }, columns[k]?.type as SqlType, b.at) as Ex).sql} AS k${k}`,
    );
    return `SELECT ${made.join(", ")} FROM (${p.sql}) ${fresh(x)}`;
  });
  return { sql: written.join(b.all ? " UNION ALL " : ` ${b.op} `), columns, value: false };
}

/** ORDER BY over the columns of a whole query: names and numbers of its outputs. */
function outputOrder(x: X, columns: readonly Output[], order: readonly Order[]): string {
  if (order.length === 0) return "";
  const scope = newScope(null);
  scope.relations.push({ alias: null, columns: columns.map((c, k) => ({ name: c.name, type: c.type, sql: `k${k}` })) });
  return within(x, { scope, clause: "ORDER BY" }, () => {
    const list = order.map((o) => {
      const k = ordinal(o.value, columns.length);
      const value = k === null ? analyze(x, o.value) : { sql: `k${k}`, type: columns[k]?.type as SqlType };
      return orderItem(value, o);
    });
    return `ORDER BY ${list.join(", ")}`;
  });
}

function orderItem(value: Ex, o: Order): string {
  if (["ARRAY", "STRUCT", "JSON", "GEOGRAPHY"].includes(value.type.kind))
    throw invalid(`ORDER BY does not support expressions of type ${shown(value.type)}`, o.value.at);
  return ordered(value, o);
}

function ordinal(e: Expr, count: number): number | null {
  if (e.k !== "literal" || typeof e.value !== "bigint") return null;
  if (e.value < 1n || e.value > BigInt(count))
    throw invalid(`ORDER BY column number item is out of range. Column numbers must be between 1 and ${count} inclusive`, e.at);
  return Number(e.value) - 1;
}

interface Made1 extends Ex {
  readonly unread?: ScopeColumn;
  readonly alias: string | null;
  readonly node: Expr | null;
  readonly at: Token;
}

function select(x: X, s: Select, order: readonly Order[]): Made {
  const own = x.scope as NonNullable<X["scope"]>;
  const parts: string[] = [];
  let tables = "";
  if (s.from) {
    tables = within(x, { grouping: null, clause: "FROM clause", inAggregate: false, inWindow: false }, () =>
      from(x, s.from as never, s.where),
    );
    parts.push(`FROM ${tables}`);
  }
  const grouping: Grouping = {
    scope: own,
    keys: new Map(),
    nodes: new Map(),
    seen: null,
    windowed: null,
    grouped: s.group !== null,
    free: [],
  };
  return within(x, { grouping, windows: s.windows, clause: null, inAggregate: false, inWindow: false }, () => {
    if (s.where)
      parts.push(
        `WHERE ${within(x, { clause: "WHERE clause", grouping: null }, () => bool(x, s.where as Expr, "WHERE clause")).sql}`,
      );
    const keys = s.group?.map((g) => groupKey(x, s, g)) ?? [];
    for (const { ex, node } of keys) {
      grouping.keys.set(ex.sql, ex);
      grouping.nodes.set(node, ex);
    }
    grouping.free = [];
    const items = s.items.flatMap((i) => item(x, i, own));
    if (items.length === 0) throw invalid("SELECT list must not be empty", s.at);
    own.aliases = new Map(items.filter((i) => i.alias !== null).map((i) => [(i.alias as string).toLowerCase(), i]));
    const itemFree = grouping.free;
    const having = s.having ? within(x, { clause: "HAVING" }, () => bool(x, s.having as Expr, "HAVING clause")) : null;
    const qualify = s.qualify ? within(x, { clause: "QUALIFY" }, () => bool(x, s.qualify as Expr, "QUALIFY clause")) : null;
    if (qualify && !grouping.windowed)
      throw invalid("The QUALIFY clause requires analytic function to be present", (s.qualify as Expr).at);
    if (!s.from && grouping.windowed)
      throw invalid("Analytic function not allowed in SELECT without FROM clause", grouping.windowed);
    if (!s.from && grouping.seen)
      throw invalid(`Aggregate function ${grouping.seen.value} not allowed in SELECT without FROM clause`, grouping.seen);
    if (s.having && !grouping.seen && !grouping.grouped)
      throw invalid("The HAVING clause requires GROUP BY or aggregation to be present", s.having.at);
    const orders = s.distinct || s.as ? null : order.map((o) => orderOf(x, o, items));
    if (grouping.grouped || grouping.seen) {
      const bad = itemFree[0] ?? grouping.free[0];
      if (bad)
        throw invalid(`SELECT list expression references column ${bad.name} which is neither grouped nor aggregated`, bad.at);
    }
    if (s.distinct) for (const i of items) groupable(i.type, "SELECT DISTINCT", i);
    if (keys.length > 0) parts.push(`GROUP BY ${keys.map((k) => k.ex.sql).join(", ")}`);
    if (having) parts.push(`HAVING ${having.sql}`);
    if (qualify) parts.push(`QUALIFY ${qualify.sql}`);
    const outputs = items.map(
      (i): Output => ({
        name: i.alias,
        type: bare(i.type),
        ...(i.untyped ? { untyped: true } : {}),
        ...(i.unread === undefined ? {} : { unread: i.unread }),
      }),
    );
    const written = (i: Made1): string => (i.untyped ? `CAST(${i.sql} AS ${held(i.type)})` : i.sql);
    const list = items.map((i, k) => `${written(i)} AS k${k}`);
    const distinct = s.distinct ? "DISTINCT " : "";
    if (s.as === "STRUCT") {
      const row = rowOf(items.map((i) => ({ name: i.alias, sql: written(i), type: i.type })));
      const rows: Rows = {
        sql: [`SELECT ${distinct}${row.sql} AS k0`, ...parts].join(" "),
        columns: [{ name: null, type: row.type }],
        value: true,
      };
      return {
        rows: order.length > 0 && distinct ? wrapped(x, rows) : rows,
        order: order.length > 0 ? `ORDER BY ${order.map((o) => orderOf(x, o, items)).join(", ")}` : "",
      };
    }
    if (s.as === "VALUE" && items.length !== 1) throw invalid("SELECT AS VALUE query must have exactly one column", s.at);
    const rows: Rows = {
      sql: [`SELECT ${distinct}${list.join(", ")}`, ...parts].join(" "),
      columns: outputs,
      value: s.as === "VALUE",
    };
    if (orders) return { rows, order: orders.length > 0 ? `ORDER BY ${orders.join(", ")}` : "" };
    if (order.length === 0) return { rows, order: "" };
    return { rows: wrapped(x, rows), order: outputOrder(x, outputs, order) };
  });
}

const wrapped = (x: X, rows: Rows): Rows => ({ ...rows, sql: `SELECT * FROM (${rows.sql}) ${fresh(x)}` });

function orderOf(x: X, o: Order, items: readonly Made1[]): string {
  const k = ordinal(o.value, items.length);
  const byName =
    o.value.k === "name" && o.value.path.length === 1
      ? items.find((i) => i.alias?.toLowerCase() === (o.value as { path: readonly string[] }).path[0]?.toLowerCase())
      : undefined;
  const value = k !== null ? (items[k] as Ex) : (byName ?? within(x, { clause: null }, () => analyze(x, o.value)));
  return orderItem(value.untyped ? { ...value, sql: `CAST(${value.sql} AS ${held(value.type)})` } : value, o);
}

/** A key of GROUP BY: an expression, a column before an alias of that name, or the number of an item. */
function groupKey(x: X, s: Select, g: Expr): { ex: Ex; node: Expr } {
  let node = g;
  if (g.k === "literal" && typeof g.value === "bigint") {
    const found = s.items[Number(g.value) - 1];
    if (found?.k !== "expr" || s.items.slice(0, Number(g.value)).some((i) => i.k === "star"))
      throw invalid(`GROUP BY is out of range: ${g.value}`, g.at);
    node = found.value;
  } else if (g.k === "name" && g.path.length === 1 && !lookUp(x.scope ? { ...x.scope, outer: null } : null, g.path, g.at)) {
    const alias = g.path[0]?.toLowerCase();
    const found = s.items.find((i) => i.k === "expr" && i.alias?.toLowerCase() === alias);
    if (found?.k === "expr") node = found.value;
  }
  const ex = within(x, { clause: "GROUP BY clause", grouping: null }, () => analyze(x, node));
  groupable(ex.type, "Grouping by expressions", g);
  // DuckDB would take a bare number for the place of an item.
  return { ex: ex.constant !== undefined ? { ...ex, sql: `(${ex.sql})` } : ex, node };
}

function item(x: X, i: Item, scope: NonNullable<X["scope"]>): Made1[] {
  if (i.k === "expr") {
    const value = analyze(x, i.value);
    return [{ ...value, alias: i.alias ?? value.name ?? null, node: i.value, at: i.at }];
  }
  const fields = starColumns(x, i, scope);
  const gone = new Set(i.except.map((n) => n.toLowerCase()));
  for (const name of i.except)
    if (!fields.some((f) => f.name?.toLowerCase() === name.toLowerCase()))
      throw invalid(`Column ${name} in SELECT * EXCEPT list does not exist`, i.at);
  for (const { alias } of i.replace)
    if (!fields.some((f) => f.name?.toLowerCase() === alias.toLowerCase()))
      throw invalid(`Column ${alias} in SELECT * REPLACE list does not exist`, i.at);
  return fields
    .filter((f) => !gone.has((f.name ?? "").toLowerCase()))
    .map((f) => {
      const replaced = i.replace.find((r) => r.alias.toLowerCase() === f.name?.toLowerCase());
      if (replaced) return { ...analyze(x, replaced.value), alias: f.name, node: null, at: i.at };
      const later = passing.has(i);
      if (!later) use(f);
      if (!x.grouping?.keys.has(f.sql) && x.grouping?.scope === scope) x.grouping.free.push({ name: f.name ?? "", at: i.at });
      return { sql: f.sql, type: bare(f.type), alias: f.name, node: null, at: i.at, ...(later ? { unread: f } : {}) };
    });
}

function starColumns(x: X, i: Extract<Item, { k: "star" }>, scope: NonNullable<X["scope"]>): ScopeColumn[] {
  if (i.of?.k === "name" && i.of.path.length === 1) {
    const alias = i.of.path[0]?.toLowerCase();
    for (let s: X["scope"] = scope; s; s = s.outer) {
      const found = s.relations.find((r) => r.alias?.toLowerCase() === alias);
      if (found) return found.columns.filter((c) => !c.hidden);
    }
  }
  if (i.of) {
    const value = analyze(x, i.of);
    if (value.type.kind !== "STRUCT") throw invalid(`Dot-star is not supported for type ${shown(value.type)}`, i.at);
    return (value.type.fields ?? []).map((f, k) => ({
      name: f.name,
      type: f.type,
      sql: `struct_extract(${value.sql}, 'f${k}')`,
    }));
  }
  if (scope.relations.length === 0) throw invalid("SELECT * must have a FROM clause", i.at);
  const joined = new Set(scope.merged.map((m) => m.name?.toLowerCase()));
  return [
    ...scope.merged,
    ...scope.relations.flatMap((r) =>
      r.columns.filter((c) => !c.hidden && !(r.joined?.has((c.name ?? "").toLowerCase()) && joined.has(c.name?.toLowerCase()))),
    ),
  ];
}
