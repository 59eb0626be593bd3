import type { Adapter } from "../adapter/define.js";
import { met } from "../adapter/interactive.js";
import type { Native } from "../adapter/operations.js";
import type { IoOptions, Session } from "../adapter/session.js";
import type { Step } from "../adapter/steps.js";
import { compileStep } from "../plan/compile.js";
import type { Row } from "../sql/sql.js";

/** What the operations of a step came to. `ok`: every expectation was met. */
export interface Ran {
  readonly ok: boolean;
  readonly rows: readonly Row[];
  readonly affected: number;
}

/** The operations of a step on a session, each committed by itself. */
export async function runStep(adapter: Adapter, session: Session<Native>, step: Step, io: IoOptions): Promise<Ran> {
  let rows: readonly Row[] = [];
  let affected = 0;
  for (const op of compileStep(adapter, step)) {
    const result = await session.execute(op, io);
    if (!("native" in op) && op.returns !== undefined) rows = result.rows;
    affected += result.affected ?? 0;
    if (!("native" in op) && !met(op.expect, result, new Map())) return { ok: false, rows, affected };
  }
  return { ok: true, rows, affected };
}
