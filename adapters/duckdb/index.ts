import { CutoverError, defineAdapter, type Warehouse } from "cutover/adapter";
import { capabilities } from "./capabilities.js";
import { cancelled, classify } from "./errors.js";
import { instances, type OwnInstance, type Place } from "./instance.js";
import { openSession } from "./session.js";
import { steps } from "./steps/index.js";
import { syntax } from "./syntax.js";

/** A `DuckDBInstance`, by what tells it: so that this package's types need no driver. */
export interface InstanceLike {
  /** Opens a connection. */
  connect(): Promise<unknown>;
  /** Never called. */
  closeSync(): void;
}

/** Where the warehouse is: a file, memory, or an instance that the application opened. */
export type DuckDBOptions = {
  /** The most connections that all pipelines on the warehouse use at once, beside one for heartbeats. Default 8. */
  readonly maxSessions?: number;
} & (
  | {
      /** The database file; `:memory:`, or nothing, for one that lives in memory as long as the warehouse value. */
      readonly path?: string;
      /** Settings of the engine, by their names in DuckDB: `{ memory_limit: "4GB", threads: "4" }`. */
      readonly config?: Readonly<Record<string, string>>;
      /** Opens the file for reading only: checks and diffs work, publishing is refused by the engine. */
      readonly readOnly?: boolean;
    }
  | {
      /** The application's own `DuckDBInstance` of `@duckdb/node-api`. It is used, and never closed. */
      readonly instance: InstanceLike;
    }
);

/**
 * A DuckDB warehouse. Nothing is opened yet. A file is opened when the first session needs it and released, for other
 * processes as well, when the last one closes.
 * @throws CutoverError `CONFIG` when an option is wrong.
 */
export function duckdb(options: DuckDBOptions = {}): Warehouse {
  const open = instances(placeOf(options));
  return defineAdapter({
    contract: 1,
    name: "duckdb",
    capabilities,
    maxSessions: options.maxSessions,
    syntax,
    steps,
    open: async (o) => {
      if (o.signal.aborted) throw cancelled("signal", o.signal.reason);
      return openSession(await open());
    },
    classify,
  });
}

function placeOf(options: DuckDBOptions): Place {
  if ("instance" in options) {
    const unexpected = Object.keys(options).filter((k) => k !== "instance" && k !== "maxSessions");
    refuse(unexpected.map((path) => ({ path, message: "cannot be given beside an instance, which has its own settings" })));
    const { instance } = options;
    if (isInstance(instance)) return { kind: "given", instance };
    throw configError([{ path: "instance", message: "is no DuckDBInstance of @duckdb/node-api" }]);
  }
  const { path = ":memory:", config = {}, readOnly = false } = options;
  const known = ["path", "config", "readOnly", "maxSessions"];
  const issues = Object.keys(options)
    .filter((k) => !known.includes(k))
    .map((k) => ({ path: k, message: `is no option; there are ${known.join(", ")} and instance` }));
  if (typeof path !== "string" || path === "") issues.push({ path: "path", message: 'must be a file name or ":memory:"' });
  if (typeof config !== "object" || config === null) issues.push({ path: "config", message: "must be an object of settings" });
  if (typeof readOnly !== "boolean") issues.push({ path: "readOnly", message: "must be true or false" });
  else if (readOnly && path === ":memory:") issues.push({ path: "readOnly", message: "has no sense for a database in memory" });
  refuse(issues);
  if (path === ":memory:") return { kind: "memory", config };
  return { kind: "file", path, config: readOnly ? { ...config, access_mode: "READ_ONLY" } : config };
}

const isInstance = (v: unknown): v is OwnInstance =>
  typeof v === "object" && v !== null && "connect" in v && typeof v.connect === "function";

function refuse(issues: readonly { readonly path: string; readonly message: string }[]): void {
  if (issues.length > 0) throw configError(issues);
}
function configError(issues: readonly { readonly path: string; readonly message: string }[]): CutoverError<"CONFIG"> {
  const [first] = issues;
  return new CutoverError("CONFIG", `duckdb: ${first?.path} ${first?.message}`, { issues });
}
