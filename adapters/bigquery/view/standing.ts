import type { IoOptions } from "cutover/adapter";
import type { TableAnswer } from "../answers.js";
import { fault } from "../errors.js";
import { type Fingerprint, splitLabels } from "../fingerprint.js";
import type { Field, Link } from "../link.js";
import { syntax } from "../syntax.js";
import { getTable, type TablePath } from "../tables.js";
import { firstVersion, isBeside, versionIn, viewText } from "./versions.js";

/** What stands under a name. */
export interface Standing {
  /** The table that holds the rows, and where it is. */
  readonly table: TableAnswer;
  readonly path: TablePath;
  /** The view on it that bears the name; null: the table itself does. */
  readonly view: TableAnswer | null;
}

/** @throws BigQueryFault of kind `unsupported` for a table where live is to be a view, and the other way round. */
export async function standing(link: Link, path: TablePath, found: TableAnswer, o: IoOptions): Promise<Standing> {
  const version = found.type === "VIEW" ? versionIn(path, found.view?.query ?? "") : null;
  const shown = syntax.ident(path);
  if (version === null) {
    if (link.live === "view" && found.type === "TABLE" && !isBeside(path)) throw plain(path, shown);
    return { table: found, path, view: null };
  }
  if (link.live === "table")
    throw fault("unsupported", `${shown} is a view on versions`, 'Give the warehouse the option `live: "view"`.');
  const table = await getTable(link, version, o);
  if (table !== null) return { table, path: version, view: found };
  const gone = `${shown} is a view on ${syntax.ident(version)}, which is gone`;
  throw fault("missing-object", gone, "Bring that table back, by time travel if it must be.");
}

function plain(path: TablePath, shown: string) {
  const first = firstVersion(path);
  const statements = `ALTER TABLE ${shown} RENAME TO ${syntax.ident([first[2]])}; CREATE VIEW ${shown} AS ${viewText(first)};`;
  return fault(
    "unsupported",
    `${shown} is a table, and by \`live: "view"\` it is to be a view`,
    `Make it one at a moment when nobody reads it: ${statements} Or leave \`live\` out.`,
  );
}

/** The fingerprint of a version as of the view on it: people describe, and label, what they see. */
export function viewed(print: Fingerprint, view: TableAnswer, version: TablePath): Fingerprint {
  return {
    ...print,
    version: version[2],
    description: view.description ?? null,
    friendlyName: view.friendlyName ?? null,
    labels: splitLabels(view.labels ?? {}).own,
    expires: view.expirationTime ?? null,
    fields: described(print.fields, view.schema?.fields ?? []),
  };
}
const described = (fields: readonly Field[], by: readonly Field[]): readonly Field[] =>
  fields.map((f) => {
    const shown = by.find((b) => b.name.toLowerCase() === f.name.toLowerCase());
    const inner = f.fields === undefined ? {} : { fields: described(f.fields, shown?.fields ?? []) };
    return { ...f, ...(shown?.description === undefined ? {} : { description: shown.description }), ...inner };
  });
