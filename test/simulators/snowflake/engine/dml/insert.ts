import { type Binds, bindRelation, bindRows } from "../binds.js";
import type { Column } from "../catalog.js";
import { identifier, inParentheses, list, must, sees, takes, unexpected } from "../cursor.js";
import { type Translation, translated } from "../environment.js";
import { errors } from "../errors.js";
import { changed, duckChange } from "../run.js";
import { statementTypes } from "../statement-types.js";
import { add, partFor, replace, type Transaction } from "../transactions.js";
import { block, type Col, type Expr, expr, within } from "../translate/model.js";
import type { SimResult } from "../types.js";
import { assigned } from "./assign.js";
import { named, type Target, target } from "./target.js";

/** `INSERT [OVERWRITE] INTO t [(…)] VALUES … | query` (docs "INSERT"). */
export function insert(t: Translation, binds: Binds | undefined): (tx: Transaction) => Promise<SimResult> {
  const { c } = t;
  must(c, "INSERT");
  const overwrite = takes(c, "OVERWRITE");
  if (sees(c, "ALL") || sees(c, "FIRST")) throw errors.unsupported("multi-table INSERT");
  must(c, "INTO");
  const at = target(t, overwrite ? ["OVERWRITE", "OWNERSHIP"] : ["INSERT"], "INSERT", false);
  const names = sees(c, "(") && !isQuery(t) ? inParentheses(c, () => list(c, () => identifier(c))) : null;
  const chosen = names ? names.map((name) => columnOf(at, name)) : at.columns.filter((col) => col.virtual === null);
  if (new Set(chosen).size !== chosen.length) throw errors.duplicateColumn(names?.find((n, k) => names.indexOf(n) < k) ?? "");
  const rows = bindRows(binds);
  const source = sees(c, "VALUES") ? valuesSource(t, at, chosen, rows, binds) : querySource(t, at, chosen);
  return async (tx) => {
    const { session, signal } = t.statement;
    const part = await partFor(session, at.table);
    const stored = at.columns.filter((col) => col.virtual === null);
    part.rows = await duckChange(session, `INSERT INTO ${part.name} (${named(stored)}) ${source()}`);
    if (overwrite) await replace(session, at.table, tx, signal, part);
    else await add(session, at.table, tx, part);
    return changed({ "number of rows inserted": part.rows }, statementTypes.insert, part.rows);
  };
}

const isQuery = (t: Translation): boolean => {
  const next = t.c.tokens[t.c.at + 1];
  return next?.kind === "word" && (next.value === "SELECT" || next.value === "WITH");
};

function columnOf(at: Target, name: string): Column {
  const column = at.columns.find((col) => col.name === name);
  if (!column) throw errors.invalidIdentifier(name);
  if (column.virtual !== null) throw errors.unsupported(`DML on virtual column ${name}`);
  return column;
}

/** What a column gets that the statement does not name. */
export function unnamed(t: Translation, column: Column): string {
  if (column.identity) return `nextval('${column.identity.sequence}')`;
  return column.default === null ? "NULL" : translated(t, column.default);
}

function valuesSource(
  t: Translation,
  at: Target,
  chosen: readonly Column[],
  bound: number | null,
  binds: Binds | undefined,
): () => string {
  const { c } = t;
  must(c, "VALUES");
  t.valuesClause = true;
  const rows = list(c, () =>
    inParentheses(c, () =>
      list(c, () => {
        if (sees(c, "SELECT")) throw unexpected(c);
        return takes(c, "DEFAULT") ? null : t.parse.expr(t);
      }),
    ),
  );
  t.valuesClause = false;
  if (rows.length > 16_384) throw errors.valuesTooMany(rows.length);
  for (const row of rows) if (row.length !== chosen.length) throw errors.columnCount(chosen.length, row.length);
  const stored = at.columns.filter((col) => col.virtual === null);
  const written = (row: readonly (Expr | null)[]): string[] =>
    stored.map((column) => {
      const value = row[chosen.indexOf(column)];
      return value ? assigned(value, column) : unnamed(t, column);
    });
  if (bound !== null && binds) {
    const [row, ...more] = rows;
    if (!row || more.length > 0) throw errors.bindRows();
    return () => `SELECT ${written(row).join(", ")} FROM ${bindRelation(binds, bound)}`;
  }
  return () => `VALUES ${rows.map((row) => `(${written(row).join(", ")})`).join(", ")}`;
}

function querySource(t: Translation, at: Target, chosen: readonly Column[]): () => string {
  const query = within(t, block(null), () => t.parse.query(t));
  const stored = at.columns.filter((col) => col.virtual === null);
  return () => {
    const given = query.columns();
    if (given && given.length !== chosen.length) throw errors.columnCount(chosen.length, given.length);
    const names = chosen.map((_, k) => `"·${k}"`);
    const written = stored.map((column) => {
      const k = chosen.indexOf(column);
      return k < 0 ? unnamed(t, column) : assigned(asExpr(t, names[k] ?? "", given?.[k]), column);
    });
    return `SELECT ${written.join(", ")} FROM (${query.sql()}) AS "·Q" (${names.join(", ")})`;
  };
}

const asExpr = (t: Translation, sql: string, col: Col | undefined): Expr =>
  expr(
    t,
    0,
    () => sql,
    () => col?.type ?? null,
  );
