import { identifier, inParentheses, list, must, next, oneOf, peek, sees, takes, unexpected } from "../cursor.js";
import { type DataType, held, types } from "../datatype.js";
import { errors } from "../errors.js";
import { duck } from "../names.js";
import { cast } from "./convert.js";
import { from } from "./from.js";
import { type Block, block, type Col, type Ctx, type Expr, type Query, within } from "./model.js";
import { orderBy } from "./order.js";
import { renamed } from "./query-columns.js";
import { reserved } from "./words.js";

/** A query with its WITH clause, set operators, order and limit. */
export function query(x: Ctx): Query {
  const { c } = x;
  return within(x, block(x.block), () => {
    const ctes = takes(c, "WITH") ? withClause(x) : null;
    const body = sets(x);
    // The order of a plain SELECT may name any column of its tables, and its aliases.
    const inner = body.block ?? block(x.block);
    if (!body.block) inner.relations.push({ alias: null, columns: body.query.columns });
    return within(x, inner, () => {
      const order = sees(c, "ORDER") ? orderBy(x) : null;
      const limit = limits(x);
      return {
        sql: () => [ctes ? ctes() : "", body.query.sql(), order ? order() : "", limit()].filter(Boolean).join(" "),
        columns: () => body.query.columns(),
      };
    });
  });
}

function withClause(x: Ctx): () => string {
  const { c } = x;
  const recursive = takes(c, "RECURSIVE");
  const parts = list(c, () => {
    const name = identifier(c);
    const names = takes(c, "(") ? list(c, () => identifier(c)) : null;
    if (names) must(c, ")");
    must(c, "AS");
    let made: Query | undefined;
    const columns = () => renamed(made?.columns() ?? null, names);
    if (recursive && names) x.block.ctes.set(name, () => names.map((n) => ({ name: n, type: null, nullable: true })));
    made = inParentheses(c, () => within(x, block(x.block), () => query(x)));
    x.block.ctes.set(name, columns);
    const body = made;
    return () => `${duck(name)}${names ? ` (${names.map(duck).join(", ")})` : ""} AS (${body.sql()})`;
  });
  return () => `WITH ${recursive ? "RECURSIVE " : ""}${parts.map((part) => part()).join(", ")}`;
}

interface Body {
  readonly query: Query;
  /** Of a single SELECT. */
  readonly block: Block | null;
}

function sets(x: Ctx): Body {
  const { c } = x;
  let left = intersections(x);
  for (;;) {
    const word = oneOf(c, "UNION", "EXCEPT", "MINUS");
    if (!word) return left;
    const op = word === "UNION" ? `UNION${takes(c, "ALL") ? " ALL" : ""}` : "EXCEPT";
    left = joined(left, op, intersections(x));
  }
}

function intersections(x: Ctx): Body {
  let left = term(x);
  while (takes(x.c, "INTERSECT")) left = joined(left, "INTERSECT", term(x));
  return left;
}

function joined(a: Body, op: string, b: Body): Body {
  const columns = () => {
    const [left, right] = [a.query.columns(), b.query.columns()];
    return left?.map((col, k) => ({ ...col, type: both(col, right?.[k]), nullable: true })) ?? null;
  };
  const sql = () => `${widened(a.query, columns())} ${op} ${widened(b.query, columns())}`;
  return { query: { sql, columns }, block: null };
}

/** The type of a column that two queries make together; decimals keep all digits after the point. */
function both(a: Col, b: Col | undefined): DataType | null {
  if (same(a, b)) return a.type;
  return a.type?.name === "FIXED" && b?.type?.name === "FIXED"
    ? types.number(38, Math.max(a.type.scale ?? 0, b.type.scale ?? 0))
    : null;
}

