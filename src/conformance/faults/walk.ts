import assert from "node:assert/strict";
import type { Capabilities } from "../../adapter/capabilities.js";
import type { Warehouse } from "../../adapter/define.js";
import { isCutoverError } from "../../errors/index.js";
import type { Pipeline } from "../../pipeline/pipeline.js";
import type { Harness } from "../kit.js";
import { expire } from "../ledger.js";
import { openPlace, type Place } from "../place.js";
import { type Faulty, faulty, kindsAt, type Planned, type Point } from "./faulty.js";
import { later } from "./later.js";
import { contents, litter, PIPELINE, picture } from "./picture.js";
import { type Scenario, tablesOf } from "./scenario.js";

type Open = Harness["open"];

/** What an operation does when nothing goes wrong. */
export interface Control {
  readonly before: string;
  readonly after: string;
  readonly readers: ReadonlySet<string>;
  readonly litter: readonly string[];
  readonly points: readonly Point[];
  /** Those that its recovery passes, by the operation repeated. */
  readonly recovery: readonly Point[];
}

const owner = (place: Place, warehouse: Warehouse, s: Scenario): Pipeline =>
  place.pipeline({ warehouse, pipeline: PIPELINE, tables: tablesOf(s), mixedReads: "allow", lease: { wait: "2s" } });
const nobody = { look: async () => undefined, takeOver: async () => undefined };

/** A pipeline for one piece of work. */
async function as<R>(place: Place, warehouse: Warehouse, s: Scenario, body: (p: Pipeline) => Promise<R>): Promise<R> {
  const p = owner(place, warehouse, s);
  try {
    return await body(p);
  } finally {
    await p.close();
  }
}
async function at<R>(open: Open, body: (place: Place) => Promise<R>): Promise<R> {
  const place = await openPlace(await open());
  try {
    return await body(place);
  } finally {
    await place.dispose();
  }
}

/** The operation without a fault, and how many points it has. */
export function control(open: Open, s: Scenario): Promise<Control> {
  return at(open, async (place) => {
    await as(place, place.warehouse, s, (p) => s.prepare(p, place));
    const see = (): Promise<string> => as(place, place.warehouse, s, (p) => picture(place, p, s));
    const [before, seenBefore] = [await see(), await contents(place, s.tables)];
    await expire(place, PIPELINE);
    const counted = faulty(later(place.warehouse, 2), null, nobody);
    await as(place, counted.warehouse, s, s.act);
    const [after, seenAfter] = [await see(), await contents(place, s.tables)];
    const recovery = faulty(later(place.warehouse, 4), null, nobody);
    await as(place, recovery.warehouse, s, (p) => p.recover());
    return {
      before,
      after,
      readers: new Set([seenBefore, seenAfter]),
      litter: await litter(place),
      points: counted.points,
      recovery: recovery.points,
    };
  });
}

/** The operation with one fault, or two in a row; then a new owner, and all that must hold. */
export function strike(open: Open, s: Scenario, c: Control, first: Planned, second: Planned | null): Promise<void> {
  return at(open, async (place) => {
    await as(place, place.warehouse, s, (p) => s.prepare(p, place));
    await expire(place, PIPELINE);
    const look = async (): Promise<void> => {
      const seen = await contents(place, s.tables);
      assert.ok(
        c.readers.has(seen) || (mixed(place, s) && ofEither(seen, c.readers)),
        `readers saw neither before nor after: ${seen}`,
      );
    };
    const finish = async (hours: number): Promise<void> => {
      await expire(place, PIPELINE);
      await as(place, later(place.warehouse, hours), s, (p) => settle(place, s, c, p));
    };
    const hit = faulty(later(place.warehouse, 2), first, { look, takeOver: () => finish(4) });
    const claimed = await attempt(place, s, hit, s.act);
    await look();
    if (second !== null) {
      await expire(place, PIPELINE);
      const again = faulty(later(place.warehouse, 6), second, { look, takeOver: () => finish(8) });
      await attempt(place, s, again, (p) => settle(place, s, c, p));
      await look();
    }
    await expire(place, PIPELINE);
    await as(place, later(place.warehouse, 10), s, async (p) => {
      await p.recover();
      const now = await picture(place, p, s);
      assert.ok(
        now === c.before || now === c.after,
        `neither published nor not: ${now}\nbefore: ${c.before}\nafter:  ${c.after}`,
      );
      if (claimed === "done") assert.equal(now, c.after, "the call succeeded, and nothing is published");
      if (claimed === "nothing" && first.kind !== "stall" && second === null)
        assert.equal(now, c.before, "the call said that nothing was published");
      if (now !== c.after || c.before === c.after) {
        await s.act(p);
        assert.equal(await picture(place, p, s), c.after, "repeated after the fault");
        // What it leaves for a time is over by then.
        await as(place, later(place.warehouse, 12), s, (q) => q.recover());
      }
      const left = await litter(place);
      // Who stalled before it had the lease does all of it once more: then there is one version more.
      const stalled = [first, second].some((f) => f?.kind === "stall");
      assert.deepEqual(
        stalled ? [...new Set(left)] : left,
        stalled ? [...new Set(c.litter)] : c.litter,
        "tables that nobody needs, or that are missing",
      );
      assert.equal((await p.status()).lease, null, "nobody gave the lease up");
      if (s.final !== undefined || c.before === c.after) return;
      await p.rollback(s.back === undefined ? {} : { to: s.back });
      assert.ok(c.readers.has(await contents(place, s.tables)), "rolled back to neither");
    });
  });
}

/** Readers may see tables of both releases: they are swapped one by one. */
const mixed = (place: Place, s: Scenario): boolean => s.swaps === true && place.adapter.capabilities.swap === "table";
/** Each table is as it was before or as it is after. */
function ofEither(seen: string, whole: ReadonlySet<string>): boolean {
  const tables = (text: string): readonly string[] => (JSON.parse(text) as readonly unknown[]).map((t) => JSON.stringify(t));
  return tables(seen).every((t, i) => [...whole].some((w) => tables(w)[i] === t));
}

/** Recovers, and repeats the operation unless it is done. */
async function settle(place: Place, s: Scenario, c: Control, p: Pipeline): Promise<void> {
  await p.recover();
  const now = await picture(place, p, s);
  if (now !== c.after || c.before === c.after) await s.act(p);
}

/** What an owner could tell its caller: done, nothing published, or that it does not know. */
async function attempt(
  place: Place,
  s: Scenario,
  f: Faulty,
  body: (p: Pipeline) => Promise<unknown>,
): Promise<"done" | "nothing" | "unknown"> {
  const p = owner(place, f.warehouse, s);
  try {
    await body(p);
    return f.dead ? "unknown" : "done";
  } catch (e) {
    if (!isCutoverError(e)) throw e;
    assert.ok(f.struck, `failed before anything went wrong: ${e.message}`);
    return isCutoverError(e, "PUBLISH_FAILED") && e.context.state === "before" ? "nothing" : "unknown";
  } finally {
    await p.close();
  }
}

/** Every fault at every call; inside of blocks every kind, or at each operation another one. */
export const everyFault = (c: Control, capabilities: Capabilities, inside: "one" | "all", seed: number): readonly Planned[] =>
  c.points.flatMap((point, at) => {
    const kinds = kindsAt(point, capabilities);
    const chosen = point.inner && inside === "one" ? kinds.slice((at + seed) % kinds.length).slice(0, 1) : kinds;
    return chosen.map((kind) => ({ at, kind }));
  });
