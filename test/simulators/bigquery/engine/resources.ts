import { z } from "zod";
import { type Catalog, type Dataset, datasetKey } from "./catalog.js";
import { checkLabel } from "./ddl/options.js";
import { type DatasetName, type Resource, SimError } from "./types.js";

export const etagOf = (n: number): string => Buffer.from(`etag-${n}`).toString("base64");

export function checkEtag(wanted: string | null, now: number): void {
  if (wanted !== null && wanted.replaceAll('"', "") !== etagOf(now))
    throw new SimError("conditionNotMet", 412, "Precondition Failed");
}

export const datasetBody = z.looseObject({
  datasetReference: z.looseObject({ datasetId: z.string(), projectId: z.string().optional() }).optional(),
  location: z.string().optional(),
  labels: z.record(z.string(), z.string().nullable()).optional(),
});

/** A dataset in the catalog. */
export function insertDataset(catalog: Catalog, name: DatasetName, body: Resource): Dataset {
  const { location, labels } = datasetBody.parse(body);
  for (const [key, value] of Object.entries(labels ?? {})) checkLabel(key, value ?? "");
  if (!/^\w{1,1024}$/.test(name.datasetId))
    throw new SimError(
      "invalid",
      400,
      `Invalid dataset ID "${name.datasetId}". Dataset IDs must be alphanumeric (plus underscores) and must be at most 1024 characters long.`,
    );
  const created = catalog.tick();
  const made: Dataset = {
    name,
    tables: new Map(),
    droppedTables: [],
    resource: body,
    location:
      (location ?? catalog.location).length > 2
        ? (location ?? catalog.location).toLowerCase()
        : (location ?? catalog.location).toUpperCase(),
    created,
    modified: created,
    etag: ++catalog.ids,
  };
  catalog.datasets.set(datasetKey(name), made);
  return made;
}

/** What PATCH leaves of a map: null takes a key away. */
export function patchedMap(old: Readonly<Record<string, string>>, given: unknown): Record<string, string> {
  if (given === null) return {};
  const merged: Record<string, string | null> = { ...old, ...z.record(z.string(), z.string().nullable()).parse(given) };
  for (const [key, value] of Object.entries(merged)) checkLabel(key, value ?? "");
  return Object.fromEntries(Object.entries(merged).filter((e): e is [string, string] => e[1] !== null));
}
