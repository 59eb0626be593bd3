import { type Column, latest, type Table } from "../catalog.js";
import { type Cursor, path, peek, takes } from "../cursor.js";
import { colsOf, hold, needWarehouse, type Translation } from "../environment.js";
import { errors } from "../errors.js";
import { duck } from "../names.js";
import { demand, tableOf } from "../resolve.js";
import { reserved } from "../translate/words.js";

/** A table that a statement writes to. */
export interface Target {
  readonly table: Table;
  readonly alias: string;
  readonly columns: readonly Column[];
}

const writable = new Set(["PERMANENT", "TRANSIENT", "TEMPORARY", "HYBRID", "ICEBERG"]);

export function target(t: Translation, privileges: readonly string[], operation: string, aliased: boolean): Target {
  const { session } = t.statement;
  const names = path(t.c);
  const table = tableOf(session, names, operation);
  demand(session, privileges, table, "table");
  if (!writable.has(table.kind)) throw errors.notSupportedOn(operation, `${table.kind.toLowerCase()} table`);
  needWarehouse(session);
  const alias = aliased ? aliasOf(t.c) : null;
  const { columns, parts } = latest(table);
  hold(session, parts);
  return { table, alias: alias ?? table.name, columns };
}

function aliasOf(c: Cursor): string | null {
  const as = takes(c, "AS");
  const token = peek(c);
  if (token.kind === "quoted" || (token.kind === "word" && (as || !reserved.has(token.value)))) {
    c.at++;
    return token.value;
  }
  return null;
}

/** The target among the relations that expressions may name. */
export function nameTarget(t: Translation, at: Target): void {
  t.block.relations.push({ alias: at.alias, columns: () => colsOf(at.columns) });
}

export function columnNamed(at: Target, name: string): Column {
  const column = at.columns.find((c) => c.name === name);
  if (!column) throw errors.invalidIdentifier(name);
  if (column.virtual !== null) throw errors.unsupported(`DML on virtual column ${name}`);
  return column;
}

export const named = (columns: readonly Column[]): string => columns.map((c) => duck(c.name)).join(", ");
