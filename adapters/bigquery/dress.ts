import type { IoOptions } from "cutover/adapter";
import type { TableAnswer } from "./answers.js";
import { iamOf } from "./describe.js";
import { BigQueryFault, fault, unknown } from "./errors.js";
import { type Fingerprint, markLabels, splitLabels } from "./fingerprint.js";
import type { Link } from "./link.js";
import { syntax } from "./syntax.js";
import { at, getTable, type TablePath } from "./tables.js";

/**
 * Gives a table what a copy may lose, and the mark of a release where one is given.
 * @throws BigQueryFault of outcome `unknown` where the table is published by it: what has taken live's place stands there.
 */
export async function dress(link: Link, table: TablePath, like: Fingerprint, marker: string | null, o: IoOptions): Promise<void> {
  try {
    await wear(link, table, like, marker, o);
  } catch (e) {
    // What has taken live's place stands there: nobody is to be told that nothing was changed.
    if (marker === null || !(e instanceof BigQueryFault)) throw e;
    const kind = e.fault.kind === "unsupported" ? "other" : e.fault.kind;
    throw unknown(new BigQueryFault(e.message, { ...e.fault, kind }, e));
  }
}

/** The same for a table that is not published yet. */
export async function wear(link: Link, table: TablePath, like: Fingerprint, marker: string | null, o: IoOptions): Promise<void> {
  if (marker !== null && like.iam !== null) await regrant(link, table, like.iam, o);
  await patch(link, table, (now) => changes(now, like, marker), o);
}

/** What has to change for a table to look like that; empty: nothing. */
function changes(now: TableAnswer, like: Fingerprint, marker: string | null): Readonly<Record<string, unknown>> {
  const wanted = { ...like.labels, ...(marker === null ? {} : markLabels(marker)) };
  const labels = changedLabels(now.labels ?? {}, wanted);
  const fields = (now.schema?.fields ?? []).map((f) => {
    const model = like.fields.find((m) => m.name === f.name);
    return model === undefined ? f : { ...model, type: f.type, mode: f.mode };
  });
  const keys = {
    primaryKey: { columns: now.tableConstraints?.primaryKey?.columns ?? [] },
    foreignKeys: now.tableConstraints?.foreignKeys ?? [],
  };
  const wantedKeys = { primaryKey: { columns: like.primaryKey }, foreignKeys: like.foreignKeys };
  const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
  return {
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(differs(now.description ?? null, like.description) ? { description: like.description } : {}),
    ...(differs(now.friendlyName ?? null, like.friendlyName) ? { friendlyName: like.friendlyName } : {}),
    ...(differs(now.expirationTime ?? null, like.expires) ? { expirationTime: like.expires } : {}),
    ...((now.requirePartitionFilter ?? false) === like.requirePartitionFilter
      ? {}
      : { requirePartitionFilter: like.requirePartitionFilter }),
    ...(differs(now.schema?.fields ?? [], fields) ? { schema: { fields } } : {}),
    ...(differs(keys, wantedKeys)
      ? { tableConstraints: like.primaryKey.length === 0 ? { foreignKeys: like.foreignKeys } : wantedKeys }
      : {}),
  };
}
/** The mark of a release, in place of an earlier one. */
export const mark = (link: Link, table: TablePath, marker: string, o: IoOptions): Promise<void> =>
  patch(link, table, (now) => marked(now.labels ?? {}, marker), o);

function marked(now: Readonly<Record<string, string>>, marker: string): Readonly<Record<string, unknown>> {
  const labels = changedLabels(now, { ...splitLabels(now).own, ...markLabels(marker) });
  return Object.keys(labels).length === 0 ? {} : { labels };
}
/** null takes a label away (docs: deleting labels). */
export function changedLabels(now: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>) {
  const gone = Object.keys(now).filter((key) => !(key in wanted));
  const other = Object.entries(wanted).filter(([key, value]) => now[key] !== value);
  return Object.fromEntries([...gone.map((key) => [key, null] as const), ...other]);
}

/** How often others may change the same properties at the same moment. */
const COLLISIONS = 5;

/** A change that is made of what is there, refused by the service where that is not there any more. */
export async function patch(
  link: Link,
  table: TablePath,
  change: (now: TableAnswer) => Readonly<Record<string, unknown>>,
  o: IoOptions,
): Promise<void> {
  for (let n = 1; ; n++) {
    const now = await getTable(link, table, o);
    if (now === null) throw fault("missing-object", `${syntax.ident(table)} is gone`, "Somebody dropped it; run again.");
    const body = change(now);
    if (Object.keys(body).length === 0) return;
    try {
      await link.rest({ method: "PATCH", ...at(table), body, ...(now.etag === "" ? {} : { etag: now.etag }) }, o);
      return;
    } catch (e) {
      if (!(e instanceof BigQueryFault && e.status === 412) || n === COLLISIONS) throw e;
    }
  }
}

/** The grants of the table itself, where an overwrite has lost them. */
async function regrant(link: Link, table: TablePath, wanted: NonNullable<Fingerprint["iam"]>, o: IoOptions): Promise<void> {
  const now = await iamOf(link, table, o);
  const text = (bindings: Fingerprint["iam"]): string =>
    JSON.stringify((bindings ?? []).map((b) => JSON.stringify([b.role, [...b.members].sort(), b.condition ?? null])).sort());
  if (text(now) === text(wanted)) return;
  const { path, ...place } = at(table);
  const policy = { bindings: wanted, version: wanted.some((b) => b.condition !== undefined) ? 3 : 1 };
  await link.rest({ method: "POST", ...place, path: `${path}:setIamPolicy`, body: { policy }, repeatable: true }, o);
}
