import type { Column, Grant, Schema, Table, TableKind, Version } from "../catalog.js";
import type { Session } from "../engine.js";
import { errors } from "../errors.js";
import { demand, keyOf } from "../resolve.js";
import type { ColumnDefinition } from "./columns.js";

/** A new table, not yet in its schema. */
export function newTable(
  session: Session,
  schema: Schema,
  name: string,
  kind: TableKind,
  first: Omit<Version, "at" | "queryIds" | "appended">,
  queryId: string,
): Table {
  const { engine } = session;
  const now = engine.tick();
  return {
    type: "TABLE",
    id: ++engine.catalog.ids,
    name,
    schema,
    kind,
    owner: session.role,
    grants: [],
    comment: null,
    created: now,
    versions: [{ ...first, at: now, queryIds: [queryId], appended: null }],
    retention: null,
    clusterBy: null,
    constraints: [],
    loads: new Map(),
    policies: [],
    tags: new Map(),
    changeTracking: false,
    schemaEvolution: false,
    session: kind === "TEMPORARY" ? session.id : null,
    dropped: null,
    clonedFrom: null,
    altered: now,
  };
}

/** Whether something has the name already, and what to do: null means that the statement is done (IF NOT EXISTS). */
export function nameFor(
  session: Session,
  schema: Schema,
  name: string,
  o: { replace: boolean; ifNotExists: boolean; temporary: boolean },
): { old: Table | null } | null {
  if (o.replace && o.ifNotExists) throw errors.conflictingOptions();
  const temporary = session.temporary.get(keyOf(schema.database.name, schema.name, name));
  const found = o.temporary ? temporary : (schema.relations.get(name) ?? undefined);
  if (!found) return { old: null };
  if (o.ifNotExists) return null;
  if (!o.replace || found.type !== "TABLE") throw errors.exists(name);
  if (found.session === null) demand(session, ["OWNERSHIP"], found, "table");
  return { old: found };
}

/** Puts a table where others see it, in place of an old one. Nothing waits in here. */
export function place(session: Session, table: Table, old: Table | null, grants: readonly Grant[]): void {
  const { schema } = table;
  table.grants = [...grants];
  if (table.kind === "TEMPORARY") {
    session.temporary.set(keyOf(schema.database.name, schema.name, table.name), table);
    return;
  }
  if (old) discard(session, old);
  schema.relations.set(table.name, table);
  for (const f of [...schema.database.future, ...schema.future]) {
    if (f.on === "TABLE" && !table.grants.some((g) => g.role === f.role && g.privilege === f.privilege)) table.grants.push(f);
  }
}

export function discard(session: Session, table: Table): void {
  const { schema } = table;
  table.dropped = session.engine.tick();
  if (table.kind === "TEMPORARY") session.temporary.delete(keyOf(schema.database.name, schema.name, table.name));
  else if (schema.relations.get(table.name) === table) {
    schema.relations.delete(table.name);
    schema.droppedTables.push(table);
  }
  for (const database of session.engine.catalog.databases.values()) {
    for (const s of database.schemas.values())
      for (const stream of s.streams.values()) if (stream.table === table) stream.stale = true;
  }
}

/** Columns as they are kept, with a sequence for each that numbers itself. */
export async function kept(session: Session, definitions: readonly ColumnDefinition[]): Promise<Column[]> {
  const columns: Column[] = [];
  for (const d of definitions) {
    if (!d.type) throw errors.unsupported(`column ${d.name} without a type`);
    let identity: Column["identity"] = null;
    if (d.identity) {
      const sequence = `s_${++session.engine.store.next}`;
      await session.duck.run(
        `CREATE SEQUENCE ${sequence} START ${d.identity.start} INCREMENT ${d.identity.step} ${d.identity.step < 0 ? "MINVALUE -9000000000000000000 MAXVALUE 9000000000000000000" : ""}`,
      );
      identity = { ...d.identity, sequence };
    }
    columns.push({
      name: d.name,
      type: d.type,
      nullable: d.nullable,
      default: d.default,
      identity,
      comment: d.comment,
      virtual: d.virtual,
    });
  }
  return columns;
}
