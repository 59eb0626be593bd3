import { type ColumnShape, imageColumns, type SqlOp, type Step, sqlOp } from "cutover/adapter";
import { sameName } from "../ddl.js";
import { readFingerprint } from "../fingerprint.js";
import { all, columnsOf, exact, images, listed, name, notes, sameKey, sameRow, table, visibly } from "./words.js";

type Exchange = Step<"exchange">;

/** Removes one image from live, exactly, and inserts the other. */
export function exchange(s: Exchange): readonly SqlOp[] {
  const tidy = s.captured ? [sqlOp(`DROP TABLE IF EXISTS ${notes(s.live.ref, s.release, "match")}`)] : [];
  if (s.key.length > 0 && isReferenced(s)) return [...inPlace(s), ...tidy];
  return [...(s.removes === 0 ? [] : [removal(s)]), ...untaken(s), ...(s.inserts === 0 ? [] : [insertion(s)]), ...tidy];
}

/** Below so many rows a scan of live is quicker without the filter that the engine makes of an equality for it. */
const FEW = 10_000;

function removal(s: Exchange): SqlOp {
  const live = table(s.live.ref);
  const expect = { affected: s.removes } as const;
  if (s.captured) {
    const noted = `(SELECT rid FROM ${notes(s.live.ref, s.release, "match")} WHERE goes)`;
    const few = s.rows !== null && s.rows < FEW;
    return sqlOp(
      few
        ? `DELETE FROM ${live} AS l USING ${noted} AS m WHERE l.rowid IS NOT DISTINCT FROM m.rid`
        : `DELETE FROM ${live} WHERE rowid IN ${noted}`,
      { expect },
    );
  }
  const columns = columnsOf(s.live);
  if (s.key.length === 0) return sqlOp(`DELETE FROM ${live} WHERE rowid IN (${copies(s, columns)})`, { expect });
  return sqlOp(
    `DELETE FROM ${live} AS l USING (${chosen(s, columns)}) AS c WHERE ${sameKey(s.key, "c", "l")} AND ${compared(columns)}`,
    { expect },
  );
}
const chosen = (s: Exchange, columns: readonly ColumnShape[]): string =>
  `SELECT ${listed(columns.map((c) => name(c.name)))} FROM ${table(s.changes)} AS i WHERE ${images(s.release, s.remove, "i")}`;
// As a CASE the comparison is made after the join by key; as conditions the engine would join by every column, five times slower.
const compared = (columns: readonly ColumnShape[]): string => `CASE WHEN ${sameRow(columns, "c", "l")} THEN TRUE ELSE FALSE END`;

/** Addresses of as many live rows as there are images of the same content. */
function copies(s: Exchange, columns: readonly ColumnShape[]): string {
  const contents = columns.map((c) => exact(c, "i"));
  const wanted = `SELECT min(i.rowid) AS id, count(*) AS n, ${listed(contents.map((x, k) => `${x} AS x${k}`))} FROM ${table(s.changes)} AS i WHERE ${images(s.release, s.remove, "i")} GROUP BY ${listed(contents)}`;
  const same = all(columns.map((c, k) => `w.x${k} IS NOT DISTINCT FROM ${exact(c, "l")}`));
  return `SELECT rid FROM (SELECT l.rowid AS rid, w.n AS n, row_number() OVER (PARTITION BY w.id) AS k FROM (${wanted}) AS w JOIN ${table(s.live.ref)} AS l ON ${same}) WHERE k <= n`;
}

/** Keys that others took since the images were recorded would be twice in the table; a capture of this very block has seen to it. */
function untaken(s: Exchange, only = ""): readonly SqlOp[] {
  if (s.inserts === 0 || s.captured || s.key.length === 0) return [];
  const other = s.remove === "before" ? "after" : "before";
  const met = `${table(s.changes)} AS i JOIN ${table(s.live.ref)} AS l ON ${sameKey(s.key, "i", "l")}`;
  const found = `SELECT count(*) AS taken, count(*) = 0 AS ok FROM ${met} WHERE ${images(s.release, other, "i")}${only}`;
  return [sqlOp(found, { expect: { holds: true }, returns: { taken: "int64", ok: "bool" } })];
}

function insertion(s: Exchange, only = ""): SqlOp {
  const names = listed(columnsOf(s.live).map((c) => name(c.name)));
  const other = s.remove === "before" ? "after" : "before";
  const statement = `INSERT INTO ${table(s.live.ref)} (${names}) SELECT ${names} FROM ${table(s.changes)} AS i WHERE ${images(s.release, other, "i")}${only}`;
  return sqlOp(visibly(statement, s.rows), only === "" ? { expect: { affected: s.inserts } } : {});
}

const isReferenced = (s: Exchange): boolean =>
  readFingerprint(s.live.fingerprint)?.foreignKeys.some((key) => sameName(key.to, s.live.ref.path.at(-1) ?? "")) ?? false;

/** A key that a foreign key refers to cannot be deleted and come again in one transaction: such rows are updated where they are. */
function inPlace(s: Exchange): readonly SqlOp[] {
  const columns = columnsOf(s.live);
  const live = table(s.live.ref);
  const other = s.remove === "before" ? "after" : "before";
  const op = name("i", imageColumns.op);
  const met = `${sameKey(s.key, "c", "l")} AND ${compared(columns)}`;
  const found = `SELECT count(*) AS found, count(*) = (SELECT count(*) FROM (${chosen(s, columns)})) AS ok FROM (${chosen(s, columns)}) AS c JOIN ${live} AS l ON ${met}`;
  const set = columns.filter((c) => !s.key.includes(c.name)).map((c) => `${name(c.name)} = ${name("o", c.name)}`);
  const updates = `SELECT * FROM ${table(s.changes)} AS i WHERE ${images(s.release, other, "i")} AND ${op} = 'update'`;
  return [
    sqlOp(found, { expect: { holds: true }, returns: { found: "int64", ok: "bool" } }),
    sqlOp(`DELETE FROM ${live} AS l USING (${chosen(s, columns)} AND ${op} <> 'update') AS c WHERE ${sameKey(s.key, "c", "l")}`),
    ...(set.length === 0
      ? []
      : [sqlOp(`UPDATE ${live} AS l SET ${listed(set)} FROM (${updates}) AS o WHERE ${sameKey(s.key, "o", "l")}`)]),
    ...untaken(s, ` AND ${op} <> 'update'`),
    insertion(s, ` AND ${op} <> 'update'`),
  ];
}
