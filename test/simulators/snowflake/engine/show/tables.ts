import { latest, retentionOf, type Table, type View } from "../catalog.js";
import type { Session } from "../engine.js";
import { owns, sees } from "../privileges.js";
import type { SimResult } from "../types.js";
import { type Cell, listing } from "./listing.js";
import type { Scope } from "./scope.js";

/** Rows of a table that was committed. */
export const rowsIn = (table: Table): number => latest(table).parts.reduce((n, part) => n + part.rows, 0);
/** A size that grows with the rows; the service's own depends on how it compresses. */
export const bytesIn = (table: Table): number => rowsIn(table) * Math.max(1, latest(table).columns.length) * 8;

const yes = (is: boolean): string => (is ? "Y" : "N");
const on = (is: boolean): string => (is ? "ON" : "OFF");

export function relations(session: Session, scope: Scope): (Table | View)[] {
  const kept = scope.schemas.flatMap((s) => [...s.relations.values()]).filter((r) => sees(session, r));
  const own = [...session.temporary.values()].filter((r) => scope.schemas.includes(r.schema));
  return [...kept, ...own].filter((r) => scope.matches(r.name));
}

const kindOf = (t: Table): string => (t.kind === "TRANSIENT" || t.kind === "TEMPORARY" ? t.kind : "TABLE");

/** What both lists begin with. */
const headColumns = [
  "created_on:time",
  "name",
  "database_name",
  "schema_name",
  "kind",
  "comment",
  "cluster_by",
  "rows:number",
  "bytes:number",
  "owner",
  "retention_time",
];
const headOf = (t: Table): readonly Cell[] => [
  t.created,
  t.name,
  t.schema.database.name,
  t.schema.name,
  kindOf(t),
  t.comment ?? "",
  t.clusterBy ?? "",
  rowsIn(t),
  bytesIn(t),
  t.owner,
  String(retentionOf(t)),
];

/** docs "SHOW TABLES": its columns, in order. */
const tableColumns = [
  ...headColumns,
  "automatic_clustering",
  "change_tracking",
  "search_optimization",
  "search_optimization_progress",
  "search_optimization_bytes",
  "is_external",
  "enable_schema_evolution",
  "owner_role_type",
  "is_event",
  "budget",
  "is_hybrid",
  "is_iceberg",
  "is_dynamic",
  "is_immutable",
];

export function showTables(session: Session, scope: Scope, only: Table["kind"] | null): SimResult {
  const names = scope.history ? [...tableColumns.slice(0, 13), "dropped_on:time", ...tableColumns.slice(13)] : tableColumns;
  const dropped = scope.history
    ? scope.schemas.flatMap((s) => s.droppedTables).filter((d) => scope.matches(d.name) && owns(session, d))
    : [];
  const found = [...relations(session, scope), ...dropped].filter(
    (r): r is Table => r.type === "TABLE" && (only === null || r.kind === only),
  );
  return listing(
    names,
    scope.limited(found).map((r) => {
      const row = [
        ...headOf(r),
        on(r.clusterBy !== null),
        on(r.changeTracking),
        "OFF",
        null,
        null,
        yes(r.kind === "EXTERNAL"),
        yes(r.schemaEvolution),
        "ROLE",
        yes(r.kind === "EVENT"),
        null,
        yes(r.kind === "HYBRID"),
        yes(r.kind === "ICEBERG"),
        yes(r.kind === "DYNAMIC"),
        "N",
      ];
      return scope.history ? [...row.slice(0, 13), r.dropped, ...row.slice(13)] : row;
    }),
  );
}

/** docs "SHOW OBJECTS": tables and views together. */
export function showObjects(session: Session, scope: Scope): SimResult {
  const names = [...headColumns, "owner_role_type", "budget", "is_hybrid", "is_dynamic", "is_iceberg"];
  return listing(
    names,
    scope.limited(relations(session, scope)).map((r) => {
      if (r.type === "VIEW") {
        const place = [r.created, r.name, r.schema.database.name, r.schema.name];
        return [...place, "VIEW", r.comment ?? "", "", 0, 0, r.owner, "0", "ROLE", null, "N", "N", "N"];
      }
      return [...headOf(r), "ROLE", null, yes(r.kind === "HYBRID"), yes(r.kind === "DYNAMIC"), yes(r.kind === "ICEBERG")];
    }),
  );
}

/** docs "SHOW VIEWS". */
export function showViews(session: Session, scope: Scope): SimResult {
  const names = [
    "created_on:time",
    "name",
    "reserved",
    "database_name",
    "schema_name",
    "owner",
    "comment",
    "text",
    "is_secure",
    "is_materialized",
    "owner_role_type",
    "change_tracking",
  ];
  const found = relations(session, scope).filter((r): r is View => r.type === "VIEW");
  return listing(
    names,
    scope
      .limited(found)
      .map((v) => [
        v.created,
        v.name,
        "",
        v.schema.database.name,
        v.schema.name,
        v.owner,
        v.comment ?? "",
        v.text,
        String(v.secure),
        String(v.materialized),
        "ROLE",
        "OFF",
      ]),
  );
}
