import { CutoverError, type NativeOp, type Step, type TableShape } from "cutover/adapter";
import type { Fingerprint } from "../fingerprint.js";
import type { BigQueryNative } from "../natives.js";
import { steps } from "../steps/index.js";
import { call, journalColumns } from "../steps/ledger.js";
import { carried, copy, dress, dressing, mark, refuse, refuseLoss } from "../steps/swap.js";
import { listed, name, table } from "../steps/words.js";
import { complete, type TablePath } from "../tables.js";
import { firstVersion, held, isBeside, versionFor, viewText } from "./versions.js";

type Call = NativeOp<BigQueryNative>;
const refOf = (path: TablePath) => ({ path });
/** The table that holds the rows of what is described. */
const heldBy = (shape: TableShape): TableShape => ({ ...shape, ref: { ...shape.ref, path: held(shape) } });

/** The steps where live is a view: what writes to live writes to its version, and a swap points the view at another. */
export const viewSteps: typeof steps = {
  ...steps,
  capture: (s) => steps.capture({ ...s, live: heldBy(s.live) }),
  exchange: (s) => steps.exchange({ ...s, live: heldBy(s.live) }),
  fill: (s) => steps.fill({ ...s, live: heldBy(s.live) }),
  empty: (s) => steps.empty({ ...s, live: heldBy(s.live) }),
  tally: (s) => steps.tally(s.stale === null ? s : { ...s, stale: { ...s.stale, live: heldBy(s.stale.live) } }),
  clone: (s) => steps.clone({ ...s, from: heldBy(s.from) }),
  restore: (s) => steps.restore({ ...s, live: heldBy(s.live) }),
  create,
  addColumns,
  swap,
};

/** A view shows the columns that it was made with. */
function addColumns(s: Step<"addColumns">): never {
  const alternative = "a candidate: clone(), transform() with the new column, swap()";
  const message = `${table(s.on.ref)} is a view, to which no column is added in place; use ${alternative}`;
  throw new CutoverError("UNSUPPORTED", message, {
    capability: "columns added to a view",
    alternative,
    table: s.on.ref.path.join("."),
  });
}

const ledger: readonly (readonly string[])[] = [journalColumns, ["table_name", "pipeline", "claimed_at"]];
/** The ledger's own tables are no views; they have names that the step does not tell apart, and columns that it does. */
const isLedger = (s: Step<"create">): boolean => {
  const columns = s.columns.map((c) => c.name).join();
  return s.scratch || isBeside(complete(s.ref.path)) || ledger.some((l) => l.join() === columns);
};

function create(s: Step<"create">): ReturnType<typeof steps.create> {
  if (isLedger(s)) return steps.create(s);
  const view = complete(s.ref.path);
  const first = firstVersion(view);
  const columns = listed(s.columns.map((c) => `${name(c.name)} ${c.native}${c.nullable ? "" : " NOT NULL"}`));
  const text = `CREATE TABLE ${table(refOf(first))} (${columns}); CREATE VIEW ${table(s.ref)} AS ${viewText(first)}`;
  return [call({ call: "stand", view, columns: s.columns, ifNotExists: s.ifNotExists }, text)];
}

/**
 * The version that leaves is kept aside as a clone; the candidate is cloned under a name of its own, which nothing uses twice; then the
 * view is pointed at that, which is when readers see it. Every part may be run again.
 */
function swap(s: Step<"swap">): readonly Call[] {
  const next = carried("swap", s.candidate);
  const [candidate, view] = [complete(s.candidate.ref.path), complete(s.at.path)];
  const version = versionFor(view, s.marker);
  const taken = (like: Fingerprint, was: string | null): readonly Call[] => [
    call(
      { call: "version", from: candidate, to: version, like, marker: s.marker },
      `CREATE TABLE IF NOT EXISTS ${table(refOf(version))} CLONE ${table(s.candidate.ref)}`,
    ),
    call(
      { call: "repoint", view, version, was, like, marker: s.marker },
      `CREATE OR REPLACE VIEW ${table(s.at)} AS ${viewText(version)} -- marked ${s.marker}; by tables.patch, If-Match`,
    ),
  ];
  const drop = call({ call: "drop", table: candidate, forgive: true }, `DROP TABLE IF EXISTS ${table(s.candidate.ref)}`);
  const first = mark({ kind: "mark", table: s.candidate, marker: s.marker });
  if (s.live === null) return [...first, ...taken(next, null), dress(s.at, shownOf(next), s.marker), drop];
  const live = carried("swap", s.live);
  const left = held(s.live);
  if (live.version === undefined || s.live.version === null) refuse("swap", s.live, "it is a table, and no view on one");
  refuseLoss(s.live, live, next);
  const like = dressing(live, next);
  return [
    ...first,
    copy(refOf(left), s.keepAs, { keep: true, once: s.marker }),
    dress(s.keepAs, live, s.live.marker),
    ...taken(like, s.live.version),
    call(
      { call: "retire", view, left, was: s.live.version ?? "", version },
      `ALTER TABLE ${table(refOf(left))} SET OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR))`,
    ),
    dress(s.at, shownOf(like), s.marker),
    drop,
  ];
}

/** What a view wears of what a table does. */
const shownOf = (like: Fingerprint): Fingerprint => ({
  ...like,
  requirePartitionFilter: false,
  primaryKey: [],
  foreignKeys: [],
  iam: null,
  fields: like.fields.flatMap(({ name: column, type, mode, description }) =>
    description === undefined ? [] : [{ name: column, type, mode, description }],
  ),
});
