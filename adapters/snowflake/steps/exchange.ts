import { type ColumnShape, raw, type SqlOp, type Step, sqlOp, template } from "cutover/adapter";
import { all, columnsOf, images, listed, name, record, sameKey, sameRow, table, told } from "./words.js";

type Exchange = Step<"exchange">;

/** Removes one image from live, exactly, and inserts the other. */
export function exchange(s: Exchange): readonly SqlOp[] {
  const tallied = typeof s.removes === "object" && typeof s.inserts === "object" && s.removes.sameAs === s.inserts.sameAs;
  if (s.captured && s.key.length > 0 && tallied) return [merge(s, (s.removes as { readonly sameAs: string }).sameAs)];
  return [...removal(s), ...untaken(s), ...insertion(s)];
}

const other = (s: Exchange): "before" | "after" => (s.remove === "before" ? "after" : "before");
const prune = (s: Exchange) => s.prune ?? raw("TRUE");

/**
 * Both images of a key beside each other, and one MERGE by them. A row that is not as the image says, or is there though none
 * should be, is left alone, and then the number of changed rows is not the tally's.
 */
function merge(s: Exchange, tally: string): SqlOp {
  const columns = columnsOf(s.live);
  const keyed = new Set(s.key);
  const image = (kind: string, alias: string): string =>
    `(SELECT ${listed(columns.map((c) => name(alias, c.name)))} FROM ${table(s.changes)} AS ${name(alias)} WHERE ${images(s.release, kind, alias)}) AS ${name(alias)}`;
  const [first = ""] = s.key;
  const shown = [
    ...s.key.map((k, i) => `NVL(${name("o", k)}, ${name("n", k)}) AS ${name(`K${i}`)}`),
    `${name("o", first)} IS NOT NULL AS ${name("GOES")}`,
    `${name("n", first)} IS NOT NULL AS ${name("COMES")}`,
    ...columns.flatMap((c, i) => [`${name("o", c.name)} AS ${name(`O${i}`)}`, `${name("n", c.name)} AS ${name(`N${i}`)}`]),
  ];
  const pairs = `SELECT ${listed(shown)} FROM ${image(s.remove, "o")} FULL OUTER JOIN ${image(other(s), "n")} ON ${sameKey(s.key, "o", "n")}`;
  const met = all(s.key.map((k, i) => `${name("l", k)} = ${name("s", `K${i}`)}`));
  const same = sameImage(columns, "l", "s");
  const set = columns.flatMap((c, i) => (keyed.has(c.name) ? [] : [`${name("l", c.name)} = ${name("s", `N${i}`)}`]));
  const update = `WHEN MATCHED AND ${name("s", "GOES")} AND ${name("s", "COMES")} AND ${same} THEN UPDATE SET ${listed(set)}`;
  const insert = `WHEN NOT MATCHED AND NOT ${name("s", "GOES")} THEN INSERT (${listed(columns.map((c) => name(c.name)))}) VALUES (${listed(columns.map((_, i) => name("s", `N${i}`)))})`;
  const head = `MERGE INTO ${table(s.live.ref)} AS ${name("l")} USING (${pairs}) AS ${name("s")} ON ${met} AND `;
  const tail = [
    `WHEN MATCHED AND NOT ${name("s", "COMES")} AND ${same} THEN DELETE`,
    ...(set.length === 0 ? [] : [update]),
    insert,
  ];
  return sqlOp(template`${raw(head)}${prune(s)}${raw(` ${tail.join(" ")}`)}`, {
    expect: { affected: { sameAs: tally, column: "changed" } },
  });
}
/** Live's row against the image that must go, whose columns are numbered. */
function sameImage(columns: readonly ColumnShape[], l: string, s: string): string {
  const numbered = columns.map((c, i) => ({ ...c, at: `O${i}` }));
  return all(numbered.map((c) => sameRow([c], l, s).replaceAll(name(s, c.name), name(s, c.at))));
}

function removal(s: Exchange): readonly SqlOp[] {
  if (s.removes === 0) return [];
  const columns = columnsOf(s.live);
  if (s.key.length === 0) return keyless(s, columns);
  const chosen = `SELECT ${listed(columns.map((c) => name("i", c.name)))} FROM ${table(s.changes)} AS ${name("i")} WHERE ${images(s.release, s.remove, "i")}`;
  const met = `${sameKey(s.key, "c", "l")} AND ${sameRow(columns, "c", "l")}`;
  return [
    sqlOp(
      template`${raw(`DELETE FROM ${table(s.live.ref)} AS ${name("l")} USING (${chosen}) AS ${name("c")} WHERE ${met} AND `)}${prune(s)}`,
      { expect: { affected: s.removes } },
    ),
  ];
}

