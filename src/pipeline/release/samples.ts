import type { OpResult } from "../../adapter/operations.js";
import type { ColumnShape } from "../../adapter/shapes.js";
import type { Facts, PlannedCheck } from "../../check/planned.js";
import { factsOf, readChecks } from "../../check/planned.js";
import type { CheckResult } from "../../check/result.js";
import { sampleOp } from "../../plan/release.js";
import type { Row } from "../../sql/sql.js";
import { sampleRow } from "../../table/decode.js";

export interface SampleContext {
  readonly columns: readonly ColumnShape[];
  readonly redact: readonly string[];
  /** Names of the checks whose samples are the rows of a query: it can give a column another name. */
  readonly queries: readonly string[];
}

/** Results with the offending rows that the block looked up before it was rolled back. */
export function withSamples(
  planned: readonly PlannedCheck[],
  results: ReadonlyMap<string, OpResult>,
  of: (table: string) => SampleContext,
): CheckResult[] {
  const found: Facts = factsOf(results);
  return planned.flatMap((p) =>
    readChecks([p], found).map((r): CheckResult => {
      if (p.op === null || (r.outcome !== "fail" && r.outcome !== "warn")) return r;
      const { columns, redact, queries } = of(p.table);
      const rows: readonly Row[] = results.get(sampleOp(p.op, p.index))?.rows ?? [];
      const known = redact.length > 0 && queries.includes(p.check);
      return { ...r, samples: rows.map((row) => sampleRow(row, columns, redact, known)) };
    }),
  );
}
