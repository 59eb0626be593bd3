import type { DataType } from "./datatype.js";
import type { Physical } from "./store.js";

/** The objects of an account. Everything that follows an object when it is renamed or swapped hangs on it: grants, comment, tags … */
export interface Column {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
  /** As SQL of the service. */
  readonly default: string | null;
  readonly identity: { readonly start: number; readonly step: number; readonly sequence: string } | null;
  readonly comment: string | null;
  /** A virtual column's expression. */
  readonly virtual: string | null;
}

/** What a commit left: the table's rows are those of its parts, which nobody changes any more. */
export interface Version {
  readonly parts: readonly Physical[];
  readonly columns: readonly Column[];
  /** Microseconds since 1970; every commit has its own. */
  readonly at: number;
  readonly queryIds: readonly string[];
  /** Parts that came on top of the version before; null where rows were changed otherwise. */
  readonly appended: readonly Physical[] | null;
}

export interface Grant {
  readonly privilege: string;
  readonly role: string;
  readonly by: string;
  readonly option: boolean;
  readonly at: number;
}

export type TableKind = "PERMANENT" | "TRANSIENT" | "TEMPORARY" | "EXTERNAL" | "ICEBERG" | "DYNAMIC" | "HYBRID" | "EVENT";

export interface Constraint {
  readonly name: string;
  readonly kind: "PRIMARY KEY" | "UNIQUE" | "FOREIGN KEY";
  readonly columns: readonly string[];
}

interface Owned {
  readonly id: number;
  name: string;
  owner: string;
  grants: Grant[];
  comment: string | null;
  created: number;
}

export interface Table extends Owned {
  readonly type: "TABLE";
  kind: TableKind;
  schema: Schema;
  versions: Version[];
  /** Days; null: the schema's, database's or account's. */
  retention: number | null;
  clusterBy: string | null;
  constraints: Constraint[];
  /** COPY INTO's load metadata: file to its digest. Not cloned (docs "Cloning considerations"). */
  loads: Map<string, { etag: string; status: string; at: number }>;
  policies: { policy: string; kind: string; column: string | null; columns: readonly string[] }[];
  tags: Map<string, { value: string; column: string | null }>;
  changeTracking: boolean;
  schemaEvolution: boolean;
  /** Session of a temporary table. */
  session: number | null;
  dropped: number | null;
  clonedFrom: number | null;
  altered: number;
}

export interface View extends Owned {
  readonly type: "VIEW";
  schema: Schema;
  text: string;
  query: string;
  secure: boolean;
  materialized: boolean;
  columns: { readonly name: string; readonly type: DataType; readonly nullable: boolean; readonly comment: string | null }[];
  altered: number;
}

export interface Stream extends Owned {
  readonly type: "STREAM";
  schema: Schema;
  table: Table;
  appendOnly: boolean;
  /** Version of the table that it has read to. */
  offset: Version;
  stale: boolean;
}

export interface Stage extends Owned {
  readonly type: "STAGE";
  schema: Schema;
  format: ReadonlyMap<string, string>;
  directory: string;
  /** Session of a temporary stage. */
  session: number | null;
}

export interface Sequence extends Owned {
  readonly type: "SEQUENCE";
  schema: Schema;
  physical: string;
}

/** Named objects of which only the existence matters here. */
export interface Named extends Owned {
  readonly type: "FILE FORMAT" | "ROW ACCESS POLICY" | "MASKING POLICY" | "TAG";
  schema: Schema;
  format: ReadonlyMap<string, string>;
  session: number | null;
}

export interface Schema extends Owned {
  readonly type: "SCHEMA";
  database: Database;
  transient: boolean;
  retention: number | null;
  relations: Map<string, Table | View>;
  streams: Map<string, Stream>;
  stages: Map<string, Stage>;
  sequences: Map<string, Sequence>;
  named: Map<string, Named>;
  /** Latest last. */
  droppedTables: Table[];
  future: (Grant & { readonly on: string })[];
  dropped: number | null;
}

export interface Database extends Owned {
  readonly type: "DATABASE";
  transient: boolean;
  retention: number | null;
  schemas: Map<string, Schema>;
  droppedSchemas: Schema[];
  future: (Grant & { readonly on: string })[];
  dropped: number | null;
}

export interface Warehouse extends Owned {
  readonly type: "WAREHOUSE";
}

export interface Role {
  readonly name: string;
  /** Roles that this one is granted to, and so inherit from it. */
  readonly grantedTo: Set<string>;
  readonly users: Set<string>;
  owner: string;
  comment: string | null;
  created: number;
}

export type Securable = Table | View | Stream | Stage | Sequence | Named | Schema | Database | Warehouse;

export interface Catalog {
  readonly account: string;
  readonly databases: Map<string, Database>;
  readonly droppedDatabases: Database[];
  readonly warehouses: Map<string, Warehouse>;
  readonly roles: Map<string, Role>;
  ids: number;
}

export const latest = (table: Table): Version => table.versions.at(-1) as Version;

/** Days of time travel of a table; transient and temporary ones have one at most (docs "Understanding & using Time Travel"). */
export function retentionOf(table: Table): number {
  const days = table.retention ?? table.schema.retention ?? table.schema.database.retention ?? 1;
  return table.kind === "PERMANENT" ? days : Math.min(days, 1);
}

export function newSchema(
  catalog: Catalog,
  database: Database,
  name: string,
  owner: string,
  now: number,
  transient = false,
): Schema {
  return {
    type: "SCHEMA",
    id: ++catalog.ids,
    name,
    database,
    owner,
    grants: [],
    comment: null,
    created: now,
    transient,
    retention: null,
    relations: new Map(),
    streams: new Map(),
    stages: new Map(),
    sequences: new Map(),
    named: new Map(),
    droppedTables: [],
    future: [],
    dropped: null,
  };
}

/** A database with its schema PUBLIC (docs "CREATE DATABASE"). */
export function newDatabase(catalog: Catalog, name: string, owner: string, now: number, transient = false): Database {
  const database: Database = {
    type: "DATABASE",
    id: ++catalog.ids,
    name,
    owner,
    grants: [],
    comment: null,
    created: now,
    transient,
    retention: null,
    schemas: new Map(),
    droppedSchemas: [],
    future: [],
    dropped: null,
  };
  const schema = newSchema(catalog, database, "PUBLIC", owner, now, transient);
  database.schemas.set(schema.name, schema);
  return database;
}
