import type * as DuckDB from "@duckdb/node-api";
import type { DuckDBInstance } from "@duckdb/node-api";

/** The driver's own instance. */
export type OwnInstance = DuckDBInstance;
/** Where the data is. */
export type Place =
  | { readonly kind: "memory"; readonly config: Readonly<Record<string, string>> }
  | { readonly kind: "file"; readonly path: string; readonly config: Readonly<Record<string, string>> }
  | { readonly kind: "given"; readonly instance: DuckDBInstance };

/** An instance for one session, and how the session lets go of it. */
export interface Hold {
  readonly driver: typeof DuckDB;
  readonly instance: DuckDBInstance;
  release(): void;
}

/**
 * Opens instances for the sessions of one warehouse. A file comes from the driver's cache, which counts its users: each
 * session's handle is closed with it, and the last one lets the file go. One in memory lives as long as the warehouse.
 */
export function instances(place: Place): () => Promise<Hold> {
  let memory: Promise<DuckDBInstance> | undefined;
  return async () => {
    const driver = await import("@duckdb/node-api");
    switch (place.kind) {
      case "given":
        return { driver, instance: place.instance, release: () => undefined };
      case "memory": {
        memory ??= driver.DuckDBInstance.create(":memory:", place.config).catch((e: unknown) => {
          memory = undefined;
          throw e;
        });
        return { driver, instance: await memory, release: () => undefined };
      }
      case "file": {
        const instance = await driver.DuckDBInstance.fromCache(place.path, place.config);
        return { driver, instance, release: () => instance.closeSync() };
      }
    }
  };
}
