import { rowOf } from "../../source/row-text.js";
import type { Row } from "../../sql/sql.js";
import { formatTimestamp } from "../../table/canonical.js";
import type { Context } from "../context.js";
import { look } from "../lease/lease.js";
import { definitionOf, keyOf } from "../load/tables.js";
import { type CallOptions, operate, type Work } from "../session/work.js";

/** A row that did not fit its table. */
export interface QuarantinedRow {
  /** Names it for good. */
  readonly id: string;
  /** The release whose load gave it. */
  readonly release: number;
  /** Where it stood there: what the source's `position` says, else its number from 1. */
  readonly position: string;
  /** Why it did not fit. */
  readonly reason: string;
  /** The column that it did not fit; null: none in particular. */
  readonly column: string | null;
  /**
   * The row, with bigint, Date and bytes as they were; redacted columns have the text `[redacted]`. null: it was no object, or JSON
   * could not hold it, and `text` shows what is kept of it.
   */
  readonly row: Readonly<Record<string, unknown>> | null;
  /** The row as the ledger keeps it. */
  readonly text: string;
  /** When it came into quarantine: ISO text, by the warehouse's clock. */
  readonly at: string;
}

/** Rows that are read at a time: a row has 262,144 characters at most. */
export const PAGE = 1000;

/** Rows of a table that wait in quarantine, in the order in which they came. Takes no lease; memory stays bounded. */
export async function* quarantined(ctx: Context, alias: string, o?: CallOptions): AsyncGenerator<QuarantinedRow> {
  let after = "";
  for (;;) {
    const page = await operate(ctx, "audit", o, async (w) => {
      if (after === "" && ((await look(w)) === null || !(await hasQuarantine(w, alias)))) return [];
      return readPage(w, alias, after);
    });
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.id ?? "";
  }
}

const refOf = (w: Work, alias: string) => w.names.quarantine(keyOf(w, definitionOf(w.ctx, alias)).id);

export const hasQuarantine = async (w: Work, alias: string): Promise<boolean> =>
  (await w.describe(refOf(w, alias), "columns")) !== null;

export async function readPage(w: Work, alias: string, after: string): Promise<readonly QuarantinedRow[]> {
  const { pipeline } = w.ctx.settings;
  const { rows } = await w.run({ kind: "readAside", quarantine: refOf(w, alias), pipeline, after, limit: PAGE }, alias);
  return rows.map(asQuarantined);
}

function asQuarantined(r: Row): QuarantinedRow {
  const text = String(r["row_json"]);
  const row = rowOf(text);
  const isRow = typeof row === "object" && row !== null && !Array.isArray(row);
  return {
    id: String(r["id"]),
    release: Number(r["release"]),
    position: String(r["position"]),
    reason: String(r["reason"]),
    column: typeof r["column_name"] === "string" ? r["column_name"] : null,
    row: isRow ? (row as Readonly<Record<string, unknown>>) : null,
    text,
    at: formatTimestamp(r["recorded_at"] as bigint),
  };
}
