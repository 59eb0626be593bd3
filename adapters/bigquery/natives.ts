import { createHash } from "node:crypto";
import { type ColumnShape, type IoOptions, stored } from "cutover/adapter";
import { canClone } from "./chain.js";
import { dress, mark } from "./dress.js";
import { BigQueryFault, fault } from "./errors.js";
import { type Fingerprint, partitioned, splitLabels } from "./fingerprint.js";
import type { Link } from "./link.js";
import { schemaOf } from "./stage/schema.js";
import { syntax } from "./syntax.js";
import { at, getTable, hasDataset, isMissing, isThere, referenceOf, type TablePath, versionOf } from "./tables.js";
import { type Making, performView, type ViewNative } from "./view/natives.js";

type DatasetPath = readonly [project: string, dataset: string];

/** Calls that are no SQL. Each may be repeated: what it finds done, it leaves as it is. */
export type BigQueryNative =
  /** tables.insert. `like`: partitioned, clustered and dressed like that. */
  | {
      readonly call: "create";
      readonly table: TablePath;
      readonly columns: readonly ColumnShape[];
      readonly ifNotExists: boolean;
      readonly like: Fingerprint | null;
      /** Columns whose equal values stand together, so that queries by them read less. */
      readonly cluster?: readonly string[];
    }
  /** datasets.insert, in the location of the jobs. `ifNotExists`: one that is there is fine. */
  | { readonly call: "createSchema"; readonly path: DatasetPath; readonly ifNotExists: boolean }
  /** datasets.delete with all that is in it; one that is not there is fine. */
  | { readonly call: "dropSchema"; readonly path: DatasetPath }
  /** tables.delete; one that is not there is fine. */
  | {
      readonly call: "drop";
      readonly table: TablePath;
      /** It is only in the way: whoever may not drop it leaves it to recovery. */
      readonly forgive?: true;
    }
  /**
   * A copy job into a table that must not be there yet: a clone, or a whole copy at the end of a chain of clones. `keep`: one that is
   * there is fine. `once`: the mark of the swap that keeps live so, which makes the job's name: it takes effect once; null: a new job each time.
   */
  | {
      readonly call: "copy";
      readonly from: TablePath;
      readonly to: TablePath;
      readonly keep: boolean;
      readonly once: string | null;
    }
  /**
   * A copy job over `to` (WRITE_TRUNCATE), one atomic update. Its name is made of `to` and the marker, the same for every process:
   * it takes effect once. `version`: refused where `to` is not that version any more, unless the job is there already; null: any.
   */
  | {
      readonly call: "overwrite";
      readonly from: TablePath;
      readonly to: TablePath;
      readonly marker: string;
      readonly version: string | null;
    }
  /**
   * Gives a table what a copy may lose: labels, description, expiration, descriptions and policy tags of columns, keys. `marker`:
   * and this mark, with what it takes a table to be published: its grants; null: no mark.
   */
  | { readonly call: "dress"; readonly table: TablePath; readonly like: Fingerprint; readonly marker: string | null }
  /** The mark of a release, in labels; others stay. */
  | { readonly call: "mark"; readonly table: TablePath; readonly marker: string }
  /**
   * ALTER TABLE RENAME. Where `to` is what a swap under the mark of `from` has kept, that swap was stopped before it dropped its
   * candidate: then `from` is dropped.
   */
  | { readonly call: "rename"; readonly from: TablePath; readonly to: TablePath }
  /** `to` becomes a copy of a table as it was so many microseconds after 1970; at the end of a chain of clones by its rows. */
  | {
      readonly call: "restore";
      readonly from: TablePath;
      readonly to: TablePath;
      readonly micros: string;
      readonly columns: readonly ColumnShape[];
      readonly like: Fingerprint;
    }
  | ViewNative;

type Native<C extends BigQueryNative["call"]> = Extract<BigQueryNative, { readonly call: C }>;

