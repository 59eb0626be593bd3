import { CutoverError, type NativeOp, type Step, type TableRef, type TableShape } from "cutover/adapter";
import { type Fingerprint, readFingerprint } from "../fingerprint.js";
import type { Field } from "../link.js";
import type { BigQueryNative } from "../natives.js";
import { complete } from "../tables.js";
import { call } from "./ledger.js";
import { name, table } from "./words.js";

type Call = NativeOp<BigQueryNative>;

export const copy = (from: TableRef, to: TableRef, more: { readonly keep: boolean; readonly once: string | null }): Call =>
  call(
    { call: "copy", from: complete(from.path), to: complete(to.path), ...more },
    `CREATE TABLE ${more.keep ? "IF NOT EXISTS " : ""}${table(to)} CLONE ${table(from)}`,
  );
export const dress = (ref: TableRef, like: Fingerprint, marker: string | null): Call =>
  call(
    { call: "dress", table: complete(ref.path), like, marker },
    `-- labels, description, expiration, policy tags, primary key and access of ${table(ref)}${marker === null ? "" : `, marked ${marker}`}`,
  );

/** A clone, at the end of a chain of clones a copy, with what it leaves out; or an empty table of the same kind. */
export function clone(s: Step<"clone">): readonly Call[] {
  const print = carried("clone", s.from);
  const { columns } = s.from;
  if (!s.empty) return [copy(s.from.ref, s.to, { keep: false, once: null }), dress(s.to, print, null)];
  return [
    call(
      { call: "create", table: complete(s.to.path), columns, ifNotExists: false, like: print },
      `CREATE TABLE ${table(s.to)} LIKE ${table(s.from.ref)}`,
    ),
  ];
}

/**
 * Live is kept aside, then overwritten by one copy job, which exists once for all who carry this swap on, then given what the
 * overwriting took. Every part may be run again.
 */
export function swap(s: Step<"swap">): readonly Call[] {
  const next = carried("swap", s.candidate);
  const [candidate, at] = [complete(s.candidate.ref.path), complete(s.at.path)];
  if (s.live === null)
    return [call({ call: "rename", from: candidate, to: at }, `ALTER TABLE ${table(s.candidate.ref)} RENAME TO ${name(at[2])}`)];
  const live = carried("swap", s.live);
  refuseLoss(s.live, live, next);
  return [
    // First, since it fails where there is no candidate: then nothing is kept either.
    ...mark({ kind: "mark", table: s.candidate, marker: s.marker }),
    copy(s.at, s.keepAs, { keep: true, once: s.marker }),
    dress(s.keepAs, live, s.live.marker),
    call(
      { call: "overwrite", from: candidate, to: at, marker: s.marker, version: s.live.version },
      `-- copy job, WRITE_TRUNCATE: ${table(s.candidate.ref)} over ${table(s.at)}`,
    ),
    dress(s.at, dressing(live, next), s.marker),
    call({ call: "drop", table: candidate, forgive: true }, `DROP TABLE IF EXISTS ${table(s.candidate.ref)}`),
  ];
}

/** What live is to wear afterwards: what people gave the candidate, else what they gave live. */
export function dressing(live: Fingerprint, next: Fingerprint): Fingerprint {
  const columns = new Set(next.fields.map((f) => f.name.toLowerCase()));
  const kept = live.primaryKey.every((k) => columns.has(k.toLowerCase())) ? live.primaryKey : [];
  return {
    ...next,
    description: next.description ?? live.description,
    friendlyName: next.friendlyName ?? live.friendlyName,
    labels: { ...live.labels, ...next.labels },
    expires: live.expires,
    fields: worded(next.fields, live.fields),
    primaryKey: next.primaryKey.length > 0 ? next.primaryKey : kept,
    iam: live.iam,
  };
}
function worded(fields: readonly Field[], from: readonly Field[]): readonly Field[] {
  return fields.map((f) => {
    const was = from.find((l) => l.name.toLowerCase() === f.name.toLowerCase());
    if (was === undefined) return f;
    const description = f.description ?? was.description;
    return {
      ...f,
      ...(description === undefined ? {} : { description }),
      ...(f.fields === undefined ? {} : { fields: worded(f.fields, was.fields ?? []) }),
    };
  });
}

/** What would be gone from live, or open for a moment, is refused beforehand. */
export function refuseLoss(shape: TableShape, live: Fingerprint, next: Fingerprint): void {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  if (!same(live.partitioning, next.partitioning)) refuse("swap", shape, "it is partitioned otherwise than the candidate");
  if (!same(live.clustering, next.clustering)) refuse("swap", shape, "it is clustered otherwise than the candidate");
  const tag = tagged(live.fields).find((t) => !tagged(next.fields).includes(t));
  if (tag !== undefined) refuse("swap", shape, `${tag} has a policy tag, and the candidate's has not`);
}
const tagged = (fields: readonly Field[], at = ""): readonly string[] =>
  fields.flatMap((f) => [
    ...(f.policyTags?.names ?? []).map((tag) => `${at}${f.name.toLowerCase()} (${tag})`),
    ...tagged(f.fields ?? [], `${at}${f.name.toLowerCase()}.`),
  ]);

export const mark = (s: Step<"mark">): readonly Call[] => [
  call(
    { call: "mark", table: complete(s.table.ref.path), marker: s.marker },
    `-- ${table(s.table.ref)} is marked ${s.marker}, in its labels`,
  ),
];

export const rename = (s: Step<"rename">): readonly Call[] => [
  call(
    { call: "rename", from: complete(s.from.path), to: complete(s.to.path) },
    `ALTER TABLE ${table(s.from)} RENAME TO ${name(s.to.path.at(-1) ?? "")}`,
  ),
];

/** Live as it was at an instant. */
export function restore(s: Step<"restore">): readonly Call[] {
  if (!/^\d+$/.test(s.before)) refuse("restore", s.live, "what was recorded of it is no instant");
  const like = carried("restore", s.live);
  const [from, to] = [complete(s.live.ref.path), complete(s.to.path)];
  return [
    call(
      { call: "restore", from, to, micros: s.before, columns: s.live.columns, like },
      `CREATE TABLE ${table(s.to)} CLONE ${table(s.live.ref)} FOR SYSTEM_TIME AS OF TIMESTAMP_MICROS(${s.before})`,
    ),
    dress(s.to, like, null),
  ];
}

/** The adapter's own form again. @throws CutoverError `UNSUPPORTED` for what goes with the table and would be left behind. */
export function carried(what: "clone" | "swap" | "restore", shape: TableShape): Fingerprint {
  const print = readFingerprint(shape.fingerprint);
  if (print === null) throw new Error(`cutover: ${table(shape.ref)} was never described`);
  const [first] = print.fixed;
  if (first !== undefined) refuse(what, shape, `it has ${first}, which no copy has`);
  return print;
}
export function refuse(what: string, shape: TableShape, why: string): never {
  const message = `${table(shape.ref)} cannot be taken for a ${what}: ${why}; publish in place, or change that`;
  throw new CutoverError("UNSUPPORTED", message, {
    capability: what,
    alternative: "publish in place",
    table: shape.ref.path.join("."),
  });
}
