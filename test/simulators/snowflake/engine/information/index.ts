import { latest, retentionOf, type Schema, type Table, type View } from "../catalog.js";
import { cursor, end, path } from "../cursor.js";
import { type DataType, dataTypeOf, informed } from "../datatype.js";
import type { Session } from "../engine.js";
import { errors } from "../errors.js";
import { shownPath } from "../names.js";
import { may, sees } from "../privileges.js";
import { databaseOf, relationOf } from "../resolve.js";
import { relationOfRows } from "../results.js";
import { type Cell, columnsOf, rowsOf } from "../show/listing.js";
import { bytesIn, rowsIn } from "../show/tables.js";
import type { Argument, Col } from "../translate/model.js";

type Source = { sql: () => string; columns: () => readonly Col[] | null };
interface View0 {
  readonly names: readonly string[];
  readonly rows: (session: Session, schemas: readonly Schema[]) => Cell[][];
}

const yes = (is: boolean): string => (is ? "YES" : "NO");
const relationsIn = (session: Session, schemas: readonly Schema[]): (Table | View)[] =>
  schemas
    .flatMap((s) => [...s.relations.values()])
    .concat([...session.temporary.values()].filter((t) => schemas.includes(t.schema)))
    .filter((r) => sees(session, r));

const tableType = (r: Table | View): string => {
  if (r.type === "VIEW") return r.materialized ? "MATERIALIZED VIEW" : "VIEW";
  if (r.kind === "TEMPORARY") return "LOCAL TEMPORARY";
  return r.kind === "EXTERNAL" ? "EXTERNAL TABLE" : r.kind === "EVENT" ? "EVENT TABLE" : "BASE TABLE";
};

const scaled = (type: DataType): boolean => type.name === "TIME" || type.name.startsWith("TIMESTAMP");

