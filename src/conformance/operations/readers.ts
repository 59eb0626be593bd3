import assert from "node:assert/strict";
import { rowCount } from "../../check/checks.js";
import { rows } from "../../source/source.js";
import { type Sql, template } from "../../sql/sql.js";
import type { CaseDefinition } from "../case.js";
import { calm, type Place } from "../place.js";
import { needs } from "./needs.js";
import { batch, bothPipeline, cells, col, day, failure, itemsPipeline, live, load, whole } from "./world.js";

/** How many rows, and from which loads: of a whole release, lowest and highest are one. */
const tally = (place: Place, name: string, value: string): Sql =>
  template`SELECT COUNT(*) AS ${col("n")}, MIN(${col(value)}) AS ${col("low")}, MAX(${col(value)}) AS ${col("high")} FROM ${live(place, name)}`;
const itemsAndDays = (place: Place): Sql => {
  const one = (name: string, value: string, what: string) =>
    template`(SELECT ${col(what)} FROM (${tally(place, name, value)}) AS ${col("t")})`;
  return template`SELECT ${one("items", "v", "n")} AS ${col("n")}, ${one("items", "v", "low")} AS ${col("low")}, ${one("items", "v", "high")} AS ${col("high")}, ${one("days", "n", "low")} AS ${col("days_low")}, ${one("days", "n", "high")} AS ${col("days_high")}`;
};
const types = { n: "int64", low: "int64", high: "int64", days_low: "int64", days_high: "int64" } as const;

/** Sessions that read without pause. */
async function readers(place: Place, statement: Sql, names: readonly (keyof typeof types)[], count = 2) {
  const returns = Object.fromEntries(names.map((n) => [n, types[n]]));
  const seen = new Set<string>();
  const errors: string[] = [];
  const made = Array.from({ length: count }, () => 0);
  let on = true;
  const loops: Promise<void>[] = [];
  for (const i of made.keys()) {
    const session = await place.open();
    const read = async (): Promise<void> => {
      while (on) {
        try {
          const [row] = (await session.execute({ sql: statement, returns }, calm("conformance reader"))).rows;
          seen.add(names.map((n) => String(row?.[n])).join(" "));
        } catch (e) {
          errors.push(String(e));
        }
        made[i] = (made[i] ?? 0) + 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    loops.push(read());
  }
  return {
    /** Every reader has read once more, from its beginning. */
    async turn() {
      const from = [...made];
      while (made.some((n, i) => n < (from[i] ?? 0) + 2)) await new Promise((resolve) => setImmediate(resolve));
    },
    async stop(released: ReadonlySet<string>) {
      on = false;
      await Promise.all(loops);
      assert.deepEqual(errors, [], "a reader's statement failed");
      const parts = [...seen].filter((s) => !released.has(s));
      assert.deepEqual(parts, [], `a reader saw what no release holds (released: ${[...released].join(" | ")})`);
      assert.ok(seen.size >= Math.min(3, released.size), `readers saw ${seen.size} releases of ${released.size}`);
    },
  };
}
type Readers = Awaited<ReturnType<typeof readers>>;

/** Runs the steps under the eyes of readers; what stands after each is released. */
async function underEyes(
  place: Place,
  statement: Sql,
  names: readonly (keyof typeof types)[],
  steps: readonly (() => unknown)[],
) {
  const returns = Object.fromEntries(names.map((n) => [n, types[n]]));
  const now = async (): Promise<string> => {
    const [row] = await place.query(statement, returns);
    return names.map((n) => String(row?.[n])).join(" ");
  };
  const released = new Set([await now()]);
  const watch: Readers = await readers(place, statement, names);
  for (const step of steps) {
    await watch.turn();
    await step();
    released.add(await now());
  }
  await watch.turn();
  await watch.stop(released);
}

export const readerCases: readonly CaseDefinition[] = [
  {
    name: "readers see whole releases only, of two tables at once, while releases in place come, fail, go and come back",
    invariant: 1,
    also: [4],
    skip: needs("blocks", "sessions"),
    async run(place) {
      const etl = bothPipeline(place, { keep: 10 });
      const feed = (v: number) => ({ items: rows(batch(1, 150 + v, v)), days: rows(day(1, ...cells(60, v))) });
      await etl.run(feed(1));
      await underEyes(
        place,
        itemsAndDays(place),
        ["n", "low", "high", "days_low", "days_high"],
        [
          () => etl.run(feed(2)),
          () => etl.run(feed(3)),
          () => failure(etl.run({ ...feed(4), days: rows([{ day: "never", spot: "s", n: 1 }]) }), "BAD_ROW"),
          () => etl.run(feed(4)),
          () => etl.rollback(),
          () => etl.rollback(),
          () => etl.redo(),
          () => etl.redo(),
          () => etl.rollback({ to: 1 }),
        ],
      );
      await whole(etl);
    },
  },
  {
    name: "readers never see a release whose check fails",
    invariant: 1,
    also: [3],
    skip: needs("blocks", "sessions"),
    async run(place) {
      const etl = itemsPipeline(place, { checks: [rowCount({ max: 200 })] });
      await etl.run(load(1, 100, 1));
      const refuse = () => failure(etl.run(load(1, 300, 2)), "CHECKS_FAILED");
      await underEyes(place, tally(place, "items", "v"), ["n", "low", "high"], [refuse, refuse, refuse]);
    },
  },
  {
    name: "readers see whole releases only, and never a missing table, while candidates are swapped and taken back",
    invariant: 1,
    also: [4],
    skip: needs("blocks", "candidates", "clones", "sessions"),
    async run(place) {
      const etl = itemsPipeline(place, { keep: 10 });
      await etl.run(load(1, 150, 1));
      const prepared = [await etl.clone(), await etl.rebuild()] as const;
      for (const [i, c] of prepared.entries()) await c.load(load(1, 160 + i, 2 + i));
      await underEyes(
        place,
        tally(place, "items", "v"),
        ["n", "low", "high"],
        [
          () => prepared[0].swap(),
          () => etl.rollback(),
          () => etl.redo(),
          () => failure(prepared[1].swap(), "STALE_CANDIDATE"),
          () => etl.run(load(1, 170, 4), { strategy: "swap" }),
          () => etl.run(load(1, 180, 5)),
          () => etl.rollback({ to: 1 }),
          () => etl.redo(),
        ],
      );
      await prepared[1].reject();
      await whole(etl);
    },
  },
];
