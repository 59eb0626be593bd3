import { z } from "zod";
import {
  type Catalog,
  type Dataset,
  datasetKey,
  datasetOf,
  dropTable,
  findTable,
  notFoundDataset,
  notFoundTable,
  type Table,
} from "./catalog.js";
import { paged } from "./policies.js";
import type { Privileges } from "./privileges.js";
import { checkEtag, datasetBody, etagOf, insertDataset, patchedMap } from "./resources.js";
import { tableResource } from "./tables-resource.js";
import { insertTable, patchTable, type Surroundings } from "./tables-write.js";
import { type DatasetName, type Datasets, type Json, type Resource, SimError, type TableName, type Tables } from "./types.js";
import type { ViewColumns } from "./views.js";

type Demand = Privileges["demand"];

const viewBody = z.looseObject({ view: z.looseObject({ query: z.string() }) });
const queryIn = (body: Resource): string | null => viewBody.safeParse(body).data?.view.query ?? null;

const ms = (micros: bigint): string => String(micros / 1000n);

function datasetResource(d: Dataset): Resource {
  return {
    kind: "bigquery#dataset",
    etag: etagOf(d.etag),
    id: `${d.name.projectId}:${d.name.datasetId}`,
    selfLink: `https://bigquery.googleapis.com/bigquery/v2/projects/${d.name.projectId}/datasets/${d.name.datasetId}`,
    ...d.resource,
    datasetReference: { ...d.name },
    location: d.location,
    creationTime: ms(d.created),
    lastModifiedTime: ms(d.modified),
    type: "DEFAULT",
  };
}

export function datasets(core: { readonly catalog: Catalog }, demand: Demand): Datasets {
  const { catalog } = core;
  const change = (name: DatasetName, body: Resource, etag: string | null, user: string, whole: boolean): Resource => {
    const d = datasetOf(catalog, name);
    demand(user, "bigquery.datasets.update", name);
    checkEtag(etag, d.etag);
    const { labels, location, ...rest } = body;
    if (location !== undefined && location !== d.location)
      throw new SimError("invalid", 400, "Dataset location cannot be changed");
    const old = z.record(z.string(), z.string()).catch({}).parse(d.resource["labels"]);
    const kept: Record<string, Json | undefined> = whole ? {} : { ...d.resource };
    for (const [key, value] of Object.entries(rest)) {
      if (value === null) delete kept[key];
      else kept[key] = value;
    }
    if (labels !== undefined) kept["labels"] = patchedMap(whole ? {} : old, labels);
    d.resource = kept;
    d.modified = catalog.tick();
    d.etag = ++catalog.ids;
    return datasetResource(d);
  };
  return {
    get(name, by) {
      const d = datasetOf(catalog, name);
      demand(by.user, "bigquery.datasets.get", name);
      return datasetResource(d);
    },
    insert(project, body, by) {
      const { datasetReference } = datasetBody.parse(body);
      const name = { projectId: project, datasetId: datasetReference?.datasetId ?? "" };
      demand(by.user, "bigquery.datasets.create", { projectId: project });
      if (catalog.datasets.has(datasetKey(name)))
        throw new SimError("duplicate", 409, `Already Exists: Dataset ${project}:${name.datasetId}`);
      return datasetResource(insertDataset(catalog, name, body));
    },
    patch: (name, body, etag, by) => change(name, body, etag, by.user, false),
    update: (name, body, etag, by) => change(name, body, etag, by.user, true),
    delete(name, deleteContents, by) {
      const d = datasetOf(catalog, name);
      demand(by.user, "bigquery.datasets.delete", name);
      if (d.tables.size > 0 && !deleteContents)
        throw new SimError("resourceInUse", 400, `Dataset ${name.projectId}:${name.datasetId} is still in use`);
      for (const table of [...d.tables.values()]) dropTable(catalog, table);
      catalog.datasets.delete(datasetKey(name));
    },
    list(project, page, by) {
      demand(by.user, "bigquery.datasets.get", { projectId: project });
      const all = [...catalog.datasets.values()].filter((d) => d.name.projectId === project);
      return paged(
        all.map((d) => {
          const { kind: _, datasetReference, location, id, labels, friendlyName } = datasetResource(d);
          return {
            kind: "bigquery#dataset",
            id,
            datasetReference,
            location,
            ...(labels ? { labels } : {}),
            ...(friendlyName ? { friendlyName } : {}),
          };
        }),
        page,
      );
    },
  };
}

export function tables(core: Surroundings, demand: Demand, columnsOf: ViewColumns): Tables {
  const { catalog } = core;
  const found = (name: TableName): Table => {
    // Decorators are ignored where metadata are asked for.
    const plain = { ...name, tableId: name.tableId.replace(/[$@].*$/s, "") };
    if (!catalog.datasets.has(datasetKey(name))) throw notFoundDataset(name, null);
    const table = findTable(catalog, plain);
    if (!table) throw new SimError("notFound", 404, notFoundTable(plain, "").message.replace(/ was not found.*/, ""));
    return table;
  };
  const change = async (
    name: TableName,
    body: Resource,
    etag: string | null,
    user: string,
    whole: boolean,
  ): Promise<Resource> => {
    const table = found(name);
    demand(user, "bigquery.tables.update", table.name);
    demand(user, "bigquery.tables.get", table.name);
    const query = queryIn(body);
    const columns = query === null ? null : await columnsOf(query, user);
    checkEtag(etag, table.etag);
    core.quotas.metadata(`${name.projectId}.${name.datasetId}.${name.tableId}`);
    await patchTable(core, table, body, whole, user, demand, columns);
    return tableResource(catalog, table);
  };
  return {
    get(name, _view, by) {
      const table = found(name);
      demand(by.user, "bigquery.tables.get", table.name);
      return tableResource(catalog, table);
    },
    async insert(dataset, body, by) {
      datasetOf(catalog, dataset);
      demand(by.user, "bigquery.tables.create", dataset);
      const query = queryIn(body);
      const columns = query === null ? null : await columnsOf(query, by.user);
      return tableResource(catalog, await insertTable(core, dataset, body, by.user, columns));
    },
    patch: (name, body, etag, by) => change(name, body, etag, by.user, false),
    update: (name, body, etag, by) => change(name, body, etag, by.user, true),
    delete(name, by) {
      const table = found(name);
      demand(by.user, "bigquery.tables.delete", table.name);
      dropTable(catalog, table);
    },
    list(dataset, page, by) {
      const d = datasetOf(catalog, dataset);
      demand(by.user, "bigquery.tables.list", dataset);
      const names = [...d.tables.keys()].sort();
      const all = names.flatMap((tableId) => findTable(catalog, { ...dataset, tableId }) ?? []);
      return paged(
        all.map((t) => {
          const {
            id,
            tableReference,
            type,
            labels,
            friendlyName,
            creationTime,
            expirationTime,
            timePartitioning,
            rangePartitioning,
            clustering,
          } = tableResource(catalog, t);
          const more = { labels, friendlyName, expirationTime, timePartitioning, rangePartitioning, clustering };
          return {
            kind: "bigquery#table",
            id,
            tableReference,
            type,
            creationTime,
            ...Object.fromEntries(Object.entries(more).filter((e) => e[1] !== undefined)),
          };
        }),
        page,
      );
    },
  };
}
