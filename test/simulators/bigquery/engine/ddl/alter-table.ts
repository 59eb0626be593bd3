import {
  type Column,
  columnNamed,
  datasetOf,
  latest,
  nameText,
  notFoundTable,
  pushVersion,
  type Table,
  touch,
} from "../catalog.js";
import { type Cursor, end, identifier, list, must, oneOf, peek, sees, tablePath, takes, unexpected } from "../cursor.js";
import { held, shown } from "../datatype.js";
import type { Env } from "../env.js";
import { runtime } from "../errors.js";
import { change, work } from "../execute.js";
import { createPart, type Physical } from "../store.js";
import { qualified } from "../translate/from.js";
import { parseExpr } from "../translate/parse-expr.js";
import { parseType } from "../translate/parse-type.js";
import type { SimResult } from "../types.js";
import { answer } from "./answer.js";
import { column, keyOf, makeColumn, options, written } from "./columns.js";
import { alreadyExists } from "./create-table.js";
import { applyOptions } from "./options.js";

type Act = (env: Env, table: Table) => Promise<void> | void;

/** `ALTER TABLE [IF EXISTS] t action, …` */
export async function alterTable(c: Cursor, env: Env): Promise<SimResult> {
  const kind = oneOf(c, "TABLE", "VIEW", "SNAPSHOT");
  if (!kind) throw unexpected(c);
  if (kind === "SNAPSHOT") must(c, "TABLE");
  const type = kind === "VIEW" ? "ALTER_VIEW" : "ALTER_TABLE";
  const unless = takes(c, "IF", "EXISTS");
  const at = peek(c);
  const name = qualified({ env }, tablePath(c), at);
  const acts = list(c, () => action(c));
  end(c);
  datasetOf(env.catalog, name, env.location);
  env.tables.ddl(type, name);
  const table = env.tables.find(name);
  if (!table) {
    if (unless) return answer(type, "SKIP", name);
    throw notFoundTable(name, env.location);
  }
  env.demand("bigquery.tables.update", name);
  await env.planned?.(type);
  if (env.dryRun) return answer(type, "ALTER", name);
  for (const act of acts) await act(env, table);
  touch(env.catalog, table);
  return answer(type, "ALTER", name);
}

function action(c: Cursor): Act {
  if (takes(c, "SET", "OPTIONS")) {
    c.at--;
    const given = options(c);
    return async (env, table) => await applyOptions(env, table, given);
  }
  if (takes(c, "RENAME", "TO")) {
    const to = identifier(c);
    return (env, table) => rename(env, table, to);
  }
  if (takes(c, "RENAME", "COLUMN")) {
    const unless = takes(c, "IF", "EXISTS");
    const from = identifier(c);
    must(c, "TO");
    const to = identifier(c);
    return (env, table) => {
      const found = existing(table, from, unless);
      if (!found) return;
      if (columnNamed(latest(table).columns, to)) throw runtime(`Column already exists: ${to}`);
      columns(env, table, (all) => all.map((col) => (col === found ? { ...col, name: to } : col)));
    };
  }
  if (takes(c, "ADD", "COLUMN")) return addColumn(c);
  if (sees(c, "ADD", "PRIMARY", "KEY")) {
    c.at++;
    const key = keyOf(c);
    return (_env, table) => {
      if (table.primaryKey) throw runtime(`Already Exists: Primary key on table ${nameText(table.name)}`);
      for (const k of key) existing(table, k, false);
      table.primaryKey = key;
    };
  }
  if (takes(c, "DROP", "PRIMARY", "KEY")) {
    const unless = takes(c, "IF", "EXISTS");
    return (_env, table) => {
      if (!table.primaryKey && !unless) throw runtime(`Primary key does not exist on table ${nameText(table.name)}`);
      table.primaryKey = null;
    };
  }
  if (takes(c, "DROP", "COLUMN")) {
    const unless = takes(c, "IF", "EXISTS");
    const name = identifier(c);
    return (env, table) => {
      const found = existing(table, name, unless);
      if (!found) return;
      const lower = name.toLowerCase();
      if (table.partitioning?.field?.toLowerCase() === lower || table.clustering.some((k) => k.toLowerCase() === lower))
        throw runtime(`Cannot drop column ${name}: it is used for partitioning or clustering`);
      columns(env, table, (all) => all.filter((col) => col !== found));
    };
  }
  if (takes(c, "ALTER", "COLUMN")) return alterColumn(c);
  throw unexpected(c);
}

