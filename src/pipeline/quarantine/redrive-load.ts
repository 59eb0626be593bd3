import { quarantineId } from "../../adapter/steps.js";
import { CutoverError, isCutoverError } from "../../errors/index.js";
import { untilAbort } from "../../source/abortable.js";
import type { Aside } from "../../source/aside.js";
import { batches } from "../../source/batches.js";
import { REDACTED } from "../../source/row-text.js";
import { configError } from "../config.js";
import { type Staged, settle } from "../load/load.js";
import type { Reach } from "../load/reach.js";
import { type Load, rowTarget, type Shapes, shapesOf } from "../load/source-shapes.js";
import type { Found } from "../load/tables.js";
import type { Work } from "../session/work.js";
import { once, stagePart } from "./aside.js";
import { PAGE, type QuarantinedRow, readPage } from "./quarantined.js";
import type { Mend } from "./redrive.js";

/** Rows of a quarantine that were tried again. */
export interface Again {
  /** Those that fit; null: none. */
  readonly staged: Staged | null;
  readonly dismissed: readonly string[];
  readonly invalid: number;
  readonly left: number;
  readonly reasons: readonly string[];
}
interface Mended {
  readonly id: string;
  readonly row: object;
}

/** Reads a quarantine page by page, and stages what fits now. */
export async function stageAgain(w: Work, found: Found, mend: Mend, release: number): Promise<Again> {
  const { alias } = found;
  const [raw, part] = ["0r", "0p"].map((p) => w.names.delta(found.id, release, p)) as [Staged["raw"], Staged["raw"]];
  const dismissed: string[] = [];
  const reasons = new Set<string>();
  let [rows, invalid, left] = [0, 0, 0];
  let shapes: Shapes | null = null;
  for (let after = ""; ; ) {
    const page = await readPage(w, alias, after);
    const mended: Mended[] = [];
    for (const q of page) {
      const row = await mendRow(w, alias, mend, q);
      if (row === "dismiss") dismissed.push(q.id);
      else if (row === null) left += 1;
      else mended.push({ id: q.id, row });
    }
    const [first] = mended;
    if (first !== undefined) {
      shapes ??= await shapesOf(w, found, again(first.row), null);
      const fit = await fitting(w, found, shapes, mended, (reason) => reasons.size < 5 && reasons.add(reason));
      invalid += mended.length - fit.ids.length;
      const id = { name: quarantineId, type: "string" as const, native: w.ctx.adapter.syntax.type("string") };
      const columns = [...shapes.columns, id].map((c) => ({ ...c, nullable: true }));
      const batch = { rows: fit.ids.length, columns: [...fit.columns, fit.ids] };
      if (fit.ids.length > 0)
        rows += await stagePart(w, alias, { first: rows === 0, into: raw, columns, from: once(batch), part });
    }
    if (page.length < PAGE) break;
    after = page.at(-1)?.id ?? "";
  }
  const common = { dismissed, invalid, left, reasons: [...reasons] };
  if (rows === 0 || shapes === null) return { staged: null, ...common };
  w.ctx.emit(release, { type: "rows.staged", table: alias, rows, quarantined: 0 });
  // By key, whatever the mode: a few rows do not stand for their partitions. And they tell nothing of how far the source was read.
  const byKey: Found = { ...found, definition: { ...found.definition, mode: "upsert", partition: null } };
  const told = {
    release,
    load: again({}),
    generation: 0,
    totals: null,
    seen: null,
    aside: null,
    before: null,
    from: null,
    position: null,
    rewindable: true,
  };
  const reach: Reach = { by: "rows" };
  const staged = await settle(w, byKey, { reach, all: shapes.all, columns: shapes.columns, raw, ...told });
  const watermark = found.state?.watermark ?? null;
  return { staged: { ...staged, found, watermark, from: null, redriven: true }, ...common };
}

const again = (row: object): Load => ({
  kind: "rows",
  from: () => [],
  stream: [row],
  position: null,
  ack: null,
  rewindable: true,
  totals: null,
});

/** What a row in quarantine becomes: another row, null where it stays, or `dismiss`. */
async function mendRow(w: Work, alias: string, mend: Mend, q: QuarantinedRow): Promise<object | "dismiss" | null> {
  let row: unknown;
  try {
    row = await untilAbort(w.signal, () => mend(q));
  } catch (cause) {
    if (isCutoverError(cause) || w.signal.aborted) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `mending row ${q.position} of release ${q.release} for ${alias} failed: ${reason}`;
    throw new CutoverError("SOURCE", message, { reason, table: alias }, { cause });
  }
  if (row === "dismiss" || row === null || (typeof row === "object" && !Array.isArray(row))) return row;
  throw configError([{ path: "mend", message: 'expected a row, null to leave it there, or "dismiss" to give it up' }]);
}

/** The mended rows that fit, as columns, and what they were in quarantine. */
async function fitting(
  w: Work,
  found: Found,
  shapes: Shapes,
  mended: readonly Mended[],
  tell: (reason: string) => unknown,
): Promise<{ readonly ids: readonly string[]; readonly columns: readonly (readonly unknown[])[] }> {
  const bad = new Set<number>();
  const aside: Aside = {
    put: (m) => {
      bad.add(m.row);
      tell(m.column === null ? m.reason : `${m.column}: ${m.reason}`);
    },
    full: false,
    total: 0,
    take: () => null,
  };
  const secret = found.definition.redact.map((r) => r.toLowerCase());
  const masked = ({ row }: Mended): string | undefined =>
    Object.entries(row).find(([name, v]) => v === REDACTED && secret.includes(name.toLowerCase()))?.[0];
  const whole = mended.filter((m) => masked(m) === undefined);
  if (whole.length < mended.length) tell("a redacted value is not in quarantine; give it");
  const target = rowTarget(w, found, shapes.columns, shapes.rowNames ?? null, aside);
  const columns: unknown[][] = shapes.columns.map(() => []);
  const rows = whole.map((m) => m.row);
  for await (const batch of batches(rows, target, w.signal))
    for (const [i, values] of batch.columns.entries()) columns[i]?.push(...values);
  return { ids: whole.filter((_, i) => !bad.has(i + 1)).map((m) => m.id), columns };
}
