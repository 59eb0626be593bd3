import type { Column } from "../catalog.js";
import {
  type Cursor,
  end,
  identifier,
  inParentheses,
  list,
  must,
  oneOf,
  peek,
  sees,
  tablePath,
  takes,
  unexpected,
} from "../cursor.js";
import type { Duck, Env, Made } from "../env.js";
import { invalid } from "../errors.js";
import { change, newX, rowsOf, work } from "../execute.js";
import type { Token } from "../lex.js";
import { createPart } from "../store.js";
import type { Expr, From } from "../translate/ast.js";
import { analyze } from "../translate/expr.js";
import { from } from "../translate/from.js";
import { newScope, type Relation, within, type X } from "../translate/model.js";
import { bool } from "../translate/operators.js";
import { parseExpr } from "../translate/parse-expr.js";
import { aliasOf, parseQuery, seesQuery } from "../translate/parse-query.js";
import { prune } from "../translate/partitions.js";
import type { SimResult } from "../types.js";
import { completed } from "./insert.js";
import { outcome } from "./outcome.js";
import { rewritten, twice, type Updates } from "./rewrite.js";
import { assigned, columnOf, onePart, refuseStreaming, type Target, target, targetName, temp, unnamed } from "./target.js";
import { type Setting, sets, settings } from "./update.js";

type When = "MATCHED" | "BY TARGET" | "BY SOURCE";

interface Parsed {
  readonly when: When;
  readonly condition: Expr | null;
  readonly action: "UPDATE" | "DELETE" | "INSERT";
  readonly settings: readonly Setting[];
  /** INSERT: names, or null for all; values, or null for ROW. */
  readonly names: readonly { readonly name: string; readonly at: Token }[] | null;
  readonly values: readonly Expr[] | null;
  readonly at: Token;
}

interface Clause {
  readonly when: When;
  readonly action: Parsed["action"];
  readonly condition: string | null;
  /** UPDATE: what is set; INSERT: a value for each column of the table. */
  readonly values: readonly { readonly column: Column; readonly sql: string }[];
}

function clause(c: Cursor): Parsed {
  const at = must(c, "WHEN");
  let when: When = "MATCHED";
  if (takes(c, "NOT")) {
    when = "BY TARGET";
    must(c, "MATCHED");
    if (takes(c, "BY")) {
      const side = oneOf(c, "TARGET", "SOURCE");
      if (!side) throw unexpected(c);
      when = `BY ${side}`;
    }
  } else must(c, "MATCHED");
  const condition = takes(c, "AND") ? parseExpr(c) : null;
  must(c, "THEN");
  const action = when === "BY TARGET" ? oneOf(c, "INSERT") : oneOf(c, "UPDATE", "DELETE");
  if (!action) throw unexpected(c);
  const made = { when, condition, action, at, settings: [], names: null, values: null };
  if (action === "DELETE") return made;
  if (action === "UPDATE") {
    must(c, "SET");
    return { ...made, settings: settings(c) };
  }
  if (takes(c, "ROW")) return made;
  const names = sees(c, "(") ? inParentheses(c, () => list(c, () => ({ at: peek(c), name: identifier(c) }))) : null;
  if (takes(c, "ROW")) return { ...made, names };
  must(c, "VALUES");
  return { ...made, names, values: inParentheses(c, () => list(c, () => parseExpr(c))) };
}

function sourceOf(c: Cursor): From {
  const at = peek(c);
  if (sees(c, "(") && seesQuery(c)) {
    const query = inParentheses(c, () => parseQuery(c));
    return { k: "query", at, query, alias: aliasOf(c) };
  }
  if (takes(c, "UNNEST"))
    return { k: "unnest", at, array: inParentheses(c, () => parseExpr(c)), alias: aliasOf(c), offset: null };
  const path = tablePath(c);
  return { k: "table", at, path, alias: aliasOf(c), time: null, offset: null };
}

