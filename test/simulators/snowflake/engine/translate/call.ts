import { inParentheses, list, must, oneOf, sees, takes, unexpected } from "../cursor.js";
import { types } from "../datatype.js";
import { errors } from "../errors.js";
import { place } from "../lex.js";
import { text } from "../names.js";
import { asText } from "./convert.js";
import { functions } from "./functions.js";
import { type Ctx, type Expr, expr } from "./model.js";
import { orderBy } from "./order.js";

/** Functions that an INSERT's VALUES clause refuses (issues on "Invalid expression … in VALUES clause"). */
const notInValues = new Set([
  "PARSE_JSON",
  "TRY_PARSE_JSON",
  "OBJECT_CONSTRUCT",
  "OBJECT_CONSTRUCT_KEEP_NULL",
  "ARRAY_CONSTRUCT",
  "TO_VARIANT",
  "TO_OBJECT",
  "TO_ARRAY",
]);

/** A call of a function; the name is read already, and the arguments too where they are given. */
export function call(x: Ctx, start: number, name: string, given: readonly Expr[] | null): Expr {
  const { c } = x;
  const opened = c.at;
  let distinct = false;
  let star = false;
  let args = given ?? [];
  if (!given) {
    must(c, "(");
    if (takes(c, "*")) star = true;
    else if (!sees(c, ")")) {
      distinct = takes(c, "DISTINCT");
      if (!distinct) takes(c, "ALL");
      args = name === "POSITION" ? position(x) : list(c, () => x.parse.expr(x));
    }
    must(c, ")");
  }
  const system = name.startsWith("SYSTEM$") ? x.env.system(name, args) : undefined;
  if (system)
    return expr(
      x,
      start,
      () => system.sql,
      () => system.type,
    );
  const context = args.length === 0 ? x.env.context(name) : undefined;
  if (context !== undefined)
    return expr(
      x,
      start,
      () => (context === null ? "CAST(NULL AS VARCHAR)" : text(context)),
      () => types.text(),
    );
  const fn = functions[name];
  if (!fn || !Object.hasOwn(functions, name)) throw errors.unknownFunction(name);
  const { line, position: at } = place(c.sql, c.tokens[opened]?.start ?? 0);
  if (args.length < fn.min && !star) throw errors.fewArguments(name, fn.min, args.length, line, at);
  if (args.length > fn.max) throw errors.manyArguments(name, fn.max, args.length, line, at);
  if (star && name !== "COUNT" && name !== "HASH_AGG") throw unexpected(c);
  if (distinct && fn.kind !== "aggregate") throw unexpected(c);
  const inValues = x.valuesClause && notInValues.has(name);
  const ordered = takes(c, "WITHIN", "GROUP") ? inParentheses(c, () => orderBy(x)) : null;
  const nulls = oneOf(c, "IGNORE", "RESPECT");
  if (nulls) must(c, "NULLS");
  const window = takes(c, "OVER") ? inParentheses(c, () => frame(x)) : null;
  if (!window && fn.kind === "window") throw errors.unsupported(`${name} without OVER`);
  if (window && fn.kind === "scalar") throw unexpected(c);
  const made: Expr = expr(
    x,
    start,
    () => {
      if (inValues) throw errors.valuesClause(made.text);
      const base = star
        ? name === "COUNT"
          ? "count(*)"
          : "sf_signed(coalesce(sum(CAST(hash(*COLUMNS(*)) AS HUGEINT)), 0) % 18446744073709551616)"
        : body(x, name, args, distinct, ordered);
      const call = nulls === "IGNORE" ? base.replace(/\)$/, " IGNORE NULLS)") : base;
      return window ? windowed(call, window()) : call;
    },
    () => fn.type(args),
    name === "CONVERT_TIMEZONE" && args.length === 2 ? { zone: () => args[0]?.sql() ?? "'UTC'" } : {},
  );
  return made;
}

/** The window belongs to the aggregate inside what wraps it. */
function windowed(call: string, window: string): string {
  const wrapped = /^coalesce\((string_agg\(.*\)), ''\)$/.exec(call);
  return wrapped ? `coalesce(${wrapped[1]} OVER (${window}), '')` : `${call} OVER (${window})`;
}

function body(x: Ctx, name: string, args: readonly Expr[], distinct: boolean, ordered: (() => string) | null): string {
  const fn = functions[name];
  if (!fn) throw errors.unknownFunction(name);
  if (name === "LISTAGG") {
    const value = `${distinct ? "DISTINCT " : ""}${asText(args[0] as Expr)}`;
    return `coalesce(string_agg(${value}, ${args[1] ? asText(args[1]) : "''"}${ordered ? ` ${ordered()}` : ""}), '')`;
  }
  if (name === "ARRAY_AGG") {
    const value = (args[0] as Expr).sql();
    const kept = `list(${distinct ? "DISTINCT " : ""}${value}${ordered ? ` ${ordered()}` : ""}) FILTER (WHERE ${value} IS NOT NULL)`;
    return `coalesce(to_json(${kept}), CAST('[]' AS JSON))`;
  }
  if (ordered) throw errors.unsupported(`${name} WITHIN GROUP`);
  if (!distinct) return fn.sql(args, x);
  if (name === "COUNT" && args.length > 1) {
    const row = args.map((a) => a.sql());
    return `count(DISTINCT CASE WHEN ${row.map((r) => `${r} IS NOT NULL`).join(" AND ")} THEN (${row.join(", ")}) END)`;
  }
  if (name === "HASH_AGG") throw errors.unsupported("HASH_AGG(DISTINCT …)");
  const value = args[0] as Expr;
  return fn.sql([{ ...value, sql: () => `DISTINCT ${value.sql()}` }, ...args.slice(1)], x);
}

/** `POSITION(a IN b)` and `POSITION(a, b)`. */
function position(x: Ctx): Expr[] {
  const both = x.parse.expr(x);
  if (takes(x.c, ",")) return [both, x.parse.expr(x)];
  throw unexpected(x.c);
}

function frame(x: Ctx): () => string {
  const { c } = x;
  const parts = takes(c, "PARTITION", "BY") ? list(c, () => x.parse.expr(x)) : [];
  const order = sees(c, "ORDER") ? orderBy(x) : null;
  const unit = oneOf(c, "ROWS", "RANGE");
  const edge = (): string => {
    if (takes(c, "UNBOUNDED")) return `UNBOUNDED ${oneOf(c, "PRECEDING", "FOLLOWING") ?? ""}`;
    if (takes(c, "CURRENT", "ROW")) return "CURRENT ROW";
    const n = x.parse.expr(x).sql();
    return `${n} ${oneOf(c, "PRECEDING", "FOLLOWING") ?? ""}`;
  };
  let range = "";
  if (unit) {
    if (takes(c, "BETWEEN")) {
      const from = edge();
      must(c, "AND");
      range = `${unit} BETWEEN ${from} AND ${edge()}`;
    } else range = `${unit} ${edge()}`;
  }
  return () =>
    [parts.length > 0 ? `PARTITION BY ${parts.map((p) => p.sql()).join(", ")}` : "", order ? order() : "", range]
      .filter(Boolean)
      .join(" ");
}
