import { nameText } from "./catalog.js";
import type { Scan } from "./env.js";
import { SimError, type TableName } from "./types.js";

/**
 * Who may do what. Sources: docs "BigQuery IAM roles and permissions"; messages: docs "Troubleshoot IAM permissions" and users' issues.
 * A user of whom nothing was said may do everything; one who was granted something has that only; a revoked permission is gone from either.
 */
export interface Privileges {
  grant(user: string, permission: string, on?: Partial<TableName>): void;
  revoke(user: string, permission: string, on?: Partial<TableName>): void;
  may(user: string, permission: string, on: Partial<TableName>): boolean;
  /** @throws SimError accessDenied */
  demand(user: string, permission: string, on: Partial<TableName>): void;
}

export const fineGrained = "datacatalog.categories.fineGrainedGet";
const viewer = ["datasets.get", "tables.get", "tables.getData", "tables.list", "tables.getIamPolicy", "tables.createSnapshot"];
const editor = [
  ...viewer,
  "datasets.create",
  "tables.create",
  "tables.update",
  "tables.updateData",
  "tables.delete",
  "tables.restoreSnapshot",
];
const owner = [
  ...editor,
  "datasets.update",
  "datasets.delete",
  "tables.setIamPolicy",
  "tables.setCategory",
  "rowAccessPolicies.create",
  "rowAccessPolicies.delete",
  "rowAccessPolicies.list",
  "rowAccessPolicies.update",
  "rowAccessPolicies.getIamPolicy",
  "rowAccessPolicies.setIamPolicy",
];
const roles: Readonly<Record<string, readonly string[]>> = {
  "roles/bigquery.dataViewer": viewer,
  "roles/bigquery.dataEditor": editor,
  "roles/bigquery.dataOwner": owner,
  "roles/bigquery.jobUser": ["jobs.create"],
  "roles/bigquery.user": ["jobs.create", "jobs.list", "datasets.create", "datasets.get", "tables.list"],
  "roles/bigquery.metadataViewer": ["datasets.get", "tables.get", "tables.list"],
  "roles/bigquery.filteredDataViewer": ["rowAccessPolicies.getFilteredData"],
  "roles/bigquery.admin": [
    ...owner,
    "jobs.create",
    "jobs.list",
    "jobs.get",
    "jobs.update",
    "rowAccessPolicies.overrideTimeTravelRestrictions",
  ],
  "roles/datacatalog.categoryFineGrainedReader": [fineGrained],
};

const full = (permission: string): string =>
  permission.startsWith("bigquery.") || permission.startsWith("datacatalog.") ? permission : `bigquery.${permission}`;

const expand = (permission: string): readonly string[] => {
  const role = roles[permission];
  if (permission.startsWith("roles/") && !role) throw new Error(`no role named ${permission}`);
  return (role ?? [permission]).map(full);
};

interface Rule {
  readonly permission: string;
  readonly on: Partial<TableName>;
}

interface User {
  granted: Rule[] | null;
  revoked: Rule[];
}

/** Whether what was said of `rule` counts for `on`: a project's for all that is in it, a dataset's for its tables. */
const covers = (rule: Partial<TableName>, on: Partial<TableName>): boolean =>
  (rule.projectId === undefined || rule.projectId === on.projectId) &&
  (rule.datasetId === undefined || rule.datasetId === on.datasetId) &&
  (rule.tableId === undefined || rule.tableId === plain(on.tableId));

const plain = (table: string | undefined): string | undefined => table?.replace(/[$@].*$/s, "");

export function privileges(): Privileges {
  const users = new Map<string, User>();
  const known = (user: string): User => {
    const found = users.get(user) ?? { granted: null, revoked: [] };
    users.set(user, found);
    return found;
  };
  const same = (a: Partial<TableName>, b: Partial<TableName>) => covers(a, b) && covers(b, a);
  const may = (user: string, permission: string, on: Partial<TableName>): boolean => {
    const found = users.get(user);
    if (!found) return true;
    const wanted = full(permission);
    const applies = (rule: Rule) => rule.permission === wanted && covers(rule.on, on);
    return !found.revoked.some(applies) && (found.granted === null || found.granted.some(applies));
  };
  return {
    grant(user, permission, on = {}) {
      const found = known(user);
      const all = expand(permission);
      const lifted = found.revoked.filter((r) => all.includes(r.permission) && same(r.on, on));
      found.revoked = found.revoked.filter((r) => !lifted.includes(r));
      if (lifted.length === 0 || found.granted !== null)
        found.granted = [...(found.granted ?? []), ...all.map((p) => ({ permission: p, on }))];
    },
    revoke(user, permission, on = {}) {
      const found = known(user);
      const all = expand(permission);
      found.granted = found.granted?.filter((r) => !(all.includes(r.permission) && same(r.on, on))) ?? null;
      found.revoked.push(...all.map((p) => ({ permission: p, on })));
    },
    may,
    demand(user, permission, on) {
      if (!may(user, permission, on)) throw denied(full(permission), on);
    },
  };
}

function denied(permission: string, on: Partial<TableName>): SimError {
  const { projectId, datasetId, tableId } = on;
  const table = `${projectId}:${datasetId}.${tableId}`;
  const say = (text: string): SimError => new SimError("accessDenied", 403, `Access Denied: ${text}`);
  if (permission === "bigquery.jobs.create")
    return say(`Project ${projectId}: User does not have bigquery.jobs.create permission in project ${projectId}.`);
  if (tableId !== undefined && permission === "bigquery.tables.getData")
    return say(`Table ${table}: User does not have permission to query table ${table}, or perhaps it does not exist.`);
  if (tableId !== undefined && !permission.endsWith("tables.create"))
    return say(`Table ${table}: Permission ${permission} denied on table ${table} (or it may not exist).`);
  if (datasetId !== undefined)
    return say(
      `Dataset ${projectId}:${datasetId}: Permission ${permission} denied on dataset ${projectId}:${datasetId} (or it may not exist).`,
    );
  return say(`Project ${projectId}: Permission ${permission} denied on project ${projectId}.`);
}

/** A column under a policy tag read by a user without the role of a fine-grained reader (docs "Restrict access with column-level control"). */
export const policyTagDenied = (tag: string, column: string): SimError =>
  new SimError(
    "accessDenied",
    403,
    `Access Denied: BigQuery BigQuery: User has neither fine-grained reader nor masked get permission to get data protected by policy tag "${tag}" on column ${column}.`,
  );

/**
 * Columns that a statement reads, whatever it does with them (docs "Impact on writes from column-level access control": what an INSERT
 * or a load writes is not asked for). @throws SimError for one under a policy tag that the user may not read.
 */
export function checkTags(scans: readonly Scan[], { may }: Pick<Privileges, "may">, user: string): void {
  for (const { table, columns } of scans)
    for (const { name, policyTags } of columns) {
      const [tag] = policyTags;
      if (tag === undefined || may(user, fineGrained, table.name)) continue;
      throw policyTagDenied(tag, `${nameText(table.name).replace(":", ".")}.${name}`);
    }
}
