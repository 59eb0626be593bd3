import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { rows } from "../../source/source.js";
import { table } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import { heap } from "../heap.js";
import { needs } from "./needs.js";

const ROWS = 200_000;
const WIDTH = 500;
const LIMIT = (ROWS * WIDTH) / 3;
const noise = Buffer.alloc(WIDTH / 2);
/** A flat string of its own: one that shared its parts with others would weigh nothing. */
const wide = (): string => randomFillSync(noise).toString("hex");

export const memoryCases: readonly CaseDefinition[] = [
  {
    name: "a run of 200,000 rows of 500 bytes, and the diff of it, hold no more than batches in memory",
    invariant: 11,
    skip: needs("blocks"),
    timeoutMs: 300_000,
    async run(place, note) {
      const t = table("wide", { columns: { id: "int64", text: "string" }, key: "id" });
      const etl = place.pipeline({ pipeline: "wide", tables: { t } });
      const base = heap();
      let most = 0;
      const look = (): void => {
        most = Math.max(most, heap() - base);
      };
      const source = async function* () {
        for (let id = 0; id < ROWS; id++) {
          if (id % 40_000 === 30_000) look();
          yield { id, text: wide() };
        }
        look();
      };
      const report = await etl.run({ t: rows(source()) });
      assert.equal(report.tables.t?.rows, ROWS);
      note(`run: ${Math.round(most / 1_048_576)} MB of ${Math.round((ROWS * WIDTH) / 1_048_576)}`);
      assert.ok(
        most < LIMIT,
        `while its source was read, a run held ${Math.round(most / 1_048_576)} MB: there is no back-pressure`,
      );
      most = 0;
      let n = 0;
      for await (const change of etl.diff("t", { from: 0, to: 1 })) {
        if (change.op === "insert") n += 1;
        // A reader that pauses must not be overtaken.
        if (n % 70_000 === 1) {
          for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
          look();
        }
      }
      note(`diff: ${Math.round(most / 1_048_576)} MB`);
      assert.equal(n, ROWS);
      assert.ok(most < LIMIT, `while its rows were read, a diff held ${Math.round(most / 1_048_576)} MB`);
    },
  },
];