/** Views of INFORMATION_SCHEMA (docs "Snowflake Information Schema"): the columns that are asked for in practice, in the documented order. */
const views: Readonly<Record<string, View0>> = {
  TABLES: {
    names: [
      "TABLE_CATALOG",
      "TABLE_SCHEMA",
      "TABLE_NAME",
      "TABLE_OWNER",
      "TABLE_TYPE",
      "IS_TRANSIENT",
      "CLUSTERING_KEY",
      "ROW_COUNT:number",
      "BYTES:number",
      "RETENTION_TIME:number",
      "CREATED:time",
      "LAST_ALTERED:time",
      "LAST_DDL:time",
      "AUTO_CLUSTERING_ON",
      "COMMENT",
      "IS_TEMPORARY",
      "IS_ICEBERG",
      "IS_DYNAMIC",
      "IS_IMMUTABLE",
      "IS_HYBRID",
    ],
    rows: (session, schemas) =>
      relationsIn(session, schemas).map((r) => {
        const head = [r.schema.database.name, r.schema.name, r.name, r.owner, tableType(r)];
        if (r.type === "VIEW")
          return [
            ...head,
            null,
            null,
            null,
            null,
            null,
            r.created,
            r.altered,
            r.altered,
            null,
            r.comment,
            "NO",
            "NO",
            "NO",
            "NO",
            "NO",
          ];
        const altered = Math.max(r.altered, latest(r).at);
        return [
          ...head,
          yes(r.kind === "TRANSIENT"),
          r.clusterBy,
          rowsIn(r),
          bytesIn(r),
          retentionOf(r),
          r.created,
          altered,
          r.altered,
          yes(r.clusterBy !== null),
          r.comment,
          yes(r.kind === "TEMPORARY"),
          yes(r.kind === "ICEBERG"),
          yes(r.kind === "DYNAMIC"),
          "NO",
          yes(r.kind === "HYBRID"),
        ];
      }),
  },
  VIEWS: {
    names: [
      "TABLE_CATALOG",
      "TABLE_SCHEMA",
      "TABLE_NAME",
      "TABLE_OWNER",
      "VIEW_DEFINITION",
      "IS_SECURE",
      "CREATED:time",
      "LAST_ALTERED:time",
      "COMMENT",
    ],
    rows: (session, schemas) =>
      relationsIn(session, schemas).flatMap((v) =>
        v.type === "VIEW"
          ? [[v.schema.database.name, v.schema.name, v.name, v.owner, v.text, yes(v.secure), v.created, v.altered, v.comment]]
          : [],
      ),
  },
  COLUMNS: {
    names: [
      "TABLE_CATALOG",
      "TABLE_SCHEMA",
      "TABLE_NAME",
      "COLUMN_NAME",
      "ORDINAL_POSITION:number",
      "COLUMN_DEFAULT",
      "IS_NULLABLE",
      "DATA_TYPE",
      "CHARACTER_MAXIMUM_LENGTH:number",
      "CHARACTER_OCTET_LENGTH:number",
      "NUMERIC_PRECISION:number",
      "NUMERIC_PRECISION_RADIX:number",
      "NUMERIC_SCALE:number",
      "DATETIME_PRECISION:number",
      "IS_IDENTITY",
      "IDENTITY_START",
      "IDENTITY_INCREMENT",
      "COMMENT",
    ],
    rows: (session, schemas) =>
      relationsIn(session, schemas).flatMap((r) =>
        (r.type === "TABLE" ? latest(r).columns : r.columns).map((c, k): Cell[] => {
          const fixed = c.type.name === "FIXED";
          const identity = "identity" in c ? c.identity : null;
          return [
            r.schema.database.name,
            r.schema.name,
            r.name,
            c.name,
            k + 1,
            "default" in c ? c.default : null,
            yes(c.nullable),
            informed(c.type),
            c.type.name === "TEXT" ? (c.type.length ?? null) : null,
            c.type.name === "TEXT"
              ? Math.min((c.type.length ?? 0) * 4, 16_777_216)
              : c.type.name === "BINARY"
                ? (c.type.length ?? null)
                : null,
            fixed ? (c.type.precision ?? null) : null,
            fixed ? 10 : null,
            fixed ? (c.type.scale ?? null) : null,
            scaled(c.type) ? (c.type.scale ?? null) : null,
            yes(identity !== null),
            identity ? String(identity.start) : null,
            identity ? String(identity.step) : null,
            c.comment,
          ];
        }),
      ),
  },
  SCHEMATA: {
    names: [
      "CATALOG_NAME",
      "SCHEMA_NAME",
      "SCHEMA_OWNER",
      "IS_TRANSIENT",
      "RETENTION_TIME:number",
      "CREATED:time",
      "LAST_ALTERED:time",
      "COMMENT",
    ],
    rows: (_, schemas) =>
      schemas.map((s) => [
        s.database.name,
        s.name,
        s.owner,
        yes(s.transient),
        s.retention ?? s.database.retention ?? 1,
        s.created,
        s.created,
        s.comment,
      ]),
  },
  TABLE_CONSTRAINTS: {
    names: [
      "CONSTRAINT_CATALOG",
      "CONSTRAINT_SCHEMA",
      "CONSTRAINT_NAME",
      "TABLE_CATALOG",
      "TABLE_SCHEMA",
      "TABLE_NAME",
      "CONSTRAINT_TYPE",
      "IS_DEFERRABLE",
      "INITIALLY_DEFERRED",
      "ENFORCED",
      "COMMENT",
    ],
    rows: (session, schemas) =>
      relationsIn(session, schemas).flatMap((r) =>
        r.type === "TABLE"
          ? r.constraints.map((k): Cell[] => [
              r.schema.database.name,
              r.schema.name,
              k.name,
              r.schema.database.name,
              r.schema.name,
              r.name,
              k.kind,
              "NO",
              "YES",
              "NO",
              null,
            ])
          : [],
      ),
  },
  TABLE_PRIVILEGES: {
    names: [
      "GRANTOR",
      "GRANTEE",
      "GRANTED_TO",
      "TABLE_CATALOG",
      "TABLE_SCHEMA",
      "TABLE_NAME",
      "PRIVILEGE_TYPE",
      "IS_GRANTABLE",
      "CREATED:time",
    ],
    rows: (session, schemas) =>
      relationsIn(session, schemas).flatMap((r) => [
        [r.owner, r.owner, "ROLE", r.schema.database.name, r.schema.name, r.name, "OWNERSHIP", "YES", r.created],
        ...r.grants.map((g): Cell[] => [
          g.by,
          g.role,
          "ROLE",
          r.schema.database.name,
          r.schema.name,
          r.name,
          g.privilege,
          yes(g.option),
          g.at,
        ]),
      ]),
  },
  DATABASES: {
    names: [
      "DATABASE_NAME",
      "DATABASE_OWNER",
      "IS_TRANSIENT",
      "COMMENT",
      "CREATED:time",
      "LAST_ALTERED:time",
      "RETENTION_TIME:number",
    ],
    rows: (session) =>
      [...session.engine.catalog.databases.values()]
        .filter((d) => sees(session, d))
        .map((d) => [d.name, d.owner, yes(d.transient), d.comment, d.created, d.created, d.retention ?? 1]),
  },
};

