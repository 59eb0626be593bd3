import { bare, held, type SqlType, shown, types } from "../datatype.js";
import { invalid } from "../errors.js";
import type { Edge, Order, Window } from "./ast.js";
import type { Call } from "./call.js";
import { asText, coerce, decimalCall, isNumber, typeName } from "./coerce.js";
import { type Ex, within, type X } from "./model.js";
import { bool } from "./operators.js";

const aggregates = new Set(
  "COUNT COUNTIF SUM MIN MAX AVG ANY_VALUE ARRAY_AGG ARRAY_CONCAT_AGG STRING_AGG LOGICAL_AND LOGICAL_OR BIT_XOR BIT_AND BIT_OR APPROX_COUNT_DISTINCT".split(
    " ",
  ),
);
const windows = new Set(
  "ROW_NUMBER RANK DENSE_RANK PERCENT_RANK CUME_DIST NTILE LAG LEAD FIRST_VALUE LAST_VALUE NTH_VALUE".split(" "),
);
export const isAggregate = (name: string): boolean => aggregates.has(name);
export const isWindow = (name: string): boolean => windows.has(name);

const none = (e: Call, args: readonly Ex[]) =>
  invalid(`No matching signature for aggregate function ${e.name} for argument types: ${args.map(typeName).join(", ")}`, e.at);

/** Aggregate and window functions. */
export function aggregate(x: X, e: Call): Ex {
  const { name, more, at } = e;
  const windowed = more.over !== null;
  if (isWindow(name) && !windowed) throw invalid(`Window function ${name} cannot be called without an OVER clause`, at);
  if (windowed) {
    if (x.clause && x.clause !== "QUALIFY") throw invalid(`Analytic function not allowed in ${x.clause}`, at);
    if (x.grouping) x.grouping.windowed ??= at;
    if (x.inWindow) throw invalid("Analytic function cannot be an argument of another analytic function", at);
    return within(x, { inWindow: true }, () => {
      const over = windowSql(x, more.over as Window, e);
      const made = body(x, e);
      return { ...made, sql: made.wrap(`${made.sql}${over}`) };
    });
  }
  if (x.clause === "QUALIFY" || x.clause === null || x.clause === "HAVING") {
    if (!x.grouping) throw invalid(`Aggregate function ${name} not allowed here`, at);
  } else throw invalid(`Aggregate function ${name} not allowed in ${x.clause}`, at);
  if (x.inAggregate) throw invalid("Aggregations of aggregations are not allowed", at);
  x.grouping.seen ??= at;
  const made = within(x, { inAggregate: true }, () => body(x, e));
  return { ...made, sql: made.wrap(made.sql) };
}

interface Body extends Ex {
  /** Around the call with its window. */
  readonly wrap: (sql: string) => string;
}

const plain = (sql: string, type: SqlType, wrap: (sql: string) => string = (s) => s): Body => ({ sql, type: bare(type), wrap });

