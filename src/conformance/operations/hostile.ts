import assert from "node:assert/strict";
import { accepted, between, noRows, notNull, unique } from "../../check/checks.js";
import type { Pipeline } from "../../pipeline/pipeline.js";
import { query, rows } from "../../source/source.js";
import { ident, raw, sql, template } from "../../sql/sql.js";
import { table } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";
import { allTables, ledgerOf } from "../ledger.js";
import type { Place } from "../place.js";
import { extremes, large } from "../values.js";
import { needs } from "./needs.js";
import { all, col, contents, failure, itemsPipeline, load, whole } from "./world.js";

/** Every engine can bear the first; the others may be the engine's own to refuse. */
const usual = ["select", "a 日本語", "constructor"];
const names = [...usual, 'a"b', "a'b;--\\", "a`b %s$1{}.n"];
const texts = [...(extremes.string as readonly string[]), large.string as string, "[redacted]", "{resultOf}"];

/** A table that the library has no business with. */
async function canary(place: Place): Promise<() => Promise<void>> {
  const columns = shapes(place.adapter, { a: "int64" });
  await place.make(place.at("bystander"), columns, [[1n]]);
  return async () => assert.deepEqual(await place.rows(place.at("bystander"), columns), [[1n]], "the bystander was touched");
}
/** Whether the engine itself takes this for the name of a table and of a column. */
async function takes(place: Place, name: string): Promise<boolean> {
  try {
    await place.create(place.at(name), shapes(place.adapter, { [name]: "int64", [`${name} 2`]: "string?", seq: "int64" }));
    return true;
  } catch (e) {
    if (usual.includes(name)) throw e;
    return false;
  }
}

async function live(place: Place, name: string): Promise<void> {
  const other = `${name} 2`;
  const t = table(place.at(name).path as [string, string, string], {
    columns: { [name]: "int64", [other]: "string?", seq: "int64" } as Record<string, "int64" | "string?">,
    key: name,
    cursor: "seq",
    checks: [
      unique(name),
      unique(name, other),
      notNull(name),
      accepted(other, ["x", "y", name]),
      between(name, { min: 0, max: 10 }),
      noRows(name, template`SELECT * FROM ${sql.self} ${ident(["one"])} WHERE ${ident(["one", name])} < 0`),
    ],
  });
  const etl = place.pipeline({ pipeline: name, tables: { [name]: t } });
  const run = (...list: (readonly [number, string, number])[]) =>
    etl.run({ [name]: rows(list.map(([k, v, seq]) => ({ [name]: k, [other]: v, seq }))) });
  await run([1, "x", 1], [2, name, 1]);
  assert.equal((await run([2, "y", 2], [3, "x", 2])).tables[name]?.rows, 3);
  const e = await failure(run([4, "bad", 3], [11, "x", 3]), "CHECKS_FAILED");
  assert.equal(e.context.checks.filter((c) => c.outcome === "fail").length, 2, `checks of ${name}`);
  assert.equal((await all(etl.diff(name, { from: 1, to: 2 }))).length, 2, `diff of ${name}`);
  await etl.rollback();
  await etl.redo();
  assert.ok(String(await etl.plan({ rollback: {} })).length > 0);
  assert.equal((await etl.check()).ok, true, `check() of ${name}`);
  await whole(etl as unknown as Pipeline);
}

