import type { ColumnShape, IoOptions } from "cutover/adapter";
import { read, versionsShape } from "../answers.js";
import { changedLabels, patch, wear } from "../dress.js";
import { BigQueryFault, fault } from "../errors.js";
import { type Fingerprint, markLabels, splitLabels, VERSION_LABEL } from "../fingerprint.js";
import type { Link } from "../link.js";
import { syntax } from "../syntax.js";
import { at, getTable, isThere, referenceOf, type TablePath } from "../tables.js";
import { firstVersion, standingVersion, versionIn, versionLabel, versionPrefix, viewText } from "./versions.js";

/** Calls about a view on versions. Each may be repeated. */
export type ViewNative =
  /** tables.insert of a view on an empty table of its own. */
  | {
      readonly call: "stand";
      readonly view: TablePath;
      readonly columns: readonly ColumnShape[];
      readonly ifNotExists: boolean;
    }
  /** A copy, as `copy`, that wears what a version is to wear: the mark, and grants too. */
  | {
      readonly call: "version";
      readonly from: TablePath;
      readonly to: TablePath;
      readonly like: Fingerprint;
      readonly marker: string;
    }
  /**
   * The view stands for that version from here on: one tables.patch, refused by the service (If-Match) where anybody else has changed the
   * view, and by this call where it did not stand for the version `was` any more, as it was. `was` null: the view is made. A view under
   * the mark is left as it is.
   */
  | {
      readonly call: "repoint";
      readonly view: TablePath;
      readonly version: TablePath;
      readonly was: string | null;
      readonly like: Fingerprint;
      readonly marker: string;
    }
  /**
   * Versions that the view has left go by themselves after a while, since who reads may have looked the view up a moment ago. What was
   * left is spared where it is not `was` any more: then others have written to it. So is every table that nobody made as a version.
   */
  | {
      readonly call: "retire";
      readonly view: TablePath;
      readonly left: TablePath;
      readonly was: string;
      readonly version: TablePath;
    };

type Native<C extends ViewNative["call"]> = Extract<ViewNative, { readonly call: C }>;
/** How tables are made and copied. */
export interface Making {
  create(table: TablePath, columns: readonly ColumnShape[], o: IoOptions): Promise<void>;
  copy(from: TablePath, to: TablePath, o: IoOptions): Promise<void>;
}

export function performView(link: Link, make: Making, n: ViewNative, o: IoOptions): Promise<void> {
  switch (n.call) {
    case "stand":
      return stand(link, make, n, o);
    case "version":
      return version(link, make, n, o);
    case "repoint":
      return repoint(link, n, o);
    case "retire":
      return retire(link, n, o);
  }
}

async function stand(link: Link, make: Making, { view, columns, ifNotExists }: Native<"stand">, o: IoOptions): Promise<void> {
  const first = firstVersion(view);
  if (ifNotExists && (await getTable(link, view, o)) !== null) return;
  await make.create(first, columns, o);
  const made = await getTable(link, first, o);
  if (made?.numRows !== "0" || made.expirationTime !== undefined)
    throw fault("unsupported", `${syntax.ident(first)} is there already, and not empty or to expire`, "Rename it, or drop it.");
  await patch(link, first, () => ({ labels: { [VERSION_LABEL]: versionLabel(first) } }), o);
  await insert(link, view, first, {}, o).catch((e: unknown) => {
    if (!ifNotExists || !isThere(e)) throw e;
  });
}

/** A view takes no schema (googleapis/google-cloud-python#7246), and may be on a table that asks for a filter (m-lab/etl-gardener#317). */
const bodyOf = (version: TablePath) => ({ view: { query: viewText(version), useLegacySql: false } });
async function insert(link: Link, view: TablePath, version: TablePath, more: object, o: IoOptions): Promise<void> {
  const place = { project: view[0], path: `/datasets/${encodeURIComponent(view[1])}/tables` };
  const body = { tableReference: referenceOf(view), ...bodyOf(version), ...more };
  await link.rest({ method: "POST", ...place, body, repeatable: true }, o);
}