function body(x: X, e: Call): Body {
  const { name, more, at } = e;
  if (more.having) throw invalid("The simulator does not know HAVING MAX and MIN in aggregates", at);
  const args = e.args.map((a) => x.analyze(x, a.value));
  const [a] = args;
  const d = more.distinct ? "DISTINCT " : "";
  const takes = (least: number, most = least): Ex => {
    if (args.length < least || args.length > most) throw none(e, args);
    return (a ?? { sql: "", type: types.int64 }) as Ex;
  };
  if (more.distinct && a) groupable(a.type, "Aggregate functions with DISTINCT", e);
  if (more.star && name !== "COUNT") throw invalid(`Argument * can only be used in COUNT(*)`, at);
  if (more.nulls && !["ARRAY_AGG", "FIRST_VALUE", "LAST_VALUE", "NTH_VALUE", "ANY_VALUE"].includes(name))
    throw invalid(`IGNORE NULLS and RESPECT NULLS are not supported by ${name}`, at);
  const order = more.order.length > 0 ? ` ORDER BY ${orderSql(x, more.order)}` : "";
  if (order !== "" && !["ARRAY_AGG", "STRING_AGG", "ARRAY_CONCAT_AGG"].includes(name))
    throw invalid(`Aggregate function ${name} does not support ORDER BY in arguments`, at);
  if (more.limit && !["ARRAY_AGG", "STRING_AGG"].includes(name))
    throw invalid(`Aggregate function ${name} does not support LIMIT in arguments`, at);
  const limit = more.limit ? x.analyze(x, more.limit).sql : null;
  switch (name) {
    case "COUNT":
      if (more.star) return plain("count(*)", types.int64);
      return plain(`count(${d}${takes(1).sql})`, types.int64);
    case "COUNTIF":
      if (more.distinct) throw none(e, args);
      takes(1);
      return plain(`count(CASE WHEN ${bool(x, e.args[0]?.value as never, "COUNTIF").sql} THEN 1 END)`, types.int64);
    case "SUM": {
      const v = takes(1);
      if (!isNumber(v.type)) throw none(e, args);
      if (v.type.kind === "INT64") return plain(`sum(${d}${v.sql})`, v.type, (s) => `CAST(${s} AS BIGINT)`);
      return plain(`sum(${d}${v.sql})`, v.type);
    }
    case "AVG": {
      const v = takes(1);
      if (!isNumber(v.type)) throw none(e, args);
      if (v.type.kind === "NUMERIC" || v.type.kind === "BIGNUMERIC") {
        if (more.over) throw invalid("The simulator does not know AVG of decimals OVER a window", at);
        const sum = asText({ sql: `sum(${d}${v.sql})`, type: v.type });
        return plain(
          `CASE WHEN count(${v.sql}) > 0 THEN ${decimalCall("bq_div", sum, `CAST(count(${d}${v.sql}) AS VARCHAR)`, v.type)} END`,
          v.type,
        );
      }
      return plain(`avg(${d}${v.sql})`, types.float64);
    }
    case "MIN":
    case "MAX": {
      const v = takes(1);
      if (["ARRAY", "STRUCT", "JSON", "GEOGRAPHY"].includes(v.type.kind)) throw none(e, args);
      const fn = name.toLowerCase();
      // NaN is the result as soon as it is among the values.
      if (v.type.kind === "FLOAT64" && name === "MIN" && !more.over)
        return plain(`CASE WHEN bool_or(isnan(${v.sql})) THEN CAST('nan' AS DOUBLE) ELSE min(${v.sql}) END`, v.type);
      return plain(`${fn}(${d}${v.sql})`, v.type);
    }
    case "ANY_VALUE":
      return plain(`${more.over ? "first" : "any_value"}(${takes(1).sql})`, takes(1).type);
    case "LOGICAL_AND":
    case "LOGICAL_OR": {
      const v = coerce(takes(1), types.bool, at);
      if (!v) throw none(e, args);
      return plain(`${name === "LOGICAL_AND" ? "bool_and" : "bool_or"}(${v.sql})`, types.bool);
    }
    case "BIT_AND":
    case "BIT_OR":
    case "BIT_XOR":
      if (takes(1).type.kind !== "INT64") throw none(e, args);
      return plain(`${name.toLowerCase()}(${d}${takes(1).sql})`, types.int64);
    case "APPROX_COUNT_DISTINCT":
      return plain(`count(DISTINCT ${takes(1).sql})`, types.int64);
    case "ARRAY_AGG": {
      const v = takes(1);
      if (v.type.kind === "ARRAY") throw none(e, args);
      const type = types.array(bare(v.type));
      const value = v.untyped ? `CAST(NULL AS ${held(v.type)})` : v.sql;
      const filter = more.nulls === "IGNORE" ? ` FILTER (WHERE ${value} IS NOT NULL)` : "";
      return plain(`list(${d}${value}${order})${filter}`, type, (s) => (limit ? `list_slice(${s}, 1, ${limit})` : s));
    }
    case "ARRAY_CONCAT_AGG": {
      const v = takes(1);
      if (v.type.kind !== "ARRAY") throw none(e, args);
      return plain(`list(${v.sql}${order}) FILTER (WHERE ${v.sql} IS NOT NULL)`, v.type, (s) => `flatten(${s})`);
    }
    case "STRING_AGG": {
      const v = takes(1, 2);
      if (v.type.kind !== "STRING" && v.type.kind !== "BYTES") throw none(e, args);
      const between = args[1] ? args[1].sql : "','";
      if (limit)
        return plain(
          `list(${d}${v.sql}${order}) FILTER (WHERE ${v.sql} IS NOT NULL)`,
          types.string,
          (s) => `array_to_string(list_slice(${s}, 1, ${limit}), ${between})`,
        );
      return plain(`string_agg(${d}${v.sql}, ${between}${order})`, v.type);
    }
    case "ROW_NUMBER":
    case "RANK":
    case "DENSE_RANK":
      takes(0);
      return plain(`${name.toLowerCase()}()`, types.int64);
    case "PERCENT_RANK":
    case "CUME_DIST":
      takes(0);
      return plain(`${name.toLowerCase()}()`, types.float64);
    case "NTILE":
      return plain(`ntile(${takes(1).sql})`, types.int64);
    case "LAG":
    case "LEAD": {
      const v = takes(1, 3);
      const rest = args.slice(1).map((r, k) => (k === 1 ? (coerce(r, bare(v.type), at)?.sql ?? "NULL") : r.sql));
      return plain(`${name.toLowerCase()}(${[v.sql, ...rest].join(", ")})`, v.type);
    }
    default: {
      const v = takes(1, 2);
      return plain(
        `${name.toLowerCase()}(${args.map((r) => r.sql).join(", ")}${more.nulls === "IGNORE" ? " IGNORE NULLS" : ""})`,
        v.type,
      );
    }
  }
}

