import { createHash } from "node:crypto";
import type { TableShape } from "cutover/adapter";
import type { TableAnswer } from "../answers.js";
import { readFingerprint } from "../fingerprint.js";
import { syntax } from "../syntax.js";
import { complete, type TablePath, versionOf } from "../tables.js";

/** Names of the tables that a view stands for begin with its own and this. */
const BETWEEN = "__v_";
const hash = (of: unknown): string => createHash("sha256").update(JSON.stringify(of)).digest("hex").slice(0, 16);

const named = ([project, dataset, live]: TablePath, end: string): TablePath => [project, dataset, `${live}${BETWEEN}${end}`];
/** The table under a view that is made where there was nothing. */
export const firstVersion = (view: TablePath): TablePath => named(view, "0");
/** The table of one swap: the same for all who carry it on, and never used again. */
export const versionFor = (view: TablePath, marker: string): TablePath => named(view, hash([...view, marker]));
/** What a name of a version of this view begins with. */
export const versionPrefix = (view: TablePath): string => named(view, "")[2];
/** The label that a table made as a version has, and no copy of it under another name: {@link VERSION_LABEL}. */
export const versionLabel = (version: TablePath): string => hash(version);

/** The query of a view on a version. */
export const viewText = (version: TablePath): string => `SELECT * FROM ${syntax.ident(version)}`;
/** The version that a view stands for; null: it is another query than ours. */
export function versionIn(view: TablePath, query: string): TablePath | null {
  const name = /`([^`\\]+)`$/.exec(query.trim())?.[1] ?? "";
  const version: TablePath = [view[0], view[1], name];
  return name.startsWith(versionPrefix(view)) && query.trim() === viewText(version) ? version : null;
}

/** Changes with every write to the version, and with another version. */
export const standingVersion = (version: TablePath, table: TableAnswer): string => `${version[2]}.${versionOf(table)}`;

/** The table that holds the rows of what was described; as the name says it where it is no view, as of candidates. */
export function held(shape: TableShape): TablePath {
  const path = complete(shape.ref.path);
  const print = readFingerprint(shape.fingerprint);
  // What was not there when it was described is made before anything is written to it.
  if (print === null) return isBeside(path) ? path : firstVersion(path);
  const version = print.version ?? null;
  // A fingerprint may have been kept, of what bears another name since.
  return version?.startsWith(versionPrefix(path)) ? [path[0], path[1], version] : path;
}

/** Tables that the core itself names: they are tables, whatever live is. */
export const isBeside = ([, , name]: TablePath): boolean => /^(?:_cutover|changes|delta)_/.test(name);