/** DuckDB would make room before the point, and round behind it. */
function widened(query: Query, to: readonly Col[] | null): string {
  const own = query.columns();
  const casts =
    to?.map((col, k) => (col.type?.name === "FIXED" && own?.[k]?.type?.scale !== col.type.scale ? col.type : null)) ?? [];
  if (!own || casts.every((c) => c === null)) return query.sql();
  const values = own.map((col, k) => `${casts[k] ? `CAST("·${k}" AS ${held(casts[k])})` : `"·${k}"`} AS ${duck(col.name)}`);
  return `SELECT ${values.join(", ")} FROM (${query.sql()}) AS "·S" (${own.map((_, k) => `"·${k}"`).join(", ")})`;
}

const same = (a: Col, b: Col | undefined): boolean =>
  a.type?.name === b?.type?.name && a.type?.scale === b?.type?.scale && a.type?.length === b?.type?.length;

function term(x: Ctx): Body {
  const { c } = x;
  if (sees(c, "(")) {
    const inner = inParentheses(c, () => query(x));
    return { query: { sql: () => `(${inner.sql()})`, columns: inner.columns }, block: null };
  }
  if (sees(c, "VALUES")) {
    const made = values(x);
    return { query: made, block: null };
  }
  const own = block(x.block);
  return { query: within(x, own, () => select(x)), block: own };
}

/** `VALUES (…), (…)`: columns COLUMN1, COLUMN2 … (docs "VALUES"). */
export function values(x: Ctx): Query {
  const { c } = x;
  must(c, "VALUES");
  const rows = list(c, () => inParentheses(c, () => list(c, () => x.parse.expr(x))));
  const width = rows[0]?.length ?? 0;
  if (rows.some((row) => row.length !== width)) throw unexpected(c);
  const names = Array.from({ length: width }, (_, k) => `COLUMN${k + 1}`);
  const common = (k: number) => {
    const kinds = rows.map((row) => row[k]?.type() ?? null).filter((t) => t !== null);
    if (kinds.length === 0 || !kinds.every((t) => t?.name === kinds[0]?.name)) return null;
    if (kinds[0]?.name !== "FIXED") return kinds[0] ?? null;
    const scale = Math.max(...kinds.map((t) => t?.scale ?? 0));
    return types.number(38, scale);
  };
  return {
    sql: () =>
      `SELECT * FROM (VALUES ${rows.map((row) => `(${row.map((e, k) => (common(k)?.name === "FIXED" ? cast(e, common(k) as DataType) : e.sql())).join(", ")})`).join(", ")}) AS "VALUES" (${names.map(duck).join(", ")})`,
    columns: () => names.map((name, k) => ({ name, type: common(k), nullable: true })),
  };
}

interface Item {
  sql(): string;
  columns(): readonly Col[] | null;
}

function select(x: Ctx): Query {
  const { c } = x;
  must(c, "SELECT");
  const distinct = takes(c, "DISTINCT");
  if (!distinct) takes(c, "ALL");
  const top = takes(c, "TOP") ? next(c).value : null;
  const items = list(c, () => item(x));
  const tables = takes(c, "FROM") ? from(x) : null;
  const where = takes(c, "WHERE") ? x.parse.expr(x) : null;
  const group = takes(c, "GROUP", "BY") ? grouping(x) : null;
  const having = takes(c, "HAVING") ? x.parse.expr(x) : null;
  const qualify = takes(c, "QUALIFY") ? x.parse.expr(x) : null;
  const sql = (): string =>
    [
      `SELECT ${distinct ? "DISTINCT " : ""}${items.map((i) => i.sql()).join(", ")}`,
      tables ? `FROM ${tables()}` : "",
      where ? `WHERE ${where.sql()}` : "",
      group ? `GROUP BY ${group()}` : "",
      having ? `HAVING ${having.sql()}` : "",
      qualify ? `QUALIFY ${qualify.sql()}` : "",
      top === null ? "" : `LIMIT ${top}`,
    ]
      .filter(Boolean)
      .join(" ");
  const columns = (): readonly Col[] | null => {
    const all: Col[] = [];
    for (const i of items) {
      const some = i.columns();
      if (!some) return null;
      all.push(...some);
    }
    return all;
  };
  return { sql, columns };
}

