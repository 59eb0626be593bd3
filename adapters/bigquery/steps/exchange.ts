import { type ColumnShape, raw, type Sql, type SqlOp, type Step, sqlOp, template } from "cutover/adapter";
import { coverOf } from "../cover.js";
import type { ScriptOp } from "../script.js";
import { sameValue, syntax } from "../syntax.js";
import { type Pruning, pruningOf } from "./prune.js";
import { all, columnsOf, deleted, fallback, images, listed, name, names, sameKey, sameRow, table, told } from "./words.js";

type Exchange = Step<"exchange">;

/** Removes one image from live, exactly, and inserts the other: by MERGE, which is one statement and counts what it changes. */
export function exchange(s: Exchange): readonly ScriptOp[] {
  const parts = pruningOf(s.live, s.key);
  if (s.key.length === 0) return keyless(s, parts);
  const tallied = typeof s.removes === "object" && typeof s.inserts === "object" && s.removes.sameAs === s.inserts.sameAs;
  // The capture has noted the partitions.
  if (s.captured && tallied) return [merge(s, (s.removes as { readonly sameAs: string }).sameAs, parts)];
  const noted = parts === null || s.removes === 0 ? [] : [parts.note(partsOfImages(s, parts))];
  return [...noted, ...removal(s, parts), ...untaken(s), ...insertion(s)];
}

const other = (s: Exchange): "before" | "after" => (s.remove === "before" ? "after" : "before");
/** What is constant about live's rows. */
function where(s: Exchange, parts: Pruning | null): Sql {
  const noted = raw(parts === null ? "TRUE" : parts.where("l"));
  return s.prune === null ? noted : template`${s.prune}${raw(" AND ")}${noted}`;
}
const declared = (op: SqlOp, parts: Pruning | null): ScriptOp => (parts === null ? op : { ...op, declare: parts.variables });

/** Where the rows that go are: as their images say; by the time of ingestion, as live says. */
function partsOfImages(s: Exchange, parts: Pruning): Sql {
  const from = `FROM ${table(s.changes)} AS ${name("i")}`;
  const chosen = images(s.release, s.remove, "i");
  if (parts.column !== null) return raw(`SELECT ${name("i", parts.column)} AS value ${from} WHERE ${chosen}`);
  const cover = coverOf(s.live.fingerprint, "l");
  const met = s.key.length === 0 ? sameRow(columnsOf(s.live), "i", "l") : sameKey(s.key, "i", "l");
  return raw(
    `SELECT ${parts.value("l")} AS value ${from} JOIN ${table(s.live.ref)} AS ${name("l")} ON ${met} WHERE ${chosen}${cover === null ? "" : ` AND ${cover}`}`,
  );
}

/**
 * Both images of a key beside each other, and one MERGE by them. A row that is not as the image says, or is there though none
 * should be, is left alone, and then the number of changed rows is not the tally's.
 */
function merge(s: Exchange, tally: string, parts: Pruning | null): ScriptOp {
  const columns = columnsOf(s.live);
  const keyed = new Set(s.key);
  const image = (kind: string, alias: string): string =>
    `(SELECT ${names(columns, alias)} FROM ${table(s.changes)} AS ${name(alias)} WHERE ${images(s.release, kind, alias)}) AS ${name(alias)}`;
  const [first = ""] = s.key;
  const shown = [
    ...s.key.map((k, i) => `IFNULL(${name("o", k)}, ${name("n", k)}) AS ${name(`k${i}`)}`),
    `${name("o", first)} IS NOT NULL AS ${name("goes")}`,
    `${name("n", first)} IS NOT NULL AS ${name("comes")}`,
    ...columns.flatMap((c, i) => [`${name("o", c.name)} AS ${name(`o${i}`)}`, `${name("n", c.name)} AS ${name(`n${i}`)}`]),
  ];
  const pairs = `SELECT ${listed(shown)} FROM ${image(s.remove, "o")} FULL JOIN ${image(other(s), "n")} ON ${sameKey(s.key, "o", "n")}`;
  const met = all(s.key.map((k, i) => `${name("l", k)} = ${name("s", `k${i}`)}`));
  const same = all(columns.map((c, i) => sameValue(name("l", c.name), name("s", `o${i}`), c)));
  const set = columns.flatMap((c, i) => (keyed.has(c.name) ? [] : [`${name(c.name)} = ${name("s", `n${i}`)}`]));
  const tail = [
    `WHEN MATCHED AND NOT ${name("s", "comes")} AND ${same} THEN DELETE`,
    ...(set.length === 0
      ? []
      : [`WHEN MATCHED AND ${name("s", "goes")} AND ${name("s", "comes")} AND ${same} THEN UPDATE SET ${listed(set)}`]),
    `WHEN NOT MATCHED AND NOT ${name("s", "goes")} THEN INSERT (${names(columns)}) VALUES (${listed(columns.map((_, i) => name("s", `n${i}`)))})`,
  ];
  const head = `MERGE INTO ${table(s.live.ref)} AS ${name("l")} USING (${pairs}) AS ${name("s")} ON ${met} AND `;
  const op = sqlOp(template`${raw(head)}${where(s, parts)}${raw(` ${tail.join(" ")}`)}`, {
    expect: { affected: { sameAs: tally, column: "changed" } },
  });
  return declared(op, parts);
}

