import { openEngine } from "./engine/index.js";
import type { QueryRequest, SimCell, SimEngine, SimResult } from "./engine/types.js";

export interface World {
  readonly engine: SimEngine;
  /** A statement or script as the user `u` sends it, default dataset `d`. */
  run(sql: string, more?: Partial<QueryRequest>): Promise<SimResult>;
  /** Rows of its result. */
  rows(sql: string, more?: Partial<QueryRequest>): Promise<readonly (readonly SimCell[])[]>;
  /** What it is refused with. */
  refusal(sql: string, more?: Partial<QueryRequest>): Promise<{ readonly reason: string; readonly message: string }>;
}

/** The engine without its HTTP half, project `p` with dataset `d`. */
export async function openWorld(): Promise<World> {
  const engine = await openEngine({ project: "p", datasets: ["d"] });
  let jobs = 0;
  const run = (sql: string, more: Partial<QueryRequest> = {}) =>
    engine.query({
      sql,
      parameters: [],
      parameterMode: "NONE",
      project: "p",
      defaultDataset: { projectId: "p", datasetId: "d" },
      location: "US",
      user: "u",
      jobId: `job${++jobs}`,
      dryRun: false,
      maximumBytesBilled: null,
      statementByteBudget: null,
      signal: new AbortController().signal,
      ...more,
    });
  return {
    engine,
    run,
    rows: async (sql, more) => (await run(sql, more)).rows,
    refusal: (sql, more) =>
      run(sql, more).then(
        () => {
          throw new Error(`not refused: ${sql}`);
        },
        (e: { reason: string; message: string }) => ({ reason: e.reason, message: e.message }),
      ),
  };
}
