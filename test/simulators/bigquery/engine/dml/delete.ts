import { type Cursor, end, must, takes } from "../cursor.js";
import type { Env } from "../env.js";
import { invalid } from "../errors.js";
import { change, newX, rowsOf, work } from "../execute.js";
import { createPart, stored } from "../store.js";
import { newScope, within } from "../translate/model.js";
import { bool } from "../translate/operators.js";
import { parseExpr } from "../translate/parse-expr.js";
import { prune } from "../translate/partitions.js";
import type { SimResult } from "../types.js";
import { outcome } from "./outcome.js";
import { baseRows, inPlace, refuseStreaming, target, targetName, targetSql } from "./target.js";

/** `DELETE [FROM] t WHERE …`: the rows that stay are written anew. */
export async function remove(c: Cursor, env: Env): Promise<SimResult> {
  const at = must(c, "DELETE");
  takes(c, "FROM");
  const name = targetName(c, true);
  if (!takes(c, "WHERE")) throw invalid("DELETE must have a WHERE clause", at);
  const where = parseExpr(c);
  end(c);
  const x = await newX(env, where);
  const t = target(x, name, "DELETE");
  const scope = newScope(null);
  scope.relations.push(t.relation);
  const condition = within(x, { scope }, () => {
    t.scan.prune = prune(x, t.table, t.relation, where);
    return within(x, { clause: "WHERE clause" }, () => bool(x, where, "WHERE clause").sql);
  });
  await env.planned?.("DELETE");
  if (env.dryRun) return outcome("DELETE", {});
  let deleted = 0;
  await env.tables.write(t.table, "DELETE", async (base) => {
    return await work(env, async (duck) => {
      const rows = (physical: string, test: string) => inPlace(`FROM ${targetSql(t)} WHERE ${test}`, physical);
      await refuseStreaming(
        t,
        "DELETE",
        env,
        async (part) => (await rowsOf(duck, `SELECT 1 ${rows(part.name, condition)} LIMIT 1`)).length > 0,
      );
      const before = base.parts.reduce((n, p) => n + p.rows, 0);
      if (before === 0) return { parts: null, appended: null, unchanged: true };
      const part = await createPart(env.store, duck, base.columns);
      const names = stored(base.columns);
      const kept = rows(baseRows(base), `NOT coalesce(${condition}, FALSE)`);
      part.rows = await change(
        duck,
        `INSERT INTO ${part.name} (${names || "nothing"}) SELECT ${base.columns.map((col) => `${t.r}.${col.id}`).join(", ") || "NULL"} ${kept}`,
      );
      deleted = before - part.rows;
      return { parts: [part], appended: null, unchanged: deleted === 0 };
    });
  });
  return outcome("DELETE", { deleted });
}