function removal(s: Exchange, parts: Pruning | null): readonly ScriptOp[] {
  if (s.removes === 0) return [];
  const columns = columnsOf(s.live);
  const chosen = `SELECT ${names(columns, "i")} FROM ${table(s.changes)} AS ${name("i")} WHERE ${images(s.release, s.remove, "i")}`;
  const met = `${sameKey(s.key, "c", "l")} AND ${sameRow(columns, "c", "l")}`;
  const op = sqlOp(
    template`${raw(`MERGE INTO ${table(s.live.ref)} AS ${name("l")} USING (${chosen}) AS ${name("c")} ON ${met} AND `)}${where(s, parts)}${raw(" WHEN MATCHED THEN DELETE")}`,
    { expect: { affected: s.removes } },
  );
  return [declared(op, parts)];
}

/** Keys that others took since the images were recorded would be twice in the table; a capture of this very block has seen to it. */
function untaken(s: Exchange): readonly SqlOp[] {
  if (s.inserts === 0 || s.captured) return [];
  const cover = coverOf(s.live.fingerprint, "l");
  const met = `${table(s.changes)} AS ${name("i")} JOIN ${table(s.live.ref)} AS ${name("l")} ON ${sameKey(s.key, "i", "l")} AND `;
  const chosen = `${images(s.release, other(s), "i")}${cover === null ? "" : ` AND ${cover}`}`;
  return [
    sqlOp(
      template`${raw(`SELECT COUNT(*) AS ${name("taken")}, COUNT(*) = 0 AS ${name("ok")} FROM ${met}`)}${s.prune ?? raw("TRUE")}${raw(` WHERE ${chosen}`)}`,
      { expect: { holds: true }, returns: { taken: "int64", ok: "bool" } },
    ),
  ];
}

function insertion(s: Exchange): readonly SqlOp[] {
  if (s.inserts === 0) return [];
  const columns = columnsOf(s.live);
  return [
    sqlOp(
      `INSERT INTO ${table(s.live.ref)} (${names(columns)}) SELECT ${names(columns, "i")} FROM ${table(s.changes)} AS ${name("i")} WHERE ${images(s.release, other(s), "i")}`,
      { expect: { affected: s.inserts } },
    ),
  ];
}

/**
 * Equal rows cannot be told apart without row addresses. So all copies of a row that goes are removed, and those come back that are
 * more than go. What is there is counted before.
 */
