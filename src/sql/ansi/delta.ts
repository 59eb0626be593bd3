import { sqlOp } from "../../adapter/sql-op.js";
import { type Compilers, imageColumns } from "../../adapter/steps.js";
import type { Syntax } from "../../adapter/syntax.js";
import { join, raw, template } from "../sql.js";
import { as, column, columns, numbered, on } from "./words.js";

/** What a staged delta holds, and making it one row a key. */
export function deltaSteps(syntax: Syntax): Compilers<"inspect" | "partitions" | "append" | "fold" | "recall"> {
  const some = (column: string): string => syntax.countIf(`${column} IS NULL`);
  return {
    inspect: (s) => {
      const cursor = s.cursor === null ? null : syntax.ident([s.cursor.name]);
      const type = s.cursor?.type ?? "string";
      const clock = type === "timestamp" ? syntax.now() : `CAST(${syntax.now()} AS ${syntax.type(type)})`;
      const largest = (sign: 1 | -1): string => syntax.literal({ value: sign * Number.MAX_VALUE, type });
      const readable = type === "float64" ? `BETWEEN ${largest(-1)} AND ${largest(1)}` : `<= ${clock}`;
      const settled =
        cursor === null || !["timestamp", "datetime", "date", "float64"].includes(type)
          ? cursor
          : `CASE WHEN ${cursor} ${readable} THEN ${cursor} END`;
      const nullKeys = s.key.map((k) => `${syntax.ident([k])} IS NULL`).join(" OR ") || "FALSE";
      // Numbering the rows of each key is quicker than DISTINCT on the engines measured.
      const ranked = template`SELECT ${as(numbered(columns(s.key)), "_cutover_copy")} FROM ${on(s.delta)}`;
      const keys =
        s.key.length === 0
          ? raw("count(*)")
          : template`(SELECT count(*) FROM ${as(template`(${ranked})`, "k")} WHERE ${column("_cutover_copy")} = 1)`;
      const facts = [
        as(raw("count(*)"), "rows"),
        as(raw(syntax.countIf(nullKeys)), "null_keys"),
        as(keys, "keys"),
        as(raw(s.partition === null ? "0" : some(syntax.ident([s.partition]))), "null_partitions"),
        as(raw(cursor === null ? "0" : some(cursor)), "null_cursors"),
        as(raw(`min(${cursor ?? "NULL"})`), "min_cursor"),
        as(raw(`max(${cursor ?? "NULL"})`), "max_cursor"),
        as(raw(`max(${settled ?? "NULL"})`), "settled_cursor"),
      ];
      return [
        sqlOp(template`SELECT ${join(facts, ", ")} FROM ${on(s.delta)}`, {
          returns: {
            rows: "int64",
            null_keys: "int64",
            keys: "int64",
            null_partitions: "int64",
            null_cursors: "int64",
            min_cursor: type,
            max_cursor: type,
            settled_cursor: type,
          },
        }),
      ];
    },
    partitions: (s) => [
      sqlOp(
        template`SELECT DISTINCT ${as(column(s.partition.name), "value")} FROM ${on(s.delta)} ORDER BY 1${raw(s.limit === undefined ? "" : ` LIMIT ${s.limit}`)}`,
        { returns: { value: s.partition.type } },
      ),
    ],
    append: (s) => [
      sqlOp(template`INSERT INTO ${on(s.to)} (${columns(s.columns)}) SELECT ${columns(s.columns)} FROM ${on(s.from)}`),
    ],
    recall: (s) => {
      const names = s.columns.map((c) => c.name);
      const [release, image, first] = [column(imageColumns.release), column(imageColumns.image), column("_cutover_first")];
      const place = s.releases.map((r, i) => template`WHEN ${r} THEN ${i}`);
      // A before-image tells what the release met; where it has none, it inserted the row.
      const order = template`CASE ${release} ${join(place, " ")} END, CASE WHEN ${image} = 'before' THEN 0 ELSE 1 END`;
      const listed = join(
        s.releases.map((r) => template`${r}`),
        ", ",
      );
      const touched = template`SELECT ${columns(names)}, ${image}, ${as(numbered(columns(s.key), order), "_cutover_first")} FROM ${on(s.changes)} WHERE ${release} IN (${listed}) AND ${image} IN ('before', 'after')`;
      return [
        sqlOp(
          template`INSERT INTO ${on(s.to)} (${columns([...names, s.gone])}) SELECT ${columns(names)}, ${image} = 'after' FROM (${touched}) touched WHERE ${first} = 1`,
        ),
      ];
    },
    fold: (s) => {
      const order = s.cursor === null ? raw("1") : template`${column(s.cursor)} DESC NULLS LAST`;
      const names = s.columns.map((c) => c.name);
      const rank = template`rank() OVER (PARTITION BY ${columns(s.key)} ORDER BY ${order})`;
      const ranked = template`SELECT ${columns(names)}, ${as(rank, "_cutover_rank")} FROM ${on(s.from)}`;
      const winners = template`SELECT DISTINCT ${columns(names)} FROM (${ranked}) ranked WHERE ${column("_cutover_rank")} = 1`;
      const ties = template`SELECT ${columns(s.key)} FROM (${winners}) winners GROUP BY ${columns(s.key)} HAVING count(*) > 1`;
      const shown = s.key.map((k) => template`CAST(${column(k)} AS ${raw(syntax.type("string"))})`);
      return [
        sqlOp(
          template`SELECT ${as(raw("count(*)"), "ties")}, ${as(raw("count(*) = 0"), "ok")}, ${as(template`min(${join(shown, " || ', ' || ")})`, "sample")} FROM (${ties}) tied`,
          { expect: { holds: true }, returns: { ties: "int64", ok: "bool", sample: "string" } },
        ),
        sqlOp(
          template`INSERT INTO ${on(s.to)} (${columns(names)}) SELECT ${columns(names)} FROM (SELECT ${columns(names)}, ${as(numbered(columns(s.key), order), "_cutover_n")} FROM ${on(s.from)}) ordered WHERE ${column("_cutover_n")} = 1`,
        ),
      ];
    },
  };
}
