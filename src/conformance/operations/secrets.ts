import assert from "node:assert/strict";
import { inspect } from "node:util";
import { accepted, type Check, check, maxDrop, noRows, unique } from "../../check/checks.js";
import { type ErrorCode, isCutoverError } from "../../errors/index.js";
import { query, rows, type Source } from "../../source/source.js";
import { ident, raw, sql, template } from "../../sql/sql.js";
import { table } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import { ledgerOf } from "../ledger.js";
import type { Place } from "../place.js";
import { needs } from "./needs.js";
import { col } from "./world.js";

const secret = "078-05-1120";
const leak = /078-?05-?1120/;

/** Everything that a call tells anyone: its error with causes, events, logs, the whole journal. */
async function told(place: Place, code: ErrorCode, call: (o: object) => Promise<unknown>): Promise<void> {
  const heard: unknown[] = [];
  const say = (...args: unknown[]): void => void heard.push(args);
  const ended = await call({ logger: { debug: say, info: say, warn: say, error: say }, observers: [{ event: say }] }).then(
    () => null,
    (error: unknown) => error,
  );
  assert.ok(isCutoverError(ended, code), `expected ${code}, got ${String(ended)}`);
  const journal = await place.query(
    template`SELECT ${col("event")}, ${col("payload")} FROM ${ident(ledgerOf(place).journal.path)}`,
    {
      event: "string",
      payload: "string",
    },
  );
  const text = inspect([ended, ended.context, heard, journal], {
    depth: 12,
    maxStringLength: null,
    maxArrayLength: null,
    breakLength: 200,
  });
  const leaks = text.split("\n").filter((line) => leak.test(line));
  assert.deepEqual(leaks, [], "a redacted value was told");
}
const person = (id: number, ssn: string | null = secret) => ({ id, ssn });
const people = (checks: readonly Check<"ssn" | "id">[]) =>
  table("people", { columns: { ssn: "string?", id: "int64" }, key: "id", redact: ["ssn"], checks });

export const secretCases: readonly CaseDefinition[] = [
  {
    name: "redacted columns stay out of samples, errors, events, logs and the journal when checks fail",
    invariant: 10,
    skip: needs("blocks"),
    async run(place) {
      const javascript = place.adapter.capabilities.transaction === "interactive";
      const t = people([
        accepted("ssn", ["none"]),
        unique("ssn"),
        noRows("any", template`SELECT * FROM ${sql.self}`),
        ...(javascript ? [check("js", async () => ({ pass: false, observed: 1 }))] : []),
      ]);
      await told(place, "CHECKS_FAILED", (o) =>
        place.pipeline({ pipeline: "people", tables: { t }, ...o }).run({ t: rows([person(1), person(2)]) }),
      );
    },
  },
  {
    name: "a redacted key that comes twice, and a redacted partition that shrinks, are not quoted",
    invariant: 10,
    skip: needs("blocks"),
    async run(place) {
      const columns = { ssn: "string", id: "int64" } as const;
      const keyed = table("keyed", { columns, key: "ssn", redact: ["ssn"] });
      const twice = rows([
        { id: 1, ssn: secret },
        { id: 2, ssn: secret },
      ]);
      await told(place, "BAD_ROW", (o) => place.pipeline({ pipeline: "keyed", tables: { keyed }, ...o }).run({ keyed: twice }));
      const parted = table("parted", {
        columns,
        mode: "partition",
        partition: "ssn",
        redact: ["ssn"],
        checks: [maxDrop(0.1, { per: "partition" })],
      });
      await place.pipeline({ pipeline: "parted", tables: { parted } }).run({ parted: twice });
      await told(place, "CHECKS_FAILED", (o) =>
        place.pipeline({ pipeline: "parted", tables: { parted }, ...o }).run({ parted: rows([{ id: 1, ssn: secret }]) }),
      );
    },
  },
  {
    name: "a value that does not fit is not quoted where the table redacts a column, by rows or by query",
    invariant: 10,
    skip: needs("blocks"),
    async run(place) {
      const t = table("numbers", { columns: { ssn: "int64", id: "int64" }, key: "id", redact: ["ssn"] });
      const run = (source: Source<never>) => (o: object) =>
        place.pipeline({ pipeline: "numbers", tables: { t }, ...o }).run({ t: source });
      await told(place, "BAD_ROW", run(rows([{ id: 1, ssn: secret } as never])));
      const text = raw(place.adapter.syntax.type("string"));
      const number = raw(place.adapter.syntax.type("int64"));
      const asText = template`SELECT CAST(1 AS ${number}) AS ${col("id")}, CAST(${secret} AS ${text}) AS ${col("ssn")}`;
      await told(place, "BAD_SOURCE", run(query(asText)));
      const cast = template`SELECT CAST(1 AS ${number}) AS ${col("id")}, CAST(${secret} AS ${number}) AS ${col("ssn")}`;
      await told(place, "BAD_SOURCE", run(query(cast)));
    },
  },
];
