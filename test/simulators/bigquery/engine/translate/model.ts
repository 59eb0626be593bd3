import type { Column } from "../catalog.js";
import type { SqlType, Value } from "../datatype.js";
import type { Env, Scan } from "../env.js";
import { invalid } from "../errors.js";
import type { Token } from "../lex.js";
import type { Expr, Query, Window } from "./ast.js";

/** An expression whose names and types are known, as SQL of DuckDB. */
export interface Ex {
  readonly sql: string;
  readonly type: SqlType;
  /** Of a literal or parameter: it coerces further than other expressions do. */
  readonly constant?: Value;
  /** A NULL without a type. */
  readonly untyped?: boolean;
  /** A name that an item gets when it has no alias. */
  readonly name?: string;
}

export interface ScopeColumn {
  readonly name: string | null;
  readonly type: SqlType;
  readonly sql: string;
  /** Pseudo columns, which `*` leaves out. */
  readonly hidden?: boolean;
  readonly column?: Column;
  readonly scan?: Scan;
}

export interface Relation {
  readonly alias: string | null;
  readonly columns: readonly ScopeColumn[];
  /** UNNEST of scalars and structs: the alias itself is the value. */
  readonly value?: ScopeColumn;
  /** Columns of USING, which `*` shows once. */
  readonly joined?: ReadonlySet<string>;
}

export interface Scope {
  readonly outer: Scope | null;
  readonly relations: Relation[];
  /** Columns that USING has merged. */
  readonly merged: ScopeColumn[];
  /** Names of the SELECT list, where a clause may use them. */
  aliases: ReadonlyMap<string, Ex> | null;
}

export interface Output {
  readonly name: string | null;
  readonly type: SqlType;
  /** A NULL that takes the type of what it meets. */
  readonly untyped?: boolean;
  /** A table's column that has not been read yet: it is, when the query around uses it. */
  readonly unread?: ScopeColumn;
}

/** A query as SQL; its columns are called k0, k1 … */
export interface Rows {
  readonly sql: string;
  readonly columns: readonly Output[];
  /** SELECT AS VALUE and AS STRUCT: one column that is the row itself. */
  readonly value: boolean;
}

/** What a SELECT that groups knows while its expressions are read. */
export interface Grouping {
  readonly scope: Scope;
  readonly keys: Map<string, Ex>;
  readonly nodes: Map<Expr, Ex>;
  /** The first aggregate, and the first window function. */
  seen: Token | null;
  windowed: Token | null;
  grouped: boolean;
  /** Columns of the SELECT's own tables outside of aggregates. */
  free: { readonly name: string; readonly at: Token }[];
}

export interface X {
  readonly env: Env;
  scope: Scope | null;
  ctes: ReadonlyMap<string, { readonly sql: string; readonly columns: readonly Output[] }>;
  grouping: Grouping | null;
  windows: ReadonlyMap<string, Window>;
  /** Where aggregates are refused: the clause's name. */
  clause: string | null;
  inAggregate: boolean;
  inWindow: boolean;
  /** Numbers of relations. */
  readonly counter: { n: number };
  readonly views: readonly string[];
  /** Values of FOR SYSTEM_TIME AS OF, worked out before. */
  readonly times: ReadonlyMap<Expr, bigint | null>;
  query(x: X, q: Query): Rows;
  analyze(x: X, e: Expr): Ex;
}

export const newScope = (outer: Scope | null): Scope => ({ outer, relations: [], merged: [], aliases: null });

export const fresh = (x: X): string => `r${++x.counter.n}`;

export function within<T>(
  x: X,
  change: Partial<Pick<X, "scope" | "ctes" | "grouping" | "windows" | "clause" | "inAggregate" | "inWindow">>,
  body: () => T,
): T {
  const before = {
    scope: x.scope,
    ctes: x.ctes,
    grouping: x.grouping,
    windows: x.windows,
    clause: x.clause,
    inAggregate: x.inAggregate,
    inWindow: x.inWindow,
  };
  Object.assign(x, change);
  try {
    return body();
  } finally {
    Object.assign(x, before);
  }
}

const sameName = (a: string | null, b: string): boolean => a !== null && a.toLowerCase() === b;

/** Of `SELECT *` in FROM only what the query around uses is read (docs: estimate and control costs, columns). */
export const passing: WeakSet<object> = new WeakSet();

export function use(c: ScopeColumn): void {
  if (c.scan && c.column) c.scan.columns.add(c.column);
}

export interface Found {
  readonly column: ScopeColumn;
  readonly scope: Scope;
  /** How many names of the path it took. */
  readonly taken: number;
  /** The alias of a table: its row. */
  readonly row?: Relation;
}

/**
 * What a path's first names mean, from the innermost scope outwards; null: nothing. A table's alias hides columns of its name (as Google's
 * own analyzer has it).
 */
export function lookUp(scope: Scope | null, path: readonly string[], at: Token): Found | null {
  const [first = "", second] = path.map((p) => p.toLowerCase());
  for (let s = scope; s; s = s.outer) {
    const merged = s.merged.find((c) => sameName(c.name, first));
    if (merged) return { column: merged, scope: s, taken: 1 };
    const relation = s.relations.find((r) => sameName(r.alias, first));
    if (relation && second !== undefined) {
      const inside = relation.columns.filter((c) => sameName(c.name, second));
      if (inside.length > 1) throw invalid(`Column name ${path[1]} is ambiguous`, at);
      if (inside[0]) return { column: inside[0], scope: s, taken: 2 };
      if (!relation.value) throw invalid(`Name ${path[1]} not found inside ${path[0]}`, at);
    }
    if (relation?.value) return { column: relation.value, scope: s, taken: 1 };
    if (relation)
      return { column: { name: relation.alias, type: { kind: "STRUCT" }, sql: "" }, scope: s, taken: 1, row: relation };
    const found = s.relations.flatMap((r) => r.columns.filter((c) => sameName(c.name, first)));
    if (found.length > 1) throw invalid(`Column name ${path[0]} is ambiguous`, at);
    if (found[0]) return { column: found[0], scope: s, taken: 1 };
  }
  return null;
}
