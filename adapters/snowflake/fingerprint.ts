import type { FaultKind, IoOptions, Row } from "cutover/adapter";
import { type Link, run } from "./driver.js";
import { SnowflakeFault } from "./errors.js";
import { plain, type Statement } from "./render.js";
import { syntax, text } from "./syntax.js";

/** What a swap must carry over, and a clone repeat: JSON. */
export interface Fingerprint {
  readonly kind: "permanent" | "transient";
  /** The table's comment without the mark that may stand behind it. */
  readonly comment: string;
  readonly owner: string | null;
  readonly grants: readonly Grant[];
  /** What goes with the table and not with its name, and no clone has: each as a noun phrase. */
  readonly fixed: readonly string[];
  /** What goes with the table, and a clone of it has too. */
  readonly attached: readonly string[];
}
export interface Grant {
  readonly privilege: string;
  /** What kind of thing has it: ROLE, DATABASE_ROLE, SHARE. */
  readonly kind: string;
  readonly to: string;
  readonly grantable: boolean;
}

const mark = /(?:^|\n)\[cutover ([^\]\s]+)\]$/;
/** A comment apart: what people wrote, and the mark of a release behind it. */
export function splitComment(comment: string): { readonly own: string; readonly marker: string | null } {
  const found = mark.exec(comment);
  if (found === null) return { own: comment, marker: null };
  return { own: comment.slice(0, found.index), marker: decodeURIComponent(found[1] ?? "") };
}
export const withMark = (own: string, marker: string): string =>
  `${own === "" ? "" : `${own}\n`}[cutover ${encodeURIComponent(marker)}]`;

/** The adapter's own form again: it has been through the core, and through JSON. */
export function readFingerprint(value: unknown): Fingerprint | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "object" && "grants" in value && Array.isArray(value.grants)) return value as Fingerprint;
  throw new Error("cutover: the fingerprint of a table is not one that the Snowflake adapter wrote");
}

type Path = readonly [database: string, schema: string, name: string];
interface Found {
  readonly print: Fingerprint;
  /** Columns that the service computes. */
  readonly computed: ReadonlySet<string>;
  readonly version: string | null;
}

/** Four SHOW and DESCRIBE statements, which need no warehouse, and one query. */
export async function fingerprintOf(
  link: Link,
  path: Path,
  known: { readonly transient: boolean; readonly comment: string },
  o: IoOptions,
): Promise<Found> {
  const table = syntax.ident(path);
  const ask = async (statement: Statement): Promise<readonly Row[]> => (await run(link, statement, o)).rows;
  const columns = await ask(plain(`DESCRIBE TABLE ${table}`));
  const granted = await ask(plain(`SHOW GRANTS ON TABLE ${table}`));
  const streams = await ask(plain(`SHOW STREAMS IN DATABASE ${syntax.ident(path.slice(0, 1))}`));
  const tables = await ask(plain(`SHOW TABLES LIKE ${text(likeness(path[2]))} IN SCHEMA ${syntax.ident(path.slice(0, 2))}`));
  const facts = await ask(plain(referring(path))).catch((e: unknown) => {
    // Who does not own the table may not ask what is attached to it, and cannot swap it either; some editions have none of it.
    if (e instanceof SnowflakeFault && e.fault.outcome === "not-applied" && !fleeting.has(e.fault.kind))
      return ask(plain(versioning(table)));
    throw e;
  });
  const own = tables.find((r) => of(r, "name") === path[2]);
  const fixed = streams.filter((r) => readsTable(of(r, "table_name"), path)).map((r) => `the stream ${of(r, "name")}`);
  const clustered = of(own, "cluster_by");
  const attached = [
    ...columns.filter((r) => of(r, "policy name") !== "").map((r) => `the policy ${of(r, "policy name")} on "${of(r, "name")}"`),
    ...facts.filter((r) => of(r, "KIND") !== "version").map((r) => `the ${of(r, "KIND")} ${of(r, "NAME")}`),
    ...(of(own, "search_optimization") === "ON" ? ["search optimization"] : []),
    ...(of(own, "enable_schema_evolution") === "Y" ? ["schema evolution"] : []),
    ...(clustered === "" ? [] : [`clustering by ${clustered}`]),
  ];
  const grants = granted.map(grantOf);
  return {
    print: {
      kind: known.transient ? "transient" : "permanent",
      comment: known.comment,
      owner: grants.find((g) => g.privilege === "OWNERSHIP")?.to ?? null,
      grants: grants.filter((g) => g.privilege !== "OWNERSHIP").sort((a, b) => (key(a) < key(b) ? -1 : 1)),
      fixed: [...fixed].sort(),
      attached: [...attached].sort(),
    },
    computed: new Set(columns.filter((r) => of(r, "kind").startsWith("VIRTUAL")).map((r) => of(r, "name"))),
    version:
      of(
        facts.find((r) => of(r, "KIND") === "version"),
        "NAME",
      ) || null,
  };
}

/** Failures that say nothing of the table. */
const fleeting: ReadonlySet<FaultKind> = new Set(["transient", "conflict", "cancelled", "resources"]);
const versioning = (table: string): string =>
  `SELECT 'version' AS "KIND", CAST(SYSTEM$LAST_CHANGE_COMMIT_TIME(${text(table)}) AS VARCHAR) AS "NAME"`;
/** The version, and what DESCRIBE and SHOW do not tell: row access policies, and tags of the table's own with their values. */
function referring(path: Path): string {
  const table = text(syntax.ident(path));
  const from = `${syntax.ident(path.slice(0, 1))}.INFORMATION_SCHEMA`;
  const tag = `SELECT 'tag', TAG_NAME || ' = ' || TAG_VALUE || NVL(' on ' || COLUMN_NAME, '')`;
  return [
    versioning(syntax.ident(path)),
    `SELECT 'row access policy', POLICY_NAME || NVL(' on ' || REF_ARG_COLUMN_NAMES, '') FROM TABLE(${from}.POLICY_REFERENCES(REF_ENTITY_NAME => ${table}, REF_ENTITY_DOMAIN => 'TABLE')) WHERE POLICY_KIND = 'ROW_ACCESS_POLICY'`,
    `${tag} FROM TABLE(${from}.TAG_REFERENCES(${table}, 'TABLE')) WHERE LEVEL = 'TABLE'`,
    `${tag} FROM TABLE(${from}.TAG_REFERENCES_ALL_COLUMNS(${table}, 'TABLE')) WHERE LEVEL = 'COLUMN'`,
  ].join(" UNION ALL ");
}

const of = (row: Row | undefined, name: string): string => {
  const value = row?.[name];
  return value === null || value === undefined ? "" : String(value);
};
export const key = (g: Grant): string => JSON.stringify([g.kind, g.to, g.privilege, g.grantable]);
const grantOf = (r: Row): Grant => ({
  privilege: of(r, "privilege"),
  kind: of(r, "granted_to"),
  to: of(r, "grantee_name"),
  grantable: of(r, "grant_option") === "true",
});

/** A pattern that matches the name itself; what else it may match is left out afterwards. */
const likeness = (name: string): string => name.replace(/[\\%_]/g, (c) => `\\${c}`);

/** Whether a stream's table, as SHOW STREAMS writes it, is the one: names are quoted there only where they must be. */
function readsTable(shown: string, path: Path): boolean {
  const parts = [...shown.matchAll(/"((?:[^"]|"")*)"|([^."]+)/g)].map((m) => m[1]?.replaceAll('""', '"') ?? m[2]);
  return parts.length === 3 && parts.every((part, i) => part === path[i]);
}
