import type { IoOptions } from "cutover/adapter";
import { read, type TableAnswer, tableShape } from "./answers.js";
import { BigQueryFault, fault } from "./errors.js";
import type { Link, RestCall } from "./link.js";

/** Project, dataset, table. */
export type TablePath = readonly [project: string, dataset: string, table: string];

/** A table's path with its three names. */
export function complete(path: readonly string[], what = "table"): TablePath {
  const [project, dataset, name] = path;
  if (path.length === 3 && project !== undefined && dataset !== undefined && name !== undefined) return [project, dataset, name];
  throw fault("syntax", `no full name of a ${what}: ${path.join(".")}`, "Name project, dataset and table.");
}

export function datasetOf(path: readonly string[]): readonly [project: string, dataset: string] {
  const [project, dataset] = path;
  if (path.length === 2 && project !== undefined && dataset !== undefined) return [project, dataset];
  throw fault("syntax", `no full name of a dataset: ${path.join(".")}`, "Name project and dataset.");
}

/** Where a table stands in the REST API. */
export const at = ([project, dataset, table]: TablePath): Pick<RestCall, "path" | "project"> => ({
  project,
  path: `/datasets/${encodeURIComponent(dataset)}/tables/${encodeURIComponent(table)}`,
});
export const referenceOf = ([projectId, datasetId, tableId]: TablePath) => ({ projectId, datasetId, tableId });

export const isMissing = (e: unknown): boolean => e instanceof BigQueryFault && e.status === 404;
export const isThere = (e: unknown): boolean => e instanceof BigQueryFault && (e.status === 409 || e.reason === "duplicate");

/** A table as the REST API has it; null: there is none, or no such dataset. */
export async function getTable(link: Link, path: TablePath, o: IoOptions): Promise<TableAnswer | null> {
  try {
    return read(tableShape, await link.rest({ method: "GET", ...at(path) }, o), "table");
  } catch (e) {
    if (isMissing(e)) return null;
    throw e;
  }
}

export async function hasDataset(link: Link, [project, dataset]: readonly [string, string], o: IoOptions): Promise<boolean> {
  const found = await link
    .rest({ method: "GET", project, path: `/datasets/${encodeURIComponent(dataset)}` }, o)
    .catch((e: unknown) => {
      if (isMissing(e)) return null;
      throw e;
    });
  return found !== null;
}

/** Changes with every write, and with changes of properties too. An etag changes by itself as well (its bytes are counted anew). */
export const versionOf = (t: TableAnswer): string => `${t.lastModifiedTime ?? ""}.${t.numRows ?? ""}`;
