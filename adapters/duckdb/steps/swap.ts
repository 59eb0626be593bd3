import { type ColumnShape, CutoverError, type SqlOp, type Step, sqlOp, type TableRef, type TableShape } from "cutover/adapter";
import { fold } from "../ddl.js";
import { derivedIndex, readFingerprint } from "../fingerprint.js";
import { syntax, text } from "../syntax.js";
import { createIndex } from "./clone.js";

/**
 * The tables change names, in the transaction around. An index ties a table to its name, so indexes go first and are built
 * again under their own names on what is live then; the kept table has none. Views follow the name; when the columns
 * changed they are made again, and one that can no longer be ends the swap.
 * @throws CutoverError `UNSUPPORTED` when a foreign key leads from or to a table.
 */
export function swap(s: Step<"swap">): readonly SqlOp[] {
  refuseForeignKeys(s);
  const indexes = readFingerprint(s.candidate.fingerprint)?.indexes ?? [];
  const schema = s.at.path.slice(0, -1);
  const own = ownIndexes(s.candidate);
  const gone = [...ownIndexes(s.live), ...own];
  // A table's storage remembers the name of a dropped index until the commit. Only an index that was made on the candidate by hand has that name there.
  const free = (name: string): string => (own.includes(name) ? derivedIndex(name, s.at.path) : name);
  return [
    ...gone.map((index) => sqlOp(`DROP INDEX ${syntax.ident([...schema, index])}`)),
    ...(s.live === null ? [] : [rename(s.live.ref, s.keepAs)]),
    rename(s.candidate.ref, s.at),
    ...indexes.flatMap((index) => createIndex(index, free(index.name), s.at)),
    ...(s.live === null || sameColumns(s.live.columns, s.candidate.columns) ? [] : views(s.live)),
  ];
}

/** Names of the indexes that a table has now. A kept one has none: its fingerprint is from when it was live. */
function ownIndexes(shape: TableShape | null): readonly string[] {
  const print = readFingerprint(shape?.fingerprint);
  const now = print !== null && shape !== null && fold(JSON.stringify(print.table)) === fold(JSON.stringify(shape.ref.path));
  return now ? print.indexes.map((index) => index.as ?? index.name) : [];
}

const rename = (from: TableRef, to: TableRef): SqlOp =>
  sqlOp(`ALTER TABLE ${syntax.ident(from.path)} RENAME TO ${syntax.ident(to.path.slice(-1))}`);

function views(live: TableShape): readonly SqlOp[] {
  return (readFingerprint(live.fingerprint)?.views ?? []).flatMap((view) => {
    const name = syntax.ident(view.path);
    const create = sqlOp(`CREATE OR REPLACE VIEW ${name}${view.definition}`);
    return view.comment === null ? [create] : [create, sqlOp(`COMMENT ON VIEW ${name} IS ${text(view.comment)}`)];
  });
}

const sameColumns = (a: readonly ColumnShape[], b: readonly ColumnShape[]): boolean =>
  a.length === b.length && a.every((c, i) => c.name === b[i]?.name && c.native === b[i]?.native);

function refuseForeignKeys(s: Step<"swap">): void {
  for (const shape of [s.live, s.candidate]) {
    const [key] = readFingerprint(shape?.fingerprint)?.foreignKeys ?? [];
    if (key === undefined) continue;
    const message = `${syntax.ident(s.at.path)} cannot be swapped: DuckDB renames no table with a foreign key ("${key.from}": ${key.constraint}); publish in place, or drop the foreign key`;
    throw new CutoverError("UNSUPPORTED", message, {
      capability: "swap",
      alternative: "publish in place",
      table: s.at.path.join("."),
    });
  }
}
