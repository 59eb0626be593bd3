import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { Stage } from "../catalog.js";
import { cursor, end, identifier, peek, takes } from "../cursor.js";
import type { Session } from "../engine.js";
import { errors } from "../errors.js";
import { may } from "../privileges.js";
import { placeOf, tableOf } from "../resolve.js";

/** A place in a stage (docs "Choosing an internal stage for local files"): named, of a table (`@%t`), or of the user (`@~`). */
export interface Location {
  readonly directory: string;
  readonly path: string;
  /** As LIST shows it before the path. */
  readonly shown: string;
  readonly key: string;
  readonly stage: Stage | null;
}

export interface StagedFile {
  /** The path within the stage. */
  readonly path: string;
  readonly file: string;
  readonly size: number;
  readonly modified: Date;
}

/** A location as it stands behind the `@`. */
export function location(session: Session, text: string, privilege: "READ" | "WRITE"): Location {
  const { engine } = session;
  if (text.startsWith("~")) {
    const path = text.slice(1).replace(/^\//, "");
    return { directory: join(engine.directory, "users", session.user), path, shown: "", key: `~${session.user}`, stage: null };
  }
  const parts = /^((?:"(?:[^"]|"")*"|[^/"])*)\/?([\s\S]*)$/.exec(text);
  const names = parts?.[1] ?? "";
  const path = parts?.[2] ?? "";
  const c = cursor(names.replace(/(^|\.)%/, "$1"));
  const whole = [identifier(c)];
  while (takes(c, ".")) whole.push(identifier(c));
  if (peek(c).kind !== "end") end(c);
  if (/(^|\.)%/.test(names)) {
    const table = tableOf(session, whole, "COPY");
    return { directory: join(engine.directory, "tables", String(table.id)), path, shown: "", key: `%${table.id}`, stage: null };
  }
  const { schema, name } = placeOf(session, whole, "COPY");
  const stage = schema.stages.get(name);
  const visible = stage && (stage.session !== null || may(session, "READ", stage) || may(session, "WRITE", stage));
  if (!stage || !visible) throw errors.notExists("Stage", [schema.database.name, schema.name, name].join("."));
  if (stage.session === null && !may(session, privilege, stage)) throw errors.insufficient("stage", name);
  return { directory: stage.directory, path, shown: `${stage.name.toLowerCase()}/`, key: `@${stage.id}`, stage };
}

/** Files whose path begins with the location's; in the order of their names. */
export async function filesAt(at: Location): Promise<StagedFile[]> {
  const found: StagedFile[] = [];
  const entries = await readdir(at.directory, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile() || entry.name.endsWith(".part")) continue;
    const file = join(entry.parentPath, entry.name);
    const path = relative(at.directory, file).split(sep).join("/");
    if (!path.startsWith(at.path)) continue;
    const { size, mtime } = await stat(file);
    found.push({ path, file, size, modified: mtime });
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

export const digest = async (file: string): Promise<string> =>
  createHash("md5")
    .update(await readFile(file))
    .digest("hex");