function keyless(s: Exchange, parts: Pruning | null): readonly ScriptOp[] {
  if (s.removes === 0) return insertion(s);
  const columns = columnsOf(s.live);
  const [hash, copy, count] = [name("_cutover_hash"), name("_cutover_copy"), name("_cutover_count")];
  const all_ = `FROM ${table(s.changes)} AS ${name("i")} WHERE ${images(s.release, s.remove, "i")}`;
  const numbered = `SELECT ${names(columns, "i")}, ${syntax.rowHash(columns, "i")} AS ${hash}, ROW_NUMBER() OVER (PARTITION BY ${told(columns, "i")}) AS ${copy}, COUNT(*) OVER (PARTITION BY ${told(columns, "i")}) AS ${count} ${all_}`;
  const going = `SELECT * FROM (${numbered}) WHERE ${copy} = 1`;
  const live = template`${raw(`SELECT ${names(columns, "l")}, ${syntax.rowHash(columns, "l")} AS ${hash}, ROW_NUMBER() OVER (PARTITION BY ${told(columns, "l")}) AS ${copy} FROM ${table(s.live.ref)} AS ${name("l")} WHERE `)}${where(s, parts)}`;
  const met = `${name("g", "_cutover_hash")} = ${name("k", "_cutover_hash")} AND ${sameRow(columns, "g", "k")}`;
  const found = template`${raw("FROM (")}${live}${raw(`) AS ${name("k")} JOIN (${going}) AS ${name("g")} ON ${met} WHERE ${name("k", "_cutover_copy")} `)}`;
  const counted = `${name("g", "_cutover_count")}`;
  const noted = parts === null || s.captured ? [] : [parts.note(partsOfImages(s, parts))];
  const wanted = [
    ...(typeof s.removes === "number" ? [`COUNT(*) = ${s.removes}`] : []),
    ...(typeof s.inserts === "number" && s.inserts > 0
      ? [`(SELECT COUNT(*) FROM ${table(s.changes)} AS ${name("i")} WHERE ${images(s.release, other(s), "i")}) = ${s.inserts}`]
      : []),
  ];
  const check = sqlOp(
    template`${raw(`SELECT COUNT(*) AS ${name("removed")}, ${all([`COUNT(*) = (SELECT COUNT(*) ${all_})`, ...wanted])} AS ${name("ok")} `)}${found}${raw(`<= ${counted}`)}`,
    { expect: { holds: true }, returns: { removed: "int64", ok: "bool" } },
  );
  const values = (alias: string): string => `${names(columns, alias)}, ${name(alias, "_cutover_hash")}`;
  const coming =
    s.inserts === 0
      ? ""
      : ` UNION ALL SELECT FALSE, ${names(columns, "i")}, NULL FROM ${table(s.changes)} AS ${name("i")} WHERE ${images(s.release, other(s), "i")}`;
  const source = template`${raw(`SELECT TRUE AS ${name("_cutover_goes")}, ${values("g")} FROM (${going}) AS ${name("g")} UNION ALL SELECT FALSE, ${values("k")} `)}${found}${raw(`> ${counted}${coming}`)}`;
  const gone = `${name("c", "_cutover_goes")} AND ${syntax.rowHash(columns, "l")} = ${name("c", "_cutover_hash")} AND ${sameRow(columns, "c", "l")} AND `;
  const insert = `WHEN NOT MATCHED AND NOT ${name("c", "_cutover_goes")} THEN INSERT (${names(columns)}) VALUES (${names(columns, "c")})`;
  const swap = sqlOp(
    template`${raw(`MERGE INTO ${table(s.live.ref)} AS ${name("l")} USING (`)}${source}${raw(`) AS ${name("c")} ON ${gone}`)}${where(s, parts)}${raw(` WHEN MATCHED THEN DELETE ${insert}`)}`,
  );
  return [...noted, declared(check, parts), declared(swap, parts)];
}

/** The rows of a delta into an empty table. */
export function fill(s: Step<"fill">): readonly SqlOp[] {
  const columns = columnsOf(s.live);
  const values = columns.map((c: ColumnShape) => (s.given.includes(c.name) ? name("d", c.name) : fallback(c)));
  return [
    sqlOp(
      `INSERT INTO ${table(s.live.ref)} (${names(columns)}) SELECT ${listed(values)} FROM ${table(s.delta)} AS ${name("d")}${s.deletes === null ? "" : ` WHERE NOT (${deleted(s.deletes, "d")})`}`,
      {
        expect: { affected: s.inserts },
      },
    ),
  ];
}

export const empty = (s: Step<"empty">): readonly SqlOp[] => [
  sqlOp(`DELETE FROM ${table(s.live.ref)} AS ${name("l")} WHERE ${coverOf(s.live.fingerprint, "l") ?? "TRUE"}`, {
    expect: { affected: s.rows },
  }),
];
