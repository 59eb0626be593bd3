import { latest } from "../catalog.js";
import { must, oneOf, path, peek, takes, unexpected } from "../cursor.js";
import type { Act } from "../ddl/act.js";
import type { Translation } from "../environment.js";
import { sees } from "../privileges.js";
import { relationOf, tableOf } from "../resolve.js";
import { showDatabases, showRoles, showSchemas, showWarehouses } from "./containers.js";
import { showGrants } from "./grants.js";
import { listing } from "./listing.js";
import { showLocks, showParameters, showTransactions } from "./running.js";
import { type Scope, scope } from "./scope.js";
import { relations, showObjects, showTables, showViews } from "./tables.js";

/** `SHOW …` (docs "SHOW <objects>"). */
export function show(t: Translation): Act {
  const { c } = t;
  const { session } = t.statement;
  must(c, "SHOW");
  takes(c, "TERSE");
  if (takes(c, "GRANTS")) return showGrants(t);
  if (takes(c, "PARAMETERS")) return showParameters(t);
  if (takes(c, "TRANSACTIONS")) {
    takes(c, "IN", "ACCOUNT");
    return async () => showTransactions(session);
  }
  if (takes(c, "LOCKS")) {
    takes(c, "IN", "ACCOUNT");
    return async () => showLocks(session);
  }
  if (takes(c, "PRIMARY", "KEYS")) return keys(t, "PRIMARY KEY");
  if (takes(c, "UNIQUE", "KEYS")) return keys(t, "UNIQUE");
  const kind = takes(c, "FILE", "FORMATS")
    ? "FILE FORMAT"
    : takes(c, "ROW", "ACCESS", "POLICIES")
      ? "ROW ACCESS POLICY"
      : takes(c, "MASKING", "POLICIES")
        ? "MASKING POLICY"
        : takes(c, "TAGS")
          ? "TAG"
          : null;
  if (kind) {
    const s = scope(t);
    return async () => {
      const found = s.schemas
        .flatMap((schema) => [...schema.named.values()])
        .filter((n) => n.type === kind && s.matches(n.name) && sees(session, n));
      return listing(
        ["created_on:time", "name", "database_name", "schema_name", "kind", "owner", "comment"],
        s
          .limited(found)
          .map((n) => [
            n.created,
            n.name,
            n.schema.database.name,
            n.schema.name,
            n.type.replaceAll(" ", "_"),
            n.owner,
            n.comment ?? "",
          ]),
      );
    };
  }
  const special = oneOf(c, "EXTERNAL", "ICEBERG", "DYNAMIC", "HYBRID", "EVENT");
  if (special) {
    must(c, "TABLES");
    const s = scope(t);
    return async () => showTables(session, s, special);
  }
  const word = oneOf(
    c,
    "TABLES",
    "OBJECTS",
    "VIEWS",
    "SCHEMAS",
    "DATABASES",
    "WAREHOUSES",
    "ROLES",
    "STREAMS",
    "STAGES",
    "SEQUENCES",
    "COLUMNS",
  );
  if (!word) throw unexpected(c);
  const s = scope(t);
  return async () => {
    switch (word) {
      case "TABLES":
        return showTables(session, s, null);
      case "OBJECTS":
        return showObjects(session, s);
      case "VIEWS":
        return showViews(session, s);
      case "SCHEMAS":
        return showSchemas(session, s);
      case "DATABASES":
        return showDatabases(session, s);
      case "WAREHOUSES":
        return showWarehouses(session, s);
      case "ROLES":
        return showRoles(session, s);
      case "STREAMS":
        return streams(t, s);
      case "COLUMNS":
        return columns(t, s);
      default: {
        const found = s.schemas.flatMap((schema) => [...(word === "STAGES" ? schema.stages : schema.sequences).values()]);
        return listing(
          ["created_on:time", "name", "database_name", "schema_name", "owner", "comment"],
          s
            .limited(found.filter((o) => s.matches(o.name) && sees(session, o)))
            .map((o) => [o.created, o.name, o.schema.database.name, o.schema.name, o.owner, o.comment ?? ""]),
        );
      }
    }
  };
}

