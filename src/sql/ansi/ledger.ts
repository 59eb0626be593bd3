import { sqlOp } from "../../adapter/sql-op.js";
import { type Compilers, imageColumns, type Spared, type Step } from "../../adapter/steps.js";
import type { Syntax } from "../../adapter/syntax.js";
import { inline } from "../render.js";
import { join, raw, type Sql, template } from "../sql.js";
import { and, as, column, columns, on } from "./words.js";

type LedgerStep =
  | "record"
  | "readState"
  | "findEvents"
  | "compactable"
  | "compact"
  | "claim"
  | "readClaims"
  | "seed"
  | "create"
  | "addColumns"
  | "createSchema"
  | "dropSchema"
  | "drop"
  | "forget";

const journalColumns = ["pipeline", "release", "seq", "event", "recorded_at", "fence", "payload"];
const readColumns = columns(journalColumns.slice(1));
const journalTypes = {
  release: "int64",
  seq: "int64",
  event: "string",
  recorded_at: "timestamp",
  fence: "int64",
  payload: "string",
} as const;

const leaseColumns = ["owner", "process", "fence", "releases", "expires_at", "left_by"];
const leaseTypes = {
  owner: "string",
  process: "string",
  lease_fence: "int64",
  releases: "int64",
  expires_at: "timestamp",
  left_by: "string",
  expired: "bool",
  now: "timestamp",
} as const;

