import { ident, join, raw, type Sql, type SqlOp, type Step, sqlOp, template } from "cutover/adapter";
import { syntax } from "../syntax.js";
import { columnList, SCRATCH } from "../tables.js";
import { listed, name, table } from "./words.js";

const columns = ["pipeline", "release", "seq", "event", "recorded_at", "fence", "payload"];

/** All events in one INSERT, which appends and so waits for nobody. */
export function record(s: Step<"record">): readonly SqlOp[] {
  const rows = s.events.map(
    (e) =>
      template`SELECT ${e.pipeline}, ${e.release}, ${e.seq}, ${e.event}, ${raw(syntax.now())}, ${e.fence}, ${payload(e.payload, e.facts)}`,
  );
  if (rows.length === 0) return [];
  const names = listed(columns.map((c) => name(c)));
  return [
    sqlOp(template`INSERT INTO ${ident(s.journal.path)} (${raw(names)}) ${join(rows, " UNION ALL ")}`, {
      expect: { affected: rows.length },
    }),
  ];
}
/** The payload, with the rows of earlier operations under `facts`. */
function payload(constant: string, facts: readonly string[]): Sql {
  if (facts.length === 0) return template`${constant}`;
  const head = `${constant.slice(0, -1)},"facts":{`;
  const parts = facts.map((id, i) => template`${`${i === 0 ? head : ","}${JSON.stringify(id)}:`} || ${{ resultOf: id }}`);
  return template`${join(parts, " || ")} || ${"}}"}`;
}

/** The lease and its like: their rows can be made anew. */
export function seed(s: Step<"seed">): readonly SqlOp[] {
  const row = s.columns.map((c) => {
    const type = typeof c.value === "number" ? "int64" : "string";
    return `CAST(${syntax.literal({ value: c.value, type })} AS ${c.native}) AS ${name(c.name)}`;
  });
  return [
    sqlOp(`CREATE TRANSIENT TABLE IF NOT EXISTS ${table(s.ref)} (${columnList(s.columns)}) ${SCRATCH} AS SELECT ${listed(row)}`),
  ];
}

export function create(s: Step<"create">): readonly SqlOp[] {
  const kind = s.scratch ? "TRANSIENT TABLE" : "TABLE";
  const unless = s.ifNotExists ? "IF NOT EXISTS " : "";
  return [sqlOp(`CREATE ${kind} ${unless}${table(s.ref)} (${columnList(s.columns)})${s.scratch ? ` ${SCRATCH}` : ""}`)];
}
/** A schema is named with its database. */
export const createSchema = (s: Step<"createSchema">): readonly SqlOp[] => [
  sqlOp(`CREATE SCHEMA ${s.ifNotExists ? "IF NOT EXISTS " : ""}${table(s.ref)}`),
];
