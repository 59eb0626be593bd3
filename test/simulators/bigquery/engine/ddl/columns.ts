import type { Catalog, Column } from "../catalog.js";
import { newColumnId } from "../catalog.js";
import { type Cursor, expected, identifier, inParentheses, list, must, peek, sees, string, takes } from "../cursor.js";
import { type SqlType, shown } from "../datatype.js";
import { runtime } from "../errors.js";
import type { Token } from "../lex.js";
import type { Expr } from "../translate/ast.js";
import { parseExpr } from "../translate/parse-expr.js";
import { parseType } from "../translate/parse-type.js";

export interface Option {
  readonly name: string;
  readonly value: Expr;
  readonly at: Token;
}

export interface ColumnDefinition {
  readonly name: string;
  readonly type: SqlType;
  readonly required: boolean;
  readonly default: string | null;
  readonly key: boolean;
  readonly options: readonly Option[];
}

export interface Definitions {
  readonly columns: readonly ColumnDefinition[];
  readonly primaryKey: readonly string[] | null;
}

/** `OPTIONS (name = value, …)` */
export function options(c: Cursor): Option[] {
  if (!takes(c, "OPTIONS")) return [];
  return inParentheses(c, () =>
    sees(c, ")")
      ? []
      : list(c, () => {
          const at = peek(c);
          const name = identifier(c).toLowerCase();
          must(c, "=");
          return { name, value: parseExpr(c), at };
        }),
  );
}

/** The text of an expression as it was written. */
export function written(c: Cursor, read: () => unknown): string {
  const from = peek(c);
  read();
  const last = c.tokens[c.at - 1] ?? from;
  return from.sql.slice(from.start, last.end);
}

/** The list of columns and constraints of CREATE TABLE. */
export function definitions(c: Cursor): Definitions {
  let primaryKey: string[] | null = null;
  const columns: ColumnDefinition[] = [];
  inParentheses(c, () =>
    list(c, () => {
      if (sees(c, "CONSTRAINT")) {
        c.at++;
        identifier(c);
      }
      if (sees(c, "PRIMARY", "KEY")) primaryKey = keyOf(c);
      else if (takes(c, "FOREIGN", "KEY")) foreignKey(c);
      else columns.push(column(c));
    }),
  );
  const inline = columns.filter((col) => col.key).map((col) => col.name);
  return { columns, primaryKey: primaryKey ?? (inline.length > 0 ? inline : null) };
}

export function keyOf(c: Cursor): string[] {
  must(c, "PRIMARY", "KEY");
  const names = inParentheses(c, () => list(c, () => identifier(c)));
  must(c, "NOT", "ENFORCED");
  return names;
}

function foreignKey(c: Cursor): void {
  inParentheses(c, () => list(c, () => identifier(c)));
  must(c, "REFERENCES");
  identifier(c);
  while (takes(c, ".")) identifier(c);
  inParentheses(c, () => list(c, () => identifier(c)));
  must(c, "NOT", "ENFORCED");
}

export function column(c: Cursor): ColumnDefinition {
  const name = identifier(c);
  const type = parseType(c);
  let required = false;
  let key = false;
  let value: string | null = null;
  let given: Option[] = [];
  for (;;) {
    if (sees(c, "DEFAULT") && (required || given.length > 0)) throw expected(c, '")" or ","');
    if (takes(c, "NOT", "NULL")) required = true;
    else if (takes(c, "PRIMARY", "KEY")) {
      key = true;
      must(c, "NOT", "ENFORCED");
    } else if (takes(c, "DEFAULT")) value = written(c, () => parseExpr(c));
    else if (takes(c, "COLLATE")) string(c);
    else if (sees(c, "OPTIONS")) given = options(c);
    else break;
  }
  return { name, type, required, default: value, key, options: given };
}

/** docs "Specifying a schema": names of letters, digits, underscores and some more; prefixes that are taken (issue tracker, "Invalid field name"). */
export function checkName(name: string): void {
  const bad = name.length > 300 || name === "" || /[!"$()*,./;?@[\]^`{}~\\\n\r\t]/.test(name);
  if (bad)
    throw runtime(
      `Invalid field name "${name}". Fields must contain only letters, numbers, and underscores, start with a letter or underscore, and be at most 300 characters long.`,
    );
  const taken = [
    "_TABLE_",
    "_FILE_",
    "_PARTITION",
    "_ROW_TIMESTAMP",
    "__ROOT__",
    "_COLIDENTIFIER",
    "_CHANGE_SEQUENCE_NUMBER",
    "_CHANGE_TYPE",
    "_CHANGE_TIMESTAMP",
  ].find((p) => name.toUpperCase().startsWith(p));
  if (taken)
    throw runtime(
      `Invalid field name "${name}". Field names are not allowed to start with the (case-insensitive) prefixes ${taken}.`,
    );
}

export function makeColumn(
  catalog: Catalog,
  d: Pick<ColumnDefinition, "name" | "type" | "required" | "default">,
  description: string | null,
): Column {
  checkName(d.name);
  if (d.required && d.type.kind === "ARRAY")
    throw runtime(`NOT NULL constraint cannot be applied to ARRAY field ${d.name} of type ${shown(d.type)}`);
  return {
    id: newColumnId(catalog),
    name: d.name,
    type: d.type,
    required: d.required,
    default: d.default,
    description,
    policyTags: [],
  };
}

export function checkColumns(columns: readonly Column[]): void {
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name.toLowerCase())) throw runtime(`Duplicate column name ${name} in CREATE TABLE`);
    seen.add(name.toLowerCase());
  }
  if (columns.length > 10_000) throw runtime("Too many columns; the limit is 10000");
}
