import { inParentheses, list, must, next, peek, sees, string, takes, unexpected } from "../cursor.js";
import { dataType, held, types } from "../datatype.js";
import { errors } from "../errors.js";
import { text } from "../names.js";
import { call } from "./call.js";
import { cast, comparable, truth, unified, unifiedType } from "./convert.js";
import { block, type Ctx, type Expr, expr, ref, within } from "./model.js";
import { reserved } from "./words.js";

/** Literals, binds, columns, calls and what stands in parentheses. */
export function primary(x: Ctx): Expr {
  const { c } = x;
  const start = c.at;
  const token = peek(c);
  switch (token.kind) {
    case "number": {
      next(c);
      const value = token.value;
      const [whole = "", fraction = ""] = value.split(".");
      if (/e/i.test(value))
        return expr(
          x,
          start,
          () => `CAST(${value} AS DOUBLE)`,
          () => types.real,
          { constant: value },
        );
      if (whole.length + fraction.length > 38) throw errors.invalidValue(value, "number");
      const type = types.number(Math.max(1, whole.length + fraction.length), fraction.length);
      return expr(
        x,
        start,
        () => value,
        () => type,
        { constant: value },
      );
    }
    case "string":
      next(c);
      return expr(
        x,
        start,
        () => text(token.value),
        () => types.text(),
        { constant: token.value },
      );
    case "bind": {
      next(c);
      const bound = x.env.bind(token.value);
      return expr(
        x,
        start,
        () => bound.sql,
        () => bound.type,
        bound.constant === undefined ? {} : { constant: bound.constant },
      );
    }
    case "column": {
      next(c);
      const found = ref(x, [`$${token.value}`], token.start);
      return expr(
        x,
        start,
        () => found.sql(),
        () => found.found()?.type ?? null,
        { ref: found },
      );
    }
    case "op":
      if (sees(c, "(")) return parenthesis(x);
      if (takes(c, "[")) {
        const items = takes(c, "]") ? [] : list(c, () => x.parse.expr(x));
        if (items.length > 0) must(c, "]");
        return call(x, start, "ARRAY_CONSTRUCT", items);
      }
      throw unexpected(c);
    case "quoted":
      return column(x);
    case "word":
      return word(x);
    default:
      throw unexpected(c);
  }
}

function parenthesis(x: Ctx): Expr {
  const start = x.c.at;
  return inParentheses(x.c, () => {
    if (sees(x.c, "SELECT") || sees(x.c, "WITH")) {
      const query = within(x, block(x.block), () => x.parse.query(x));
      return expr(
        x,
        start,
        () => `(${query.sql()})`,
        () => query.columns()?.[0]?.type ?? null,
      );
    }
    const items = list(x.c, () => x.parse.expr(x));
    const only = items.length === 1 ? items[0] : undefined;
    const constant = only?.constant === undefined ? {} : { constant: only.constant };
    return only
      ? expr(
          x,
          start,
          () => `(${only.sql()})`,
          () => only.type(),
          constant,
        )
      : expr(x, start, () => `(${items.map((i) => i.sql()).join(", ")})`);
  });
}

function column(x: Ctx): Expr {
  const { c } = x;
  const start = c.at;
  const offset = peek(c).start;
  const path: string[] = [];
  for (;;) {
    const token = next(c);
    if (token.kind === "column") path.push(`$${token.value}`);
    else if (token.kind === "word" || token.kind === "quoted") path.push(token.value);
    else throw unexpected(c, token);
    if (!sees(c, ".") || peek(c, 1).value === "*") break;
    must(c, ".");
  }
  if (sees(c, "(")) return call(x, start, path.join("."), null);
  const found = ref(x, path, offset);
  return expr(
    x,
    start,
    () => found.sql(),
    () => found.found()?.type ?? null,
    { ref: found },
  );
}

const bare = new Set(["CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "LOCALTIMESTAMP"]);

function word(x: Ctx): Expr {
  const { c } = x;
  const start = c.at;
  const name = peek(c).value;
  const following = peek(c, 1);
  switch (name) {
    case "NULL":
      next(c);
      return expr(x, start, () => "NULL");
    case "TRUE":
    case "FALSE":
      next(c);
      return expr(
        x,
        start,
        () => name,
        () => types.boolean,
      );
    case "CASE":
      return choice(x);
    case "CAST":
    case "TRY_CAST": {
      next(c);
      must(c, "(");
      const inner = x.parse.expr(x);
      must(c, "AS");
      const to = dataType(c);
      must(c, ")");
      if (name === "CAST")
        return expr(
          x,
          start,
          () => cast(inner, to),
          () => to,
        );
      // docs "TRY_CAST": only for string expressions.
      return expr(
        x,
        start,
        () => {
          const from = inner.type();
          if (from && from.name !== "TEXT") throw errors.argumentTypes(`'TRY_CAST' from ${from.name} to ${to.name}`);
          return cast(inner, to, true);
        },
        () => to,
      );
    }
    case "EXISTS": {
      next(c);
      const query = inParentheses(c, () => within(x, block(x.block), () => x.parse.query(x)));
      return expr(
        x,
        start,
        () => `EXISTS (${query.sql()})`,
        () => types.boolean,
      );
    }
    case "EXTRACT": {
      next(c);
      must(c, "(");
      const unit = primary(x);
      must(c, "FROM");
      const value = x.parse.expr(x);
      must(c, ")");
      return call(x, start, "DATE_PART", [unit, value]);
    }
    case "INTERVAL": {
      next(c);
      const value = string(c);
      return expr(x, start, () => `INTERVAL ${text(value)}`);
    }
    case "DATE":
    case "TIME":
    case "TIMESTAMP":
      if (following.kind === "string") {
        next(c);
        const value = primary(x);
        const to = name === "DATE" ? types.date : name === "TIME" ? types.time() : types.ntz();
        return expr(
          x,
          start,
          () => (name === "TIMESTAMP" ? cast(value, to) : `CAST(${value.sql()} AS ${held(to)})`),
          () => to,
        );
      }
  }
  if (following.value === "(" && following.kind === "op") {
    next(c);
    return call(x, start, name, null);
  }
  if (bare.has(name) && following.value !== ".") {
    next(c);
    return call(x, start, name, []);
  }
  if (reserved.has(name)) throw unexpected(c);
  return column(x);
}

function choice(x: Ctx): Expr {
  const { c } = x;
  const start = c.at;
  must(c, "CASE");
  const subject = sees(c, "WHEN") ? null : x.parse.expr(x);
  const arms: { when: Expr; result: Expr }[] = [];
  while (takes(c, "WHEN")) {
    const when = x.parse.expr(x);
    must(c, "THEN");
    arms.push({ when, result: x.parse.expr(x) });
  }
  if (arms.length === 0) throw unexpected(c);
  const other = takes(c, "ELSE") ? x.parse.expr(x) : null;
  must(c, "END");
  const results = [...arms.map((arm) => arm.result), ...(other ? [other] : [])];
  const type = () => unifiedType(results);
  return expr(
    x,
    start,
    () => {
      const then = unified(results);
      const written = arms.map((arm, k) => {
        const test = subject ? comparable(subject, arm.when).join(" = ") : truth(arm.when);
        return `WHEN ${test} THEN ${then[k]}`;
      });
      return `CASE ${written.join(" ")}${other ? ` ELSE ${then.at(-1)}` : ""} END`;
    },
    type,
  );
}
