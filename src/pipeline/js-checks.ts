import { checkName } from "../check/checks.js";
import { CutoverError } from "../errors/index.js";
import type { JsRunner } from "../plan/release.js";
import { bindSelf, type Row } from "../sql/sql.js";
import type { Work } from "./work.js";

/** JavaScript checks run inside the block, on the rows as they would be published. */
export const jsRunner =
  (w: Work): JsRunner =>
  (op, definition, self) => {
    const { adapter } = w.ctx;
    if (adapter.capabilities.transaction !== "interactive") {
      const what = `check ${JSON.stringify(checkName(definition))}`;
      throw new CutoverError(
        "UNSUPPORTED",
        `${adapter.name} runs a release as one script, which takes no JavaScript: ${what}; use noRows()`,
        {
          capability: "transaction: interactive",
          alternative: "noRows()",
        },
      );
    }
    return {
      id: op,
      inspect: async (query): Promise<Row> => {
        const verdict = await definition.fn({ query: (q) => query(bindSelf(q, self)), self, signal: w.signal });
        const observed = verdict.observed === undefined ? String(verdict.pass) : json(verdict.observed);
        const ok = verdict.pass || definition.severity === "warn";
        return { ok, p0: verdict.pass, c0: observed, ...(verdict.message === undefined ? {} : { message: verdict.message }) };
      },
    };
  };
const json = (v: unknown): string =>
  typeof v === "string" ? v : (JSON.stringify(v, (_k, x: unknown) => (typeof x === "bigint" ? x.toString() : x)) ?? String(v));
