import type { ColumnShape, IoOptions, TableRef, TableShape } from "cutover/adapter";
import { policyShape, read, rowPoliciesShape, type TableAnswer, tablesShape } from "./answers.js";
import { coverOf } from "./cover.js";
import { BigQueryFault, fault } from "./errors.js";
import { type Beside, type Fingerprint, fingerprintOf, nothingBeside, splitLabels } from "./fingerprint.js";
import type { Field, Link } from "./link.js";
import { nativeOf } from "./stage/schema.js";
import { fromNative, syntax } from "./syntax.js";
import { at, complete, getTable, isMissing, type TablePath, versionOf } from "./tables.js";
import { standing, viewed } from "./view/standing.js";
import { standingVersion } from "./view/versions.js";

/**
 * A table as the service has it; null when there is none. `columns`: one request. `whole`: also its grants, its row access policies,
 * and how long a chain of clones it hangs on.
 * @throws BigQueryFault of kind `unsupported` for what is no plain table, and for columns that releases could not keep right.
 */
export async function describe(link: Link, ref: TableRef, o: IoOptions, what: "columns" | "whole"): Promise<TableShape | null> {
  const path = complete(ref.path);
  const found = await getTable(link, path, o);
  if (found === null) return null;
  const shown = syntax.ident(path);
  const { table, path: held, view } = await standing(link, path, found, o);
  refuseKind(table, shown);
  const columns = (table.schema?.fields ?? []).map((f) => columnOf(f, shown));
  const own = fingerprintOf(table, what === "whole" ? await besideOf(link, held, o) : nothingBeside);
  const print = view === null ? own : viewed(own, view, held);
  const filter = coverOf(print);
  if (filter !== null && view !== null && print.partitioning?.kind === "time" && print.partitioning.column === null)
    throw fault(
      "unsupported",
      `${syntax.ident(held)} asks for a filter on _PARTITIONTIME, which a view on it does not have`,
      "Partition it by a column, or take require_partition_filter off.",
    );
  return {
    ref: { path, ...(filter === null ? {} : { filter }) },
    columns,
    marker: splitLabels(found.labels ?? {}).marker,
    version: view === null ? versionOf(table) : standingVersion(held, table),
    fingerprint: print,
  };
}

const kinds: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  VIEW: ["a view", "Name the table that the view reads; a view cannot be published to."],
  MATERIALIZED_VIEW: ["a materialized view", "Name the table that the view reads; a view cannot be published to."],
  EXTERNAL: ["an external table", "Make a table of BigQuery's own from it; what stands outside cannot be changed or cloned."],
  SNAPSHOT: ["a snapshot", "Make a table from it: CREATE TABLE … CLONE; a snapshot cannot be changed."],
};
function refuseKind(t: TableAnswer, table: string): void {
  const [what, hint] =
    t.type === "TABLE" ? ["", ""] : (kinds[t.type] ?? [`of the kind ${t.type}`, "Use a table of BigQuery's own."]);
  if (what !== "") throw fault("unsupported", `${table} is ${what}`, hint);
  if (t.biglakeConfiguration !== undefined && t.biglakeConfiguration !== null)
    throw fault("unsupported", `${table} is an Iceberg table`, "Use a standard table: others have no clones and no copies.");
  if (t.streamingBuffer === undefined || t.streamingBuffer === null) return;
  // docs: data manipulation language, limitations; table clones, limitations.
  throw fault(
    "unsupported",
    `${table} has a streaming buffer`,
    "Rows that are being streamed in can be neither changed nor cloned; stop streaming, and wait up to 90 minutes until the buffer is empty.",
  );
}

function columnOf(f: Field, table: string): ColumnShape {
  const native = nativeOf(f);
  if (!["", undefined].includes(f.collation))
    throw fault(
      "unsupported",
      `${table} has the collation ${f.collation} in "${f.name}"`,
      "Texts are compared as they are, bit for bit; take the collation off.",
    );
  const generated = f.generatedColumn !== undefined && f.generatedColumn !== null;
  return {
    name: f.name,
    // What no canonical type has words for goes in and comes out as text.
    type: fromNative(native) ?? "string",
    // An array is never NULL.
    nullable: f.mode !== "REQUIRED" && f.mode !== "REPEATED",
    native,
    ...(generated ? { generated } : f.defaultValueExpression === undefined ? {} : { default: f.defaultValueExpression }),
  };
}

async function besideOf(link: Link, path: TablePath, o: IoOptions): Promise<Beside> {
  const [iam, policies] = await Promise.all([allowed(() => iamOf(link, path, o)), allowed(() => rowPoliciesOf(link, path, o))]);
  const fixed =
    policies === null
      ? ["row access policies, perhaps: the account may not list them (bigquery.rowAccessPolicies.list)"]
      : policies.map((id) => `the row access policy ${id}`);
  return { iam, fixed };
}
/** null: the account may not. */
async function allowed<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (e) {
    if (e instanceof BigQueryFault && e.fault.kind === "denied" && e.status === 403) return null;
    throw e;
  }
}
/** The table's own policy, without that of its dataset. */
export async function iamOf(link: Link, path: TablePath, o: IoOptions): Promise<Fingerprint["iam"]> {
  const { project, path: table } = at(path);
  const call = {
    method: "POST",
    project: project ?? link.project,
    path: `${table}:getIamPolicy`,
    body: {},
    repeatable: true,
  } as const;
  return read(policyShape, await link.rest(call, o), "policy").bindings;
}
async function rowPoliciesOf(link: Link, path: TablePath, o: IoOptions): Promise<readonly string[]> {
  const { path: table, ...place } = at(path);
  const answer = await link.rest({ method: "GET", ...place, path: `${table}/rowAccessPolicies` }, o);
  return read(rowPoliciesShape, answer, "list of policies").rowAccessPolicies.map((p) => p.rowAccessPolicyReference.policyId);
}
/** Tables of a dataset whose names start with `prefix`. */
export async function list(link: Link, schema: TableRef, prefix: string, o: IoOptions): Promise<readonly TableRef[]> {
  const [project, dataset] = complete([...schema.path, prefix], "dataset");
  const found: TableRef[] = [];
  for (let pageToken: string | undefined; ; ) {
    const call = { method: "GET", project, path: `/datasets/${encodeURIComponent(dataset)}/tables` } as const;
    const answer = await link.rest({ ...call, query: { maxResults: 1000, pageToken } }, o).catch((e: unknown) => {
      if (isMissing(e)) return {};
      throw e;
    });
    const page = read(tablesShape, answer, "list of tables");
    for (const t of page.tables)
      if (t.type === "TABLE" && t.tableReference.tableId.startsWith(prefix))
        found.push({ path: [project, dataset, t.tableReference.tableId] });
    pageToken = page.nextPageToken;
    if (pageToken === undefined) return found;
  }
}
