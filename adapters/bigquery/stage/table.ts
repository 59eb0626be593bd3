import type { ColumnShape, FaultKind, IoOptions, TableRef } from "cutover/adapter";
import * as z from "zod";
import { BigQueryFault, fault } from "../errors.js";
import type { Done, Field, Link } from "../link.js";
import { syntax } from "../syntax.js";
import { complete, getTable } from "../tables.js";

/** How many rows a table has, and its columns: no job. */
export async function factsOf(
  link: Link,
  ref: TableRef,
  o: IoOptions,
): Promise<{ readonly rows: number; readonly fields: readonly Field[] }> {
  const found = await getTable(link, complete(ref.path), o);
  if (found === null)
    throw fault("missing-object", `there is no ${ref.path.join(".")}`, "Somebody dropped it while it was filled; run again.");
  return { rows: Number(found.numRows ?? 0), fields: found.schema?.fields ?? [] };
}

/** The table made anew by one job: empty, or with the rows of a query. */
export async function made(
  link: Link,
  into: TableRef,
  columns: readonly ColumnShape[],
  query: string | null,
  o: IoOptions,
): Promise<number> {
  const list = columns.map((c) => `${syntax.ident([c.name])} ${c.native}${c.nullable ? "" : " NOT NULL"}`).join(", ");
  const text = `CREATE OR REPLACE TABLE ${syntax.ident(into.path)} (${list})${query === null ? "" : ` AS ${query}`}`;
  await told(link.run({ query: { query: text } }, o), "bad-data");
  return query === null ? 0 : (await factsOf(link, into, o)).rows;
}

const loaded = z.object({ load: z.object({ outputRows: z.string() }) });
/** How many rows a load job wrote. */
export const outputOf = (done: Done): number => Number(loaded.parse(done.statistics).load.outputRows);

/** A job that found a value or a file wrong says `invalid`, or what a query of ours says of a value. */
export async function told<T>(job: Promise<T>, kind: FaultKind & ("bad-data" | "bad-file")): Promise<T> {
  try {
    return await job;
  } catch (e) {
    const ours = e instanceof BigQueryFault && /cutover: column "/.test(e.message);
    const wrong = e instanceof BigQueryFault && (e.reason === "invalid" || e.reason === "jsonParsingError");
    if (!(e instanceof BigQueryFault) || !(ours || wrong)) throw e;
    const hint =
      kind === "bad-file" && !ours
        ? "Look at the file that the message names: it cannot be read to its end in this format."
        : "A value does not fit its column without loss; mend the source, or the column's type.";
    const fault = { ...e.fault, kind: ours ? ("bad-data" as const) : kind, outcome: "not-applied" as const, hint };
    throw new BigQueryFault(e.message, fault, { cause: e, reason: e.reason, status: e.status });
  }
}