export function perform(link: Link, n: BigQueryNative, o: IoOptions): Promise<void> {
  switch (n.call) {
    case "create":
      return create(link, n, o);
    case "createSchema":
      return createSchema(link, n, o);
    case "dropSchema":
      return dropSchema(link, n, o);
    case "drop":
      return drop(link, n, o);
    case "copy":
      return copy(link, n, o);
    case "overwrite":
      return overwrite(link, n, o);
    case "dress":
      return dress(link, n.table, n.like, n.marker, o);
    case "mark":
      return mark(link, n.table, n.marker, o);
    case "rename":
      return rename(link, n, o);
    case "restore":
      return restore(link, n, o);
    default:
      return performView(link, making(link), n, o);
  }
}
const making = (link: Link): Making => ({
  create: (table, columns, o) => create(link, { call: "create", table, columns, ifNotExists: true, like: null }, o),
  copy: (from, to, o) => copy(link, { call: "copy", from, to, keep: true, once: null }, o),
});

async function create(
  link: Link,
  { table, columns, ifNotExists, like, cluster = [] }: Native<"create">,
  o: IoOptions,
): Promise<void> {
  const body = {
    tableReference: referenceOf(table),
    schema: {
      fields: schemaOf(columns).map((f, i) => like?.fields.find((l) => l.name === f.name) ?? withDefault(f, columns[i])),
    },
    ...(like === null ? {} : dressing(like)),
    ...(cluster.length === 0 ? {} : { clustering: { fields: cluster } }),
  };
  const place = { project: table[0], path: `/datasets/${encodeURIComponent(table[1])}/tables` };
  await link.rest({ method: "POST", ...place, body, repeatable: ifNotExists }, o).catch((e: unknown) => {
    if (!ifNotExists || !isThere(e)) throw e;
  });
}
const withDefault = <F extends object>(field: F, column: ColumnShape | undefined): F =>
  column?.default === undefined ? field : { ...field, defaultValueExpression: column.default };

/** What a new table takes of another. */
const dressing = (like: Fingerprint): Readonly<Record<string, unknown>> => ({
  ...partitioned(like.partitioning),
  labels: like.labels,
  ...(like.clustering.length === 0 ? {} : { clustering: { fields: like.clustering } }),
  ...(like.requirePartitionFilter ? { requirePartitionFilter: true } : {}),
  ...(like.description === null ? {} : { description: like.description }),
  ...(like.friendlyName === null ? {} : { friendlyName: like.friendlyName }),
  ...(like.primaryKey.length === 0 ? {} : { tableConstraints: { primaryKey: { columns: like.primaryKey } } }),
});

async function createSchema(link: Link, { path, ifNotExists }: Native<"createSchema">, o: IoOptions): Promise<void> {
  const [projectId, datasetId] = path;
  const body = { datasetReference: { projectId, datasetId }, location: link.location };
  // Whoever may make tables need not be one who may make datasets.
  if (ifNotExists && (await hasDataset(link, path, o))) return;
  const call = { method: "POST", project: projectId, path: "/datasets", body, repeatable: ifNotExists } as const;
  await link.rest(call, o).catch((e: unknown) => {
    if (!ifNotExists || !isThere(e)) throw e;
  });
}

async function dropSchema(link: Link, { path: [project, dataset] }: Native<"dropSchema">, o: IoOptions): Promise<void> {
  const place = { project, path: `/datasets/${encodeURIComponent(dataset)}` };
  await link.rest({ method: "DELETE", ...place, query: { deleteContents: "true" } }, o).catch((e: unknown) => {
    if (!isMissing(e)) throw e;
  });
}

async function drop(link: Link, { table, forgive }: Omit<Native<"drop">, "call">, o: IoOptions): Promise<void> {
  await link.rest({ method: "DELETE", ...at(table) }, o).catch((e: unknown) => {
    const denied = e instanceof BigQueryFault && e.fault.kind === "denied";
    if (!isMissing(e) && !(denied && forgive === true)) throw e;
  });
}

