import { rows, sql } from "cutover";
import { expect, test } from "vitest";
import { failure, type Item, itemsPipeline } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

/** A small generator with a seed (mulberry32): the same sequence each time. */
function generator(seed: number): (below: number) => number {
  let a = seed;
  return (below) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

interface State {
  readonly live: number;
  readonly content: readonly string[];
  readonly watermark: string | null;
}

onEveryWarehouse((open) => {
  for (const seed of [1, 2, 3]) {
    test(`invariant 4: random runs, swaps, rollbacks and redos always lead to a recorded state (seed ${seed})`, async () => {
      const db = await open();
      const keep = 4;
      const etl = itemsPipeline(db, { keep });
      const next = generator(seed);
      const look = async (): Promise<State> => {
        const s = await etl.status();
        return { live: s.live ?? 0, content: await db.content("items"), watermark: s.watermarks.items };
      };
      const some = (v: number): Item[] => [
        ...new Map(
          Array.from({ length: 1 + next(8) }, () => next(20)).map((id) => [id, { id, name: `n${next(3)}`, v, seq: v }]),
        ).values(),
      ];
      await etl.run({ items: rows(some(1)) });
      /** Releases that can be gone back to, oldest first, the live one last; and what redo brings, the latest last. */
      let line: State[] = [await look()];
      let undone: { states: State[] }[] = [];
      const log: string[] = [];
      for (let i = 2; i < 28; i++) {
        const what = ["run", "run", "swap", "rebuild", "rollback", "rollback", "redo"][next(7)] as string;
        log.push(what);
        if (what === "redo") {
          const group = undone.pop();
          if (group === undefined) await failure(etl.redo(), "NOTHING_TO_REDO");
          else {
            await etl.redo();
            line.push(...group.states);
          }
        } else if (what === "rollback") {
          if (line.length === 1) continue;
          const at = next(line.length - 1);
          await etl.rollback({ to: (line[at] as State).live });
          undone.push({ states: line.slice(at + 1) });
          line = line.slice(0, at + 1);
        } else {
          if ((await etl.status()).held !== null) await etl.unhold();
          if (what === "run") await etl.run({ items: rows(some(i)) });
          else {
            const candidate = await (what === "swap" ? etl.clone() : etl.rebuild());
            await candidate.load({ items: rows(some(i)) });
            await candidate.transform(sql`UPDATE ${candidate.refs.items} SET v = v + 1 WHERE id % 3 = 0`);
            await candidate.swap();
          }
          line = [...line, await look()].slice(-keep - 1);
          undone = [];
        }
        expect([log.join(" "), await look()]).toEqual([log.join(" "), line.at(-1)]);
        expect([log.join(" "), (await etl.audit()).ok]).toEqual([log.join(" "), true]);
      }
      await etl.recover();
      expect(await look()).toEqual(line.at(-1));
      expect(await db.litter()).not.toContain(expect.stringContaining("candidate"));
    });
  }
});
