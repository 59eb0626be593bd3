import type { Cursor } from "../cursor.js";
import type { DataType } from "../datatype.js";
import { errors } from "../errors.js";
import { place } from "../lex.js";
import { duck, shownPath } from "../names.js";

/** A column of a relation, as far as it is known. */
export interface Col {
  readonly name: string;
  readonly type: DataType | null;
  readonly nullable: boolean;
}

/**
 * A parsed expression. Its SQL for DuckDB is asked for after the whole statement was read, so that it may depend on the types of columns
 * of tables that stand further on.
 */
export interface Expr {
  sql(): string;
  type(): DataType | null;
  readonly text: string;
  readonly ref?: Ref;
  /** A constant text or number, written out. */
  readonly constant?: string;
  /** A point in time shown in this zone, as CONVERT_TIMEZONE makes it: SQL of the zone's name. */
  zone?(): string;
}

export interface Query {
  sql(): string;
  /** null: not known. */
  columns(): readonly Col[] | null;
}

export interface Relation {
  readonly alias: string | null;
  columns(): readonly Col[] | null;
}

/** What names mean in one SELECT. */
export interface Block {
  readonly outer: Block | null;
  readonly relations: Relation[];
  readonly aliases: Map<string, Expr>;
  readonly ctes: Map<string, () => readonly Col[] | null>;
}

export interface Ref {
  readonly path: readonly string[];
  found(): Col | null;
}

export interface TimePoint {
  readonly when: "AT" | "BEFORE";
  readonly kind: "TIMESTAMP" | "OFFSET" | "STATEMENT" | "STREAM";
  readonly value: Expr;
}

/** What the parser asks of the session. */
export interface Env {
  table(path: readonly string[], point: TimePoint | null): { sql: () => string; columns: () => readonly Col[] | null };
  tableFunction(
    name: string,
    args: readonly Argument[],
    c: Cursor,
  ): { sql: () => string; columns: () => readonly Col[] | null } | null;
  stage(token: string, options: Readonly<Record<string, Expr>>): { sql: () => string; columns: () => readonly Col[] | null };
  bind(name: string): { sql: string; type: DataType | null; constant?: string };
  /** CURRENT_DATABASE and the like: a value, or undefined if there is no such function. */
  context(name: string): string | null | undefined;
  /** SYSTEM$… functions; undefined if there is none of that name. */
  system(name: string, args: readonly Expr[]): { sql: string; type: DataType } | undefined;
  nowMicros(): bigint;
  sequence(path: readonly string[]): string;
  readonly timezone: string;
}

export interface Argument {
  readonly name: string | null;
  readonly value: Expr;
}

export interface Ctx {
  readonly c: Cursor;
  readonly env: Env;
  block: Block;
  readonly parse: { query(x: Ctx): Query; expr(x: Ctx): Expr };
  /** In the VALUES clause of an INSERT some functions are refused. */
  valuesClause: boolean;
}

export function block(outer: Block | null): Block {
  return { outer, relations: [], aliases: new Map(), ctes: new Map() };
}

/** Parses in a SELECT of its own. */
export function within<T>(x: Ctx, inner: Block, body: () => T): T {
  const before = x.block;
  x.block = inner;
  try {
    return body();
  } finally {
    x.block = before;
  }
}

export function expr(
  x: Ctx,
  start: number,
  sql: () => string,
  type: () => DataType | null = () => null,
  more: Partial<Expr> = {},
): Expr {
  const last = x.c.tokens[x.c.at - 1];
  const from = x.c.tokens[start]?.start ?? 0;
  let made: string | undefined;
  let typed: DataType | null | undefined;
  return {
    sql: () => (made ??= sql()),
    type: () => {
      if (typed === undefined) typed = type();
      return typed;
    },
    text: x.c.sql.slice(from, last?.end ?? from).toUpperCase(),
    ...more,
  };
}

/** A reference to a column; its meaning is looked up when the statement was read. */
export function ref(x: Ctx, path: readonly string[], offset: number): Ref & { sql(): string } {
  const from = x.block;
  let looked: { col: Col | null; sql: string } | undefined;
  const look = () => (looked ??= lookUp(from, path, x, offset));
  return { path, found: () => look().col, sql: () => look().sql };
}

function lookUp(from: Block, path: readonly string[], x: Ctx, offset: number): { col: Col | null; sql: string } {
  const name = path.at(-1) ?? "";
  const table = path.length > 1 ? (path.at(-2) ?? null) : null;
  const sql = table === null ? duck(name) : `${duck(table)}.${duck(name)}`;
  let unknown = false;
  for (let at: Block | null = from; at; at = at.outer) {
    const found: Col[] = [];
    for (const relation of at.relations) {
      if (table !== null && relation.alias !== table) continue;
      const columns = relation.columns();
      if (!columns) unknown = true;
      else found.push(...columns.filter((col) => col.name === name));
    }
    if (found[0]) return { col: found.length === 1 ? found[0] : null, sql };
    const alias = table === null ? at.aliases.get(name) : undefined;
    if (alias) return { col: { name, type: alias.type(), nullable: true }, sql };
  }
  if (unknown) return { col: null, sql };
  const { line, position } = place(x.c.sql, offset);
  throw errors.invalidIdentifier(shownPath(path), line, position);
}
