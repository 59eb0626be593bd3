import * as z from "zod";
import { checkName } from "../../check/checks.js";
import { THREW } from "../../check/planned.js";
import type { CheckVerdict } from "../../check/result.js";
import { CutoverError } from "../../errors/index.js";
import type { JsRunner } from "../../plan/release.js";
import { bindSelf, type Row, type Sql } from "../../sql/sql.js";
import type { Work } from "../session/work.js";

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
        const asked = whileJudging(checkName(definition), (q) => query(bindSelf(q, self)));
        const given = () => definition.fn({ query: asked.query, self, signal: w.signal });
        const verdict = await judge(w, given).finally(asked.end);
        if ("broken" in verdict) return { ok: false, p0: false, c0: THREW, message: verdict.broken };
        const ok = verdict.pass || definition.severity === "warn";
        return {
          ok,
          p0: verdict.pass,
          c0: verdict.observed,
          ...(verdict.message === undefined ? {} : { message: verdict.message }),
        };
      },
    };
  };
const verdictOf = z.object({ pass: z.boolean(), observed: z.unknown().optional(), message: z.string().optional() });
interface Verdict extends Omit<CheckVerdict, "observed"> {
  readonly observed: string;
}
/** A check that throws, or answers what is no verdict, has not passed, whatever its severity: it is broken. An abort is no verdict. */
async function judge(w: Work, body: () => Promise<CheckVerdict>): Promise<Verdict | { readonly broken: string }> {
  try {
    const given = verdictOf.safeParse(await body());
    if (!given.success) return { broken: "it answered no verdict: expected { pass: boolean, observed?, message?: string }" };
    const { pass, observed, message } = given.data;
    return {
      pass,
      observed: observed === undefined ? String(pass) : json(observed),
      ...(message === undefined ? {} : { message }),
    };
  } catch (e) {
    if (w.signal.aborted) throw e;
    w.thrown.push(e);
    return { broken: `it threw: ${e instanceof Error ? e.message : String(e)}` };
  }
}
type Query = (q: Sql) => Promise<readonly Row[]>;
/** `query` as long as its check runs: later it would run beside the block, or outside of it. */
function whileJudging(check: string, query: Query): { readonly query: Query; end(): Promise<unknown> } {
  const asked: Promise<unknown>[] = [];
  let over = false;
  return {
    query: async (q) => {
      if (over) {
        const message = `the check ${JSON.stringify(check)} has ended, and its query with it; await every query`;
        throw new CutoverError("CONFIG", message, { issues: [{ path: "check.query", message }] });
      }
      const rows = query(q);
      asked.push(rows);
      return rows;
    },
    end: () => {
      over = true;
      return Promise.allSettled(asked);
    },
  };
}
const text = (x: unknown): unknown => (typeof x === "bigint" ? x.toString() : x);
const json = (v: unknown): string =>
  typeof v === "string" || typeof v === "bigint" ? String(v) : (JSON.stringify(v, (_k, x: unknown) => text(x)) ?? String(v));
