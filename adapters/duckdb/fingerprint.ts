import { createHash } from "node:crypto";
import { afterName, fold, mentions } from "./ddl.js";
import { type Connection, run } from "./driver.js";
import { syntax, text } from "./syntax.js";

/** What a swap must carry over, and a clone repeat: JSON. */
export interface Fingerprint {
  /** The table that was looked at: a recorded fingerprint may be given back for one that bears another name by now. */
  readonly table: readonly string[];
  /** What follows the name in CREATE TABLE. */
  readonly body: string;
  readonly comment: string | null;
  readonly columnComments: Readonly<Record<string, string>>;
  readonly indexes: readonly Index[];
  /** Views that read the table, each after those it reads itself. */
  readonly views: readonly View[];
  /** Foreign keys from or to the table: DuckDB renames no table that has one. */
  readonly foreignKeys: readonly ForeignKey[];
}
export interface Index {
  /** Its name on live. */
  readonly name: string;
  /** Its name on this table, a clone. */
  readonly as?: string;
  readonly unique: boolean;
  /** What follows the table's name in CREATE INDEX. */
  readonly on: string;
  readonly comment: string | null;
}
export interface View {
  readonly path: readonly string[];
  /** What follows the name in CREATE VIEW. */
  readonly definition: string;
  readonly comment: string | null;
}
export interface ForeignKey {
  readonly from: string;
  readonly to: string;
  readonly constraint: string;
}

type Path = readonly [database: string, schema: string, name: string];
type Own = Pick<Fingerprint, "body" | "comment" | "columnComments">;

const mark = "__cutover_";
/** Names of indexes are unique in a schema, so those of a clone bear a mark, which says whose they are. */
export function derivedIndex(name: string, table: readonly string[]): string {
  const digest = createHash("sha256")
    .update(fold(JSON.stringify([...table, name])))
    .digest("hex");
  return `${name}${mark}${digest.slice(0, 12)}`;
}
function indexName(as: string): Pick<Index, "name" | "as"> {
  const name = as.replace(new RegExp(`${mark}[0-9a-f]{12}$`), "");
  return name === as ? { name } : { name, as };
}

export async function fingerprintOf(c: Connection, path: Path, own: Own): Promise<Fingerprint> {
  return {
    table: path,
    ...own,
    indexes: await indexesOf(c, path),
    views: await viewsOn(c, path),
    foreignKeys: await foreignKeysOf(c, path),
  };
}
/** The adapter's own form again: it has been through the core, and through JSON. null: the table is not there yet. */
export function readFingerprint(value: unknown): Fingerprint | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== "object" || !("body" in value) || typeof value.body !== "string") {
    throw new Error("cutover: the fingerprint of a table is not one that the DuckDB adapter wrote");
  }
  return value as Fingerprint;
}

const comment = (value: unknown): string | null => (typeof value === "string" ? value : null);
const here = ([database, schema, name]: Path): string =>
  `database_name = ${text(database)} AND schema_name = ${text(schema)} AND table_name = ${text(name)}`;

async function indexesOf(c: Connection, path: Path): Promise<readonly Index[]> {
  const { rows } = await run(c, {
    text: `SELECT index_name, is_unique, sql, comment FROM duckdb_indexes() WHERE ${here(path)} ORDER BY index_name`,
    values: [],
  });
  return rows.map((row) => ({
    ...indexName(String(row["index_name"])),
    unique: row["is_unique"] === true,
    on: afterName(String(row["sql"]), "ON"),
    comment: comment(row["comment"]),
  }));
}

async function foreignKeysOf(c: Connection, path: Path): Promise<readonly ForeignKey[]> {
  const [database, schema, name] = path.map(text);
  const statement = `SELECT table_name, referenced_table, constraint_text FROM duckdb_constraints() WHERE constraint_type = 'FOREIGN KEY' AND database_name = ${database} AND schema_name = ${schema} AND (table_name = ${name} OR referenced_table = ${name}) ORDER BY ALL`;
  const { rows } = await run(c, { text: statement, values: [] });
  return rows.map((row) => ({
    from: String(row["table_name"]),
    to: String(row["referenced_table"]),
    constraint: String(row["constraint_text"]),
  }));
}

/** Views that mention the table or such a view, and that bind today; a broken one is not ours to mend. */
async function viewsOn(c: Connection, path: Path): Promise<readonly View[]> {
  const { rows } = await run(c, {
    text: "SELECT database_name, schema_name, view_name, sql, comment FROM duckdb_views() WHERE NOT internal AND NOT temporary ORDER BY view_oid",
    values: [],
  });
  const known = rows.map((row) => ({
    path: [String(row["database_name"]), String(row["schema_name"]), String(row["view_name"])],
    definition: afterName(String(row["sql"]), "VIEW"),
    comment: comment(row["comment"]),
  }));
  const found: View[] = [];
  const names = new Set([fold(path[2])]);
  for (let before = -1; before !== found.length; ) {
    before = found.length;
    for (const view of known) {
      if (found.includes(view)) continue;
      const mentioned = mentions(view.definition);
      if (![...names].some((name) => mentioned.has(name)) || !(await binds(c, view.path))) continue;
      found.push(view);
      names.add(fold(view.path[2] as string));
    }
  }
  return ordered(found);
}

/** Each view after those that it mentions. */
function ordered(views: readonly View[]): readonly View[] {
  const rest = [...views];
  const done: View[] = [];
  while (rest.length > 0) {
    const free = rest.findIndex((v) => {
      const mentioned = mentions(v.definition);
      return rest.every((other) => other === v || !mentioned.has(fold(other.path[2] as string)));
    });
    // Two views of one name in two schemas may seem to need each other.
    done.push(...rest.splice(Math.max(free, 0), 1));
  }
  return done;
}
async function binds(c: Connection, path: readonly string[]): Promise<boolean> {
  try {
    (await c.raw.prepare(`SELECT * FROM ${syntax.ident(path)}`)).destroySync();
    return true;
  } catch {
    return false;
  }
}
