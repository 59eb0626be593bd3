import { inParentheses, list, must, next, oneOf, peek, sees, string, takes, unexpected } from "../cursor.js";
import { type DataType, dataType, types } from "../datatype.js";
import { errors } from "../errors.js";
import { text } from "../names.js";
import { asText, cast, comparable, isDocument, truth } from "./convert.js";
import { block, type Ctx, type Expr, expr, within } from "./model.js";
import { primary } from "./primary.js";

/** Expressions, by rising strength of binding (docs "Query operators"). */
export const expression = (x: Ctx): Expr => either(x);

function either(x: Ctx): Expr {
  const start = x.c.at;
  let left = both(x);
  while (takes(x.c, "OR")) left = pair(x, start, left, both(x), "OR");
  return left;
}

function both(x: Ctx): Expr {
  const start = x.c.at;
  let left = negation(x);
  while (takes(x.c, "AND")) left = pair(x, start, left, negation(x), "AND");
  return left;
}

const pair = (x: Ctx, start: number, a: Expr, b: Expr, word: string): Expr =>
  expr(
    x,
    start,
    () => `(${truth(a)} ${word} ${truth(b)})`,
    () => types.boolean,
  );

function negation(x: Ctx): Expr {
  const start = x.c.at;
  if (!takes(x.c, "NOT")) return comparison(x);
  const inner = negation(x);
  return expr(
    x,
    start,
    () => `(NOT ${truth(inner)})`,
    () => types.boolean,
  );
}

const comparisons = ["=", "<>", "!=", "<=", ">=", "<", ">"] as const;

function comparison(x: Ctx): Expr {
  const { c } = x;
  const start = c.at;
  let left = sum(x);
  for (;;) {
    const a = left;
    const yes = (sql: () => string) => expr(x, start, sql, () => types.boolean);
    const op = oneOf(c, ...comparisons);
    if (op) {
      if (sees(c, "ANY") || sees(c, "ALL") || sees(c, "SOME")) throw errors.unsupported("quantified comparison");
      const b = sum(x);
      left = yes(() => `(${comparable(a, b).join(` ${op} `)})`);
      continue;
    }
    if (takes(c, "IS")) {
      const not = takes(c, "NOT") ? " NOT" : "";
      if (takes(c, "NULL")) left = yes(() => `(${a.sql()} IS${not} NULL)`);
      else if (takes(c, "TRUE")) left = yes(() => `(${a.sql()} IS${not} TRUE)`);
      else if (takes(c, "FALSE")) left = yes(() => `(${a.sql()} IS${not} FALSE)`);
      else {
        must(c, "DISTINCT", "FROM");
        const b = sum(x);
        left = yes(() => `(${comparable(a, b).join(` IS${not} DISTINCT FROM `)})`);
      }
      continue;
    }
    const not =
      sees(c, "NOT") && ["IN", "BETWEEN", "LIKE", "ILIKE", "RLIKE", "REGEXP"].includes(peek(c, 1).value) && takes(c, "NOT");
    const word = oneOf(c, "IN", "BETWEEN", "LIKE", "ILIKE", "RLIKE", "REGEXP");
    if (!word) return left;
    const no = not ? "NOT " : "";
    if (word === "IN") left = yes(membership(x, a, no));
    else if (word === "BETWEEN") {
      const low = sum(x);
      must(c, "AND");
      const high = sum(x);
      left = yes(() => `(${no}(${comparable(a, low).join(" >= ")} AND ${comparable(a, high).join(" <= ")}))`);
    } else if (word === "LIKE" || word === "ILIKE") {
      if (sees(c, "ANY") || sees(c, "ALL")) throw errors.unsupported(`${word} ANY`);
      const pattern = sum(x);
      const sign = takes(c, "ESCAPE") ? string(c) : null;
      left = yes(() => `(${asText(a)} ${no}${word} ${asText(pattern)}${sign === null ? "" : ` ESCAPE ${text(sign)}`})`);
    } else {
      const pattern = sum(x);
      left = yes(() => `(${no}regexp_full_match(${asText(a)}, ${asText(pattern)}))`);
    }
  }
}

function membership(x: Ctx, a: Expr, no: string): () => string {
  return inParentheses(x.c, () => {
    if (sees(x.c, "SELECT") || sees(x.c, "WITH")) {
      const query = within(x, block(x.block), () => x.parse.query(x));
      return () => `(${a.sql()} ${no}IN (${query.sql()}))`;
    }
    const items = list(x.c, () => expression(x));
    return () => `(${a.sql()} ${no}IN (${items.map((item) => comparable(item, a)[0]).join(", ")}))`;
  });
}

