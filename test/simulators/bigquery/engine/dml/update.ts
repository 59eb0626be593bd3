import type { Column } from "../catalog.js";
import { type Cursor, end, list, must, peek, takes } from "../cursor.js";
import type { Env } from "../env.js";
import { invalid } from "../errors.js";
import { change, newX, rowsOf, work } from "../execute.js";
import { syntax, type Token } from "../lex.js";
import type { Expr } from "../translate/ast.js";
import { analyze } from "../translate/expr.js";
import { from } from "../translate/from.js";
import { newScope, within, type X } from "../translate/model.js";
import { bool } from "../translate/operators.js";
import { parseExpr } from "../translate/parse-expr.js";
import { parseFrom } from "../translate/parse-query.js";
import { prune } from "../translate/partitions.js";
import type { SimResult } from "../types.js";
import { outcome } from "./outcome.js";
import { rewritten, twice } from "./rewrite.js";
import {
  assigned,
  columnOf,
  inPlace,
  onePart,
  refuseStreaming,
  type Target,
  target,
  targetName,
  targetSql,
  temp,
  unnamed,
} from "./target.js";

export interface Setting {
  readonly path: readonly string[];
  readonly value: Expr;
  readonly at: Token;
}

/** `SET a = …, t.b = DEFAULT` */
export const settings = (c: Cursor): Setting[] =>
  list(c, () => {
    const at = peek(c);
    // The name ends before the sign of equality, which is no operator here.
    const name = parseExpr({ ...c, tokens: c.tokens.slice(0, upToEquals(c)), at: c.at } as Cursor);
    c.at = upToEquals(c);
    must(c, "=");
    if (name.k !== "name") throw syntax("Expected a column name in SET", at);
    return { path: name.path, value: parseExpr(c), at };
  });

function upToEquals(c: Cursor): number {
  let k = c.at;
  while (k < c.tokens.length && !(c.tokens[k]?.kind === "op" && c.tokens[k]?.value === "=")) k++;
  return k;
}

/** What is set, as values for columns of the target. */
export function sets(x: X, t: Target, all: readonly Setting[]): { column: Column; sql: string }[] {
  const made = all.map((s) => {
    const path = s.path.length > 1 && s.path[0]?.toLowerCase() === t.relation.alias?.toLowerCase() ? s.path.slice(1) : s.path;
    if (path.length > 1) throw invalid("The simulator does not know updates of nested fields", s.at);
    const column = columnOf(t, path[0] as string, s.at);
    const sql =
      s.value.k === "default" ? unnamed(x, t.table, column, s.at) : assigned(analyze(x, s.value), column, "UPDATE", s.value.at);
    return { column, sql };
  });
  const twice = made.findIndex((m, k) => made.findIndex((o) => o.column === m.column) !== k);
  if (twice >= 0) throw invalid(`Update item ${made[twice]?.column.name} assigned more than once`, all[twice]?.at as Token);
  return made;
}

/** `UPDATE t SET … [FROM …] WHERE …` */
export async function update(c: Cursor, env: Env): Promise<SimResult> {
  const at = must(c, "UPDATE");
  const name = targetName(c, true);
  must(c, "SET");
  const given = settings(c);
  const source = takes(c, "FROM") ? parseFrom(c) : null;
  if (!takes(c, "WHERE")) throw invalid("UPDATE must have a WHERE clause", at);
  const where = parseExpr(c);
  end(c);
  const x = await newX(env, [given, source, where]);
  const t = target(x, name, "UPDATE");
  const scope = newScope(null);
  const { condition, values, tables } = within(x, { scope }, () => {
    const tables = source ? from(x, source, where) : null;
    scope.relations.unshift(t.relation);
    t.scan.prune = prune(x, t.table, t.relation, where);
    const condition = within(x, { clause: "WHERE clause" }, () => bool(x, where, "WHERE clause").sql);
    return { condition, values: within(x, { clause: "UPDATE clause" }, () => sets(x, t, given)), tables };
  });
  await env.planned?.("UPDATE");
  if (env.dryRun) return outcome("UPDATE", {});
  let updated = 0;
  await env.tables.write(t.table, "UPDATE", async (base) => {
    return await work(env, async (duck) => {
      const rows = await onePart(env, duck, base);
      const m = temp();
      const list = values.map((v, k) => `, ${v.sql} AS v${k}`).join("");
      const made = (physical: string, what: string) =>
        inPlace(
          `SELECT ${what} FROM ${targetSql(t)}${tables ? ` CROSS JOIN ${joinable(tables)}` : ""} WHERE ${condition}`,
          physical,
        );
      await refuseStreaming(t, "UPDATE", env, async (part) => (await rowsOf(duck, `${made(part.name, "1")} LIMIT 1`)).length > 0);
      try {
        await change(duck, `CREATE TEMP TABLE ${m} AS ${made(rows.name, `${t.r}.rowid AS rid, 0 AS k${list}`)}`);
        const [all, distinct] = (await rowsOf(duck, `SELECT count(*), count(DISTINCT rid) FROM ${m}`))[0] ?? [];
        if (all !== distinct) throw twice();
        updated = Number(all);
        if (updated === 0) return { parts: null, appended: null, unchanged: true };
        return await rewritten(
          env,
          duck,
          base,
          rows,
          [{ name: m, clauses: [values.map((v, k) => ({ column: v.column, value: `v${k}` }))] }],
          [],
        );
      } finally {
        await duck.run(`DROP TABLE IF EXISTS ${m}`);
      }
    });
  });
  return outcome("UPDATE", { updated });
}

/** Several joined relations as one operand of a join. */
const joinable = (sql: string): string => (/ JOIN /.test(sql) ? `(${sql})` : sql);
