import assert from "node:assert/strict";
import { rowCount } from "../../check/checks.js";
import type { CutoverEvent } from "../../pipeline/events.js";
import { rows } from "../../source/source.js";
import { table } from "../../table/define.js";
import type { CaseDefinition } from "../case.js";
import { allTables } from "../ledger.js";
import { type Hooks, hooked } from "./hooked.js";
import { needs } from "./needs.js";
import { all, contents, failure, itemsPipeline, itemsTable, litter, load, picture, whole } from "./world.js";

/** What is told while and after something is done, and what can be asked. */
export const observeCases: readonly CaseDefinition[] = [
  {
    name: "status and history tell every release and its fate",
    invariant: 12,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place, { keep: 2 });
      const nothing = {
        live: null,
        open: [],
        watermarks: { items: null },
        tallies: { items: null },
        lease: null,
        held: null,
        pending: [],
      };
      assert.deepEqual([await etl.status(), await all(etl.history())], [nothing, []]);
      await etl.run(load(1, 5, 1), { note: "first" });
      await etl.run(load(6, 7, 2));
      await etl.run(load(8, 9, 3));
      await etl.rollback();
      const open = await etl.begin();
      const { live, open: opened, watermarks, tallies, lease, held } = await etl.status();
      assert.deepEqual([live, watermarks.items, tallies.items?.rows, lease], [2, "2", 7, null]);
      assert.deepEqual(
        opened.map((o) => [o.release, o.state, o.strategy]),
        [[4, "open", "in-place"]],
      );
      assert.match(held ?? "", /3/, "the hold does not name the release");
      await open.reject();
      assert.deepEqual(
        (await all(etl.history())).map((h) => [h.release, h.state, h.canRollBackTo, h.note]),
        [
          [4, "rejected", false, undefined],
          [3, "rolled-back", false, undefined],
          [2, "published", false, undefined],
          [1, "published", true, "first"],
        ],
      );
      assert.equal((await all(etl.history({ limit: 1 }))).length, 1);
      const times = (await all(etl.history())).map((h) => Date.parse(h.at));
      assert.ok(
        times.every((t) => Math.abs(t - Date.now()) < 86_400_000),
        `the warehouse's clock is a day off, or its times are not in UTC: ${times.map((t) => new Date(t).toISOString()).join(", ")}`,
      );
    },
  },
  {
    name: "events come in order, and observers and loggers that throw fail nothing",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      const events: CutoverEvent[] = [];
      const shout = (): never => {
        throw new Error("not now");
      };
      const etl = itemsPipeline(place, {
        checks: [rowCount({ min: 1 })],
        observers: [{ event: shout }, { event: (e) => void events.push(e) }],
        logger: { debug: shout, info: shout, warn: shout, error: shout },
      });
      const report = await etl.run(load(1, 5, 1));
      const told = () =>
        events.filter((e) => e.type !== "statement").map((e) => `${e.type} ${"stage" in e ? e.stage : ""}`.trim());
      assert.deepEqual(told(), [
        "stage.start load",
        "rows.staged",
        "stage.end load",
        "stage.start publish",
        "check",
        "stage.end publish",
        "published",
      ]);
      assert.deepEqual(JSON.parse(JSON.stringify(report)), report, "the report is not JSON-safe");
      assert.ok(report.stages.every((s) => s.statements > 0));
      events.length = 0;
      await failure(etl.run(load(1, 1, "x" as never, 1)), "BAD_ROW");
      const end = events.find((e) => e.type === "stage.end");
      assert.deepEqual(end?.type === "stage.end" ? [end.stage, end.ok, end.code] : [], ["load", false, "BAD_ROW"]);
      await etl.run(load(1, 2, 2));
      events.length = 0;
      await etl.rollback();
      assert.deepEqual(told(), ["stage.start rollback", "rolled-back", "stage.end rollback"]);
    },
  },
  {
    name: "diff tells the rows by which two releases differ, in either direction, and can be left early",
    invariant: 4,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place, { keep: 10 });
      await etl.run(load(1, 4, 1));
      await etl.run(load(3, 6, 2));
      await etl.run(load(4, 4, 3));
      const ops = async (from: number, to: number) =>
        (await all(etl.diff("items", { from, to }))).map((c) =>
          c.op === "update"
            ? `${c.after.id}: ${c.before.v}-${c.after.v}`
            : `${c.op} ${c.op === "insert" ? c.after.id : c.before.id}`,
        );
      assert.deepEqual(await ops(1, 3), ["3: 1-2", "4: 1-3", "insert 5", "insert 6"]);
      assert.deepEqual(await ops(3, 1), ["3: 2-1", "4: 3-1", "delete 5", "delete 6"]);
      assert.deepEqual(await ops(2, 2), []);
      assert.deepEqual(await ops(0, 1), ["insert 1", "insert 2", "insert 3", "insert 4"]);
      await failure(all(etl.diff("items", { from: 1, to: 99 })), "NOT_FOUND");
      for (let i = 0; i < 12; i++) {
        for await (const c of etl.diff("items", { from: 1, to: 3 })) {
          assert.equal(c.op, "update");
          break;
        }
      }
      assert.equal((await etl.run(load(9, 9, 4))).status, "published", "diffs that were left early keep their sessions");
    },
  },
  {
    name: "plan tells the statements of a release and of a rollback, and runs none",
    invariant: 8,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      assert.ok((await etl.plan({ strategy: "in-place" })).blocks.length > 0);
      assert.deepEqual(await allTables(place), { beside: [], ledger: [] }, "a plan without a ledger made tables");
      await etl.run(load(1, 5, 1));
      await etl.run(load(5, 6, 2));
      const before = [await picture(place, etl, "items"), await allTables(place)];
      for (const o of [{ strategy: "in-place" }, { rollback: {} }, { rollback: { to: 0 } }] as const)
        assert.ok((await etl.plan(o)).blocks.flatMap((b) => b.statements).length > 3, JSON.stringify(o));
      assert.deepEqual([await picture(place, etl, "items"), await allTables(place)], before, "a plan changed something");
      await failure(etl.plan({ rollback: { to: 9 } }), "NOT_FOUND");
    },
  },
  {
    name: "several loads make one release, which says what it is, and publishes once",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      const release = await etl.begin();
      assert.deepEqual([release.strategy, release.state, release.id], ["in-place", "open", 2]);
      assert.equal((await release.load(load(4, 7, 2))).staged.items?.rows, 4);
      assert.equal((await release.load(load(7, 9, 3))).staged.items?.rows, 3);
      const statements = (await release.plan()).blocks.flatMap((b) => b.statements);
      assert.ok(statements.length > 3);
      assert.deepEqual([(await release.validate()).ok, release.state], [true, "validated"]);
      const { inserted, updated, rows: count, watermark } = (await release.publish()).tables.items ?? {};
      assert.deepEqual([inserted, updated, count, watermark?.after, release.state], [4, 2, 9, "3", "published"]);
      await failure(release.publish(), "NOT_OPEN");
      await failure(release.load(load(1, 1, 1)), "NOT_OPEN");
      await whole(etl);
    },
  },
  {
    name: "a release that waited while others published goes on from what is live then",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      const release = await etl.begin();
      await release.load(load(5, 8, 2));
      const other = await etl.begin();
      await other.load(load(5, 6, 2));
      await etl.run(load(5, 7, 3));
      assert.deepEqual([(await other.publish()).status, other.state], ["nothing-to-do", "abandoned"]);
      const { stale, inserted, updated, rows: count, watermark } = (await release.publish()).tables.items ?? {};
      assert.deepEqual([stale, inserted, updated, count, watermark?.after], [3, 1, 0, 8, "3"]);
      assert.deepEqual(await litter(place), []);
      await whole(etl);
    },
  },
  {
    name: "hold refuses what would publish until unhold, whatever began before, and outlasts rollback and redo",
    invariant: 4,
    skip: needs("blocks"),
    async run(place) {
      const etl = itemsPipeline(place);
      await etl.run(load(1, 5, 1));
      await etl.run(load(4, 6, 2));
      const release = await etl.begin();
      await release.load(load(7, 7, 3));
      await etl.hold("month end");
      for (const call of [() => etl.run(load(8, 8, 3)), () => release.publish()])
        assert.equal((await failure(call(), "HELD")).context.reason, "month end");
      assert.equal((await release.validate()).ok, true, "work on a release by steps goes on");
      await etl.rollback();
      await etl.redo();
      assert.equal((await etl.status()).held, "month end");
      await etl.unhold();
      assert.equal((await release.publish()).tables.items?.rows, 7);
    },
  },
  {
    name: "a configuration that is wrong is refused as a whole, before anything is opened",
    invariant: 8,
    async run(place) {
      let opened = 0;
      const hooks: Hooks = { beforeOpen: () => void opened++ };
      const warehouse = hooked(place.warehouse, hooks);
      const bad = table("main.orders", { columns: { id: "int46" as "int64", n: "int64" }, key: "idd" as "id", lookback: 5 });
      const make = async () =>
        place.pipeline({ warehouse, pipeline: "", tables: { bad }, keep: 0, lease: { ttl: "1ms" as never }, scanEvery: 0.5 });
      const { context } = await failure(make(), "CONFIG");
      assert.deepEqual(
        new Set(context.issues.map((i) => i.path)),
        new Set(["pipeline", "keep", "scanEvery", "lease.ttl", "tables.bad.columns.id", "tables.bad.key", "tables.bad.lookback"]),
        "not every mistake was told",
      );
      const twice = { a: itemsTable(), b: itemsTable() };
      await failure((async () => place.pipeline({ warehouse, pipeline: "twice", tables: twice }))(), "CONFIG");
      assert.equal(opened, 0, "a session was opened for a configuration that is wrong");
    },
  },
  {
    name: "a declaration that live contradicts is refused before anything is loaded",
    invariant: 3,
    skip: needs("blocks"),
    async run(place) {
      await itemsPipeline(place).run(load(1, 5, 1));
      const before = await contents(place, "items");
      let read = false;
      const source = rows(() => {
        read = true;
        return [];
      });
      const more = table("items", { columns: { id: "int64", more: "string?" }, key: "id" });
      const other = table("items", { columns: { id: "int64", v: "bytes?" }, key: "id" });
      for (const [t, path] of [
        [more, "tables.t.columns.more"],
        [other, "tables.t.columns.v"],
      ] as const) {
        const etl = place.pipeline({ pipeline: "items", tables: { t } });
        const { context } = await failure(etl.run({ t: source as never }), "CONFIG");
        assert.deepEqual(
          context.issues.map((i) => i.path),
          [path],
        );
      }
      assert.equal(read, false, "the source was read");
      assert.deepEqual(await contents(place, "items"), before);
      const etl = itemsPipeline(place);
      await failure(etl.run({ nothing: source } as never), "NOT_FOUND");
      await failure(etl.run({ items: [1] } as never), "CONFIG");
    },
  },
];
