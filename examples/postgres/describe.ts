import type { ColumnShape, TableRef, TableShape, TypedValue } from "cutover/adapter";
import type { Block, Statement } from "./driver.js";
import { PostgresFault } from "./errors.js";
import { around } from "./render.js";
import { syntax } from "./syntax.js";

/** What a swap must carry over, and a clone repeat: as JSON. Definitions name everything with its schema. */
export interface Fingerprint {
  /** The table that was looked at: a recorded fingerprint may be given back for one that bears another name by now. */
  readonly table: string;
  readonly comment?: string;
  readonly owner: string;
  readonly indexes: readonly Index[];
  /** Views that read the table itself; those that read such a view follow it. */
  readonly views: readonly { readonly name: string; readonly options?: string; readonly query: string }[];
  /** Sequences that go with a column. */
  readonly sequences: readonly { readonly name: string; readonly column: string }[];
  readonly grants: readonly Grant[];
  /** What this adapter cannot carry over. */
  readonly fixed: readonly string[];
}
export interface Index {
  /** Its name on live. */
  readonly name: string;
  /** Its name on this table, where that is another: a clone's. */
  readonly as?: string;
  /** A constraint's own words, or what follows the table's name in CREATE INDEX. */
  readonly definition: string;
  readonly kind: "constraint" | "unique" | "plain";
  readonly comment?: string;
}
export interface Grant {
  readonly to: string;
  readonly privilege: string;
  readonly grantable: boolean;
}

const text = (value: string): TypedValue => ({ value, type: "string" });
const asked = (query: string, ...values: readonly string[]): Statement => ({ text: query, values: values.map(text) });

export async function homeOf(block: Block): Promise<readonly string[]> {
  const { rows } = await block.run(asked("SELECT current_database() AS d, coalesce(current_schema(), 'public') AS s"));
  return [String(rows[0]?.["d"]), String(rows[0]?.["s"])];
}

const FOUND = `
SELECT c.oid, c.relkind, c.relpersistence, d.datname AS database, n.nspname AS schema, c.relname AS name,
  (SELECT min(quote_ident(conname)) FROM pg_constraint WHERE confrelid = c.oid) AS referenced
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_database d ON d.datname = current_database()
WHERE n.nspname = $1::text AND c.relname = $2::text`;

const COLUMNS = `
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS native, NOT a.attnotnull AS nullable,
  a.attgenerated <> '' AS generated, a.attidentity = 'a' AS always,
  CASE WHEN a.attidentity = 'd' THEN format('nextval(%L::regclass)', pg_get_serial_sequence($1::regclass::text, a.attname))
    WHEN a.attgenerated = '' THEN pg_get_expr(f.adbin, f.adrelid) END AS fallback
FROM pg_attribute a LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`;

const FINGERPRINT = `
SELECT json_strip_nulls(json_build_object(
  'table', t.relname, 'comment', obj_description(t.oid, 'pg_class'), 'owner', pg_get_userbyid(t.relowner),
  'indexes', (SELECT coalesce(json_agg(json_build_object(
      'name', regexp_replace(i.relname, '~cutover_[0-9a-f]{8}$', ''), 'comment', obj_description(i.oid, 'pg_class'),
      'as', substring(i.relname FROM '.*~cutover_[0-9a-f]{8}$'),
      'kind', CASE WHEN k.oid IS NOT NULL THEN 'constraint' WHEN x.indisunique THEN 'unique' ELSE 'plain' END,
      'definition', coalesce(pg_get_constraintdef(k.oid), substr(pg_get_indexdef(i.oid),
        length(format('CREATE %sINDEX %I ON %s ', CASE WHEN x.indisunique THEN 'UNIQUE ' END, i.relname, t.oid::regclass)) + 1))
    ) ORDER BY i.relname), '[]') FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
    LEFT JOIN pg_constraint k ON k.conindid = i.oid AND k.conrelid = t.oid AND k.contype IN ('p', 'u', 'x') WHERE x.indrelid = t.oid),
  'views', (SELECT coalesce(json_agg(json_build_object('name', v.oid::regclass::text, 'query', pg_get_viewdef(v.oid),
      'options', array_to_string(v.reloptions, ', ')) ORDER BY v.oid), '[]') FROM pg_class v WHERE v.oid IN (SELECT ev_class FROM readers)),
  'sequences', (SELECT coalesce(json_agg(json_build_object('name', s.oid::regclass::text, 'column', a.attname)), '[]')
    FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid AND d.deptype = 'a'),
  'grants', (SELECT coalesce(json_agg(json_build_object('privilege', g.privilege_type, 'grantable', g.is_grantable,
      'to', CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END)), '[]')
    FROM aclexplode(t.relacl) g WHERE g.grantee <> t.relowner),
  'fixed', (SELECT coalesce(json_agg(what ORDER BY what), '[]') FROM (
    SELECT 'the foreign key ' || conname FROM pg_constraint WHERE conrelid = t.oid AND contype = 'f'
    UNION SELECT 'the trigger ' || tgname FROM pg_trigger WHERE tgrelid = t.oid AND NOT tgisinternal
    UNION SELECT 'the rule ' || rulename FROM pg_rewrite WHERE ev_class = t.oid
    UNION SELECT 'the policy ' || polname FROM pg_policy WHERE polrelid = t.oid
    UNION SELECT 'the publication ' || p.pubname FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = t.oid
    UNION SELECT 'the identity column ' || attname FROM pg_attribute WHERE attrelid = t.oid AND attidentity <> ''
    UNION SELECT 'privileges on the column ' || attname FROM pg_attribute WHERE attrelid = t.oid AND attacl IS NOT NULL
    UNION SELECT 'partitions or inheritance' WHERE t.relkind = 'p' OR EXISTS (SELECT FROM pg_inherits WHERE t.oid IN (inhrelid, inhparent))
    UNION SELECT 'an index of more than 46 bytes: ' || i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
      WHERE x.indrelid = t.oid AND octet_length(regexp_replace(i.relname, '~cutover_[0-9a-f]{8}$', '')) > 46
    UNION SELECT 'row level security' WHERE t.relrowsecurity
    UNION SELECT 'storage parameters, a tablespace, a type, a replica identity of its own, or no write-ahead log'
      WHERE t.reloptions IS NOT NULL OR t.reltablespace <> 0 OR t.reloftype <> 0 OR t.relreplident <> 'd' OR t.relpersistence <> 'p'
    UNION SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend WHERE deptype = 'n'
      AND classid IN ('pg_proc'::regclass, 'pg_rewrite'::regclass, 'pg_class'::regclass) AND objid NOT IN (SELECT oid FROM readers)
      AND ((refclassid = 'pg_class'::regclass AND refobjid = t.oid)
        OR (refclassid = 'pg_type'::regclass AND refobjid IN (SELECT oid FROM pg_type WHERE typrelid = t.oid OR typelem = t.reltype)))
  ) f(what)))) AS found
FROM pg_class t WHERE t.oid = $1::regclass`;
/** The rules of ordinary views over the table: PostgreSQL keeps what a view reads there. */
const READERS = `
WITH readers AS (SELECT r.oid, r.ev_class FROM pg_rewrite r JOIN pg_class v ON v.oid = r.ev_class AND v.relkind = 'v'
  WHERE r.rulename = '_RETURN' AND r.oid IN (SELECT objid FROM pg_depend WHERE classid = 'pg_rewrite'::regclass
    AND refclassid = 'pg_class'::regclass AND refobjid = $1::regclass))`;