/** docs "Data type properties": groupable; and "Floating point semantics" for PARTITION BY. */
export function groupable(type: SqlType, what: string, e: { readonly at: Call["at"] }): void {
  if (type.kind === "JSON" || type.kind === "GEOGRAPHY")
    throw invalid(`${what} with expression of type ${shown(type)} is not allowed`, e.at);
}

export function orderSql(x: X, order: readonly Order[]): string {
  return order
    .map((o) => {
      const value = x.analyze(x, o.value);
      if (["ARRAY", "STRUCT", "JSON", "GEOGRAPHY"].includes(value.type.kind))
        throw invalid(`ORDER BY does not support expressions of type ${shown(value.type)}`, o.value.at);
      return ordered(value, o);
    })
    .join(", ");
}

/** NULL is smallest, then NaN, then the numbers; DuckDB has NaN as the largest. */
export function ordered(value: Ex, o: Pick<Order, "descending" | "nullsFirst">): string {
  const way = o.descending ? "DESC" : "ASC";
  const nulls = (o.nullsFirst ?? !o.descending) ? "NULLS FIRST" : "NULLS LAST";
  const sql = value.constant !== undefined ? `(${value.sql})` : value.sql;
  if (value.type.kind === "FLOAT64")
    return `${sql} IS NULL ${nulls === "NULLS FIRST" ? "DESC" : "ASC"}, isnan(${sql}) ${o.descending ? "ASC" : "DESC"} ${nulls}, ${sql} ${way} ${nulls}`;
  return `${sql} ${way} ${nulls}`;
}

function windowSql(x: X, given: Window, e: Call): string {
  const base = given.named === null ? null : x.windows.get(given.named.toLowerCase());
  if (given.named !== null && !base) throw invalid(`Window name not found: ${given.named}`, e.at);
  const partition = given.partition.length > 0 ? given.partition : (base?.partition ?? []);
  const order = given.order.length > 0 ? given.order : (base?.order ?? []);
  const frame = given.frame ?? base?.frame ?? null;
  const parts: string[] = [];
  if (partition.length > 0) {
    const keys = partition.map((p) => {
      const key = x.analyze(x, p);
      if (["FLOAT64", "JSON", "GEOGRAPHY", "ARRAY", "STRUCT"].includes(key.type.kind))
        throw invalid(`Partitioning by expressions of type ${shown(key.type)} is not allowed`, p.at);
      return key.sql;
    });
    parts.push(`PARTITION BY ${keys.join(", ")}`);
  }
  if (order.length > 0) parts.push(`ORDER BY ${orderSql(x, order)}`);
  else if (["RANK", "DENSE_RANK", "LAG", "LEAD", "NTILE", "PERCENT_RANK", "CUME_DIST"].includes(e.name))
    throw invalid(`Window ORDER BY is required for analytic function ${e.name}`, e.at);
  if (frame) {
    const edge = (side: Edge): string =>
      side.direction === "CURRENT"
        ? "CURRENT ROW"
        : `${side.value ? x.analyze(x, side.value).sql : "UNBOUNDED"} ${side.direction}`;
    parts.push(
      frame.to ? `${frame.unit} BETWEEN ${edge(frame.from)} AND ${edge(frame.to)}` : `${frame.unit} ${edge(frame.from)}`,
    );
  }
  return ` OVER (${parts.join(" ")})`;
}
