import type { SqlType, Value } from "../datatype.js";
import type { Token } from "../lex.js";

/** A parsed statement, before names and types are known. `at` is the token that messages point to. */
export type Expr = { readonly at: Token } & (
  | { readonly k: "literal"; readonly type: SqlType | null; readonly value: Value }
  /** `a`, `t.a`, `t.a.b`: names as they were written. */
  | { readonly k: "name"; readonly path: readonly string[]; readonly quoted: boolean }
  | { readonly k: "parameter"; readonly name: string | null; readonly index: number }
  | { readonly k: "system"; readonly name: string }
  | { readonly k: "call"; readonly name: string; readonly args: readonly Arg[]; readonly more: CallMore }
  | { readonly k: "unary"; readonly op: "-" | "+" | "NOT" | "~"; readonly a: Expr }
  | { readonly k: "binary"; readonly op: string; readonly a: Expr; readonly b: Expr }
  | { readonly k: "is"; readonly what: "NULL" | "TRUE" | "FALSE"; readonly not: boolean; readonly a: Expr }
  | { readonly k: "distinct"; readonly not: boolean; readonly a: Expr; readonly b: Expr }
  | { readonly k: "in"; readonly not: boolean; readonly a: Expr; readonly items: readonly Expr[] }
  | { readonly k: "inQuery"; readonly not: boolean; readonly a: Expr; readonly query: Query }
  | { readonly k: "inUnnest"; readonly not: boolean; readonly a: Expr; readonly array: Expr }
  | { readonly k: "between"; readonly not: boolean; readonly a: Expr; readonly low: Expr; readonly high: Expr }
  | { readonly k: "like"; readonly not: boolean; readonly a: Expr; readonly pattern: Expr }
  | { readonly k: "case"; readonly subject: Expr | null; readonly arms: readonly Arm[]; readonly other: Expr | null }
  | { readonly k: "cast"; readonly safe: boolean; readonly a: Expr; readonly to: SqlType; readonly format: Expr | null }
  | { readonly k: "extract"; readonly part: string; readonly a: Expr; readonly zone: Expr | null }
  | { readonly k: "interval"; readonly a: Expr; readonly part: string }
  | { readonly k: "array"; readonly element: SqlType | null; readonly items: readonly Expr[] }
  | {
      readonly k: "struct";
      readonly type: SqlType | null;
      readonly items: readonly { readonly name: string | null; readonly value: Expr }[];
    }
  | { readonly k: "scalar" | "exists" | "arrayQuery"; readonly query: Query }
  | {
      readonly k: "index";
      readonly how: "OFFSET" | "ORDINAL" | "SAFE_OFFSET" | "SAFE_ORDINAL" | "";
      readonly a: Expr;
      readonly by: Expr;
    }
  | { readonly k: "field"; readonly a: Expr; readonly name: string }
  /** A word where a part of a date, a type or the like is asked for: `DAY`, `WEEK(MONDAY)`. */
  | { readonly k: "default" }
);

export interface Arm {
  readonly when: Expr;
  readonly result: Expr;
}

export interface Arg {
  /** `name => value` */
  readonly name: string | null;
  readonly value: Expr;
  /** AS alias, as STRUCT takes. */
  readonly alias?: string;
}

export interface CallMore {
  readonly star: boolean;
  readonly distinct: boolean;
  readonly nulls: "IGNORE" | "RESPECT" | null;
  readonly order: readonly Order[];
  readonly limit: Expr | null;
  readonly having: { readonly max: boolean; readonly value: Expr } | null;
  readonly over: Window | null;
  /** `SAFE.f(…)` */
  readonly safe: boolean;
}

export interface Order {
  readonly value: Expr;
  readonly descending: boolean;
  readonly nullsFirst: boolean | null;
}

export interface Window {
  readonly named: string | null;
  readonly partition: readonly Expr[];
  readonly order: readonly Order[];
  readonly frame: Frame | null;
}

export interface Frame {
  readonly unit: "ROWS" | "RANGE";
  readonly from: Edge;
  readonly to: Edge | null;
}

export interface Edge {
  readonly value: Expr | null;
  readonly direction: "PRECEDING" | "FOLLOWING" | "CURRENT";
}

export interface Query {
  readonly at: Token;
  readonly recursive: boolean;
  readonly ctes: readonly { readonly name: string; readonly query: Query }[];
  readonly body: Body;
  readonly order: readonly Order[];
  readonly limit: Expr | null;
  readonly offset: Expr | null;
}

export type Body =
  | { readonly k: "select"; readonly select: Select }
  | { readonly k: "query"; readonly query: Query }
  | {
      readonly k: "set";
      readonly op: "UNION" | "EXCEPT" | "INTERSECT";
      readonly all: boolean;
      readonly parts: readonly Body[];
      readonly at: Token;
    };

export interface Select {
  readonly at: Token;
  readonly distinct: boolean;
  readonly as: "STRUCT" | "VALUE" | null;
  readonly items: readonly Item[];
  readonly from: From | null;
  readonly where: Expr | null;
  readonly group: readonly Expr[] | null;
  readonly having: Expr | null;
  readonly qualify: Expr | null;
  readonly windows: ReadonlyMap<string, Window>;
}

export type Item =
  | { readonly k: "expr"; readonly value: Expr; readonly alias: string | null; readonly at: Token }
  | {
      readonly k: "star";
      /** `e.*`; null: `*`. */
      readonly of: Expr | null;
      readonly except: readonly string[];
      readonly replace: readonly { readonly value: Expr; readonly alias: string }[];
      readonly at: Token;
    };

export type From = { readonly at: Token } & (
  | {
      readonly k: "table";
      readonly path: readonly string[];
      readonly alias: string | null;
      readonly time: Expr | null;
      readonly offset: string | null;
    }
  | { readonly k: "query"; readonly query: Query; readonly alias: string | null }
  | { readonly k: "unnest"; readonly array: Expr; readonly alias: string | null; readonly offset: string | null }
  | {
      readonly k: "join";
      readonly kind: "INNER" | "LEFT" | "RIGHT" | "FULL" | "CROSS";
      readonly a: From;
      readonly b: From;
      readonly on: Expr | null;
      readonly using: readonly string[] | null;
    }
);
