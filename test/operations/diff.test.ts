import { rows, sql } from "cutover";
import { expect, test } from "vitest";
import { all, batch, day, daysPipeline, failure, type Item, itemsPipeline } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

type State = ReadonlyMap<bigint, string>;
const text = (r: object): string => JSON.stringify(r, (_k, v: unknown) => (typeof v === "bigint" ? Number(v) : v));

onEveryWarehouse((open) => {
  test("diff: between any two kept releases, forward and backward, across publishes and swaps", async () => {
    const db = await open();
    const etl = itemsPipeline(db, { keep: 10 });
    const states: State[] = [new Map()];
    const note = async () => {
      const found = await db.query("SELECT id, name, v::INT AS v, seq::INT AS seq FROM items");
      states.push(new Map(found.map((r) => [BigInt(String(r["id"])), text({ ...r, id: Number(r["id"]) })])));
    };
    const loads: Item[][] = [batch(1, 10, 1), batch(5, 12, 2), batch(11, 14, 3), batch(1, 3, 4), [], batch(2, 20, 5)];
    for (const [i, load] of loads.entries()) {
      if (i === 2 || i === 4) {
        const candidate = await (i === 4 ? etl.rebuild() : etl.clone());
        await candidate.load({ items: rows(i === 4 ? batch(3, 9, 9) : load) });
        await candidate.transform(sql`DELETE FROM ${candidate.refs.items} WHERE id = 5`);
        await candidate.swap();
      } else await etl.run({ items: rows(load) });
      await note();
    }
    for (let from = 0; from < states.length; from++) {
      for (let to = 0; to < states.length; to++) {
        const state = new Map(states[from]);
        for (const c of await all(etl.diff("items", { from, to }))) {
          if (c.op !== "insert") {
            expect(state.get(c.before.id)).toBe(text(c.before));
            state.delete(c.before.id);
          }
          if (c.op !== "delete") {
            expect(state.has(c.after.id)).toBe(false);
            state.set(c.after.id, text(c.after));
          }
        }
        expect([from, to, [...state].sort()]).toEqual([from, to, [...(states[to] as State)].sort()]);
      }
    }
    await failure(all(etl.diff("items", { from: 1, to: 99 })), "NOT_FOUND");
    await failure(all(etl.diff("nothing" as "items", { from: 1, to: 2 })), "NOT_FOUND");
  });

  test("diff: without a key rows come and go with their number", async () => {
    const db = await open();
    const etl = daysPipeline(db);
    await etl.run({ days: rows(day(1, ["a", 1], ["a", 1], ["b", 1])) });
    await etl.run({ days: rows(day(1, ["a", 1], ["c", 1], ["c", 1])) });
    const changes = (await all(etl.diff("days", { from: 1, to: 2 })))
      .map((c) => `${c.op} ${c.op === "insert" ? c.after.place : c.before.place}`)
      .sort();
    expect(changes).toEqual(["delete a", "delete b", "insert c", "insert c"]);
  });

  test("diff: leaving it early gives its session back", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 9000, 1)) });
    await etl.run({ items: rows(batch(1, 9000, 2)) });
    for (let i = 0; i < 12; i++)
      for await (const c of etl.diff("items", { from: 1, to: 2 })) {
        expect(c.op).toBe("update");
        break;
      }
    expect((await etl.run({ items: rows(batch(1, 1, 3)) })).status).toBe("published");
  });
});
