import { ident, imageColumns, join, type NativeOp, raw, type Sql, type SqlOp, type Step, sqlOp, template } from "cutover/adapter";
import type { BigQueryNative } from "../natives.js";
import type { ScriptOp } from "../script.js";
import { syntax } from "../syntax.js";
import { complete, datasetOf } from "../tables.js";
import { listed, name, table } from "./words.js";

type Call = NativeOp<BigQueryNative>;
/** A call of the API, and what plans show in its place. */
export const call = (native: BigQueryNative, text: string): Call => ({ native, text });

/** What the core always asks for by one value: the journal by its pipeline, images by their release. */
function clusterOf(s: Step<"create">): readonly string[] {
  const has = (column: string): boolean => s.columns.some((c) => c.name === column);
  if (has(imageColumns.release)) return [imageColumns.release];
  return journalColumns.every(has) ? ["pipeline"] : [];
}

/** By the API: it takes no job. */
export const create = (s: Step<"create">): readonly Call[] => [
  call(
    {
      call: "create",
      table: complete(s.ref.path),
      columns: s.columns,
      ifNotExists: s.ifNotExists,
      like: null,
      cluster: clusterOf(s),
    },
    `CREATE TABLE ${s.ifNotExists ? "IF NOT EXISTS " : ""}${table(s.ref)} (${listed(s.columns.map((c) => `${name(c.name)} ${c.native}${c.nullable ? "" : " NOT NULL"}`))})`,
  ),
];
export const drop = (s: Step<"drop">): readonly Call[] => [
  call({ call: "drop", table: complete(s.ref.path) }, `DROP TABLE IF EXISTS ${table(s.ref)}`),
];
export const createSchema = (s: Step<"createSchema">): readonly Call[] => [
  call(
    { call: "createSchema", path: datasetOf(s.ref.path), ifNotExists: s.ifNotExists },
    `CREATE SCHEMA ${s.ifNotExists ? "IF NOT EXISTS " : ""}${table(s.ref)}`,
  ),
];
export const dropSchema = (s: Step<"dropSchema">): readonly Call[] => [
  call({ call: "dropSchema", path: datasetOf(s.ref.path) }, `DROP SCHEMA IF EXISTS ${table(s.ref)} CASCADE`),
];

export const journalColumns = ["pipeline", "release", "seq", "event", "recorded_at", "fence", "payload"];

/** All events in one INSERT, which appends and so waits for nobody. */
export function record(s: Step<"record">): readonly SqlOp[] {
  const rows = s.events.map(
    (e) =>
      template`SELECT ${e.pipeline}, ${e.release}, ${e.seq}, ${e.event}, ${raw(syntax.now())}, ${e.fence}, ${payload(e.payload, e.facts)}`,
  );
  if (rows.length === 0) return [];
  return [
    sqlOp(
      template`INSERT INTO ${ident(s.journal.path)} (${raw(listed(journalColumns.map((c) => name(c))))}) ${join(rows, " UNION ALL ")}`,
      {
        expect: { affected: rows.length },
      },
    ),
  ];
}
/** The payload, with the rows of earlier operations under `facts`. */
function payload(constant: string, facts: readonly string[]): Sql {
  if (facts.length === 0) return template`${constant}`;
  const head = `${constant.slice(0, -1)},"facts":{`;
  const parts = facts.map((id, i) => template`${`${i === 0 ? head : ","}${JSON.stringify(id)}:`}, ${{ resultOf: id }}`);
  return template`CONCAT(${join(parts, ", ")}, ${"}}"})`;
}

const leaseColumns = ["owner", "process", "fence", "releases", "expires_at", "left_by"];
const stateTypes = {
  release: "int64",
  seq: "int64",
  event: "string",
  recorded_at: "timestamp",
  fence: "int64",
  payload: "string",
  owner: "string",
  process: "string",
  lease_fence: "int64",
  releases: "int64",
  expires_at: "timestamp",
  left_by: "string",
  expired: "bool",
  now: "timestamp",
} as const;

/** The portable rows. An outer join of two tables must compare their columns; one with an array need not. */
export function readState(s: Step<"readState">): readonly ScriptOp[] {
  const journal = journalColumns.slice(1);
  const [seq, events] = [name("seq"), ident(s.journal.path)];
  const own = template`${raw(name("pipeline"))} = ${s.pipeline}`;
  const anchors = join(
    s.anchors.map((a) => template`${a}`),
    ", ",
  );
  const since = template`SELECT IFNULL(MAX(${raw(seq)}), 0) FROM ${events} WHERE ${own} AND ${raw(name("event"))} IN (${anchors})`;
  const found = template`SELECT AS STRUCT ${raw(listed(journal.map((c) => name(c))))} FROM ${events} WHERE ${own} AND ${raw(seq)} >= (${since})`;
  const shown = [
    ...journal.map((c) => name("j", c)),
    ...leaseColumns.map((c) => (c === "fence" ? `${name("l", c)} AS ${name("lease_fence")}` : name("l", c))),
    `${name("l", "expires_at")} <= ${syntax.now()} AS ${name("expired")}`,
    `${syntax.now()} AS ${name("now")}`,
  ];
  const head = raw(`SELECT ${listed(shown)} FROM ${table(s.lease)} AS ${name("l")} LEFT JOIN UNNEST(ARRAY(`);
  const tail = raw(`)) AS ${name("j")} ORDER BY ${name("j", "seq")}, ${name("j", "fence")}`);
  return [{ sql: template`${head}${found}${tail}`, returns: stateTypes, order: ["seq", "fence"] }];
}

/** Claims in one INSERT. Who claims at the same time writes the same row of `turn`. */
export function claim(s: Step<"claim">): readonly SqlOp[] {
  const [turn, claims, owner, of] = [ident(s.turn.path), ident(s.claims.path), name("pipeline"), name("table_name")];
  const tables = join(
    s.tables.map((t) => template`${t}`),
    ", ",
  );
  const take = template`UPDATE ${claims} SET ${raw(owner)} = ${s.pipeline}, ${raw(name("claimed_at"))} = ${raw(syntax.now())} WHERE ${raw(of)} IN (${tables})`;
  const head = raw(`(${listed([of, owner, name("claimed_at")])}) SELECT ${name("t")}, `);
  return [
    // Named, since the table's own name hides the column of the same name.
    sqlOp(template`UPDATE ${turn} AS ${raw(name("c"))} SET ${raw(name("turn"))} = ${raw(name("c", "turn"))} + 1 WHERE TRUE`, {
      expect: { affected: 1 },
    }),
    ...(s.instead === undefined ? [] : [sqlOp(template`${take} AND ${raw(owner)} = ${s.instead}`)]),
    ...(s.tables.length === 0
      ? []
      : [
          sqlOp(
            template`INSERT INTO ${claims} ${head}${s.pipeline}, ${raw(syntax.now())} FROM UNNEST([${tables}]) AS ${raw(name("t"))} WHERE ${raw(name("t"))} NOT IN (SELECT ${raw(of)} FROM ${claims})`,
          ),
        ]),
  ];
}
