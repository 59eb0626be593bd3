import { identifier, inParentheses, list, must, next, oneOf, path, peek, sees, takes, unexpected } from "../cursor.js";
import { types } from "../datatype.js";
import { errors } from "../errors.js";
import { duck } from "../names.js";
import { type Argument, type Block, block, type Col, type Ctx, type Expr, type TimePoint, within } from "./model.js";
import { renamed } from "./query-columns.js";
import { afterTable, reserved } from "./words.js";

interface Source {
  sql(): string;
  columns(): readonly Col[] | null;
  /** The name without an alias. */
  readonly name: string | null;
}

/** What follows FROM: tables, subqueries, functions, VALUES, stages, and their joins. */
export function from(x: Ctx): () => string {
  const parts = list(x.c, () => joins(x));
  return () => parts.map((part) => part()).join(", ");
}

function joins(x: Ctx): () => string {
  const { c } = x;
  let left = relation(x);
  for (;;) {
    const natural = takes(c, "NATURAL");
    const kind = oneOf(c, "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "JOIN");
    if (!kind) return left;
    if (natural) throw errors.unsupported("NATURAL JOIN");
    if (kind !== "JOIN") {
      if (kind !== "INNER" && kind !== "CROSS") takes(c, "OUTER");
      must(c, "JOIN");
    }
    const before = x.block.relations.length;
    const a = left;
    const b = relation(x);
    if (kind !== "INNER" && kind !== "CROSS" && kind !== "JOIN") loosen(x.block, kind, before);
    const word = kind === "JOIN" ? "JOIN" : `${kind} JOIN`;
    if (takes(c, "ON")) {
      const on = x.parse.expr(x);
      left = () => `${a()} ${word} ${b()} ON ${on.sql()}`;
    } else if (takes(c, "USING")) {
      const names = inParentheses(c, () => list(c, () => identifier(c)));
      merge(x.block, names);
      left = () => `${a()} ${word} ${b()} USING (${names.map(duck).join(", ")})`;
    } else if (kind === "CROSS") left = () => `${a()} CROSS JOIN ${b()}`;
    // docs "JOIN": without ON an inner join is a cross join.
    else if (kind === "JOIN" || kind === "INNER") left = () => `${a()} CROSS JOIN ${b()}`;
    else throw unexpected(c);
  }
}

/** Columns on the side of an outer join that may be missing are nullable. */
function loosen(at: Block, kind: "LEFT" | "RIGHT" | "FULL", before: number): void {
  at.relations.forEach((r, k) => {
    const missing = kind === "FULL" || (kind === "LEFT" ? k >= before : k < before);
    if (missing)
      at.relations[k] = { alias: r.alias, columns: () => r.columns()?.map((col) => ({ ...col, nullable: true })) ?? null };
  });
}

/** Columns of USING are one, so their order in `*` is DuckDB's. */
function merge(at: Block, names: readonly string[]): void {
  const last = at.relations.length - 1;
  const r = at.relations[last];
  if (r) at.relations[last] = { alias: r.alias, columns: () => r.columns()?.filter((col) => !names.includes(col.name)) ?? null };
}

function relation(x: Ctx): () => string {
  const { c } = x;
  if (sees(c, "(") && !isQuery(x)) {
    must(c, "(");
    const inner = joins(x);
    must(c, ")");
    return () => `(${inner()})`;
  }
  const lateral = takes(c, "LATERAL");
  const source = sourceOf(x, lateral);
  const alias = aliasOf(x);
  const names = alias !== null && sees(c, "(") ? inParentheses(c, () => list(c, () => identifier(c))) : null;
  const shown = alias ?? source.name;
  const columns = () => renamed(source.columns(), names);
  x.block.relations.push({ alias: shown, columns });
  return () =>
    `${lateral ? "LATERAL " : ""}${source.sql()}${shown === null ? "" : ` AS ${duck(shown)}`}${names ? ` (${names.map(duck).join(", ")})` : ""}`;
}

function isQuery(x: Ctx): boolean {
  let k = 0;
  while (peek(x.c, k).value === "(" && peek(x.c, k).kind === "op") k++;
  return ["SELECT", "WITH", "VALUES"].includes(peek(x.c, k).value) && peek(x.c, k).kind === "word";
}

function sourceOf(x: Ctx, lateral: boolean): Source {
  const { c } = x;
  if (sees(c, "(")) {
    // A subquery sees nothing of its neighbours unless it is LATERAL.
    const inner = inParentheses(c, () => within(x, block(lateral ? x.block : x.block.outer), () => x.parse.query(x)));
    return { sql: () => `(${inner.sql()})`, columns: inner.columns, name: null };
  }
  if (sees(c, "VALUES")) {
    const made = within(x, block(x.block.outer), () => x.parse.query(x));
    return { sql: () => `(${made.sql()})`, columns: made.columns, name: "VALUES" };
  }
  const token = peek(c);
  if (token.kind === "stage") {
    next(c);
    const options: Record<string, Expr> = {};
    if (takes(c, "(")) {
      list(c, () => {
        const name = identifier(c);
        must(c, "=>");
        options[name] = x.parse.expr(x);
      });
      must(c, ")");
    }
    const made = x.env.stage(token.value, options);
    return { ...made, name: null };
  }
  if (takes(c, "TABLE", "(")) {
    const made = tableFunction(x);
    must(c, ")");
    return made;
  }
  if (lateral || sees(c, "FLATTEN", "(")) return tableFunction(x);
  return table(x);
}

function tableFunction(x: Ctx): Source {
  const { c } = x;
  const names = path(c);
  const name = names.join(".");
  must(c, "(");
  const args: Argument[] = [];
  while (!takes(c, ")")) {
    if (args.length > 0) must(c, ",");
    const named = peek(c).kind === "word" && peek(c, 1).value === "=>" ? identifier(c) : null;
    if (named) must(c, "=>");
    args.push({ name: named, value: x.parse.expr(x) });
  }
  if (name === "FLATTEN") return flatten(args);
  if (name === "GENERATOR") return generator(args);
  const made = x.env.tableFunction(name, args, c);
  if (!made) throw errors.unknownFunction(name);
  return { ...made, name: null };
}

const cols = (kinds: Readonly<Record<string, Col["type"]>>): readonly Col[] =>
  Object.entries(kinds).map(([name, type]) => ({ name, type, nullable: true }));

/** docs "FLATTEN". */
function flatten(args: readonly Argument[]): Source {
  const find = (name: string) => args.find((a) => a.name === name)?.value;
  const unknown = args.find((a) => a.name !== null && !["INPUT", "OUTER", "PATH", "MODE", "RECURSIVE"].includes(a.name));
  if (unknown) throw errors.invalidParameter(unknown.name ?? "");
  if (find("PATH") || find("RECURSIVE") || find("MODE")) throw errors.unsupported("FLATTEN with PATH, RECURSIVE or MODE");
  const input = find("INPUT") ?? args[0]?.value;
  if (!input) throw errors.fewArguments("FLATTEN", 1, 0);
  const outer = find("OUTER")?.sql() ?? "FALSE";
  const columns = cols({
    SEQ: types.number(),
    KEY: types.text(),
    PATH: types.text(),
    INDEX: types.number(),
    VALUE: types.variant,
    THIS: types.variant,
  });
  return {
    sql: () =>
      `(SELECT 1 AS "SEQ", j ->> 'k' AS "KEY", j ->> 'p' AS "PATH", CAST(j ->> 'i' AS BIGINT) AS "INDEX", json_extract(j, '$.v') AS "VALUE", i AS "THIS" FROM (SELECT i, unnest(from_json(sf_flatten(CAST(i AS VARCHAR), ${outer}), '["JSON"]')) AS j FROM (SELECT ${input.sql()} AS i)))`,
    columns: () => columns,
    name: null,
  };
}

function generator(args: readonly Argument[]): Source {
  const rows = args.find((a) => a.name === "ROWCOUNT")?.value ?? args[0]?.value;
  if (!rows) throw errors.fewArguments("GENERATOR", 1, 0);
  return { sql: () => `(SELECT 1 AS "·GENERATOR" FROM range(CAST(${rows.sql()} AS BIGINT)))`, columns: () => [], name: null };
}

function table(x: Ctx): Source {
  const { c } = x;
  const names = path(c);
  if (names.length === 1) {
    for (let at: Block | null = x.block; at; at = at.outer) {
      const cte = at.ctes.get(names[0] ?? "");
      if (cte) return { sql: () => duck(names[0] ?? ""), columns: cte, name: names[0] ?? null };
    }
  }
  const point = timePoint(x);
  if (sees(c, "CHANGES")) throw errors.unsupported("CHANGES");
  const made = x.env.table(names, point);
  return { ...made, name: names.at(-1) ?? null };
}

/** `AT | BEFORE (TIMESTAMP | OFFSET | STATEMENT => …)` (docs "AT | BEFORE"). */
export function timePoint(x: Ctx): TimePoint | null {
  const { c } = x;
  if (peek(c, 1).value !== "(") return null;
  const when = oneOf(c, "AT", "BEFORE");
  if (!when) return null;
  return inParentheses(c, () => {
    const kind = oneOf(c, "TIMESTAMP", "OFFSET", "STATEMENT", "STREAM");
    if (!kind) throw unexpected(c);
    must(c, "=>");
    return { when, kind, value: x.parse.expr(x) };
  });
}

function aliasOf(x: Ctx): string | null {
  const { c } = x;
  if (takes(c, "AS")) return identifier(c);
  const token = peek(c);
  if (token.kind === "quoted") return identifier(c);
  return token.kind === "word" && !reserved.has(token.value) && !afterTable.has(token.value) ? identifier(c) : null;
}
