import { type Column, latest, retentionOf, type TableKind } from "../catalog.js";
import { must, path, peek, sees, takes } from "../cursor.js";
import { needWarehouse, type Translation, translated } from "../environment.js";
import { errors } from "../errors.js";
import { demand, type Place, placeOf, relationOf } from "../resolve.js";
import { duckChange, duckRun, said } from "../run.js";
import { statementTypes } from "../statement-types.js";
import { createPart } from "../store.js";
import { versionAt } from "../timetravel.js";
import { timePoint } from "../translate/from.js";
import { block, type Query, within } from "../translate/model.js";
import type { SimResult } from "../types.js";
import { typeOf } from "../values.js";
import type { Act } from "./act.js";
import { type ColumnDefinition, tableBody } from "./columns.js";
import { kept, nameFor, newTable, place } from "./objects.js";
import { type TableProperties, tableProperties } from "./properties.js";

export interface Creation {
  readonly replace: boolean;
  readonly kind: TableKind;
}

/** `CREATE … TABLE`, by columns, AS SELECT, LIKE or CLONE (docs "CREATE TABLE"). The word TABLE is read already. */
export function createTable(t: Translation, o: Creation): Act {
  const { c } = t;
  const { session } = t.statement;
  const ifNotExists = takes(c, "IF", "NOT", "EXISTS");
  const names = path(c);
  const at = placeOf(session, names, "CREATE TABLE");
  if (at.schema.name === "INFORMATION_SCHEMA") throw errors.insufficient("schema", "INFORMATION_SCHEMA");
  // A transient database or schema holds transient tables only (docs "CREATE SCHEMA").
  const kind = o.kind === "PERMANENT" && (at.schema.transient || at.schema.database.transient) ? "TRANSIENT" : o.kind;
  if (kind !== "TEMPORARY") demand(session, ["CREATE TABLE"], at.schema, "schema");
  if (takes(c, "CLONE")) return clone(t, at, kind, { ...o, ifNotExists });
  if (takes(c, "LIKE")) return like(t, at, kind, { ...o, ifNotExists });
  const typeless = sees(c, "(") && endsWithAs(t);
  const body = sees(c, "(") ? tableBody(c, typeless) : null;
  const properties = tableProperties(c, kind);
  const query = takes(c, "AS") ? within(t, block(null), () => t.parse.query(t)) : null;
  if (!body && !query) must(c, "AS");
  if (kind === "TRANSIENT" && (properties.retention ?? 0) > 1)
    throw errors.invalidValue(String(properties.retention), "DATA_RETENTION_TIME_IN_DAYS");
  for (const d of body?.columns ?? []) if (d.default !== null) translated(t, d.default);
  return async () => {
    const free = nameFor(session, at.schema, at.name, { replace: o.replace, ifNotExists, temporary: kind === "TEMPORARY" });
    if (!free) return already(at.name);
    const { columns, part } = query ? await selected(t, query, body?.columns ?? null) : await empty(t, body?.columns ?? []);
    const table = newTable(session, at.schema, at.name, kind, { parts: [part], columns }, t.statement.queryId);
    table.constraints = [...(body?.constraints ?? [])];
    apply(table, properties, body?.columns ?? []);
    // Another may have made one of the name meanwhile.
    const still = nameFor(session, at.schema, at.name, { replace: o.replace, ifNotExists, temporary: kind === "TEMPORARY" });
    if (!still) return already(at.name);
    place(session, table, still.old, properties.copyGrants && still.old ? still.old.grants : []);
    return said(`Table ${at.name} successfully created.`, statementTypes.ddl);
  };
}

const already = (name: string): SimResult => said(`${name} already exists, statement succeeded.`, statementTypes.ddl);

/** Whether `(…)` of names is followed by AS SELECT, so that types may be left out. */
function endsWithAs(t: Translation): boolean {
  let depth = 0;
  for (let k = 0; ; k++) {
    const token = peek(t.c, k);
    if (token.kind === "end") return false;
    if (token.kind === "op" && token.value === "(") depth++;
    if (token.kind === "op" && token.value === ")" && --depth === 0) {
      for (let m = k + 1; peek(t.c, m).kind !== "end"; m++)
        if (peek(t.c, m).kind === "word" && peek(t.c, m).value === "AS") return true;
      return false;
    }
  }
}

function apply(table: ReturnType<typeof newTable>, p: TableProperties, definitions: readonly ColumnDefinition[]): void {
  table.clusterBy = p.clusterBy;
  table.retention = p.retention;
  table.comment = p.comment;
  table.changeTracking = p.changeTracking;
  table.schemaEvolution = p.schemaEvolution;
  for (const [name, value] of p.tags) table.tags.set(name, { value, column: null });
  for (const r of p.rowAccess)
    table.policies.push({ policy: r.policy, kind: "ROW_ACCESS_POLICY", column: null, columns: r.columns });
  for (const d of definitions) {
    if (d.masking) table.policies.push({ policy: d.masking, kind: "MASKING_POLICY", column: d.name, columns: [d.name] });
    for (const [name, value] of d.tags) table.tags.set(name, { value, column: d.name });
  }
}

async function empty(t: Translation, definitions: readonly ColumnDefinition[]) {
  const columns = await kept(t.statement.session, definitions);
  return { columns, part: await createPart(t.statement.session.engine.store, t.statement.session, columns) };
}