function sum(x: Ctx): Expr {
  const start = x.c.at;
  let left = product(x);
  for (;;) {
    const op = oneOf(x.c, "+", "-", "||");
    if (!op) return left;
    const a = left;
    const b = product(x);
    if (op === "||") {
      const binary = () => a.type()?.name === "BINARY" && b.type()?.name === "BINARY";
      left = expr(
        x,
        start,
        () => (binary() ? `(${a.sql()} || ${b.sql()})` : `(${asText(a)} || ${asText(b)})`),
        () => (binary() ? types.binary() : types.text()),
      );
    } else
      left = expr(
        x,
        start,
        () => `(${operand(a, b)} ${op} ${operand(b, a)})`,
        () => arithmetic(a, b),
      );
  }
}

function product(x: Ctx): Expr {
  const start = x.c.at;
  let left = unary(x);
  for (;;) {
    const op = oneOf(x.c, "*", "/", "%");
    if (!op) return left;
    const a = left;
    const b = unary(x);
    if (op === "*")
      left = expr(
        x,
        start,
        () => `(${operand(a, b)} * ${operand(b, a)})`,
        () => null,
      );
    else if (op === "%")
      left = expr(
        x,
        start,
        () => `(${operand(a, b)} % sf_nonzero(${operand(b, a)}))`,
        () => null,
      );
    else
      left = expr(
        x,
        start,
        () => quotient(a, b),
        () => null,
      );
  }
}

/** Texts and variants in arithmetic become numbers. */
function operand(e: Expr, other: Expr): string {
  const type = e.type();
  if (isDocument(type)) return cast(e, types.real);
  if (type?.name !== "TEXT") return e.sql();
  return other.type()?.name === "REAL" ? cast(e, types.real) : cast(e, types.number(38, e.constant?.split(".")[1]?.length ?? 5));
}

function arithmetic(a: Expr, b: Expr): DataType | null {
  const [left, right] = [a.type(), b.type()];
  if (left?.name === "REAL" || right?.name === "REAL") return types.real;
  return left?.name === "FIXED" && right?.name === "FIXED" ? types.number(38, Math.max(left.scale ?? 0, right.scale ?? 0)) : null;
}

/** Decimals divide to at least six more digits, twelve at most (docs "Arithmetic operators"); by way of doubles here. */
function quotient(a: Expr, b: Expr): string {
  const sql = `(CAST(${operand(a, b)} AS DOUBLE) / sf_nonzero(${operand(b, a)}))`;
  const [left, right] = [a.type(), b.type()];
  if (left?.name !== "FIXED" || right?.name !== "FIXED") return sql;
  const scale = Math.max(left.scale ?? 0, Math.min((left.scale ?? 0) + 6, 12));
  return `CAST(${sql} AS DECIMAL(38,${scale}))`;
}

function unary(x: Ctx): Expr {
  const start = x.c.at;
  const op = oneOf(x.c, "-", "+");
  if (!op) return postfix(x);
  const inner = unary(x);
  const constant =
    inner.constant !== undefined && /^[\d.]+$/.test(inner.constant)
      ? { constant: `${op === "-" ? "-" : ""}${inner.constant}` }
      : {};
  return expr(
    x,
    start,
    () => `(${op}${inner.sql()})`,
    () => inner.type(),
    constant,
  );
}

function postfix(x: Ctx): Expr {
  const { c } = x;
  const start = c.at;
  let left = primary(x);
  for (;;) {
    const a = left;
    if (takes(c, "::")) {
      const to = dataType(c);
      left = expr(
        x,
        start,
        () => cast(a, to),
        () => to,
        a.constant === undefined || to.name !== "TEXT" ? {} : { constant: a.constant },
      );
    } else if (takes(c, ":")) {
      const key = pathKey(x);
      left = step(x, start, a, key);
      while (takes(c, ".")) left = step(x, start, left, pathKey(x));
    } else if (takes(c, "[")) {
      const inner = expression(x);
      must(c, "]");
      const key = inner.constant;
      if (key === undefined) throw errors.unsupported("an index that is no constant");
      left = step(x, start, a, inner.type()?.name === "FIXED" ? `[${key}]` : `.${JSON.stringify(key)}`);
    } else return left;
  }
}

const step = (x: Ctx, start: number, a: Expr, key: string): Expr =>
  expr(
    x,
    start,
    () =>
      `sf_step(${a.sql()}, ${text(`$${key}`)}, ${text(key.startsWith(".") ? (JSON.parse(key.slice(1)) as string) : key.slice(1, -1))})`,
    () => types.variant,
  );

function pathKey(x: Ctx): string {
  const token = next(x.c);
  if (token.kind === "word") return `.${JSON.stringify(x.c.sql.slice(token.start, token.end))}`;
  if (token.kind === "quoted") return `.${JSON.stringify(token.value)}`;
  throw unexpected(x.c, token);
}
