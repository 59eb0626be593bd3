import { createHash } from "node:crypto";
import {
  ansi,
  type Compilers,
  CutoverError,
  type EngineStep,
  type PortableStep,
  type SqlOp,
  type Step,
  sqlOp,
  stored,
  type TableRef,
  type TableShape,
} from "cutover/adapter";
import type { Fingerprint, Grant } from "./describe.js";
import { syntax } from "./syntax.js";

const { ident } = syntax;
const text = (value: string): string => syntax.literal({ value, type: "string" });
const at = (ref: TableRef): string => ident(ref.path);

export const steps: Compilers<PortableStep | Exclude<EngineStep, "regrant">> = {
  ...ansi(syntax),
  // A schema has no name of its database before it.
  createSchema: (s) => [sqlOp(`CREATE SCHEMA IF NOT EXISTS ${ident(s.ref.path.slice(-1))}`)],
  clone,
  swap,
};

/** A faithful copy: columns, constraints and comments by LIKE; indexes after the rows, under names that say whose they are. */
function clone(s: Step<"clone">): readonly SqlOp[] {
  const print = carried("clone", s.from);
  const names = stored(s.from.columns).map((c) => ident([c.name]));
  const [to, list] = [at(s.to), names.join(", ")];
  return [
    sqlOp(`CREATE TABLE ${to} (LIKE ${at(s.from.ref)} INCLUDING ALL EXCLUDING INDEXES)`),
    ...(s.empty ? [] : [sqlOp(`INSERT INTO ${to} (${list}) SELECT ${list} FROM ${at(s.from.ref)}`)]),
    ...(print.comment === null ? [] : [sqlOp(`COMMENT ON TABLE ${to} IS ${text(print.comment)}`)]),
    ...print.indexes.flatMap(({ name, kind, definition, comment }) => {
      const own = ident([ownIndex(name, s.to)]);
      const create = `CREATE ${kind === "unique" ? "UNIQUE " : ""}INDEX ${own} ON ${to} ${definition}`;
      const index = ident([...s.to.path.slice(0, -1), ownIndex(name, s.to)]);
      return [
        sqlOp(kind === "constraint" ? `ALTER TABLE ${to} ADD CONSTRAINT ${own} ${definition}` : create),
        ...(comment === null ? [] : [sqlOp(`COMMENT ON INDEX ${index} IS ${text(comment)}`)]),
      ];
    }),
  ];
}

/** Names of indexes are unique in a schema: those of a table beside live are made of the name on live and the table's. */
function ownIndex(name: string, table: TableRef): string {
  const digest = createHash("sha256").update(JSON.stringify([name, table.path.at(-1)]));
  return `_cutover_${digest.digest("hex").slice(0, 32)}`;
}

/**
 * The tables change names, in the transaction around, and so do their indexes; what belongs to the name follows it: views
 * are made again, sequences, owner and privileges pass over.
 * @throws CutoverError `UNSUPPORTED` when a table has what cannot be carried over.
 */
function swap(s: Step<"swap">): readonly SqlOp[] {
  const next = carried("swap", s.candidate);
  const live = s.live === null ? null : carried("swap", s.live);
  const schema = s.at.path.slice(0, -1);
  const renameIndex = (from: string, to: string): SqlOp =>
    sqlOp(`ALTER INDEX ${ident([...schema, from])} RENAME TO ${ident([to])}`);
  const renameTable = (from: TableRef, to: TableRef): SqlOp =>
    sqlOp(`ALTER TABLE ${at(from)} RENAME TO ${ident(to.path.slice(-1))}`);
  // What was recorded of a kept table tells its names from when it was live.
  const recorded = next.table !== s.candidate.ref.path.at(-1);
  const known = (recorded ? next : live)?.indexes.map((i) => i.name) ?? [];
  const present = (name: string): boolean => recorded || next.indexes.some((i) => i.name === ownIndex(name, s.candidate.ref));
  return [
    ...(live?.indexes ?? []).map(({ name }) => renameIndex(name, ownIndex(name, s.keepAs))),
    ...(s.live === null ? [] : [renameTable(s.live.ref, s.keepAs)]),
    ...known.filter(present).map((name) => renameIndex(ownIndex(name, s.candidate.ref), name)),
    renameTable(s.candidate.ref, s.at),
    ...(live === null ? [] : following(s, live, next)),
  ];
}

function following(s: Step<"swap">, live: Fingerprint, next: Fingerprint): readonly SqlOp[] {
  const has = (column: string): boolean => s.candidate.columns.some((c) => c.name === column);
  const differ = (a: readonly Grant[], b: readonly Grant[]): readonly Grant[] =>
    a.filter((g) => !b.some((h) => h.to === g.to && h.privilege === g.privilege && h.grantable === g.grantable));
  return [
    ...live.views.map(({ name, options, query }) =>
      sqlOp(`CREATE OR REPLACE VIEW ${name}${options === null ? "" : ` WITH (${options})`} AS ${query}`),
    ),
    ...(live.owner === next.owner ? [] : [sqlOp(`ALTER TABLE ${at(s.at)} OWNER TO ${ident([live.owner])}`)]),
    ...live.sequences
      .filter((q) => has(q.column))
      .map((q) => sqlOp(`ALTER SEQUENCE ${q.name} OWNED BY ${ident([...s.at.path, q.column])}`)),
    ...differ(next.grants, live.grants).map((g) => sqlOp(`REVOKE ${g.privilege} ON ${at(s.at)} FROM ${g.to}`)),
    ...differ(live.grants, next.grants).map((g) =>
      sqlOp(`GRANT ${g.privilege} ON ${at(s.at)} TO ${g.to}${g.grantable ? " WITH GRANT OPTION" : ""}`),
    ),
  ];
}

/** The adapter's own form again: it has been through the core, and through JSON. */
function carried(what: "clone" | "swap", shape: TableShape): Fingerprint {
  const print = shape.fingerprint as Fingerprint;
  const [first] = print.fixed;
  if (first === undefined) return print;
  const message = `${at(shape.ref)} has ${first}, which a ${what} would not carry over; publish in place, or take it away`;
  const table = shape.ref.path.join(".");
  throw new CutoverError("UNSUPPORTED", message, { capability: what, alternative: "publish in place", table });
}
