import { type Column, latest, type Table } from "../catalog.js";
import { identifier, inParentheses, list, must, path, sees, string, takes } from "../cursor.js";
import { type DataType, dataType, held } from "../datatype.js";
import { type Translation, translated } from "../environment.js";
import { errors } from "../errors.js";
import { duck } from "../names.js";
import { duckChange, said } from "../run.js";
import { statementTypes } from "../statement-types.js";
import { createPart, union } from "../store.js";
import { begin, lock, pushVersion, rollback } from "../transactions.js";
import type { Act } from "./act.js";
import { columnDefinition, tagList } from "./columns.js";
import { kept } from "./objects.js";

/** Changes of a table's columns (docs "ALTER TABLE", "ALTER TABLE … ALTER COLUMN"): each leaves a new version. */
const done = () => said("Statement executed successfully.", statementTypes.ddl);

export function renameColumn(t: Translation, table: Table): Act {
  const from = identifier(t.c);
  must(t.c, "TO");
  const to = identifier(t.c);
  return async () => {
    existing(table, from);
    if (latest(table).columns.some((c) => c.name === to)) throw errors.duplicateColumn(to);
    const columns = latest(table).columns.map((c) => (c.name === from ? { ...c, name: to } : c));
    await rewrite(t, table, columns, (c) => duck(c.name === to ? from : c.name));
    return done();
  };
}

function existing(table: Table, name: string): Column {
  const column = latest(table).columns.find((c) => c.name === name);
  if (!column) throw errors.noColumn(name);
  return column;
}

export function addColumns(t: Translation, table: Table): Act {
  const { c } = t;
  takes(c, "COLUMN");
  const ifNotExists = takes(c, "IF", "NOT", "EXISTS");
  const definitions = list(c, () => columnDefinition(c, false));
  return async () => {
    const { session } = t.statement;
    const before = latest(table).columns;
    const fresh = definitions.filter((d) => !(ifNotExists && before.some((b) => b.name === d.name)));
    for (const d of fresh) if (before.some((b) => b.name === d.name)) throw errors.columnExists(d.name);
    const added = await kept(session, fresh);
    const rows = latest(table).parts.reduce((n, p) => n + p.rows, 0);
    for (const d of added) {
      // docs "ALTER TABLE": a column with NOT NULL and no default only goes onto an empty table.
      if (!d.nullable && d.default === null && rows > 0) throw errors.notNullColumn(d.name);
    }
    await rewrite(t, table, [...before, ...added], (column) => {
      if (before.includes(column)) return duck(column.name);
      return column.default === null ? "NULL" : translated(t, column.default);
    });
    return done();
  };
}

export function dropColumns(t: Translation, table: Table): Act {
  const { c } = t;
  takes(c, "COLUMN");
  const ifExists = takes(c, "IF", "EXISTS");
  const names = list(c, () => identifier(c));
  return async () => {
    for (const name of names) if (!ifExists) existing(table, name);
    const columns = latest(table).columns.filter((column) => !names.includes(column.name));
    if (columns.length === 0) throw errors.lastColumn();
    await rewrite(t, table, columns, (column) => duck(column.name));
    return done();
  };
}

type Change = (column: Column) => Column;

export function alterColumns(t: Translation, table: Table): Act {
  const { c } = t;
  const changes: { name: string; change: Change }[] = [];
  const one = () => {
    takes(c, "COLUMN");
    const name = identifier(c);
    changes.push({ name, change: columnChange(t, table, name) });
  };
  if (sees(c, "(")) inParentheses(c, () => list(c, one));
  else list(c, one);
  return async () => {
    for (const { name } of changes) existing(table, name);
    const columns = latest(table).columns.map((column) =>
      changes.filter((k) => k.name === column.name).reduce((made, k) => k.change(made), column),
    );
    await rewrite(t, table, columns, (column) => `CAST(${duck(column.name)} AS ${held(column.type)})`);
    return done();
  };
}

function columnChange(t: Translation, table: Table, name: string): Change {
  const { c } = t;
  if (takes(c, "DROP", "NOT", "NULL")) return (column) => ({ ...column, nullable: true });
  if (takes(c, "DROP", "DEFAULT")) return (column) => ({ ...column, default: null });
  if (takes(c, "SET", "NOT", "NULL")) return (column) => ({ ...column, nullable: false });
  if (takes(c, "COMMENT")) {
    const comment = string(c);
    return (column) => ({ ...column, comment });
  }
  if (takes(c, "UNSET", "COMMENT")) return (column) => ({ ...column, comment: null });
  if (takes(c, "SET", "MASKING", "POLICY")) {
    const policy = path(c).join(".");
    return (column) => {
      table.policies.push({ policy, kind: "MASKING_POLICY", column: name, columns: [name] });
      return column;
    };
  }
  if (takes(c, "UNSET", "MASKING", "POLICY")) {
    return (column) => {
      table.policies = table.policies.filter((p) => p.column !== name);
      return column;
    };
  }
  if (takes(c, "SET", "TAG")) {
    const tags = tagPairs(t);
    return (column) => {
      for (const [tag, value] of tags) table.tags.set(tag, { value, column: name });
      return column;
    };
  }
  if (!takes(c, "SET", "DATA", "TYPE")) takes(c, "TYPE");
  const type = dataType(c);
  return (column) => {
    if (!widens(column.type, type)) throw errors.changeType(name);
    return { ...column, type };
  };
}

export function tagPairs(t: Translation): [string, string][] {
  if (sees(t.c, "(")) return tagList(t.c);
  return list(t.c, () => {
    const name = path(t.c).join(".");
    must(t.c, "=");
    return [name, string(t.c)] as [string, string];
  });
}

/** What SET DATA TYPE allows (docs "ALTER TABLE … ALTER COLUMN"): longer texts, more digits before the point. */
function widens(from: DataType, to: DataType): boolean {
  if (from.name !== to.name) return false;
  if (from.name === "TEXT") return true;
  if (from.name === "FIXED") return from.scale === to.scale;
  return from.scale === to.scale && (to.length ?? 0) >= (from.length ?? 0);
}

/** A new version with other columns, under the table's lock. */
async function rewrite(
  t: Translation,
  table: Table,
  columns: readonly Column[],
  value: (column: Column) => string,
): Promise<void> {
  const { session, signal, queryId } = t.statement;
  const { engine } = session;
  const tx = begin(engine, queryId, false);
  await lock(session, table, tx, signal);
  try {
    const before = latest(table);
    const stored = columns.filter((column) => column.virtual === null);
    const part = await createPart(engine.store, session, columns);
    const source = union(
      before.parts,
      before.columns.filter((column) => column.virtual === null),
      () => "NULL",
    );
    part.rows = await duckChange(
      session,
      `INSERT INTO ${part.name} SELECT ${stored.map(value).join(", ")} FROM ${source} AS "·O"`,
    );
    pushVersion(table, { parts: [part], columns, at: engine.tick(), queryIds: [queryId], appended: null });
    table.altered = engine.tick();
  } finally {
    rollback(engine, tx);
  }
}