export function informationSchema(session: Session, whole: readonly string[]): Source {
  const name = whole.at(-1) ?? "";
  const databaseName = whole.length === 3 ? (whole[0] ?? "") : session.database;
  if (databaseName === null) throw errors.noDatabase("SELECT");
  const database = databaseOf(session, databaseName);
  const view = Object.hasOwn(views, name) ? views[name] : undefined;
  if (!view) throw errors.notExists("Object", shownPath([databaseName, "INFORMATION_SCHEMA", name]));
  const schemas = () => [...database.schemas.values()].filter((s) => sees(session, s));
  return source(view.names, () => view.rows(session, schemas()));
}

function source(names: readonly string[], rows: () => Cell[][]): Source {
  const columns = columnsOf(names);
  return {
    sql: () => relationOfRows(columns, rowsOf(columns, rows())),
    columns: () => columns.map((c) => ({ name: c.name, type: dataTypeOf(c), nullable: true })),
  };
}

/** Table functions of INFORMATION_SCHEMA: POLICY_REFERENCES, TAG_REFERENCES and TAG_REFERENCES_ALL_COLUMNS. */
export function tableFunction(session: Session, name: string, args: readonly Argument[]): Source | null {
  const bare = name.split(".").at(-1) ?? "";
  if (!/(^|\.)INFORMATION_SCHEMA\./.test(name)) return null;
  const named = (key: string, k: number): string => {
    const value = args.find((a) => a.name === key)?.value ?? (args[k]?.name === null ? args[k]?.value : undefined);
    if (value?.constant === undefined) throw errors.fewArguments(bare, k + 1, args.length);
    return value.constant;
  };
  const tableOf = (text: string): Table => {
    const c = cursor(text);
    const names = path(c);
    end(c);
    const found = relationOf(session, names);
    if (found.type !== "TABLE") throw errors.unsupported(`${bare} of a view`);
    if (!may(session, "OWNERSHIP", found) && session.role !== "ACCOUNTADMIN") throw errors.insufficient("table", found.name);
    return found;
  };
  switch (bare) {
    case "POLICY_REFERENCES": {
      const table = tableOf(named("REF_ENTITY_NAME", 0));
      const names = [
        "POLICY_DB",
        "POLICY_SCHEMA",
        "POLICY_NAME",
        "POLICY_KIND",
        "REF_DATABASE_NAME",
        "REF_SCHEMA_NAME",
        "REF_ENTITY_NAME",
        "REF_ENTITY_DOMAIN",
        "REF_COLUMN_NAME",
        "REF_ARG_COLUMN_NAMES",
        "TAG_DATABASE",
        "TAG_SCHEMA",
        "TAG_NAME",
        "POLICY_STATUS",
      ];
      return source(names, () =>
        table.policies.map((p) => {
          const parts = p.policy.split(".");
          const { database, name: schema } = table.schema;
          return [
            parts.at(-3) ?? database.name,
            parts.at(-2) ?? schema,
            parts.at(-1) ?? "",
            p.kind,
            database.name,
            schema,
            table.name,
            "TABLE",
            p.column,
            p.kind === "ROW_ACCESS_POLICY" ? JSON.stringify(p.columns) : null,
            null,
            null,
            null,
            "ACTIVE",
          ];
        }),
      );
    }
    case "TAG_REFERENCES":
    case "TAG_REFERENCES_ALL_COLUMNS": {
      const table = tableOf(named("OBJECT_NAME", 0));
      const all = bare === "TAG_REFERENCES_ALL_COLUMNS";
      const names = [
        "TAG_DATABASE",
        "TAG_SCHEMA",
        "TAG_NAME",
        "TAG_VALUE",
        "LEVEL",
        "OBJECT_DATABASE",
        "OBJECT_SCHEMA",
        "OBJECT_NAME",
        "DOMAIN",
        "COLUMN_NAME",
      ];
      return source(names, () =>
        [...table.tags]
          .filter(([, v]) => all || v.column === null)
          .map(([tag, v]) => {
            const parts = tag.split(".");
            const { database, name: schema } = table.schema;
            return [
              parts.at(-3) ?? database.name,
              parts.at(-2) ?? schema,
              parts.at(-1) ?? "",
              v.value,
              v.column === null ? "TABLE" : "COLUMN",
              database.name,
              schema,
              table.name,
              v.column === null ? "TABLE" : "COLUMN",
              v.column,
            ];
          }),
      );
    }
    default:
      return null;
  }
}