function grouping(x: Ctx): () => string {
  if (takes(x.c, "ALL")) return () => "ALL";
  const kind = oneOf(x.c, "ROLLUP", "CUBE");
  if (kind) {
    const keys = inParentheses(x.c, () => list(x.c, () => x.parse.expr(x)));
    return () => `${kind} (${keys.map((k) => k.sql()).join(", ")})`;
  }
  const keys = list(x.c, () => x.parse.expr(x));
  return () => keys.map((k) => k.sql()).join(", ");
}

function item(x: Ctx): Item {
  const star = starOf(x);
  if (star) return star;
  const value = x.parse.expr(x);
  const alias = aliasOf(x);
  const name = alias ?? value.ref?.path.at(-1) ?? value.text;
  if (alias !== null && !x.block.aliases.has(alias)) x.block.aliases.set(alias, value);
  return {
    sql: () => `${value.sql()} AS ${duck(name)}`,
    columns: () => [{ name, type: keptType(value), nullable: value.ref?.found()?.nullable ?? true }],
  };
}

/** What DuckDB's own type of the result would not tell. Numbers of an expression are taken as DuckDB has them. */
function keptType(value: Expr) {
  const type = value.type();
  return value.ref || value.constant !== undefined || type?.name !== "FIXED" ? type : null;
}

function aliasOf(x: Ctx): string | null {
  const { c } = x;
  if (takes(c, "AS")) return identifier(c);
  const token = peek(c);
  if (token.kind === "quoted") return identifier(c);
  return token.kind === "word" && !reserved.has(token.value) && token.value !== "WINDOW" ? identifier(c) : null;
}

/** `*` and `t.*`, with EXCLUDE and RENAME. */
function starOf(x: Ctx): Item | null {
  const { c } = x;
  let table: string | null = null;
  const began = c.at;
  const own = x.block;
  if (!takes(c, "*")) {
    let last = "";
    while ((peek(c).kind === "word" || peek(c).kind === "quoted") && sees2(x)) {
      last = next(c).value;
      must(c, ".");
    }
    if (last === "" || !takes(c, "*")) {
      c.at = began;
      return null;
    }
    table = last;
  }
  if (oneOf(c, "ILIKE", "REPLACE")) throw unexpected(c);
  const names = (word: string): string[] => {
    if (!takes(c, word)) return [];
    return sees(c, "(") ? inParentheses(c, () => list(c, () => identifier(c))) : [identifier(c)];
  };
  const excluded = new Set(names("EXCLUDE"));
  const columns = (): readonly Col[] | null => {
    const all: Col[] = [];
    for (const relation of own.relations) {
      if (table !== null && relation.alias !== table) continue;
      const some = relation.columns();
      if (!some) return null;
      all.push(...some);
    }
    return all.filter((col) => !excluded.has(col.name));
  };
  const except = excluded.size === 0 ? "" : ` EXCLUDE (${[...excluded].map(duck).join(", ")})`;
  const sql = (): string => {
    if (table === null) return `*${except}`;
    if (!own.relations.some((r) => r.alias === table)) throw errors.invalidIdentifier(`${table}.*`);
    return `${duck(table)}.*${except}`;
  };
  return { sql, columns };
}

const sees2 = (x: Ctx): boolean => peek(x.c, 1).kind === "op" && peek(x.c, 1).value === ".";

function limits(x: Ctx): () => string {
  const { c } = x;
  let limit: Expr | null = null;
  let offset: Expr | null = null;
  if (takes(c, "LIMIT")) limit = takes(c, "NULL") ? null : x.parse.expr(x);
  if (takes(c, "OFFSET")) {
    offset = x.parse.expr(x);
    oneOf(c, "ROW", "ROWS");
  }
  if (takes(c, "FETCH")) {
    oneOf(c, "FIRST", "NEXT");
    limit = x.parse.expr(x);
    oneOf(c, "ROW", "ROWS");
    takes(c, "ONLY");
  }
  return () => [limit ? `LIMIT ${limit.sql()}` : "", offset ? `OFFSET ${offset.sql()}` : ""].filter(Boolean).join(" ");
}