/** A name that is the same for every process that means the same job. */
const onceId = (what: string, ...parts: readonly string[]): string =>
  `cutover_${what}_${createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32)}`;

const keepingId = (to: TablePath, marker: string): string => onceId("keep", ...to, marker);

const copying = (from: TablePath, to: TablePath, operationType: string, writeDisposition: string) => ({
  copy: {
    sourceTable: referenceOf(from),
    destinationTable: referenceOf(to),
    operationType,
    writeDisposition,
    createDisposition: "CREATE_IF_NEEDED",
  },
});

async function copy(link: Link, { from, to, keep, once }: Native<"copy">, o: IoOptions): Promise<void> {
  const id = once === null ? {} : { id: keepingId(to, once) };
  // An empty table would be filled without a word (docs: WRITE_EMPTY).
  if ((await getTable(link, to, o)) !== null) {
    if (!keep) throw fault("unsupported", `${syntax.ident(to)} is there already`, "Drop it, or rename it.");
    if (once === null || (await hasJob(link, keepingId(to, once), o))) return;
    // What a swap that was withdrawn has kept is live as it was then.
    await drop(link, { table: to }, o);
  }
  const kind = (await canClone(link, from, o)) ? "CLONE" : "COPY";
  await link.run(copying(from, to, kind, "WRITE_EMPTY"), { ...o, ...id }).catch((e: unknown) => {
    if (!keep || !isThere(e)) throw e;
  });
}

async function overwrite(link: Link, { from, to, marker, version }: Native<"overwrite">, o: IoOptions): Promise<void> {
  const id = onceId("swap", ...to, marker);
  if (version !== null && !(await hasJob(link, id, o))) {
    const live = await getTable(link, to, o);
    if (live === null || versionOf(live) !== version)
      throw fault(
        "unsupported",
        `${syntax.ident(to)} was changed by others since it was looked at`,
        "Nothing was changed; run again, and let nobody else write to the table or to its properties meanwhile.",
      );
  }
  await link.run(copying(from, to, "COPY", "WRITE_TRUNCATE"), { ...o, id });
}
async function hasJob(link: Link, id: string, o: IoOptions): Promise<boolean> {
  const found = await link
    .rest({ method: "GET", path: `/jobs/${id}`, query: { location: link.location } }, o)
    .catch((e: unknown) => {
      if (isMissing(e)) return null;
      throw e;
    });
  return found !== null;
}

async function rename(link: Link, { from, to }: Native<"rename">, o: IoOptions): Promise<void> {
  const [source, target] = await Promise.all([getTable(link, from, o), getTable(link, to, o)]);
  if (source === null && target !== null) return;
  if (source !== null && target !== null) {
    const { marker } = splitLabels(source.labels ?? {});
    if (marker !== null && (await hasJob(link, keepingId(to, marker), o))) return drop(link, { table: from }, o);
    throw fault("unsupported", `${syntax.ident(to)} is there already`, "Drop it, or rename it.");
  }
  await link.run({ query: { query: `ALTER TABLE ${syntax.ident(from)} RENAME TO ${syntax.ident([to[2]])}` } }, o);
}

async function restore(link: Link, { from, to, micros, columns, like }: Native<"restore">, o: IoOptions): Promise<void> {
  const then = `${syntax.ident(from)} FOR SYSTEM_TIME AS OF TIMESTAMP_MICROS(${micros})`;
  const run = (query: string): Promise<unknown> => link.run({ query: { query } }, o);
  if (await canClone(link, from, o)) {
    await run(`CREATE TABLE ${syntax.ident(to)} CLONE ${then}`);
    return;
  }
  await create(link, { call: "create", table: to, columns, ifNotExists: false, like }, o);
  const names = stored(columns).map((c) => syntax.ident([c.name]));
  await run(`INSERT INTO ${syntax.ident(to)} (${names.join(", ")}) SELECT ${names.join(", ")} FROM ${then}`);
}
