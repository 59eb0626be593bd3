/** The service's names of column types, as its JSON results carry them (snowflake-sdk dist/lib/connection/result/data_types.js). */
export type SimType =
  | "FIXED"
  | "REAL"
  | "TEXT"
  | "BOOLEAN"
  | "DATE"
  | "TIME"
  | "TIMESTAMP_NTZ"
  | "TIMESTAMP_LTZ"
  | "TIMESTAMP_TZ"
  | "BINARY"
  | "VARIANT"
  | "OBJECT"
  | "ARRAY";

export interface SimColumn {
  readonly name: string;
  readonly type: SimType;
  readonly nullable: boolean;
  readonly precision?: number;
  readonly scale?: number;
  readonly length?: number;
}

/**
 * Values in the service's wire form for JSON results: text or null. FIXED: decimal text; DATE: days since 1970; TIME: seconds with
 * `scale` digits; TIMESTAMP_NTZ/LTZ: epoch seconds with `scale` digits; TIMESTAMP_TZ: "seconds offset+1440"; BINARY: upper hex;
 * BOOLEAN: "1" or "0"; VARIANT, OBJECT, ARRAY: JSON text; REAL: text, with NaN, inf and -inf.
 */
export type SimRow = readonly (string | null)[];

export interface SimResult {
  readonly columns: readonly SimColumn[];
  readonly rows: readonly SimRow[] | AsyncIterable<readonly SimRow[]>;
  readonly statementTypeId: number;
  /** Rows changed, for DML. */
  readonly affected?: number;
  /** Session parameters that the statement changed. */
  readonly parameters?: Readonly<Record<string, string | number | boolean>>;
  readonly finalDatabase?: string;
  readonly finalSchema?: string;
  readonly finalRole?: string;
  readonly finalWarehouse?: string;
  /** How many binds the statement has, for describeOnly. */
  readonly binds?: number;
}

/** A bind as the driver sends it: `value` is a list for an array bind. */
export interface SimBind {
  readonly type: string;
  readonly value: string | null | readonly (string | null)[];
}

/** What the service answers when it refuses: a six-digit code and a SQL state. */
export class SimError extends Error {
  readonly code: string;
  readonly sqlState: string;
  readonly data?: Record<string, unknown>;

  constructor(code: string, sqlState: string, message: string, data?: Record<string, unknown>) {
    super(message);
    this.name = "SimError";
    this.code = code;
    this.sqlState = sqlState;
    if (data) this.data = data;
  }
}

export interface SimSession {
  readonly id: number;
  readonly user: string;
  /** Names as they are now; null where none is current. */
  readonly current: {
    readonly role: string | null;
    readonly database: string | null;
    readonly schema: string | null;
    readonly warehouse: string | null;
  };
  readonly parameters: ReadonlyMap<string, string | number | boolean>;
  execute(sql: string, binds: Readonly<Record<string, SimBind>> | undefined, o: SimExecute): Promise<SimResult>;
  /** The open transaction is rolled back, its locks end, temporary tables go. */
  close(): Promise<void>;
}

export interface SimExecute {
  readonly queryId: string;
  readonly signal: AbortSignal;
  readonly describeOnly?: boolean;
  /** Parameters of this statement alone, as the driver sends them beside the text (QUERY_TAG …). */
  readonly parameters?: Readonly<Record<string, string | number | boolean>>;
}

export interface PutTarget {
  readonly command: "UPLOAD" | "DOWNLOAD";
  /** Directory on disk that stands for the stage path. */
  readonly directory: string;
  readonly overwrite: boolean;
  readonly compress: boolean;
  /** PUT: the local pattern from the statement. GET: the local directory. */
  readonly files: string;
  /** GET: paths of the stage's files, relative to `directory`. */
  readonly stageFiles?: readonly string[];
  readonly sourceCompression: string;
  readonly parallel: number;
}

export interface SimUser {
  readonly name: string;
  readonly password?: string;
  /** Roles granted to the user; the first is the default role. PUBLIC is always granted. */
  readonly roles?: readonly string[];
  readonly defaultWarehouse?: string;
  readonly defaultNamespace?: string;
}

export interface SimConnect {
  readonly user: string;
  readonly role: string | null;
  readonly database: string | null;
  readonly schema: string | null;
  readonly warehouse: string | null;
}

export interface SimEngine {
  /** Names that do not exist leave nothing current; a role that the user does not have is refused with 390189. */
  connect(o: SimConnect): Promise<SimSession>;
  /** Where the files of a PUT or GET statement go; null: not such a statement. */
  put(sql: string, session: SimSession): Promise<PutTarget | null>;
  /** Storage accounting: bytes in distinct physical versions, number of versions, … */
  stats(): Record<string, number>;
  close(): Promise<void>;
}

export interface SimEngineOptions {
  readonly account: string;
  readonly users: readonly SimUser[];
  /** Databases to create, each with the schema PUBLIC. Default: ["DB"]. */
  readonly databases?: readonly string[];
  /** Default: ["WH"]. */
  readonly warehouses?: readonly string[];
  /** Roles beside SYSADMIN, ACCOUNTADMIN, SECURITYADMIN, USERADMIN and PUBLIC; each granted to SYSADMIN. */
  readonly roles?: readonly string[];
  /** The service's clock; default: Date.now. Milliseconds. */
  readonly now?: () => number;
}
