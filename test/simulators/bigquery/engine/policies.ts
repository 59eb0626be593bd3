import { z } from "zod";
import { type Catalog, datasetOf, findTable, nameText, notFoundTable, type RowPolicy, type Table, touch } from "./catalog.js";
import type { Privileges } from "./privileges.js";
import {
  type Caller,
  type IamPolicies,
  type Json,
  type ListPage,
  type PageRequest,
  type Resource,
  type RowAccessPolicies,
  SimError,
  type TableName,
} from "./types.js";

const tableOf = (catalog: Catalog, name: TableName): Table => {
  datasetOf(catalog, name);
  const found = findTable(catalog, name);
  if (!found) throw notFoundTable(name, catalog.location);
  return found;
};

const etagOf = (n: number): string => Buffer.from(`policy-${n}`).toString("base64");

const binding = z.object({
  role: z.string(),
  members: z.array(z.string()),
  condition: z.record(z.string(), z.string()).optional(),
});
const policy = z.object({ bindings: z.array(binding).default([]), etag: z.string().optional(), version: z.number().optional() });

/** IAM policies of tables (REST tables.getIamPolicy, setIamPolicy, testIamPermissions). */
export function iamPolicies(catalog: Catalog, privileges: Privileges): IamPolicies {
  const shown = (table: Table): Resource => ({
    version: table.policy.bindings.some((b) => typeof b === "object" && b !== null && "condition" in b) ? 3 : 1,
    etag: etagOf(table.policy.etag),
    ...(table.policy.bindings.length > 0 ? { bindings: table.policy.bindings } : {}),
  });
  return {
    get(name, by) {
      const table = tableOf(catalog, name);
      privileges.demand(by.user, "tables.getIamPolicy", name);
      return shown(table);
    },
    set(name, given, by) {
      const table = tableOf(catalog, name);
      privileges.demand(by.user, "tables.setIamPolicy", name);
      const read = policy.safeParse(given);
      if (!read.success) throw new SimError("invalid", 400, `Invalid policy: ${z.prettifyError(read.error)}`);
      if (read.data.etag !== undefined && read.data.etag !== etagOf(table.policy.etag))
        throw new SimError(
          "aborted",
          409,
          "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.",
        );
      const bindings: readonly Json[] = read.data.bindings.map(({ role, members, condition }) => ({
        role,
        members,
        ...(condition ? { condition } : {}),
      }));
      table.policy = { bindings, etag: table.policy.etag + 1 };
      return shown(table);
    },
    test: (name, permissions, by) => {
      tableOf(catalog, name);
      return permissions.filter((p) => privileges.may(by.user, p, name));
    },
  };
}

const rowPolicy = z.object({
  rowAccessPolicyReference: z.object({ policyId: z.string() }).optional(),
  filterPredicate: z.string(),
  grantees: z.array(z.string()).default([]),
});

/** Row access policies (REST rowAccessPolicies). */
export function rowAccessPolicies(catalog: Catalog, privileges: Privileges): RowAccessPolicies {
  const shown = (table: Table, p: RowPolicy): Resource => ({
    etag: etagOf(Number(p.modified % 1_000_000_000n)),
    rowAccessPolicyReference: { ...table.name, policyId: p.id },
    filterPredicate: p.filter,
    creationTime: new Date(Number(p.created / 1000n)).toISOString(),
    lastModifiedTime: new Date(Number(p.modified / 1000n)).toISOString(),
  });
  const found = (name: TableName, id: string, by: Caller, permission: string): { table: Table; row: RowPolicy } => {
    const table = tableOf(catalog, name);
    privileges.demand(by.user, permission, name);
    const row = table.rowPolicies.find((p) => p.id === id);
    if (!row) throw new SimError("notFound", 404, `Not found: Row access policy ${nameText(name)}.${id}`);
    return { table, row };
  };
  const read = (body: Resource) => {
    const parsed = rowPolicy.safeParse(body);
    if (!parsed.success) throw new SimError("invalid", 400, `Invalid row access policy: ${z.prettifyError(parsed.error)}`);
    return parsed.data;
  };
  return {
    list(name, page, by) {
      const table = tableOf(catalog, name);
      privileges.demand(by.user, "rowAccessPolicies.list", name);
      return paged(
        table.rowPolicies.map((p) => shown(table, p)),
        page,
      );
    },
    get(name, id, by) {
      const { table, row } = found(name, id, by, "rowAccessPolicies.list");
      return shown(table, row);
    },
    insert(name, body, by) {
      const table = tableOf(catalog, name);
      privileges.demand(by.user, "rowAccessPolicies.create", name);
      const given = read(body);
      const id = given.rowAccessPolicyReference?.policyId ?? "";
      if (!/^[A-Za-z][A-Za-z0-9_-]{0,254}$/.test(id)) throw new SimError("invalid", 400, `Invalid row access policy ID "${id}"`);
      if (table.rowPolicies.some((p) => p.id === id))
        throw new SimError("duplicate", 409, `Already Exists: Row access policy ${nameText(name)}.${id}`);
      const at = catalog.tick();
      const made: RowPolicy = { id, grantees: given.grantees, filter: given.filterPredicate, created: at, modified: at };
      table.rowPolicies.push(made);
      touch(catalog, table);
      return shown(table, made);
    },
    update(name, id, body, by) {
      const { table, row } = found(name, id, by, "rowAccessPolicies.update");
      const given = read(body);
      Object.assign(row, { filter: given.filterPredicate, grantees: given.grantees, modified: catalog.tick() });
      touch(catalog, table);
      return shown(table, row);
    },
    delete(name, id, force, by) {
      const { table, row } = found(name, id, by, "rowAccessPolicies.delete");
      if (table.rowPolicies.length === 1 && !force)
        throw new SimError(
          "invalid",
          400,
          `Row access policy ${id} is the last one of ${nameText(name)}; force is needed to delete it`,
        );
      table.rowPolicies = table.rowPolicies.filter((p) => p !== row);
      touch(catalog, table);
    },
  };
}

export function paged<T>(all: readonly T[], page: PageRequest): ListPage<T> {
  const from = page.pageToken === undefined ? 0 : Number.parseInt(page.pageToken, 36);
  const until = Math.min(all.length, from + (page.maxResults ?? 1_000));
  return { items: all.slice(from, until), nextPageToken: until < all.length ? until.toString(36) : null, total: all.length };
}
