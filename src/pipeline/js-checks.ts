import { checkName } from "../check/checks.js";
import type { CheckVerdict } from "../check/result.js";
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
        const verdict = await judge(w, () => definition.fn({ query: (q) => query(bindSelf(q, self)), self, signal: w.signal }));
        if ("threw" in verdict) return { ok: false, p0: false, c0: "threw", message: `it threw: ${verdict.threw}` };
        const observed = verdict.observed === undefined ? String(verdict.pass) : json(verdict.observed);
        const ok = verdict.pass || definition.severity === "warn";
        return { ok, p0: verdict.pass, c0: observed, ...(verdict.message === undefined ? {} : { message: verdict.message }) };
      },
    };
  };
/** A check that throws has not passed, whatever its severity: it is broken. An abort is no verdict. */
async function judge(w: Work, body: () => Promise<CheckVerdict>): Promise<CheckVerdict | { readonly threw: string }> {
  try {
    return await body();
  } catch (e) {
    if (w.signal.aborted) throw e;
    w.thrown.push(e);
    return { threw: e instanceof Error ? e.message : String(e) };
  }
}
const text = (x: unknown): unknown => (typeof x === "bigint" ? x.toString() : x);
const json = (v: unknown): string =>
  typeof v === "string" || typeof v === "bigint" ? String(v) : (JSON.stringify(v, (_k, x: unknown) => text(x)) ?? String(v));