/**
 * A table as the catalog has it; null when there is none.
 * @throws PostgresFault of kind `unsupported` for what is no plain table, and for tables that releases could not keep right.
 */
export async function describe(block: Block, ref: TableRef): Promise<TableShape | null> {
  // Names are written with their schema then, whatever the application's search path is.
  await block.run(asked("SET LOCAL search_path = pg_catalog"));
  const [schema = "", name = ""] = ref.path.slice(-2);
  const { rows: tables } = await block.run(asked(FOUND, schema, name));
  const [found] = tables;
  if (found === undefined) return null;
  const table = syntax.ident(ref.path);
  const refuse = (what: string, hint: string): never => {
    throw new PostgresFault("unsupported", `${table} ${what}`, hint);
  };
  if (found["relkind"] !== "r" && found["relkind"] !== "p") refuse("is no table", "Name the table that a view reads.");
  if (found["relpersistence"] === "t") refuse("is a temporary table", "Use a table that outlives the connection.");
  if (found["referenced"] !== null)
    refuse(
      `is what the foreign key ${found["referenced"]} refers to`,
      "Rows go and come again in a release; drop the foreign key.",
    );
  const { rows } = await block.run(asked(COLUMNS, table));
  for (const row of rows) {
    if (row["always"] === true) refuse(`computes the column ${row["name"]}`, "Make it GENERATED BY DEFAULT AS IDENTITY.");
    if (row["native"] === "json") refuse(`has json in ${row["name"]}, which cannot be compared`, "Make the column jsonb.");
  }
  const print = await block.run(asked(READERS + FINGERPRINT, table));
  return {
    ref: { path: [found["database"], found["schema"], found["name"]].map(String) },
    columns: rows.map((row) => ({
      ...columnOf(row),
      nullable: row["nullable"] === true,
      ...(typeof row["fallback"] === "string" ? { default: row["fallback"] } : {}),
      ...(row["generated"] === true ? { generated: true } : {}),
    })),
    marker: null,
    version: null,
    fingerprint: JSON.parse(String(print.rows[0]?.["found"])) as unknown,
  };
}
const columnOf = (row: Readonly<Record<string, unknown>>): ColumnShape => {
  const native = String(row["native"]);
  return { name: String(row["name"]), native, type: syntax.fromNative(native) ?? "string", nullable: true };
};

/** Tables of a schema whose names start with `prefix`. */
export async function list(block: Block, schema: TableRef, prefix: string): Promise<readonly TableRef[]> {
  const [name = ""] = schema.path.slice(-1);
  const query = `SELECT relname AS name FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') AND starts_with(relname::text, $2)
    AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1::text) ORDER BY relname`;
  const { rows } = await block.run(asked(query, name, prefix));
  return rows.map((row) => ({ path: [...schema.path, String(row["name"])] }));
}

export async function hasSchema(block: Block, schema: TableRef): Promise<boolean> {
  const [name = ""] = schema.path.slice(-1);
  const { rows } = await block.run(asked("SELECT 1 AS found FROM pg_catalog.pg_namespace WHERE nspname = $1::text", name));
  return rows.length > 0;
}

/** Names and types of a table's columns. */
export async function nativesOf(block: Block, table: string): Promise<readonly ColumnShape[]> {
  const { rows } = await block.run(asked(COLUMNS, table));
  return rows.map(columnOf);
}
/** Columns of what a query returns, with the precision of their types: of an empty table that the query makes. */
export async function queryColumns(block: Block, query: Statement): Promise<readonly ColumnShape[]> {
  const table = `pg_temp."_cutover_columns"`;
  await block.run(around(query, `CREATE TEMP TABLE ${table} ON COMMIT DROP AS `, "WITH NO DATA"));
  return nativesOf(block, table);
}
