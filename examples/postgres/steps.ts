import { createHash } from "node:crypto";
import {
  ansi,
  type Compilers,
  CutoverError,
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

export const steps: Compilers<PortableStep | "clone" | "swap"> = {
  ...ansi(syntax),
  // A schema has no name of its database before it.
  createSchema: (s) => [sqlOp(`CREATE SCHEMA ${s.ifNotExists ? "IF NOT EXISTS " : ""}${ident(s.ref.path.slice(-1))}`)],
  dropSchema: (s) => [sqlOp(`DROP SCHEMA IF EXISTS ${ident(s.ref.path.slice(-1))} CASCADE`)],
  // A view that is replaced must keep its columns.
  view: (s) => [...(s.replace ? [sqlOp(`DROP VIEW IF EXISTS ${at(s.ref)}`)] : []), ...ansi(syntax).view({ ...s, replace: true })],
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
    ...(print.comment === undefined ? [] : [sqlOp(`COMMENT ON TABLE ${to} IS ${text(print.comment)}`)]),
    ...print.grants.map((g) => grant(g, s.to)),
    ...print.indexes.flatMap(({ name, kind, definition, comment }) => {
      const own = ownIndex(name, s.to);
      const create = `CREATE ${kind === "unique" ? "UNIQUE " : ""}INDEX ${ident([own])} ON ${to} ${definition}`;
      const index = ident([...s.to.path.slice(0, -1), own]);
      return [
        sqlOp(kind === "constraint" ? `ALTER TABLE ${to} ADD CONSTRAINT ${ident([own])} ${definition}` : create),
        ...(comment === undefined ? [] : [sqlOp(`COMMENT ON INDEX ${index} IS ${text(comment)}`)]),
      ];
    }),
  ];
}

/** Names of indexes are unique in a schema: those of a table beside live bear a mark, which `describe` takes off. */
const ownIndex = (name: string, table: TableRef): string =>
  `${name}~cutover_${createHash("sha256")
    .update(JSON.stringify([name, table.path.at(-1)]))
    .digest("hex")
    .slice(0, 8)}`;

const grant = (g: Grant, on: TableRef): SqlOp =>
  sqlOp(`GRANT ${g.privilege} ON ${at(on)} TO ${g.to}${g.grantable ? " WITH GRANT OPTION" : ""}`);

/**
 * The tables change names, in the transaction around, and so do their indexes; what belongs to the name follows it: views
 * are made again, sequences, owner and privileges pass over.
 * @throws CutoverError `UNSUPPORTED` when a table has what cannot be carried over.
 */
function swap(s: Step<"swap">): readonly SqlOp[] {
  const next = carried("swap", s.candidate);
  const live = s.live === null ? null : carried("swap", s.live);
  const rename = (what: "INDEX" | "TABLE", from: string, to: string): readonly SqlOp[] =>
    from === to ? [] : [sqlOp(`ALTER ${what} ${ident([...s.at.path.slice(0, -1), from])} RENAME TO ${ident([to])}`)];
  const nameOf = (ref: TableRef): string => ref.path.at(-1) ?? "";
  // What was recorded of a kept table tells the names of its indexes from when it was live.
  const recorded = next.table !== nameOf(s.candidate.ref);
  return [
    ...(live?.indexes ?? []).flatMap((i) => rename("INDEX", i.as ?? i.name, ownIndex(i.name, s.keepAs))),
    ...(s.live === null ? [] : rename("TABLE", nameOf(s.live.ref), nameOf(s.keepAs))),
    ...next.indexes.flatMap((i) => rename("INDEX", recorded ? ownIndex(i.name, s.candidate.ref) : (i.as ?? i.name), i.name)),
    ...rename("TABLE", nameOf(s.candidate.ref), nameOf(s.at)),
    ...(live === null ? [] : following(s, live, next)),
  ];
}

function following(s: Step<"swap">, live: Fingerprint, next: Fingerprint): readonly SqlOp[] {
  const has = (column: string): boolean => s.candidate.columns.some((c) => c.name === column);
  const differ = (a: readonly Grant[], b: readonly Grant[]): readonly Grant[] =>
    a.filter((g) => !b.some((h) => h.to === g.to && h.privilege === g.privilege && h.grantable === g.grantable));
  return [
    ...live.views.map(({ name, options, query }) =>
      sqlOp(`CREATE OR REPLACE VIEW ${name}${options === undefined ? "" : ` WITH (${options})`} AS ${query}`),
    ),
    ...(live.owner === next.owner ? [] : [sqlOp(`ALTER TABLE ${at(s.at)} OWNER TO ${ident([live.owner])}`)]),
    ...live.sequences
      .filter((q) => has(q.column))
      .map((q) => sqlOp(`ALTER SEQUENCE ${q.name} OWNED BY ${ident([...s.at.path, q.column])}`)),
    ...differ(next.grants, live.grants).map((g) => sqlOp(`REVOKE ${g.privilege} ON ${at(s.at)} FROM ${g.to}`)),
    ...differ(live.grants, next.grants).map((g) => grant(g, s.at)),
  ];
}

/** The adapter's own form again: it has been through the core, and through JSON. */
function carried(what: "clone" | "swap", shape: TableShape): Fingerprint {
  const print = shape.fingerprint as Fingerprint | null;
  if (print?.fixed === undefined) throw new Error(`${at(shape.ref)} was never described by this adapter`);
  const [first] = print.fixed;
  if (first === undefined) return print;
  const message = `${at(shape.ref)} has ${first}, which a ${what} would not carry over; publish in place, or take it away`;
  const table = shape.ref.path.join(".");
  throw new CutoverError("UNSUPPORTED", message, { capability: what, alternative: "publish in place", table });
}
