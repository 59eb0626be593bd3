import { CutoverError, type SqlOp, type Step, sqlOp, type TableShape } from "cutover/adapter";
import { type Fingerprint, type Grant, key, readFingerprint, withMark } from "../fingerprint.js";
import { syntax, text } from "../syntax.js";
import { table } from "./words.js";

/** A copy without copying, with the grants of what is copied; a fresh name, since OR REPLACE would take its grants from there. */
export function clone(s: Step<"clone">): readonly SqlOp[] {
  const print = carried("clone", s.from);
  return [
    sqlOp(`CREATE ${kindOf(print)} ${table(s.to)} CLONE ${table(s.from.ref)} COPY GRANTS`),
    // LIKE would leave out policies and tags.
    ...(s.empty ? [sqlOp(`TRUNCATE TABLE ${table(s.to)}`)] : []),
    // The comment comes along, and with it the mark of a release that the copy is not.
    ...(s.from.marker === null ? [] : [comment(table(s.to), print.comment)]),
  ];
}
const kindOf = (print: Fingerprint): string => (print.kind === "transient" ? "TRANSIENT TABLE" : "TABLE");
const comment = (at: string, value: string): SqlOp => sqlOp(`COMMENT ON TABLE ${at} IS ${text(value)}`);

/** Never tried again by itself: a second one would undo the first. */
export function swap(s: Step<"swap">): readonly SqlOp[] {
  const next = carried("swap", s.candidate);
  const [candidate, at] = [table(s.candidate.ref), table(s.at)];
  if (s.live === null) return [sqlOp(`ALTER TABLE ${candidate} RENAME TO ${at}`)];
  const live = carried("swap", s.live);
  if (live.kind !== next.kind) refuse("swap", s.live, `it is ${live.kind}, and the candidate is ${next.kind}`);
  const without = live.attached.find((what) => !next.attached.includes(what));
  if (without !== undefined) refuse("swap", s.live, `it has ${without}, and the candidate has not`);
  return [sqlOp(`ALTER TABLE ${at} SWAP WITH ${candidate}`), sqlOp(`ALTER TABLE ${candidate} RENAME TO ${table(s.keepAs)}`)];
}

export function mark(s: Step<"mark">): readonly SqlOp[] {
  const print = readFingerprint(s.table.fingerprint);
  return [comment(table(s.table.ref), withMark(print?.comment ?? "", s.marker))];
}

export const rename = (s: Step<"rename">): readonly SqlOp[] => [sqlOp(`ALTER TABLE ${table(s.from)} RENAME TO ${table(s.to)}`)];

/** Live as it was just before a statement. */
export function restore(s: Step<"restore">): readonly SqlOp[] {
  if (!/^[0-9a-f-]+$/i.test(s.before)) refuse("restore", s.live, "what was recorded of it is no id of a statement");
  const print = carried("restore", s.live);
  return [
    sqlOp(
      `CREATE ${kindOf(print)} ${table(s.to)} CLONE ${table(s.live.ref)} BEFORE (STATEMENT => ${text(s.before)}) COPY GRANTS`,
    ),
    ...(s.live.marker === null ? [] : [comment(table(s.to), print.comment)]),
  ];
}

/** The difference of the grants, and at last the owner: what comes after needs his rights. */
export function regrant(s: Step<"regrant">): readonly SqlOp[] {
  const before = readFingerprint(s.before);
  const after = readFingerprint(s.after);
  if (after === null) return [];
  const lacks = (from: readonly Grant[], these: readonly Grant[]): readonly Grant[] =>
    these.filter((g) => !from.some((h) => key(h) === key(g)));
  const on = `ON TABLE ${table(s.ref)}`;
  const { owner } = after;
  return [
    ...lacks(after.grants, before?.grants ?? []).map((g) => sqlOp(`REVOKE ${g.privilege} ${on} FROM ${receiver(g, s)}`)),
    ...lacks(before?.grants ?? [], after.grants).map((g) =>
      sqlOp(`GRANT ${g.privilege} ${on} TO ${receiver(g, s)}${g.grantable ? " WITH GRANT OPTION" : ""}`),
    ),
    ...(owner === null || !s.owner || owner === before?.owner
      ? []
      : [sqlOp(`GRANT OWNERSHIP ${on} TO ROLE ${quoted(owner)} COPY CURRENT GRANTS`)]),
  ];
}
/** SHOW GRANTS writes a name as it is, and in quotes where it must be. */
const quoted = (name: string): string => (/^".*"$/s.test(name) ? name : syntax.ident([name]));

function receiver(g: Grant, s: Step<"regrant">): string {
  const parts = g.to.split(".");
  const bare = parts.at(-1) ?? g.to;
  switch (g.kind) {
    case "ROLE":
      return `ROLE ${quoted(g.to)}`;
    case "DATABASE_ROLE":
      return `DATABASE ROLE ${quoted(parts.length > 1 ? (parts[0] as string) : (s.ref.path[0] as string))}.${quoted(bare)}`;
    case "SHARE":
      return `SHARE ${quoted(bare)}`;
    default:
      return `${g.kind.replaceAll("_", " ")} ${quoted(g.to)}`;
  }
}

/** The adapter's own form again. @throws CutoverError `UNSUPPORTED` for what goes with the table and would be left behind. */
function carried(what: "clone" | "swap" | "restore", shape: TableShape): Fingerprint {
  const print = readFingerprint(shape.fingerprint);
  if (print === null) throw new Error(`cutover: ${table(shape.ref)} was never described`);
  const [first] = print.fixed;
  if (first !== undefined) refuse(what, shape, `it has ${first}, which would stay with the old version`);
  return print;
}
function refuse(what: string, shape: TableShape, why: string): never {
  const message = `${table(shape.ref)} cannot be taken for a ${what}: ${why}; publish in place, or take that away`;
  throw new CutoverError("UNSUPPORTED", message, {
    capability: what,
    alternative: "publish in place",
    table: shape.ref.path.join("."),
  });
}
