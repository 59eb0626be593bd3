import type { Column, Constraint } from "../catalog.js";
import {
  type Cursor,
  identifier,
  inParentheses,
  list,
  must,
  next,
  path,
  peek,
  sees,
  string,
  takes,
  unexpected,
} from "../cursor.js";
import { type DataType, dataType } from "../datatype.js";
import { errors } from "../errors.js";

/** A column as CREATE TABLE and ADD COLUMN write it; the type may be missing before AS SELECT (docs "CREATE TABLE"). */
export interface ColumnDefinition extends Omit<Column, "type" | "identity"> {
  readonly type: DataType | null;
  readonly identity: { readonly start: number; readonly step: number } | null;
  readonly keys: readonly Constraint["kind"][];
  readonly masking: string | null;
  readonly tags: readonly (readonly [string, string])[];
}

export interface TableBody {
  readonly columns: readonly ColumnDefinition[];
  readonly constraints: readonly Constraint[];
}

const constraintWords = new Set(["CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN"]);

/** What stands in the parentheses of CREATE TABLE. */
export function tableBody(c: Cursor, typeless: boolean): TableBody {
  const columns: ColumnDefinition[] = [];
  const constraints: Constraint[] = [];
  inParentheses(c, () =>
    list(c, () => {
      const word = peek(c);
      if (word.kind === "word" && constraintWords.has(word.value)) constraints.push(constraint(c));
      else columns.push(columnDefinition(c, typeless));
    }),
  );
  for (const [k, column] of columns.entries()) {
    if (columns.findIndex((o) => o.name === column.name) < k) throw errors.duplicateColumn(column.name);
    for (const kind of column.keys) constraints.push({ name: `SYS_CONSTRAINT_${column.name}`, kind, columns: [column.name] });
  }
  const primary = new Set(constraints.filter((k) => k.kind === "PRIMARY KEY").flatMap((k) => k.columns));
  // docs "Constraints": a primary key's columns are NOT NULL.
  return { columns: columns.map((k) => (primary.has(k.name) ? { ...k, nullable: false } : k)), constraints };
}

export function constraint(c: Cursor): Constraint {
  const name = takes(c, "CONSTRAINT") ? identifier(c) : null;
  const kind = takes(c, "PRIMARY", "KEY")
    ? "PRIMARY KEY"
    : takes(c, "UNIQUE")
      ? "UNIQUE"
      : takes(c, "FOREIGN", "KEY")
        ? "FOREIGN KEY"
        : null;
  if (!kind) throw unexpected(c);
  const columns = inParentheses(c, () => list(c, () => identifier(c)));
  if (kind === "FOREIGN KEY") references(c);
  properties(c);
  return { name: name ?? `SYS_CONSTRAINT_${columns.join("_")}`, kind, columns };
}

function references(c: Cursor): void {
  must(c, "REFERENCES");
  path(c);
  if (sees(c, "(")) inParentheses(c, () => list(c, () => identifier(c)));
}

/** `ENFORCED`, `RELY` and their like: accepted, without effect (docs "Constraint properties"). */
function properties(c: Cursor): void {
  while (
    takes(c, "NOT", "ENFORCED") ||
    takes(c, "ENFORCED") ||
    takes(c, "RELY") ||
    takes(c, "NORELY") ||
    takes(c, "NOT", "DEFERRABLE")
  );
}

export function columnDefinition(c: Cursor, typeless: boolean): ColumnDefinition {
  const name = identifier(c);
  const bare = typeless && (sees(c, ",") || sees(c, ")"));
  const type = bare ? null : dataType(c);
  let nullable = true;
  let written: string | null = null;
  let identity: ColumnDefinition["identity"] = null;
  let comment: string | null = null;
  let virtual: string | null = null;
  let masking: string | null = null;
  const tags: [string, string][] = [];
  const keys: Constraint["kind"][] = [];
  for (;;) {
    if (takes(c, "NOT", "NULL")) nullable = false;
    else if (takes(c, "NULL")) nullable = true;
    else if (takes(c, "DEFAULT")) written = expressionText(c);
    else if (takes(c, "AUTOINCREMENT") || takes(c, "IDENTITY")) identity = sequence(c);
    else if (takes(c, "COMMENT")) comment = string(c);
    else if (takes(c, "PRIMARY", "KEY")) {
      keys.push("PRIMARY KEY");
      nullable = false;
    } else if (takes(c, "UNIQUE")) keys.push("UNIQUE");
    else if (takes(c, "AS")) virtual = inParentheses(c, () => expressionText(c));
    else if (takes(c, "WITH", "MASKING", "POLICY") || takes(c, "MASKING", "POLICY")) masking = path(c).join(".");
    else if (takes(c, "WITH", "TAG") || takes(c, "TAG")) tags.push(...tagList(c));
    else if (sees(c, "REFERENCES")) references(c);
    else {
      const at = c.at;
      properties(c);
      if (c.at === at) break;
    }
  }
  return { name, type, nullable, default: written, identity, comment, virtual, keys, masking, tags };
}

export const tagList = (c: Cursor): [string, string][] =>
  inParentheses(c, () =>
    list(c, () => {
      const name = path(c).join(".");
      must(c, "=");
      return [name, string(c)] as [string, string];
    }),
  );

function sequence(c: Cursor): { start: number; step: number } {
  let start = 1;
  let step = 1;
  const number = () => {
    const negative = takes(c, "-");
    const token = next(c);
    if (token.kind !== "number") throw unexpected(c, token);
    return negative ? -Number(token.value) : Number(token.value);
  };
  if (takes(c, "(")) {
    start = number();
    must(c, ",");
    step = number();
    must(c, ")");
  } else if (takes(c, "START")) {
    takes(c, "WITH");
    start = number();
    must(c, "INCREMENT");
    takes(c, "BY");
    step = number();
  }
  if (!takes(c, "ORDER")) takes(c, "NOORDER");
  return { start, step };
}

/** The text of an expression up to what ends a column's property. */
function expressionText(c: Cursor): string {
  const from = peek(c).start;
  let depth = 0;
  let to = from;
  for (;;) {
    const token = peek(c);
    if (token.kind === "end") break;
    if (depth === 0 && (token.value === "," || token.value === ")") && token.kind === "op") break;
    if (depth === 0 && c.at > 0 && token.kind === "word" && to > from && stops.has(token.value)) break;
    if (token.kind === "op" && token.value === "(") depth++;
    if (token.kind === "op" && token.value === ")") depth--;
    to = token.end;
    next(c);
  }
  if (to === from) throw unexpected(c);
  return c.sql.slice(from, to);
}

const stops = new Set(["NOT", "NULL", "COMMENT", "PRIMARY", "UNIQUE", "WITH", "MASKING", "TAG", "REFERENCES"]);