/** `MERGE [INTO] t USING s ON … WHEN …` (docs "DML syntax": MERGE statement). */
export async function merge(c: Cursor, env: Env): Promise<SimResult> {
  must(c, "MERGE");
  takes(c, "INTO");
  const name = targetName(c, true);
  must(c, "USING");
  const source = sourceOf(c);
  must(c, "ON");
  const on = parseExpr(c);
  const parsed: Parsed[] = [];
  while (sees(c, "WHEN")) parsed.push(clause(c));
  if (parsed.length === 0) must(c, "WHEN");
  end(c);
  const x = await newX(env, [source, on, parsed]);
  const t = target(x, name, "MERGE");
  const sourceScope = newScope(null);
  const rows = within(x, { scope: sourceScope }, () => from(x, source, null));
  const theirs = sourceScope.relations[0] as Relation;
  const scope = newScope(null);
  scope.relations.push(t.relation, theirs);
  const join = within(x, { scope, clause: "MERGE ON clause" }, () => bool(x, on, "MERGE ON clause").sql);
  within(x, { scope }, () => {
    t.scan.prune = pruned(x, t, on, parsed);
  });
  const clauses = parsed.map((p) => clauseOf(x, t, theirs, p));
  await env.planned?.("MERGE");
  if (env.dryRun) return outcome("MERGE", {});
  let counts = { inserted: 0, updated: 0, deleted: 0 };
  await env.tables.write(t.table, "MERGE", async (base) => {
    return await work(env, async (duck) => {
      const done = await apply(env, duck, { t, base, rows, join, clauses });
      counts = done.counts;
      return done.made;
    });
  });
  return outcome("MERGE", counts);
}

/** Rows that no source row meets are looked at as far as the clauses for them say. */
function pruned(x: X, t: Target, on: Expr, parsed: readonly Parsed[]): string | null {
  const alone = parsed.filter((p) => p.when === "BY SOURCE").map((p) => prune(x, t.table, t.relation, p.condition));
  const constantFalse = on.k === "literal" && on.value === false;
  const joined = constantFalse ? "FALSE" : prune(x, t.table, t.relation, on);
  const all = [joined, ...alone];
  return all.includes(null) ? null : all.map((p) => `(${p})`).join(" OR ");
}

function clauseOf(x: X, t: Target, theirs: Relation, p: Parsed): Clause {
  const scope = newScope(null);
  if (p.when !== "BY TARGET") scope.relations.push(t.relation);
  if (p.when !== "BY SOURCE") scope.relations.push(theirs);
  return within(x, { scope, clause: "MERGE clause" }, () => {
    const condition = p.condition ? bool(x, p.condition, "WHEN condition").sql : null;
    const made = { when: p.when, action: p.action, condition };
    if (p.action === "DELETE") return { ...made, values: [] };
    if (p.action === "UPDATE") return { ...made, values: sets(x, t, p.settings) };
    const columns = p.names ? p.names.map((n) => columnOf(t, n.name, n.at)) : t.version.columns.filter((col) => !col.hidden);
    const own = theirs.columns.filter((col) => !col.hidden);
    const count = p.values?.length ?? own.length;
    if (count !== columns.length)
      throw invalid(`Inserted row has wrong column count; Has ${count}, expected ${columns.length}`, p.at);
    const given = columns.map((column, k) => {
      const value = p.values?.[k];
      if (value?.k === "default") return unnamed(x, t.table, column, value.at);
      if (value) return assigned(analyze(x, value), column, "INSERT", value.at);
      const from = own[k];
      if (from?.scan && from.column) from.scan.columns.add(from.column);
      return assigned({ sql: from?.sql ?? "NULL", type: from?.type ?? column.type }, column, "INSERT", p.at);
    });
    const all = completed(x, t, columns, given, p.at);
    return { ...made, values: t.version.columns.map((column, k) => ({ column, sql: all[k] as string })) };
  });
}

interface Plan {
  readonly t: Target;
  readonly base: Target["version"];
  readonly rows: string;
  readonly join: string;
  readonly clauses: readonly Clause[];
}

