/** What the HTTP half and the SQL half of the simulator know of each other. Resources are in the REST API's own form. */
export interface DatasetName {
  readonly projectId: string;
  readonly datasetId: string;
}

export interface TableName extends DatasetName {
  /** May bear a partition decorator (`t$20240101`) or a time (`t@-3600000`, `t@1700000000000`) where the API allows it. */
  readonly tableId: string;
}

/** A resource of the REST API: parsed JSON, whatever the caller sent or the engine answers. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };
export type Resource = { readonly [key: string]: Json | undefined };

/** TableFieldSchema; `type` is one of the legacy names (INTEGER, FLOAT, BOOLEAN, RECORD) where there is one, as the API answers. */
export interface SimField {
  readonly name: string;
  readonly type: string;
  readonly mode?: "NULLABLE" | "REQUIRED" | "REPEATED";
  readonly fields?: readonly SimField[];
  readonly description?: string;
  readonly maxLength?: string;
  readonly precision?: string;
  readonly scale?: string;
  readonly defaultValueExpression?: string;
  readonly policyTags?: { readonly names: readonly string[] };
  readonly rangeElementType?: { readonly type: string };
}

/**
 * A cell in the wire form of tabledata.list: text or null; a repeated one is a list of `{ v }`, a record `{ f: [{ v }, …] }`.
 * TIMESTAMP: int64 microseconds as text; DATE, TIME, DATETIME: ISO text; BYTES: base64; FLOAT64 with NaN, Infinity, -Infinity.
 */
export type SimCell = string | null | readonly { readonly v: SimCell }[] | { readonly f: readonly { readonly v: SimCell }[] };

export interface DmlStats {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** What one statement came to. */
export interface SimResult {
  /** null: a statement without rows (DML, DDL). */
  readonly schema: readonly SimField[] | null;
  readonly rows: readonly (readonly SimCell[])[];
  /** SELECT, INSERT, UPDATE, DELETE, MERGE, TRUNCATE_TABLE, CREATE_TABLE, CREATE_TABLE_AS_SELECT, SCRIPT … */
  readonly statementType: string;
  /** Rows changed, for DML. */
  readonly affected: number | null;
  readonly dmlStats?: DmlStats;
  readonly bytesProcessed: number;
  /** Distinct tables that were read, for the minimum that is billed. */
  readonly tables?: readonly TableName[];
  /** Of a script, in order. */
  readonly children?: readonly ChildResult[];
  readonly ddlTargetTable?: TableName;
  readonly ddlOperation?: string;
  /** Where the rows are kept as a table, if the job named one or the statement made one. */
  readonly destination?: TableName;
  readonly totalBytesProcessedAccuracy?: "PRECISE" | "LOWER_BOUND" | "UPPER_BOUND" | "UNKNOWN";
  /** Parameters that the statement has without a value being given, in a dry run. */
  readonly undeclared?: readonly SimParameter[];
}

export interface ChildResult {
  readonly sql: string;
  readonly statementType: string;
  readonly result: SimResult | null;
  readonly error: SimError | null;
  /** Position of the statement in the script, from 1. */
  readonly line: number;
  readonly column: number;
  readonly evaluationKind: "STATEMENT" | "EXPRESSION";
}

/** A refusal as the service tells it. */
export class SimError extends Error {
  /** invalidQuery, invalid, notFound, accessDenied, duplicate, quotaExceeded, rateLimitExceeded, responseTooLarge, stopped … */
  readonly reason: string;
  /** HTTP status when it answers a request directly. */
  readonly status: number;
  readonly location?: string;
  /** Statements of a script that had run when it failed. */
  children?: readonly ChildResult[];

  constructor(reason: string, status: number, message: string, location?: string) {
    super(message);
    this.name = "SimError";
    this.reason = reason;
    this.status = status;
    if (location !== undefined) this.location = location;
  }
}

/** QueryParameterType and QueryParameterValue of the API. */
export interface SimParameterType {
  readonly type: string;
  readonly arrayType?: SimParameterType;
  readonly structTypes?: readonly { readonly name?: string; readonly type: SimParameterType }[];
}

export interface SimParameterValue {
  readonly value?: string | null;
  readonly arrayValues?: readonly SimParameterValue[];
  readonly structValues?: Readonly<Record<string, SimParameterValue>>;
}

export interface SimParameter {
  readonly name?: string;
  readonly parameterType: SimParameterType;
  readonly parameterValue: SimParameterValue;
}

export interface QueryRequest {
  readonly sql: string;
  readonly parameters: readonly SimParameter[];
  readonly parameterMode: "POSITIONAL" | "NAMED" | "NONE";
  readonly project: string;
  readonly defaultDataset: DatasetName | null;
  readonly location: string;
  readonly user: string;
  readonly jobId: string;
  readonly dryRun: boolean;
  readonly maximumBytesBilled: number | null;
  readonly statementByteBudget: number | null;
  /** `scriptOptions.keyResultStatement`; default LAST. */
  readonly keyResultStatement?: "LAST" | "FIRST_SELECT";
  readonly signal: AbortSignal;
  readonly destination?: TableName;
  readonly writeDisposition?: string;
  readonly createDisposition?: string;
  /** External tables of this query alone: ExternalDataConfiguration, and its files on disk. Dry runs only. */
  readonly tableDefinitions?: Readonly<Record<string, { readonly files: readonly string[]; readonly configuration: Resource }>>;
}

export interface LoadRequest {
  /** On disk; may be compressed with gzip. */
  readonly files: readonly string[];
  /** configuration.load */
  readonly configuration: Resource;
  readonly user: string;
  readonly jobId: string;
  readonly signal: AbortSignal;
}

export interface LoadResult {
  readonly outputRows: number;
  readonly outputBytes: number;
  readonly badRecords: number;
}

export interface CopyRequest {
  /** configuration.copy */
  readonly configuration: Resource;
  readonly user: string;
  readonly jobId: string;
  readonly signal: AbortSignal;
}

export interface CopyResult {
  readonly copiedRows: number;
  readonly copiedLogicalBytes: number;
}

/** Who asks, for the checks of permissions. */
export interface Caller {
  readonly user: string;
}

export interface ListPage<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string | null;
  readonly total: number;
}

