import type { DuckDBInstance } from "@duckdb/node-api";
import { CutoverError, defineAdapter, type Warehouse } from "cutover/adapter";
import { capabilities } from "./capabilities.js";
import { cancelled, classify } from "./errors.js";
import { instances, type Place } from "./instance.js";
import { openSession } from "./session.js";
import { steps } from "./steps/index.js";
import { syntax } from "./syntax.js";

/** Where the warehouse is: a file, memory, or an instance that the application opened. */
export type DuckDBOptions =
  | {
      /** The database file; `:memory:`, or nothing, for one that lives in memory as long as the warehouse value. */
      readonly path?: string;
      /** Settings of the engine, by their names in DuckDB: `{ memory_limit: "4GB", threads: "4" }`. */
      readonly config?: Readonly<Record<string, string>>;
      /** Opens the file for reading only: checks and diffs work, publishing is refused by the engine. */
      readonly readOnly?: boolean;
    }
  | {
      /** The application's own instance. It is used, and never closed. */
      readonly instance: DuckDBInstance;
    };

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
    const unexpected = Object.keys(options).filter((k) => k !== "instance");
    refuse(unexpected.map((path) => ({ path, message: "cannot be given beside an instance, which has its own settings" })));
    const { instance } = options;
    const usable = typeof instance === "object" && instance !== null && typeof instance.connect === "function";
    refuse(usable ? [] : [{ path: "instance", message: "is no DuckDBInstance of @duckdb/node-api" }]);
    return { kind: "given", instance };
  }
  const { path = ":memory:", config = {}, readOnly = false } = options;
  const known = ["path", "config", "readOnly"];
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

function refuse(issues: readonly { readonly path: string; readonly message: string }[]): void {
  if (issues.length === 0) return;
  const [first] = issues;
  throw new CutoverError("CONFIG", `duckdb: ${first?.path} ${first?.message}`, { issues });
}
