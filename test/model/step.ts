import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { isCutoverError } from "cutover";
import type { AsyncCommand } from "fast-check";
import { type Action, actionText, type Call, type Owner } from "./actions.js";
import type { Draft } from "./feeds.js";
import { agrees, type Model, refused } from "./model.js";
import { differences, expected, observe, picture } from "./observe.js";
import { type Answer, answer, make, perform } from "./perform.js";
import { type Prediction, predict, settled } from "./predict.js";
import { type TableName, texts } from "./rows.js";
import type { Rehearsed, World } from "./world.js";

/** The model as fast-check carries it from command to command. */
export interface Holder {
  now: Model;
}
export interface Real {
  readonly world: World;
  /** The calls made so far, as text. */
  readonly trace: string[];
}

/** One command: makes what its draft means here, and compares what came of it with the model. */
export class Step implements AsyncCommand<Holder, Real> {
  private said: string | null = null;
  private readonly draft: Draft;

  constructor(draft: Draft) {
    this.draft = draft;
  }
  check(m: Readonly<Holder>): boolean {
    return this.draft(m.now) !== null;
  }
  async run(m: Holder, real: Real): Promise<void> {
    const actions = this.draft(m.now) ?? [];
    this.said = actions.map(actionText).join("; ");
    for (const a of actions) {
      real.trace.push(actionText(a));
      m.now = a.do === "die" ? await death(m.now, real, a) : await act(m.now, real, a);
    }
  }
  toString(): string {
    return this.said ?? "not made";
  }
}

async function act(now: Model, { world }: Real, a: Exclude<Action, { do: "die" }>): Promise<Model> {
  const p = a.do === "lose" ? losing(now, a.call, a.side) : predict(now, a);
  const got = await answer(make(world, a));
  right(p, got, a.do === "lose" && a.side === "after");
  const by = world.owners[now.highest % 2 === 0 ? 0 : 1];
  const seen = await observe(world, by, p.next);
  assert.deepStrictEqual(seen, expected(p.next, seen), "what is to be seen");
  if (a.do === "audit" && "value" in got) {
    assert.equal((got.value as { ok: boolean }).ok, agrees(p.next), "audit().ok");
    await same(world, a.by, p.next, p.next.kept);
  }
  if (a.do === "prune" && "value" in got)
    assert.deepEqual((await world.owner(a.by).prune({ dryRun: true })).removed, [], "what prune left for another prune");
  if (p.next.live !== now.live) await same(world, 0, p.next, p.next.kept.slice(-1));
  return taken(world, { ...p.next, events: seen.events, spare: 0 });
}
async function same(world: World, by: Owner, m: Model, releases: Model["kept"]): Promise<void> {
  const [found, wanted] = await differences(world.owner(by), m, releases);
  assert.deepStrictEqual(found, wanted, "diff");
}

/** A number may be lost with its owner, but it is never used twice. */
async function taken(world: World, m: Model): Promise<Model> {
  if (!m.gap) return m;
  const tables = await world.query("SELECT table_name AS t FROM duckdb_tables() WHERE table_name LIKE 'lease_shop%'");
  if (tables[0] === undefined) return { ...m, gap: false };
  const counter = Number((await world.query(`SELECT releases FROM cutover_ledger.${String(tables[0]["t"])}`))[0]?.["releases"]);
  assert.ok(counter >= m.highest, `release ${m.highest} was taken, but the counter stands at ${counter}`);
  return { ...m, highest: counter, gap: false };
}

/** A lost answer is settled by the journal: the call tells what really happened. */
function losing(now: Model, call: Call, side: "before" | "after"): Prediction {
  const p = predict(now, call);
  if (p.outcome !== "published" && p.outcome !== "moved") return p;
  // A rollback that may overwrite takes a number, and gives it back where it could.
  const number = call.do === "rollback" && call.overwrite === true;
  if (side === "after") return { ...p, next: { ...p.next, untidy: true, gap: p.next.gap || number } };
  return { ...refused("PUBLISH_FAILED"), next: { ...structuredClone(now), gap: true, untidy: true } };
}

/** Whether the answer is the one predicted. */
function right(p: Prediction, got: Answer, settledLate: boolean): void {
  if (p.outcome === "refused") {
    assert.ok("error" in got, `expected ${p.codes.join(" or ")}, but it resolved`);
    if (!isCutoverError(got.error)) throw got.error;
    assert.ok(p.codes.includes(got.error.code), `expected ${p.codes.join(" or ")}, got ${got.error.code}: ${got.error.message}`);
    return;
  }
  if ("error" in got) throw got.error;
  const value = got.value as Readonly<Record<string, unknown>>;
  const part = (keys: readonly string[]): unknown => Object.fromEntries(keys.map((k) => [k, value[k]]));
  switch (p.outcome) {
    case "nothing":
      assert.deepStrictEqual(part(["status", "release"]), { status: "nothing-to-do", release: p.release });
      return;
    case "opened":
      assert.equal(value["id"], p.release, "release number");
      return;
    case "validated":
      assert.equal(value["ok"], p.ok, "validate().ok");
      return;
    case "moved": {
      assert.deepStrictEqual(part(["from", "to"]), { from: p.from, to: p.to });
      if (!settledLate)
        assert.equal((value["warnings"] as readonly unknown[]).length > 0, p.overruled, "a warning of what was overwritten");
      return;
    }
    case "rehearsed": {
      const { run, rows } = value as unknown as Rehearsed;
      right(p.run, run, false);
      assert.deepStrictEqual(
        rows,
        picture((t) => (p.rows[t] === null ? null : texts(p.rows[t]))),
        "rows in the sandbox",
      );
      return;
    }
    case "published": {
      assert.deepStrictEqual(part(["status", "release"]), { status: "published", release: p.release });
      const tables = value["tables"] as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
      for (const [t, counts] of Object.entries(p.counts) as [TableName, object][])
        assert.deepStrictEqual([t, Object.fromEntries(Object.keys(counts).map((k) => [k, tables[t]?.[k]]))], [t, counts]);
      const warned = (value["warnings"] as readonly { readonly code: string }[]).some((w) => w.code === "FOREIGN_WRITES");
      if (!settledLate) assert.equal(warned, p.foreign, "a warning of FOREIGN_WRITES");
      return;
    }
    default:
      return;
  }
}

/** After a death the world is as before the call that was not answered, or as after it: nothing in between. */
async function death(now: Model, { world }: Real, a: Extract<Action, { do: "die" }>): Promise<Model> {
  const models = [now];
  for (const call of a.calls) models.push(predict(models.at(-1) as Model, call).next);
  const answered = await world.dies(
    a.at,
    a.calls.map((call) => () => perform(world, call)),
  );
  const sides = models.slice(answered, answered + 2).map(settled);
  const by = world.owners[1];
  let wrong: unknown;
  for (const m of sides.toReversed()) {
    const seen = await observe(world, by, m);
    const wanted = expected(m, seen);
    if (isDeepStrictEqual(seen, wanted)) {
      assert.equal((await by.audit()).ok, agrees(m), "audit().ok");
      return taken(world, { ...m, events: seen.events, spare: 0 });
    }
    wrong = { seen, wanted };
  }
  const { seen, wanted } = wrong as { seen: unknown; wanted: unknown };
  assert.deepStrictEqual(seen, wanted, "after a death, neither the world after the call nor the one before it");
  return now;
}