async function version(link: Link, make: Making, { from, to, like, marker }: Native<"version">, o: IoOptions): Promise<void> {
  await make.copy(from, to, o);
  await wear(link, to, { ...like, labels: { ...like.labels, [VERSION_LABEL]: versionLabel(to) } }, marker, o);
}

const COLLISIONS = 5;

async function repoint(link: Link, n: Native<"repoint">, o: IoOptions): Promise<void> {
  const { view, like, marker } = n;
  const wanted = { ...like.labels, ...markLabels(marker) };
  for (let tries = 1; ; tries++) {
    const now = await getTable(link, view, o);
    if (splitLabels(now?.labels ?? {}).marker === marker) return;
    const wears = {
      description: like.description,
      friendlyName: like.friendlyName,
      labels: changedLabels(now?.labels ?? {}, wanted),
    };
    try {
      if (now === null && n.was === null) return await insert(link, view, n.version, wears, o);
      if (now === null || (await wasOf(link, view, now.view?.query ?? "", o)) !== n.was) throw moved(view);
      // docs: managing views, "Updating a view's SQL query": what the request does not name stays as it is, grants and authorizations too.
      return void (await link.rest(
        { method: "PATCH", ...at(view), body: { ...bodyOf(n.version), ...wears }, etag: now.etag },
        o,
      ));
    } catch (e) {
      const met = e instanceof BigQueryFault && (e.status === 412 || (now === null && isThere(e)));
      if (!met || tries === COLLISIONS) throw e;
    }
  }
}
async function wasOf(link: Link, view: TablePath, query: string, o: IoOptions): Promise<string | null> {
  const version = versionIn(view, query);
  const table = version === null ? null : await getTable(link, version, o);
  return version === null || table === null ? null : standingVersion(version, table);
}
const moved = (view: TablePath): BigQueryFault =>
  fault(
    "unsupported",
    `${syntax.ident(view)} was changed by others since it was looked at`,
    "Nothing was changed; run again, and let nobody else write to the table, or change the view, meanwhile.",
  );

/** How long a version can still be read that the view has left. */
const GRACE_MS = 3_600_000;

async function retire(link: Link, { view, left, was, version }: Native<"retire">, o: IoOptions): Promise<void> {
  const ends = { expirationTime: String(Date.now() + GRACE_MS) };
  const table = await getTable(link, left, o);
  if (table !== null && table.expirationTime === undefined) {
    const untouched = standingVersion(left, table) === was;
    await patch(link, left, () => (untouched ? ends : { labels: { [VERSION_LABEL]: null } }), o);
  }
  for (const other of await older(link, view, version, o)) await patch(link, other, () => ends, o);
}

/** Versions made before that one, which nobody comes back to: whoever would, finds another view than the one that he read. */
async function older(link: Link, view: TablePath, than: TablePath, o: IoOptions): Promise<readonly TablePath[]> {
  const found: (readonly [TablePath, number])[] = [];
  const place = { project: view[0], path: `/datasets/${encodeURIComponent(view[1])}/tables` };
  for (let pageToken: string | undefined; ; ) {
    const answer = await link.rest({ method: "GET", ...place, query: { maxResults: 1000, pageToken } }, o);
    const page = read(versionsShape, answer, "list of tables");
    for (const t of page.tables) {
      const path: TablePath = [view[0], view[1], t.tableReference.tableId];
      const made = path[2].startsWith(versionPrefix(view)) && t.labels?.[VERSION_LABEL] === versionLabel(path);
      if (made && t.expirationTime === undefined) found.push([path, Number(t.creationTime)]);
    }
    pageToken = page.nextPageToken;
    if (pageToken === undefined) break;
  }
  const since = found.find(([path]) => path[2] === than[2])?.[1] ?? 0;
  return found.flatMap(([path, made]) => (made < since ? [path] : []));
}