/** The journal, the claims, and the tables of the ledger. */
export function ledgerSteps(syntax: Syntax): Compilers<LedgerStep> {
  const now = () => raw(syntax.now());
  const list = (values: readonly (string | number)[]): Sql =>
    join(
      values.map((v) => template`${v}`),
      ", ",
    );
  const pipeline = column("pipeline");
  const release = column("release");
  const seq = column("seq");
  const event = column("event");
  const fence = column("fence");
  const text = column("payload");
  const table = column("table_name");
  const turn = column("turn");
  const spared = (s: Spared, of: Step<"compact" | "compactable">): readonly Sql[] => {
    const named = template`${event} IN (${list(s.events)})`;
    if ("from" in s) return [template`(${named} AND ${seq} >= ${s.from})`];
    if ("since" in s) return [template`(${named} AND ${column("recorded_at")} >= ${{ value: s.since, type: "timestamp" }})`];
    if ("releases" in s) return s.releases.length === 0 ? [] : [template`(${named} AND ${release} IN (${list(s.releases)}))`];
    const last = template`SELECT max(${seq}) FROM ${on(of.journal)} WHERE ${pipeline} = ${of.pipeline} AND ${event} IN (${list(s.among)}) GROUP BY ${text}`;
    return [template`(${named} AND ${seq} IN (${last}))`];
  };
  const superfluous = (s: Step<"compact" | "compactable">): Sql =>
    and([
      template`${pipeline} = ${s.pipeline}`,
      template`${seq} < ${s.below}`,
      ...s.spare.flatMap((one) => spared(one, s)).map((one) => template`NOT ${one}`),
    ]);
  return {
    record: (s) =>
      s.events.map((e) =>
        sqlOp(
          template`INSERT INTO ${on(s.journal)} (${columns(journalColumns)}) VALUES (${e.pipeline}, ${e.release}, ${e.seq}, ${e.event}, ${now()}, ${e.fence}, ${payload(e.payload, e.facts)})`,
          { expect: { affected: 1 } },
        ),
      ),
    readState: (s) => {
      const anchor = template`SELECT coalesce(max(${seq}), 0) FROM ${on(s.journal)} WHERE ${pipeline} = ${s.pipeline} AND ${event} IN (${list(s.anchors)})`;
      const events = template`SELECT ${readColumns} FROM ${on(s.journal)} WHERE ${pipeline} = ${s.pipeline} AND ${seq} >= (${anchor})`;
      const lease = [
        ...leaseColumns.map((c) => (c === "fence" ? as(column(c, "l"), "lease_fence") : column(c, "l"))),
        as(template`${column("expires_at", "l")} <= ${now()}`, "expired"),
        as(now(), "now"),
      ];
      return [
        sqlOp(
          template`SELECT ${columns(journalColumns.slice(1), "j")}, ${join(lease, ", ")} FROM ${as(on(s.lease), "l")} LEFT JOIN ${as(template`(${events})`, "j")} ON TRUE ORDER BY ${column("seq", "j")}, ${column("fence", "j")}`,
          { returns: { ...journalTypes, ...leaseTypes } },
        ),
      ];
    },
    findEvents: (s) => [
      sqlOp(
        template`SELECT ${readColumns} FROM ${on(s.journal)} WHERE ${and([
          template`${pipeline} = ${s.pipeline}`,
          template`${event} IN (${list(s.events)})`,
          ...(s.payload === null ? [] : [template`${text} = ${s.payload}`]),
          ...(s.release === null ? [] : [template`${release} = ${s.release}`]),
          ...(s.before === undefined ? [] : [template`${seq} < ${s.before}`]),
        ])} ORDER BY ${seq} DESC, ${fence} DESC${s.limit === null ? raw("") : template` LIMIT ${raw(String(s.limit))}`}`,
        { returns: journalTypes },
      ),
    ],
    compactable: (s) => [
      sqlOp(template`SELECT ${as(raw("count(*)"), "rows")} FROM ${on(s.journal)} WHERE ${superfluous(s)}`, {
        returns: { rows: "int64" },
      }),
    ],
    compact: (s) => [
      sqlOp(template`DELETE FROM ${on(s.journal)} WHERE ${superfluous(s)}`),
      ...(s.rows.length === 0 ? [] : [sqlOp(template`INSERT INTO ${on(s.journal)} (${columns(journalColumns)}) ${past(s)}`)]),
    ],
    claim: (s) => [
      sqlOp(template`UPDATE ${on(s.turn)} SET ${turn} = ${turn} + 1 WHERE TRUE`, { expect: { affected: 1 } }),
      ...(s.instead === undefined
        ? []
        : [
            sqlOp(
              template`UPDATE ${on(s.claims)} SET ${pipeline} = ${s.pipeline}, ${column("claimed_at")} = ${now()} WHERE ${table} IN (${list(s.tables)}) AND ${pipeline} = ${s.instead}`,
            ),
          ]),
      ...s.tables.map((name) =>
        sqlOp(
          template`INSERT INTO ${on(s.claims)} (${columns(["table_name", "pipeline", "claimed_at"])}) SELECT ${name}, ${s.pipeline}, ${now()} WHERE NOT EXISTS (SELECT 1 FROM ${on(s.claims)} WHERE ${table} = ${name})`,
        ),
      ),
    ],
    readClaims: (s) => [
      sqlOp(template`SELECT ${table}, ${pipeline} FROM ${on(s.claims)} WHERE ${table} IN (${list(s.tables)})`, {
        returns: { table_name: "string", pipeline: "string" },
      }),
    ],
    seed: (s) => {
      const row = s.columns.map(
        (c) => `CAST(${inline(template`${c.value}`, syntax)} AS ${c.native}) AS ${syntax.ident([c.name])}`,
      );
      return [sqlOp(template`CREATE TABLE IF NOT EXISTS ${on(s.ref)} AS SELECT ${raw(row.join(", "))}`)];
    },
    create: (s) => {
      const body = s.columns.map((c) => `${syntax.ident([c.name])} ${c.native}${c.nullable ? "" : " NOT NULL"}`);
      return [sqlOp(template`CREATE TABLE ${raw(s.ifNotExists ? "IF NOT EXISTS " : "")}${on(s.ref)} (${raw(body.join(", "))})`)];
    },
    addColumns: (s) =>
      s.columns.map((c) =>
        sqlOp(template`ALTER TABLE ${on(s.on.ref)} ADD COLUMN IF NOT EXISTS ${column(c.name)} ${raw(c.native)}`),
      ),
    createSchema: (s) => [sqlOp(template`CREATE SCHEMA ${raw(s.ifNotExists ? "IF NOT EXISTS " : "")}${on(s.ref)}`)],
    dropSchema: (s) => [sqlOp(template`DROP SCHEMA IF EXISTS ${on(s.ref)} CASCADE`)],
    drop: (s) => [sqlOp(template`DROP TABLE IF EXISTS ${on(s.ref)}`)],
    forget: (s) => [
      sqlOp(
        s.keep.length === 0
          ? template`DELETE FROM ${on(s.changes)} WHERE TRUE`
          : template`DELETE FROM ${on(s.changes)} WHERE ${column(imageColumns.release)} NOT IN (${list(s.keep)})`,
      ),
    ],
  };
}

/** Events under the time when they were first recorded. */
const past = (s: Step<"compact">): Sql =>
  join(
    s.rows.map(
      (r) =>
        template`SELECT ${s.pipeline}, ${r.release}, ${r.seq}, ${r.event}, ${{ value: r.at, type: "timestamp" }}, ${r.fence}, ${r.payload}`,
    ),
    " UNION ALL ",
  );

/** The payload, with the rows of earlier operations under `facts`. */
function payload(constant: string, facts: readonly string[]): Sql {
  if (facts.length === 0) return template`${constant}`;
  const head = `${constant.slice(0, -1)},"facts":{`;
  const parts = facts.map((id, i) => template`${`${i === 0 ? head : ","}${JSON.stringify(id)}:`} || ${{ resultOf: id }}`);
  return template`${join(parts, " || ")} || ${"}}"}`;
}