export const hostileCases: readonly CaseDefinition[] = [
  {
    name: "hostile names of tables, columns, aliases, checks and pipelines name what they name",
    invariant: 8,
    skip: needs("blocks"),
    async run(place, note) {
      const untouched = await canary(place);
      const refused: string[] = [];
      for (const name of names) {
        const before = (await allTables(place)).beside;
        if (!(await takes(place, name))) {
          refused.push(name);
          continue;
        }
        await live(place, name);
        const made = (await allTables(place)).beside.filter((t) => !before.includes(t));
        assert.deepEqual(made, [place.at(name).path.join(".")], `tables beside ${name}`);
      }
      if (refused.length > 0) note(`the engine itself refuses the names ${JSON.stringify(refused)}`);
      await untouched();
    },
  },
  {
    name: "hostile texts, of a megabyte too, go in, through diff and samples, and out unharmed",
    invariant: 8,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const untouched = await canary(place);
      const columns = { id: "int64", s: "string?" } as const;
      const config = { pipeline: "texts" };
      const plain = place.pipeline({ ...config, tables: { t: table("texts", { columns, key: "id" }) } });
      const feed = (end: string) => ({ t: rows(texts.map((s, id) => ({ id, s: s + end }))) });
      await plain.run(feed(""));
      const one = await contents(place, "texts");
      assert.deepEqual(
        new Map(one?.rows.map((r) => [Number(r[0]), r[1]])),
        new Map(texts.map((s, id) => [id, s])),
        "a text came out otherwise than it went in",
      );
      await plain.run(feed("!"));
      const changes = await all(plain.diff("t", { from: 1, to: 2 }));
      assert.deepEqual(
        new Map(changes.map((c) => [c.op === "update" ? c.before.s : null, c.op === "update" ? c.after.s : null])),
        new Map(texts.map((s) => [s, `${s}!`])),
      );
      await plain.rollback();
      assert.deepEqual(await contents(place, "texts"), one);
      await plain.unhold();
      assert.equal((await plain.run(feed(""))).status, "nothing-to-do", "equal texts are not found to be equal");
      const checked = table("texts", { columns, key: "id", checks: [accepted("s", ["only this"], { samples: 100 })] });
      const strict = place.pipeline({ ...config, tables: { t: checked } });
      const e = await failure(strict.run({ t: rows([{ id: 99, s: "new" }]) }), "CHECKS_FAILED");
      // What a script hands back has its bounds: long samples may be left out there.
      const bounded = place.adapter.capabilities.transaction === "script";
      const told = new Set(e.context.checks[0]?.samples.map((r) => r["s"]));
      assert.deepEqual(told, new Set([...texts.filter((t) => !bounded || t.length < 10_000), "new"]));
      await whole(plain);
      await untouched();
    },
  },
  {
    name: "hostile texts as keys are told apart, also where they differ by form or case only",
    invariant: 8,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const keyed = table("keyed", { columns: { k: "string", v: "int64" }, key: "k" });
      const etl = place.pipeline({ pipeline: "keyed", tables: { keyed } });
      const keys = [...texts, "A", "a", "a ", " a", "é", "e\u0301", "É"];
      await etl.run({ keyed: rows(keys.map((k) => ({ k, v: 1 }))) });
      const {
        updated,
        inserted,
        rows: n,
      } = (await etl.run({ keyed: rows(keys.map((k, i) => ({ k, v: 10 + i }))) })).tables.keyed ?? {};
      assert.deepEqual([updated, inserted, n], [keys.length, 0, keys.length]);
      await etl.rollback();
      await etl.redo();
      await whole(etl);
    },
  },
  {
    name: "hostile texts as values of checks and queries, as notes, reasons and idempotency keys stay texts",
    invariant: 8,
    skip: needs("blocks"),
    async run(place) {
      const untouched = await canary(place);
      const text = raw(place.adapter.syntax.type("string"));
      const t = table("texts", { columns: { id: "int64", s: "string" }, key: "id" });
      const plain = place.pipeline({ pipeline: "texts", tables: { t } });
      for (const [i, s] of [(extremes.string as readonly string[]).join(" "), "{resultOf} [redacted]", ""].entries()) {
        const checks = [
          accepted("s", [s, "b"]),
          noRows("none", template`SELECT * FROM ${sql.self} WHERE ${col("s")} <> ${s} AND ${col("s")} <> ${"b"}`),
        ];
        const own = table("texts", { columns: { id: "int64", s: "string" }, key: "id", checks });
        const etl = place.pipeline({ pipeline: "texts", tables: { t: own } });
        const o = { note: s, idempotencyKey: `${i} ${s}` };
        const one = query(
          template`SELECT CAST(1 AS ${raw(place.adapter.syntax.type("int64"))}) AS ${col("id")}, CAST(${s} AS ${text}) AS ${col("s")}`,
        );
        const report = await etl.run({ t: one }, o);
        assert.deepEqual(
          report.checks.map((c) => c.outcome),
          ["pass", "pass"],
          `checks of ${s.slice(0, 50)}`,
        );
        assert.equal((await etl.run({ t: rows([{ id: 9, s: "never" }]) }, o)).status, "already-published");
        await failure(etl.run({ t: rows([{ id: 2, s: `${s}c` }]) }), "CHECKS_FAILED");
        await etl.hold(`${s}.`);
        assert.equal((await etl.status()).held, `${s}.`);
        await etl.unhold();
        const [latest] = (await all(etl.history({ limit: 9 }))).filter((h) => h.state === "published");
        assert.equal(latest?.note, s);
      }
      assert.deepEqual((await contents(place, "texts"))?.rows, [[1n, ""]]);
      await whole(plain);
      await untouched();
    },
  },
  {
    name: "nothing outside the declared tables and the ledger is touched",
    invariant: 8,
    skip: needs("blocks"),
    async run(place) {
      const untouched = await canary(place);
      const before = await allTables(place);
      const etl = itemsPipeline(place, { keep: 1 });
      for (const v of [1, 2, 3]) await etl.run(load(v, v + 5, v));
      await etl.rollback();
      await etl.redo();
      await etl.check();
      await etl.recover();
      const { beside, ledger } = await allTables(place);
      assert.deepEqual(
        beside.filter((t) => !before.beside.includes(t)),
        [place.folded("items").path.join(".")],
        "tables that nobody declared",
      );
      const { journal, turn, claims, lease, checkResults } = ledgerOf(place);
      const own = [journal, turn, claims, lease, checkResults].map((r) => r.path.join("."));
      const more = ledger.filter((t) => !own.includes(t));
      assert.equal(more.length, 1, `tables in the ledger beside its own, and the images of items: ${more.join(", ")}`);
      assert.match(more[0] ?? "", /\bchanges_[^.]*$/);
      await untouched();
    },
  },
];