/**
 * Equal rows cannot be told apart without row addresses. So the copies that stay are first recorded as images of their
 * own kind, then all copies go, and those that stay come back.
 */
function keyless(s: Exchange, columns: readonly ColumnShape[]): readonly SqlOp[] {
  const names = (alias: string): string => listed(columns.map((c) => name(alias, c.name)));
  const count = name("_CUTOVER_COUNT");
  const copy = name("_CUTOVER_COPY");
  const numbered = `SELECT ${names("i")}, ROW_NUMBER() OVER (PARTITION BY ${told(columns, "i")} ORDER BY NULL) AS ${copy}, COUNT(*) OVER (PARTITION BY ${told(columns, "i")}) AS ${count} FROM ${table(s.changes)} AS ${name("i")} WHERE ${images(s.release, s.remove, "i")}`;
  const going = `(SELECT * FROM (${numbered}) AS ${name("n")} WHERE ${copy} = 1) AS ${name("c")}`;
  const met = template`${raw(`${sameRow(columns, "c", "l")} AND `)}${prune(s)}`;
  const found = `SELECT ${names("l")}, ${name("c", "_CUTOVER_COUNT")} AS ${count}, ROW_NUMBER() OVER (PARTITION BY ${told(columns, "l")} ORDER BY NULL) AS ${copy} FROM ${table(s.live.ref)} AS ${name("l")} JOIN ${going} ON `;
  const all_ = `SELECT COUNT(*) FROM ${table(s.changes)} AS ${name("i")} WHERE ${images(s.release, s.remove, "i")}`;
  const stay = images(s.release, "stay", "i");
  return [
    sqlOp(
      template`${raw(`SELECT COUNT(*) = (${all_}) AS ${name("ok")} FROM (${found}`)}${met}${raw(`) AS ${name("k")} WHERE ${name("k", "_CUTOVER_COPY")} <= ${name("k", "_CUTOVER_COUNT")}`)}`,
      { expect: { holds: true }, returns: { ok: "bool" } },
    ),
    sqlOp(
      template`${raw(`${record(s.changes, columns)} SELECT ${s.release}, 'stay', 'stay', ${names("k")} FROM (${found}`)}${met}${raw(`) AS ${name("k")} WHERE ${name("k", "_CUTOVER_COPY")} > ${name("k", "_CUTOVER_COUNT")}`)}`,
    ),
    sqlOp(template`${raw(`DELETE FROM ${table(s.live.ref)} AS ${name("l")} USING ${going} WHERE `)}${met}`),
    sqlOp(
      `INSERT INTO ${table(s.live.ref)} (${listed(columns.map((c) => name(c.name)))}) SELECT ${names("i")} FROM ${table(s.changes)} AS ${name("i")} WHERE ${stay}`,
    ),
    sqlOp(`DELETE FROM ${table(s.changes)} AS ${name("i")} WHERE ${stay}`),
  ];
}

/** Keys that others took since the images were recorded would be twice in the table; a capture of this very block has seen to it. */
function untaken(s: Exchange): readonly SqlOp[] {
  if (s.inserts === 0 || s.captured || s.key.length === 0) return [];
  const met = `${table(s.changes)} AS ${name("i")} JOIN ${table(s.live.ref)} AS ${name("l")} ON ${sameKey(s.key, "i", "l")} AND `;
  return [
    sqlOp(
      template`${raw(`SELECT COUNT(*) AS ${name("taken")}, COUNT(*) = 0 AS ${name("ok")} FROM ${met}`)}${prune(s)}${raw(` WHERE ${images(s.release, other(s), "i")}`)}`,
      { expect: { holds: true }, returns: { taken: "int64", ok: "bool" } },
    ),
  ];
}

function insertion(s: Exchange): readonly SqlOp[] {
  if (s.inserts === 0) return [];
  const names = listed(columnsOf(s.live).map((c) => name(c.name)));
  const shown = listed(columnsOf(s.live).map((c) => name("i", c.name)));
  return [
    sqlOp(
      `INSERT INTO ${table(s.live.ref)} (${names}) SELECT ${shown} FROM ${table(s.changes)} AS ${name("i")} WHERE ${images(s.release, other(s), "i")}`,
      { expect: { affected: s.inserts } },
    ),
  ];
}
