import { sqlOp } from "../../adapter/sql-op.js";
import type { Compilers, NotedCheck, Step } from "../../adapter/steps.js";
import type { Syntax } from "../../adapter/syntax.js";
import { join, raw, type Sql, template } from "../sql.js";
import { as, column, columns, on } from "./words.js";

const written = [
  ...["pipeline", "release", "recorded_at", "table_name", "check_name", "severity", "trust"],
  ...["bound", "outcome", "observed", "passed", "message", "what", "allowed"],
];

/** What checks found, as it was found: the view of it judges. */
export function checkSteps(syntax: Syntax): Compilers<"noteChecks" | "forgetChecks"> {
  return {
    noteChecks: (s) => {
      if (s.checks.length === 0) return [];
      const rows = s.checks.map((c) => row(s, c, syntax));
      const insert = template`INSERT INTO ${on(s.results)} (${columns(written)}) ${join(rows, " UNION ALL ")}`;
      return [sqlOp(insert, { expect: { affected: rows.length } })];
    },
    forgetChecks: (s) => [
      sqlOp(
        template`DELETE FROM ${on(s.results)} WHERE ${column("pipeline")} = ${s.pipeline} AND ${column("release")} < ${s.below}`,
      ),
    ],
  };
}

function row(s: Step<"noteChecks">, c: NotedCheck, syntax: Syntax): Sql {
  const text = (value: string | null): Sql => template`${{ value, type: "string" }}`;
  const head = template`${s.pipeline}, ${s.release}, ${raw(syntax.now())}, ${c.table}, ${c.check}, ${c.severity}, ${c.trust}, ${c.bound}`;
  if ("outcome" in c)
    return template`SELECT ${head}, ${c.outcome}, ${text(c.observed)}, ${text(null)}, ${c.message}, ${text(null)}, ${text(null)}`;
  const under = (path: string): Sql => raw(syntax.jsonText(syntax.ident(["f", "found"]), [0, path]));
  const told = c.short === null ? under("message") : text(c.short);
  const outcome = text(c.short === null ? null : "insufficient");
  const found = as(template`CAST(${{ resultOf: c.of.op }} AS ${raw(syntax.type("string"))})`, "found");
  return template`SELECT ${head}, ${outcome}, ${under(`c${c.of.index}`)}, ${under(`p${c.of.index}`)}, ${told}, ${c.what}, ${c.allowed} FROM (SELECT ${found}) AS ${column("f")}`;
}
