import { createHash } from "node:crypto";
import type { ColumnShape, TableRef } from "../adapter/shapes.js";

/** Short, stable text for anything JSON can hold. */
export function digest(of: unknown, length = 8): string {
  const text = typeof of === "string" ? of : JSON.stringify(of, (_key, v: unknown) => (typeof v === "bigint" ? `${v}n` : v));
  return createHash("sha256").update(text).digest("hex").slice(0, length);
}

/** What a name has of plain letters and digits. */
function readable(exact: string, longest: number): string {
  const plain = exact
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, longest);
  return plain === "" ? "t" : plain;
}

/** A name that people recognise and that is unique, short enough that all made of it stay below 63 bytes: hostile names are hashed, not quoted, in what the ledger creates. */
const slug = (exact: string): string => `${readable(exact, 12)}_${digest(exact)}`;

/** The schema that a column list makes: named by it, images of different schemas never share a table. */
export const schemaOf = (columns: readonly ColumnShape[]): string =>
  digest(columns.filter((c) => !c.generated).map((c) => [c.name, c.native]));

/** A schema for a sandbox, of this pipeline and no other. */
export const sandboxSchema = (pipeline: string, id: string): string => `cutover_sandbox_${slug(pipeline)}_${id}`;

/** Names of the ledger's own, and those that its prefixes begin: a table of a sandbox, which stands beside them, bears none. */
const ofLedger = /^(?:journal|turn|claims|releases|checks|check_results|(?:lease|delta|changes|quarantine|_cutover)_.*)$/i;

/** Names of tables in the one schema of a sandbox: their own, or made from it where that is the ledger's, or taken. By path. */
export function sandboxNames(paths: readonly (readonly string[])[]): readonly string[] {
  const taken = new Set<string>();
  return paths.map((path) => {
    const own = path.at(-1) ?? "";
    const plain = ofLedger.test(own) ? `table_${own}` : own;
    const name = taken.has(plain.toLowerCase()) ? `${[...plain].slice(0, 40).join("")}_${digest(path)}` : plain;
    taken.add(name.toLowerCase());
    return name;
  });
}

/** The columns that a checksum or an images table was made of: those of the table, less nullable ones that came at its end since. */
export function recordedOf(columns: readonly ColumnShape[], recorded: string): readonly ColumnShape[] {
  for (let n = columns.length; n > 0; n--) {
    const first = columns.slice(0, n);
    if (recorded.endsWith(schemaOf(first))) return first;
    if (columns[n - 1]?.nullable !== true) break;
  }
  return columns;
}

/** Where everything of one pipeline stands in the ledger. */
export interface LedgerNames {
  /** The database that the ledger is in. */
  readonly database: string;
  readonly schema: TableRef;
  readonly journal: TableRef;
  readonly turn: TableRef;
  readonly claims: TableRef;
  readonly lease: TableRef;
  /** Staged rows of one table of one release: `0r` raw, `0f` one row a key; the number counts loads. */
  delta(table: string, release: number, part: string): TableRef;
  /** Prefix of all deltas of the pipeline. */
  readonly deltas: string;
  changes(table: string, schema: string): TableRef;
  /** Prefix of all images tables of a table. */
  changesOf(table: string): string;
  /** Rows that did not fit a table. */
  quarantine(table: string): TableRef;
  /** The view of the images of a table; `name` is the table's own. */
  changesView(table: string, name: string): TableRef;
  /** The view of releases. */
  readonly releases: TableRef;
  /** What the checks of releases found, and the view of it. */
  readonly checkResults: TableRef;
  readonly checks: TableRef;
  /** Images of loads into a candidate: dropped with it. */
  scratch(table: string, release: number): TableRef;
}

export function ledgerNames(home: readonly string[], schema: string, pipeline: string): LedgerNames {
  const base = [...home.slice(0, -1), schema];
  const at = (name: string): TableRef => ({ path: [...base, name] });
  const own = slug(pipeline);
  const deltas = `delta_${own}_`;
  return {
    database: base[0] ?? "",
    schema: { path: base },
    journal: at("journal"),
    turn: at("turn"),
    claims: at("claims"),
    lease: at(`lease_${own}`),
    delta: (table, release, part) => at(`${deltas}${slug(table)}_${release}_${part}`),
    deltas,
    changesOf: (table) => `changes_${slug(table)}_`,
    changes: (table, fingerprint) => at(`changes_${slug(table)}_${fingerprint}`),
    quarantine: (table) => at(`quarantine_${slug(table)}`),
    changesView: (table, name) => at(`changes_of_${readable(name, 40)}_${digest(table)}`),
    releases: at("releases"),
    checkResults: at("check_results"),
    checks: at("checks"),
    scratch: (table, release) => at(`${deltas}${slug(table)}_${release}_s`),
  };
}

/** Names of whole tables stand beside live, since few engines move a table between schemas. */
export const besideLive = (
  live: readonly string[],
  what: "candidate" | "before" | "undone" | "foreign",
  release: number,
  by = "",
): TableRef => ({
  path: [...live.slice(0, -1), `_cutover_${slug(live.at(-1) ?? "")}_${what}_${by}${release}`],
});
/** Prefix of every name that {@link besideLive} makes for a table. */
export const besidePrefix = (live: readonly string[]): string => `_cutover_${slug(live.at(-1) ?? "")}_`;
