import { CutoverError, type SqlOp, type Step, sqlOp, stored, type TableRef } from "cutover/adapter";
import { sameName } from "../ddl.js";
import { derivedIndex, type Fingerprint, type Index, readFingerprint } from "../fingerprint.js";
import { syntax, text } from "../syntax.js";

/** A faithful copy: the table's own definition under another name, its rows, comments and indexes. */
export function clone(s: Step<"clone">): readonly SqlOp[] {
  const print = readFingerprint(s.from.fingerprint);
  if (print === null) throw new Error(`cutover: ${syntax.ident(s.from.ref.path)} was never described, so it cannot be cloned`);
  refuseForeignKey(s, print);
  const to = syntax.ident(s.to.path);
  const names = stored(s.from.columns)
    .map((c) => syntax.ident([c.name]))
    .join(", ");
  return [
    sqlOp(`CREATE TABLE ${to}${print.body}`),
    ...(s.empty ? [] : [sqlOp(`INSERT INTO ${to} (${names}) SELECT ${names} FROM ${syntax.ident(s.from.ref.path)}`)]),
    ...comments(s.to, print),
    ...print.indexes.flatMap((index) => createIndex(index, derivedIndex(index.name, s.to.path), s.to)),
  ];
}

/** The engine knows no foreign key that leads into another schema. */
function refuseForeignKey({ from, to }: Step<"clone">, print: Fingerprint): void {
  if (sameName(from.ref.path.at(-2) ?? "", to.path.at(-2) ?? "")) return;
  const key = print.foreignKeys.find((k) => sameName(k.from, from.ref.path.at(-1) ?? ""));
  if (key === undefined) return;
  const message = `${syntax.ident(from.ref.path)} cannot be cloned into another schema: DuckDB makes no foreign key between schemas (${key.constraint}); work on a copy of the file, or drop the foreign key`;
  const alternative = "a pipeline on a copy of the file";
  throw new CutoverError("UNSUPPORTED", message, {
    capability: "clone into another schema",
    alternative,
    table: from.ref.path.join("."),
  });
}

function comments(ref: TableRef, print: Fingerprint): readonly SqlOp[] {
  const table = print.comment === null ? [] : [sqlOp(`COMMENT ON TABLE ${syntax.ident(ref.path)} IS ${text(print.comment)}`)];
  const columns = Object.entries(print.columnComments).map(([name, comment]) =>
    sqlOp(`COMMENT ON COLUMN ${syntax.ident([...ref.path, name])} IS ${text(comment)}`),
  );
  return [...table, ...columns];
}

/** An index of that definition on a table, under a name. */
export function createIndex(index: Index, name: string, on: TableRef): readonly SqlOp[] {
  const create = `CREATE ${index.unique ? "UNIQUE " : ""}INDEX ${syntax.ident([name])} ON ${syntax.ident(on.path)}${index.on}`;
  const comment = `COMMENT ON INDEX ${syntax.ident([...on.path.slice(0, -1), name])} IS`;
  return [sqlOp(create), ...(index.comment === null ? [] : [sqlOp(`${comment} ${text(index.comment)}`)])];
}
