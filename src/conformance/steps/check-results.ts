import type { Step } from "../../adapter/steps.js";
import { ledgerShapes } from "../../ledger/shapes.js";
import type { PlannedStep } from "../../plan/compile.js";
import { ident, template } from "../../sql/sql.js";
import { type CaseDefinition, reason } from "../case.js";
import { shapes } from "../columns.js";
import { bag, committed, is, type Rows } from "./words.js";

const columns = ["pipeline", "release", "table_name", "check_name", "severity", "outcome", "observed", "message"];

/** What checks found, for people. */
export const checkResultCases: readonly CaseDefinition[] = [
  {
    name: "noteChecks writes what a block found and what was known, and view checks judges it as reports do",
    invariant: 3,
    skip: (c) => reason({ "the engine has no transactions": c.transaction === "none" }),
    async run(place) {
      const [results, view, live] = [place.at("results"), place.at("checks"), place.at("live")];
      await place.create(results, ledgerShapes(place.adapter.syntax).checkResults);
      await place.make(live, shapes(place.adapter, { id: "int64", v: "int64?" }), [
        [1n, null],
        [2n, 5n],
      ]);
      const zero = { value: 0n, type: "int64" } as const;
      const observe = { of: "nulls", column: "v" } as const;
      const scan = [
        { name: "rows", observe: { of: "rows" }, min: zero, max: null, blocks: true },
        { name: "nulls", observe, min: null, max: zero, blocks: false },
        {
          name: "none",
          observe: { of: "query", sql: template`SELECT 1 FROM ${ident(live.path)}` },
          min: null,
          max: zero,
          blocks: false,
        },
      ] as const;
      const common = { table: "it's", severity: "warn", trust: "scan", bound: '{"max":0}' };
      const of = (index: number) => ({ of: { op: "look", index }, short: null });
      const checks: Step<"noteChecks">["checks"] = [
        { ...common, severity: "error", check: "rows", ...of(0), what: "rows", allowed: "at least 0" },
        { ...common, check: "nulls", ...of(1), what: "NULLs", allowed: "at most 0" },
        { ...common, check: "absent", ...of(7), what: "rows there", allowed: "at most 0" },
        { ...common, check: "short", ...of(0), short: "there is too little", what: "rows", allowed: "at most 0" },
        { ...common, check: "known", outcome: "fail", observed: '"x"', message: "it's known" },
        { ...common, check: "nothing", outcome: "insufficient", observed: null, message: "nothing to compare it with" },
      ];
      const note = { kind: "noteChecks", results, pipeline: "orders", release: 7, checks } as const;
      const steps: PlannedStep[] = [
        { id: "look", step: { kind: "validate", on: ident(live.path), scan }, judges: "later" },
        { id: "checks", step: note },
      ];
      await place.block(steps, { end: "rollback" });
      await place.step({ kind: "view", ref: view, shows: { what: "checks", results }, replace: false });
      const shown = async (): Promise<Rows> => {
        const rows = await place.query(template`SELECT * FROM ${ident(view.path)}`, {
          ...Object.fromEntries(columns.map((c) => [c, "string"] as const)),
          release: "int64",
        });
        return rows.map((r) => columns.map((c) => r[c]));
      };
      is(await shown(), [], "what a rehearsal found");
      await committed(place, steps);
      const row = (check: string, outcome: string, observed: string | null, message: string, severity = "warn") => [
        ...["orders", 7n, "it's", check, severity, outcome, observed, message],
      ];
      bag(
        await shown(),
        [
          row("rows", "pass", "2", "rows: 2", "error"),
          row("nulls", "warn", "1", "NULLs: 1, allowed at most 0"),
          row("absent", "insufficient", null, "nothing to compare rows there with"),
          row("short", "insufficient", "2", "there is too little"),
          row("known", "fail", '"x"', "it's known"),
          row("nothing", "insufficient", null, "nothing to compare it with"),
        ],
        "results",
      );
      await place.step({ kind: "forgetChecks", results, pipeline: "orders", below: 7 });
      await place.step({ kind: "forgetChecks", results, pipeline: "lines", below: 9 });
      is((await shown()).length, checks.length, "results that are young, or another pipeline's");
      await place.step({ kind: "forgetChecks", results, pipeline: "orders", below: 8 });
      is(await shown(), [], "old results");
    },
  },
];
