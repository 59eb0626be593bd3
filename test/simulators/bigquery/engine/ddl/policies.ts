import { type RowPolicy, touch } from "../catalog.js";
import {
  type Cursor,
  end,
  identifier,
  inParentheses,
  list,
  must,
  oneOf,
  peek,
  string,
  tablePath,
  takes,
  unexpected,
} from "../cursor.js";
import type { Env } from "../env.js";
import { runtime } from "../errors.js";
import { findRelation } from "../translate/from.js";
import { parseExpr } from "../translate/parse-expr.js";
import { type Json, SimError, type SimResult } from "../types.js";
import { answer } from "./answer.js";
import { written } from "./columns.js";

/** `CREATE [OR REPLACE] ROW ACCESS POLICY [IF NOT EXISTS] p ON t GRANT TO (…) FILTER USING (…)` */
export async function createPolicy(c: Cursor, env: Env, replace: boolean): Promise<SimResult> {
  const unless = takes(c, "IF", "NOT", "EXISTS");
  const id = identifier(c);
  must(c, "ON");
  const at = peek(c);
  const { table } = findRelation({ env }, tablePath(c), at);
  const grantees = takes(c, "GRANT", "TO") ? inParentheses(c, () => list(c, () => string(c))) : [];
  must(c, "FILTER", "USING");
  const filter = inParentheses(c, () => written(c, () => parseExpr(c)));
  end(c);
  env.tables.ddl("CREATE_ROW_ACCESS_POLICY", table.name);
  env.demand("bigquery.rowAccessPolicies.create", table.name);
  await env.planned?.("CREATE_ROW_ACCESS_POLICY");
  const known = table.rowPolicies.find((p) => p.id === id);
  if (known && unless) return answer("CREATE_ROW_ACCESS_POLICY", "SKIP", table.name);
  if (known && !replace) throw new SimError("duplicate", 409, `Already Exists: Row access policy ${id}`);
  if (env.dryRun) return answer("CREATE_ROW_ACCESS_POLICY", "CREATE", table.name);
  const now = env.catalog.tick();
  const made: RowPolicy = { id, grantees, filter, created: now, modified: now };
  table.rowPolicies = [...table.rowPolicies.filter((p) => p !== known), made];
  touch(env.catalog, table);
  return answer("CREATE_ROW_ACCESS_POLICY", known ? "REPLACE" : "CREATE", table.name);
}

/** `DROP ROW ACCESS POLICY [IF EXISTS] p ON t` and `DROP ALL ROW ACCESS POLICIES ON t` */
export async function dropPolicy(c: Cursor, env: Env, all: boolean): Promise<SimResult> {
  const unless = !all && takes(c, "IF", "EXISTS");
  const id = all ? null : identifier(c);
  must(c, "ON");
  const at = peek(c);
  const { table } = findRelation({ env }, tablePath(c), at);
  end(c);
  env.tables.ddl("DROP_ROW_ACCESS_POLICY", table.name);
  env.demand("bigquery.rowAccessPolicies.delete", table.name);
  await env.planned?.("DROP_ROW_ACCESS_POLICY");
  if (id !== null && !table.rowPolicies.some((p) => p.id === id)) {
    if (unless) return answer("DROP_ROW_ACCESS_POLICY", "SKIP", table.name);
    throw new SimError("notFound", 404, `Not found: Row access policy ${id}`);
  }
  if (!env.dryRun) {
    table.rowPolicies = id === null ? [] : table.rowPolicies.filter((p) => p.id !== id);
    touch(env.catalog, table);
  }
  return answer("DROP_ROW_ACCESS_POLICY", "DROP", table.name);
}

/** `GRANT roles ON TABLE t TO members` and `REVOKE … FROM …` (docs "Data control language") */
export async function grant(c: Cursor, env: Env): Promise<SimResult> {
  const word = oneOf(c, "GRANT", "REVOKE");
  const roles = list(c, () => identifier(c));
  must(c, "ON");
  const on = oneOf(c, "TABLE", "VIEW");
  if (!on) throw unexpected(c);
  const at = peek(c);
  const { table } = findRelation({ env }, tablePath(c), at);
  must(c, word === "GRANT" ? "TO" : "FROM");
  const members = list(c, () => string(c));
  end(c);
  if (members.some((m) => !/^(user|group|serviceAccount|domain|specialGroup):|^all/.test(m)))
    throw runtime("Invalid member in GRANT");
  env.tables.ddl(word ?? "GRANT", table.name);
  env.demand("bigquery.tables.setIamPolicy", table.name);
  await env.planned?.(word ?? "GRANT");
  if (env.dryRun) return answer(word ?? "GRANT", "GRANT", table.name);
  const known = new Map<string, Set<string>>();
  for (const b of table.policy.bindings as readonly { role: string; members: readonly string[] }[])
    known.set(b.role, new Set(b.members));
  for (const role of roles) {
    const set = known.get(role) ?? new Set<string>();
    for (const m of members) word === "GRANT" ? set.add(m) : set.delete(m);
    known.set(role, set);
  }
  const bindings: Json[] = [...known].filter(([, set]) => set.size > 0).map(([role, set]) => ({ role, members: [...set] }));
  table.policy = { bindings, etag: table.policy.etag + 1 };
  touch(env.catalog, table);
  return answer(word ?? "GRANT", "GRANT", table.name);
}
