import assert from "node:assert/strict";
import { notNull, references } from "../../check/checks.js";
import type { Config } from "../../pipeline/config.js";
import { rows } from "../../source/source.js";
import { template } from "../../sql/sql.js";
import { table } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import type { Place } from "../place.js";
import { needs } from "./needs.js";
import { col, contents, failure, live } from "./world.js";

const buyers = table("buyers", { columns: { id: "int64", name: "string?" }, key: "id", checks: [notNull("id")] });
const sales = table("sales", {
  columns: { id: "int64", buyer: "int64?" },
  key: "id",
  checks: [references("buyer", buyers, "id")],
});
const shop = (place: Place, o: Partial<Omit<Config, "tables" | "warehouse">> = {}) =>
  place.pipeline({ pipeline: "shop", tables: { buyers, sales }, ...o });
const people = (...ids: readonly number[]) => rows(ids.map((id) => ({ id, name: `b${id}` })));
const sold = (...pairs: readonly (readonly [number, number | null])[]) => rows(pairs.map(([id, buyer]) => ({ id, buyer })));

/** What one table says of another. */
export const checkReferenceCases: readonly CaseDefinition[] = [
  {
    name: "checks: references sees what the release itself brings to the other table, and refuses what has no row there",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const etl = shop(place);
      const first = await etl.run({ buyers: people(1, 2), sales: sold([10, 1], [11, null]) });
      assert.deepEqual(
        first.checks.map((c) => [c.check, c.outcome]),
        [
          ["notNull(id)", "pass"],
          ["references(buyer, buyers.id)", "pass"],
        ],
      );
      await etl.run({ buyers: people(3), sales: sold([12, 3]) });
      const before = [await contents(place, "buyers"), await contents(place, "sales")];
      const { context } = await failure(etl.run({ buyers: people(4), sales: sold([12, 5], [13, 5], [14, 4]) }), "CHECKS_FAILED");
      const [check] = context.checks.filter((c) => c.outcome === "fail");
      assert.deepEqual([check?.observed, check?.bound], [2, { max: 0, in: "buyers.id" }]);
      assert.deepEqual(check?.samples.map((s) => Number(s["id"])).sort(), [12, 13]);
      assert.deepEqual(
        [await contents(place, "buyers"), await contents(place, "sales")],
        before,
        "a refused release changed something",
      );
    },
  },
  {
    name: "checks: references trusts what it has proven only while the other table is in the release and has lost no row",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const etl = shop(place);
      const trust = async (run: ReturnType<typeof etl.run>) =>
        (await run).checks.find((c) => c.check.startsWith("references"))?.trust;
      assert.equal(await trust(etl.run({ buyers: people(1, 2, 3), sales: sold([10, 1], [11, 2]) })), "scan");
      assert.equal(await trust(etl.run({ buyers: people(4), sales: sold([12, 4]) })), "incremental");
      // Nothing in this release would tell that somebody else has removed a buyer.
      assert.equal(await trust(etl.run({ sales: sold([13, 4]) })), "scan");
      await place.execute(template`DELETE FROM ${live(place, "buyers")} WHERE ${col("id")} = ${2n}`);
      const { context } = await failure(etl.run({ buyers: people(5), sales: sold([14, 5]) }), "CHECKS_FAILED");
      const refused = context.checks.find((c) => c.outcome === "fail");
      assert.deepEqual([refused?.trust, refused?.observed], ["scan", 1], "a sale whose buyer others have removed");
      assert.equal(await trust(etl.run({ buyers: people(2), sales: sold([14, 1]) })), "scan");
      assert.equal(await trust(etl.run({ buyers: people(6), sales: sold([15, 6]) })), "incremental");
    },
  },
  {
    name: "checks: references of a candidate looks at the candidate of the other table where there is one, else at live",
    invariant: 3,
    skip: (c) => needs("blocks", "candidates")(c),
    async run(place) {
      const etl = shop(place, { mixedReads: "allow" });
      await etl.run({ buyers: people(1, 2), sales: sold([10, 1], [11, 2]) });
      const alone = await etl.rebuild({ tables: ["sales"] });
      await alone.load({ sales: sold([10, 1], [12, 3]) });
      assert.deepEqual(
        (await alone.validate()).checks.map((c) => [c.outcome, c.observed]),
        [["fail", 1]],
      );
      await alone.reject();
      const both = await etl.rebuild();
      await both.load({ buyers: people(3), sales: sold([12, 3]) });
      assert.equal((await both.validate()).ok, true);
      await both.load({ buyers: people(3), sales: sold([12, 3], [13, 1]) });
      assert.equal((await both.validate()).ok, false, "live's rows count for a candidate that takes their place");
      await both.reject();
      assert.equal((await etl.check()).ok, true);
    },
  },
  {
    name: "checks: references takes any table by name, and refuses one that is not there or has no such column",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const of = (to: string, column: string) => {
        const t = table("sales", {
          columns: { id: "int64", buyer: "int64?" },
          key: "id",
          checks: [references("buyer", to, column)],
        });
        return place.pipeline({ pipeline: "sales", tables: { t } });
      };
      const load = { t: sold([1, 7]) };
      assert.equal((await failure(of("countries", "code").run(load), "NOT_FOUND")).context.what, "table");
      const name = { name: "code", nullable: true } as const;
      const native = place.adapter.syntax.type("int64");
      await place.make(place.folded("countries"), [{ ...name, type: "int64", native }], [[7n], [7n], [null]]);
      const { context } = await failure(of("countries", "kode").run(load), "CONFIG");
      assert.deepEqual(
        context.issues.map((i) => i.path),
        ["tables.t.checks[0]"],
      );
      assert.deepEqual(
        (await of("countries", "code").run(load)).checks.map((c) => [c.outcome, c.trust]),
        [["pass", "scan"]],
      );
      // It is no table of the pipeline: nobody knows whether it has lost rows.
      assert.equal((await of("countries", "code").run({ t: sold([2, 7]) })).checks[0]?.trust, "scan");
      await failure(of("countries", "code").run({ t: sold([3, 8]) }), "CHECKS_FAILED");
    },
  },
  {
    name: "checks: references between the tables of a pipeline stay inside its sandbox",
    invariant: 8,
    skip: needs("blocks", "clones"),
    async run(place) {
      const etl = shop(place);
      await etl.run({ buyers: people(1), sales: sold([10, 1]) });
      const box = await etl.sandbox({ ttl: "1h" });
      await box.run({ buyers: people(2), sales: sold([11, 2]) });
      await failure(box.run({ sales: sold([12, 3]) }), "CHECKS_FAILED");
      await box.drop();
      await failure(etl.run({ sales: sold([11, 2]) }), "CHECKS_FAILED");
    },
  },
];