function existing(table: Table, name: string, unless: boolean): Column | null {
  const found = columnNamed(latest(table).columns, name);
  if (!found && !unless) throw runtime(`Column not found: ${name}`);
  return found ?? null;
}

function columns(env: Env, table: Table, to: (all: readonly Column[]) => readonly Column[]): void {
  const now = latest(table);
  pushVersion(env.catalog, table, { parts: now.parts, columns: to(now.columns), appended: null, by: env.jobId });
}

function rename(env: Env, table: Table, to: string): void {
  const dataset = datasetOf(env.catalog, table.name);
  if (dataset.tables.has(to)) throw alreadyExists({ ...table.name, tableId: to });
  // docs "ALTER TABLE RENAME TO statement": not while rows are in the streaming buffer.
  if (table.streaming && table.streaming.until > env.now)
    throw runtime(`Cannot rename table ${nameText(table.name)} with data in the streaming buffer`);
  dataset.tables.delete(table.name.tableId);
  table.name = { ...table.name, tableId: to };
  dataset.tables.set(to, table);
}

function addColumn(c: Cursor): Act {
  const unless = takes(c, "IF", "NOT", "EXISTS");
  const d = column(c);
  return async (env, table) => {
    if (columnNamed(latest(table).columns, d.name)) {
      if (unless) return;
      throw runtime(`Column already exists: ${d.name}`);
    }
    if (d.required) throw runtime(`Cannot add required column ${d.name} to an existing schema`);
    if (d.default !== null) throw runtime("Add column with default values to an existing table schema is not supported.");
    const made = makeColumn(env.catalog, d, null);
    const now = latest(table);
    const parts = await widened(env, now.parts, now.columns, made);
    pushVersion(env.catalog, table, { parts, columns: [...now.columns, made], appended: null, by: env.jobId });
  };
}

/** The rows with one column more, which is NULL. */
export async function widened(
  env: Pick<Env, "store" | "signal">,
  parts: readonly Physical[],
  columns: readonly Column[],
  added: Column,
): Promise<Physical[]> {
  const made: Physical[] = [];
  for (const part of parts) {
    made.push(
      await work(env as Env, async (duck) => {
        const wide = await createPart(env.store, duck, [...columns, added]);
        const empty = added.type.kind === "ARRAY" ? `CAST([] AS ${held(added.type)})` : "NULL";
        wide.rows = await change(
          duck,
          `INSERT INTO ${wide.name} SELECT ${[...columns.map((c) => c.id), empty].join(", ")} FROM ${part.name}`,
        );
        return wide;
      }),
    );
  }
  return made;
}

function alterColumn(c: Cursor): Act {
  const unless = takes(c, "IF", "EXISTS");
  const name = identifier(c);
  const set =
    (to: (col: Column) => Column): Act =>
    (env, table) => {
      const found = existing(table, name, unless);
      if (found) columns(env, table, (all) => all.map((col) => (col === found ? to(col) : col)));
    };
  if (takes(c, "DROP", "NOT", "NULL")) return set((col) => ({ ...col, required: false }));
  if (takes(c, "DROP", "DEFAULT")) return set((col) => ({ ...col, default: null }));
  must(c, "SET");
  if (takes(c, "DEFAULT")) {
    const value = written(c, () => parseExpr(c));
    return set((col) => ({ ...col, default: value }));
  }
  if (takes(c, "DATA", "TYPE")) {
    const type = parseType(c);
    return set((col) => {
      // docs "ALTER COLUMN SET DATA TYPE statement": to what is wider, which needs no rewriting here.
      const longer =
        col.type.kind === type.kind &&
        (type.length ?? Number.POSITIVE_INFINITY) >= (col.type.length ?? Number.POSITIVE_INFINITY) &&
        (type.precision === undefined || (col.type.precision ?? 1000) <= type.precision);
      if (!longer || col.type.kind === "BIGNUMERIC")
        throw runtime(
          `ALTER TABLE ALTER COLUMN SET DATA TYPE requires that the existing column type (${shown(col.type)}) is assignable to the new type (${shown(type)})`,
        );
      return { ...col, type };
    });
  }
  const given = options(c);
  return async (env, table) => {
    const probe = { description: existing(table, name, unless)?.description ?? null } as Table;
    await applyOptions(env, probe, given);
    await set((col) => ({ ...col, description: probe.description }))(env, table);
  };
}