/** The rows of a query, and the columns that they make. */
async function selected(t: Translation, query: Query, definitions: readonly ColumnDefinition[] | null) {
  const { session } = t.statement;
  needWarehouse(session);
  const sql = query.sql();
  const shape = await duckRun(session, `SELECT * FROM (${sql}) LIMIT 0`);
  const cols = query.columns();
  const found: Column[] = shape.columnTypes().map((type, k) => {
    const given = definitions?.[k];
    const col = cols?.length === shape.columnCount ? cols[k] : undefined;
    const own = typeOf(type);
    const kind =
      given?.type ??
      (col?.type &&
      (col.type.name === own.name || own.name === "VARIANT" || own.name === "TIMESTAMP_LTZ") &&
      (col.type.scale ?? 0) >= (own.name === "FIXED" ? (own.scale ?? 0) : 0)
        ? col.type
        : own);
    return {
      name: given?.name ?? col?.name ?? shape.columnName(k),
      type: kind,
      nullable: given ? given.nullable : (col?.nullable ?? true),
      default: given?.default ?? null,
      identity: null,
      comment: given?.comment ?? null,
      virtual: null,
    };
  });
  if (definitions && definitions.length !== shape.columnCount) throw errors.columnCount(definitions.length, shape.columnCount);
  for (const [k, column] of found.entries()) {
    if (found.findIndex((other) => other.name === column.name) < k) throw errors.duplicateColumn(column.name);
  }
  const part = await createPart(session.engine.store, session, found);
  part.rows = await duckChange(session, `INSERT INTO ${part.name} ${sql}`);
  return { columns: found, part };
}

function clone(t: Translation, at: Place, kind: TableKind, o: Creation & { ifNotExists: boolean }): Act {
  const { c } = t;
  const { session } = t.statement;
  const from = path(c);
  const source = relationOf(session, from, "CREATE TABLE");
  if (source.type !== "TABLE") throw errors.wrongKind(source.name, "VIEW", "TABLE");
  // docs "CREATE <object> … CLONE": SELECT for tables.
  demand(session, ["SELECT"], source, "table");
  const point = timePoint(t);
  const copyGrants = takes(c, "COPY", "GRANTS");
  const properties = tableProperties(c);
  if (
    source.kind === "ICEBERG" ||
    source.kind === "DYNAMIC" ||
    source.kind === "EXTERNAL" ||
    source.kind === "HYBRID" ||
    source.kind === "EVENT"
  ) {
    if (source.kind !== kind) throw errors.notSupportedOn("CLONE", `${source.kind.toLowerCase()} table`);
  }
  if (source.kind === "TRANSIENT" && kind === "PERMANENT") throw errors.transientClone();
  if (source.kind === "TEMPORARY" && kind === "PERMANENT") throw errors.temporaryClone();
  return async () => {
    const free = nameFor(session, at.schema, at.name, {
      replace: o.replace,
      ifNotExists: o.ifNotExists,
      temporary: kind === "TEMPORARY",
    });
    if (!free) return already(at.name);
    const version = point ? await versionAt(session, source, point) : latest(source);
    const table = newTable(
      session,
      at.schema,
      at.name,
      kind,
      { parts: version.parts, columns: version.columns },
      t.statement.queryId,
    );
    Object.assign(table, {
      clusterBy: source.clusterBy,
      constraints: [...source.constraints],
      policies: [...source.policies],
      tags: new Map(source.tags),
      comment: properties.comment ?? source.comment,
      retention: properties.retention ?? source.retention,
      clonedFrom: source.id,
    });
    if (kind !== "PERMANENT" && retentionOf(table) > 1) table.retention = 1;
    const granted = copyGrants || properties.copyGrants;
    // With OR REPLACE the grants are those of the table that is replaced (docs "CREATE TABLE", COPY GRANTS).
    place(session, table, free.old, granted ? (free.old ?? source).grants.filter((g) => g.privilege !== "OWNERSHIP") : []);
    return said(`Table ${at.name} successfully created.`, statementTypes.ddl);
  };
}

function like(t: Translation, at: Place, kind: TableKind, o: Creation & { ifNotExists: boolean }): Act {
  const { c } = t;
  const { session } = t.statement;
  const source = relationOf(session, path(c), "CREATE TABLE");
  if (source.type !== "TABLE") throw errors.wrongKind(source.name, "VIEW", "TABLE");
  demand(session, ["SELECT"], source, "table");
  const properties = tableProperties(c);
  return async () => {
    const free = nameFor(session, at.schema, at.name, {
      replace: o.replace,
      ifNotExists: o.ifNotExists,
      temporary: kind === "TEMPORARY",
    });
    if (!free) return already(at.name);
    const { columns } = latest(source);
    const part = await createPart(session.engine.store, session, columns);
    const table = newTable(session, at.schema, at.name, kind, { parts: [part], columns }, t.statement.queryId);
    Object.assign(table, { clusterBy: source.clusterBy, constraints: [...source.constraints], comment: properties.comment });
    place(session, table, free.old, properties.copyGrants && free.old ? free.old.grants : []);
    return said(`Table ${at.name} successfully created.`, statementTypes.ddl);
  };
}