async function apply(
  env: Env,
  duck: Duck,
  plan: Plan,
): Promise<{ made: Made; counts: { inserted: number; updated: number; deleted: number } }> {
  const { t, base, rows, join, clauses } = plan;
  const names: string[] = [];
  const make = async (sql: string): Promise<string> => {
    const name = temp();
    names.push(name);
    await change(duck, `CREATE TEMP TABLE ${name} AS ${sql}`);
    return name;
  };
  try {
    const own = await onePart(env, duck, base);
    const r = aliasIn(rows);
    const source = `${await make(`SELECT * FROM ${rows}`)} ${r}`;
    const pairs = await make(`SELECT ${t.r}.rowid AS rid, ${r}.rowid AS sid FROM ${own.name} ${t.r} JOIN ${source} ON ${join}`);
    const updates: Updates[] = [];
    const of = (when: When) => clauses.filter((k) => k.when === when);
    if (of("MATCHED").length > 0) {
      const both = `${pairs} p JOIN ${own.name} ${t.r} ON ${t.r}.rowid = p.rid JOIN ${source} ON ${r}.rowid = p.sid`;
      updates.push(updating(await make(chosen(of("MATCHED"), "p.rid", both, "TRUE")), of("MATCHED")));
    }
    if (of("BY SOURCE").length > 0) {
      const without = `NOT EXISTS (SELECT 1 FROM ${pairs} p WHERE p.rid = ${t.r}.rowid)`;
      updates.push(updating(await make(chosen(of("BY SOURCE"), `${t.r}.rowid`, `${own.name} ${t.r}`, without)), of("BY SOURCE")));
    }
    const inserts = of("BY TARGET");
    let fresh: string | null = null;
    if (inserts.length > 0) {
      const without = `NOT EXISTS (SELECT 1 FROM ${pairs} p WHERE p.sid = ${r}.rowid)`;
      fresh = await make(chosen(inserts, "NULL", source, without));
    }
    const counts = await counted(duck, updates, of("MATCHED").length > 0 ? updates[0] : undefined, fresh);
    const more =
      fresh && counts.inserted > 0
        ? inserts.map((k, n) => `SELECT ${k.values.map((_, m) => `v${n}_${m}`).join(", ")} FROM ${fresh} WHERE k = ${n}`)
        : [];
    if (counts.updated + counts.deleted > 0) {
      await refuseStreaming(t, "MERGE", env, async () => true);
      return { made: await rewritten(env, duck, base, own, updates, more), counts };
    }
    if (counts.inserted === 0) return { made: { parts: null, appended: null, unchanged: true }, counts };
    const part = await createPart(env.store, duck, base.columns);
    part.rows = await change(duck, `INSERT INTO ${part.name} ${more.join(" UNION ALL ")}`);
    // The copy that was made for its row ids is as good as the many parts that it came from.
    if (base.parts.length > 8) return { made: { parts: [own, part], appended: null }, counts };
    return { made: { parts: null, appended: [part] }, counts };
  } finally {
    await duck.run(names.map((name) => `DROP TABLE IF EXISTS ${name}`).join("; "));
  }
}

/** Rows by what becomes of them; refuses where a target row has two source rows. */
async function counted(
  duck: Duck,
  updates: readonly Updates[],
  matched: Updates | undefined,
  fresh: string | null,
): Promise<{ inserted: number; updated: number; deleted: number }> {
  const parts = updates.map((u, n) => `SELECT ${n} AS u, k, count(*) AS n FROM ${u.name} GROUP BY k`);
  if (matched) parts.push(`SELECT -1, 0, count(*) - count(DISTINCT rid) FROM ${matched.name}`);
  if (fresh) parts.push(`SELECT -2, 0, count(*) FROM ${fresh}`);
  const counts = { inserted: 0, updated: 0, deleted: 0 };
  for (const [u, k, n] of (await rowsOf(duck, parts.join(" UNION ALL "))).map((row) => row.map(Number))) {
    if (u === -1 && n) throw twice();
    if (u === -2) counts.inserted = n ?? 0;
    else if (u !== undefined && u >= 0) counts[updates[u]?.clauses[k ?? 0] === null ? "deleted" : "updated"] += n ?? 0;
  }
  return counts;
}

/** The last word of a relation's SQL is its alias. */
const aliasIn = (sql: string): string => sql.slice(sql.lastIndexOf(" ") + 1);

/** Which clause takes which row: the first whose condition holds; with the values of all clauses. */
function chosen(clauses: readonly Clause[], rid: string, tables: string, condition: string): string {
  const arms = clauses.map((k, n) => `WHEN ${k.condition ?? "TRUE"} THEN ${n}`).join(" ");
  const choice = `CASE ${arms} END`;
  const values = clauses.flatMap((k, n) => k.values.map((v, m) => `, CASE WHEN k = ${n} THEN ${v.sql} END AS v${n}_${m}`));
  return `SELECT ${rid} AS rid, ${choice} AS k${values.join("")} FROM ${tables} WHERE ${condition} AND (${choice}) IS NOT NULL`;
}

const updating = (name: string, clauses: readonly Clause[]): Updates => ({
  name,
  clauses: clauses.map((k, n) =>
    k.action === "DELETE" ? null : k.values.map((v, m) => ({ column: v.column, value: `v${n}_${m}` })),
  ),
});