/** docs "SHOW STREAMS". */
function streams(t: Translation, s: Scope) {
  const { session } = t.statement;
  const found = s.schemas.flatMap((schema) => [...schema.streams.values()]).filter((o) => s.matches(o.name) && sees(session, o));
  const names = [
    "created_on:time",
    "name",
    "database_name",
    "schema_name",
    "owner",
    "comment",
    "table_name",
    "source_type",
    "base_tables",
    "type",
    "stale",
    "mode",
    "stale_after:time",
    "invalid_reason",
    "owner_role_type",
  ];
  return listing(
    names,
    s.limited(found).map((o) => {
      const source = [o.table.schema.database.name, o.table.schema.name, o.table.name].join(".");
      return [
        o.created,
        o.name,
        o.schema.database.name,
        o.schema.name,
        o.owner,
        o.comment ?? "",
        source,
        "Table",
        source,
        "DELTA",
        String(o.stale),
        o.appendOnly ? "APPEND_ONLY" : "DEFAULT",
        session.engine.now() + 14 * 86_400_000_000,
        "N/A",
        "ROLE",
      ];
    }),
  );
}

/** docs "SHOW PRIMARY KEYS": a row for each column of a key. */
function keys(t: Translation, kind: "PRIMARY KEY" | "UNIQUE"): Act {
  const { c } = t;
  const { session } = t.statement;
  const named = takes(c, "IN") && (takes(c, "TABLE") || peek(c).kind === "quoted" || peek(c).kind === "word") ? path(c) : null;
  return async () => {
    const tables = named ? [tableOf(session, named)] : relations(session, { ...scopeOf(t) }).filter((r) => r.type === "TABLE");
    const rows = tables.flatMap((table) =>
      table.type === "TABLE"
        ? table.constraints
            .filter((k) => k.kind === kind)
            .flatMap((k) =>
              k.columns.map((column, n) => [
                table.created,
                table.schema.database.name,
                table.schema.name,
                table.name,
                column,
                n + 1,
                k.name,
                "false",
                null,
              ]),
            )
        : [],
    );
    return listing(
      [
        "created_on:time",
        "database_name",
        "schema_name",
        "table_name",
        "column_name",
        "key_sequence:number",
        "constraint_name",
        "rely",
        "comment",
      ],
      rows,
    );
  };
}

const scopeOf = (t: Translation): Scope => scope({ ...t, c: { ...t.c, at: t.c.tokens.length - 1 } });

/** docs "SHOW COLUMNS": types as JSON. */
function columns(t: Translation, s: Scope) {
  const { session } = t.statement;
  const found = s.table ? [relationOf(session, s.table)] : relations(session, { ...s, matches: () => true });
  const rows = found.flatMap((r) =>
    (r.type === "TABLE" ? latest(r).columns : r.columns)
      .filter((col) => s.matches(col.name))
      .map((col) => [
        r.name,
        r.schema.name,
        col.name,
        JSON.stringify({
          type: col.type.name,
          ...(col.type.precision === undefined ? {} : { precision: col.type.precision }),
          ...(col.type.scale === undefined ? {} : { scale: col.type.scale }),
          ...(col.type.length === undefined ? {} : { length: col.type.length }),
          nullable: col.nullable,
        }),
        col.nullable ? "true" : "NOT_NULL",
        "default" in col ? (col.default ?? "") : "",
        "COLUMN",
        "virtual" in col ? (col.virtual ?? "") : "",
        col.comment ?? "",
        r.schema.database.name,
        "identity" in col && col.identity ? `IDENTITY START ${col.identity.start} INCREMENT ${col.identity.step}` : "",
        null,
      ]),
  );
  return listing(
    [
      "table_name",
      "schema_name",
      "column_name",
      "data_type",
      "null?",
      "default",
      "kind",
      "expression",
      "comment",
      "database_name",
      "autoincrement",
      "schema_evolution_record",
    ],
    rows,
  );
}