export interface PageRequest {
  readonly maxResults?: number;
  readonly pageToken?: string;
}

export interface Datasets {
  get(name: DatasetName, by: Caller): Resource;
  insert(project: string, body: Resource, by: Caller): Resource;
  /** `etag`: If-Match; conditionNotMet if it is another. */
  patch(name: DatasetName, body: Resource, etag: string | null, by: Caller): Resource;
  update(name: DatasetName, body: Resource, etag: string | null, by: Caller): Resource;
  delete(name: DatasetName, deleteContents: boolean, by: Caller): void;
  list(project: string, page: PageRequest, by: Caller): ListPage<Resource>;
}

export interface Tables {
  get(name: TableName, view: string | null, by: Caller): Resource;
  insert(dataset: DatasetName, body: Resource, by: Caller): Promise<Resource>;
  patch(name: TableName, body: Resource, etag: string | null, by: Caller): Promise<Resource>;
  update(name: TableName, body: Resource, etag: string | null, by: Caller): Promise<Resource>;
  delete(name: TableName, by: Caller): void;
  list(dataset: DatasetName, page: PageRequest, by: Caller): ListPage<Resource>;
}

export interface IamPolicies {
  get(name: TableName, by: Caller): Resource;
  set(name: TableName, policy: Resource, by: Caller): Resource;
  /** Those of the permissions that the caller has. */
  test(name: TableName, permissions: readonly string[], by: Caller): readonly string[];
}

export interface RowAccessPolicies {
  list(name: TableName, page: PageRequest, by: Caller): ListPage<Resource>;
  get(name: TableName, policyId: string, by: Caller): Resource;
  insert(name: TableName, body: Resource, by: Caller): Resource;
  update(name: TableName, policyId: string, body: Resource, by: Caller): Resource;
  delete(name: TableName, policyId: string, force: boolean, by: Caller): void;
}

export interface RowsRequest extends PageRequest {
  readonly startIndex?: number;
  /** Names of top-level columns; null: all. */
  readonly selectedFields?: readonly string[] | null;
}

export interface RowsPage {
  readonly schema: readonly SimField[];
  readonly rows: readonly (readonly SimCell[])[];
  readonly totalRows: number;
  readonly nextPageToken: string | null;
}

export interface SimEngine {
  /** A statement or a script. */
  query(q: QueryRequest): Promise<SimResult>;
  load(l: LoadRequest): Promise<LoadResult>;
  copy(c: CopyRequest): Promise<CopyResult>;
  readonly datasets: Datasets;
  readonly tables: Tables;
  readonly iam: IamPolicies;
  readonly rowAccessPolicies: RowAccessPolicies;
  /** tabledata.list */
  rows(name: TableName, page: RowsRequest, by: Caller): Promise<RowsPage>;
  /** tabledata.insertAll: rows that stay in the streaming buffer. */
  stream(name: TableName, rows: readonly Resource[], by: Caller): Promise<void>;
  /** Gives a user a role or permission on a project (default), dataset or table. Without any call everyone may do everything. */
  grant(user: string, permission: string, on?: Partial<TableName>): void;
  revoke(user: string, permission: string, on?: Partial<TableName>): void;
  /** Refuses with accessDenied unless the user has it. */
  demand(user: string, permission: string, on: Partial<TableName>): void;
  /** Physical bytes, versions, clones … */
  stats(): Record<string, number>;
  /** Microseconds since 1970 by the engine's own clock. */
  now(): bigint;
  /** Puts the clock forward: expiration, time travel, quotas by time. */
  advance(milliseconds: number): void;
  /** Quotas for tests: name to limit (engine/quota.ts); null: the documented one again. */
  limit(name: string, value: number | null): void;
  close(): Promise<void>;
}

export interface SimEngineOptions {
  readonly project: string;
  /** Default "US". */
  readonly location?: string;
  /** Datasets to create. */
  readonly datasets?: readonly string[];
  /** The service's clock, milliseconds; default Date.now. */
  readonly now?: () => number;
}
