import type { Pipeline } from "../../pipeline/pipeline.js";
import { rows } from "../../source/source.js";
import { ident, template } from "../../sql/sql.js";
import { type Table, table } from "../../table/define.js";
import type { Place } from "../place.js";

/** One operation that is walked. */
export interface Scenario {
  /** As people would call it: `run in place`. */
  readonly name: string;
  /** How many tables the pipeline has. */
  readonly tables: number;
  /** How they are loaded; default by key. */
  readonly mode?: "append" | "replace";
  /** What stands before: done by an owner whom nothing happens to. */
  prepare(p: Pipeline, place: Place): Promise<void>;
  /** The operation. It may end in any error that the library throws. */
  act(p: Pipeline): Promise<unknown>;
  /** Much like another one: the ordinary walk may take a sample of its faults. */
  readonly variant?: true;
  /** Needs candidates. */
  readonly swaps?: true;
  /** The release that was live before, where it is not the one before. */
  readonly back?: number;
  /** Cannot be taken back by `rollback()`: nothing was published, or what was is no release. */
  readonly final?: true;
  /** Rows that do not fit go to quarantine, which then is part of what must move together. */
  readonly quarantine?: true;
}

interface Item {
  readonly id: number;
  readonly name: string | null;
  readonly v: number;
  readonly seq: number;
}
const items = (from: number, to: number, v: number): Item[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ id: from + i, name: i % 3 === 0 ? null : `n${from + i}`, v, seq: v }));

export const aliases = (n: number): readonly string[] => ["apples", "bananas", "cherries"].slice(0, n);
const columns = { id: "int64", name: "string?", v: "int64", seq: "int64" } as const;
const tableOf = (alias: string, { mode, quarantine }: Pick<Scenario, "mode" | "quarantine">): Table =>
  mode === "append"
    ? table(alias, { columns, mode, cursor: "seq" })
    : mode === "replace"
      ? table(alias, { columns, mode, key: "id" })
      : table(alias, { columns, key: "id", cursor: "seq", onInvalid: quarantine === true ? "quarantine" : "reject" });
export const tablesOf = (s: Pick<Scenario, "tables" | "mode" | "quarantine">): Readonly<Record<string, Table>> =>
  Object.fromEntries(aliases(s.tables).map((alias) => [alias, tableOf(alias, s)]));

/** The same rows for every table. */
const feed = (p: Pipeline, n: number, of: readonly Item[]) =>
  Object.fromEntries(aliases(n).map((alias) => [alias, rows(of)])) as Parameters<typeof p.run>[0];
const first = (n: number) => (p: Pipeline) => p.run(feed(p, n, items(1, 6, 1))).then(() => undefined);
/** Updates, equal rows, stale rows and new ones. */
const delta: readonly Item[] = [...items(4, 9, 2), { id: 1, name: "old", v: 0, seq: 0 }];
const second = (n: number) => (p: Pipeline) => p.run(feed(p, n, delta));

/** The same, with rows that fit no table, such as `of` by people. */
const misfits = (p: Pipeline, of: readonly Item[]) =>
  feed(p, 1, [...of, { ...of[0], v: "much" }, { ...of[1], id: null }] as unknown as readonly Item[]);
/** The same, from a source that gives nothing twice. */
const consumed = (of: readonly Item[]) => (p: Pipeline) =>
  p.run({ apples: rows(of, { rewindable: false, position: (r) => r.id }) } as never).then(() => undefined);

async function bySteps(p: Pipeline): Promise<void> {
  await using release = await p.begin();
  await release.load(feed(p, 1, delta) as never);
  const { ok } = await release.validate();
  if (ok) await release.publish();
}
async function byCandidate(p: Pipeline, from: "clone" | "rebuild", n = 1): Promise<void> {
  await using candidate = await p[from]();
  await candidate.load(feed(p, n, delta) as never);
  const apples = candidate.refs["apples"];
  if (apples !== undefined)
    await candidate.transform(template`UPDATE ${apples} SET ${ident(["v"])} = ${ident(["v"])} + 1 WHERE ${ident(["id"])} = 5`);
  const { ok } = await candidate.validate();
  if (ok) await candidate.swap();
}
/** What one prepares and has approved, another publishes. */
async function byApproval(p: Pipeline): Promise<void> {
  const release = await p.begin();
  await release.load(feed(p, 1, delta) as never);
  const { digest } = await release.validate();
  await release.hold({ for: "30m" });
  const found = await p.resume(release.id);
  await found.publish({ expect: digest });
}
/** The candidate that waits, made anew from live as it is. */
async function byRebase(p: Pipeline): Promise<void> {
  const [open] = (await p.status()).open;
  const found = await p.resume(open?.release ?? 0);
  if (found.strategy !== "swap") throw new Error("the release that waits is no candidate");
  await found.rebase();
  await found.swap();
}
/** Someone who is no pipeline writes a row. */
async function foreign(place: Place): Promise<void> {
  const columns = ["id", "name", "v", "seq"].map((c) => ident([c]));
  const [id, name, v, seq] = columns as [never, never, never, never];
  await place.execute(
    template`INSERT INTO ${ident(place.folded("apples").path)} (${id}, ${name}, ${v}, ${seq}) VALUES (${100n}, ${"foreign"}, ${7n}, ${7n})`,
  );
}

/** Every operation that exists; one that is added here is walked like the others. */
export const scenarios: readonly Scenario[] = [
  { name: "a first load", tables: 1, prepare: async () => undefined, act: first(1) },
  { name: "run in place", tables: 1, prepare: first(1), act: second(1) },
  { name: "run in place of three tables", tables: 3, prepare: first(3), act: second(3) },
  {
    name: "run in place over a foreign row",
    variant: true,
    tables: 1,
    prepare: async (p, place) => {
      await first(1)(p);
      await foreign(place);
    },
    act: second(1),
  },
  {
    name: "append of a window",
    variant: true,
    tables: 1,
    mode: "append",
    prepare: (p) => p.run(feed(p, 1, items(1, 6, 1)), { window: { from: 0, until: 2 } }).then(() => undefined),
    act: (p) => p.run(feed(p, 1, [...items(4, 9, 2), ...items(4, 5, 2)]), { window: { from: 2, until: 5 } }),
  },
  { name: "replace in place", variant: true, tables: 1, mode: "replace", prepare: first(1), act: second(1) },
  {
    name: "backfill of a window",
    variant: true,
    tables: 1,
    prepare: async (p) => {
      await first(1)(p);
      await second(1)(p);
    },
    act: (p) => p.run(feed(p, 1, items(10, 12, 1)), { window: { from: 0, until: 2 } }),
  },
  {
    name: "setWatermark",
    variant: true,
    tables: 1,
    final: true,
    prepare: first(1),
    act: (p) => (p as Pipeline<{ apples: Table<unknown, unknown, bigint> }>).setWatermark("apples", 7n),
  },
  { name: "a release in steps", variant: true, tables: 1, prepare: first(1), act: bySteps },
  { name: "a release held, resumed and published as approved", variant: true, tables: 1, prepare: first(1), act: byApproval },
  {
    name: "a candidate rebased and swapped",
    variant: true,
    tables: 1,
    swaps: true,
    prepare: async (p) => {
      await first(1)(p);
      const candidate = await p.clone();
      await candidate.load(feed(p, 1, delta) as never);
      await candidate.transform(template`DELETE FROM ${candidate.refs["apples"] ?? ident([])} WHERE ${ident(["id"])} = 2`);
      await candidate.hold({ for: "30d" });
      await p.run(feed(p, 1, items(10, 11, 2)));
    },
    act: byRebase,
  },
  {
    name: "a release in steps, rejected",
    variant: true,
    tables: 1,
    final: true,
    prepare: first(1),
    act: async (p) => {
      await using release = await p.begin();
      await release.load(feed(p, 1, delta) as never);
      await release.reject("not wanted");
    },
  },
  { name: "clone, load, transform, swap", tables: 1, swaps: true, prepare: first(1), act: (p) => byCandidate(p, "clone") },
  {
    name: "rebuild, load, transform, swap",
    variant: true,
    tables: 1,
    swaps: true,
    prepare: first(1),
    act: (p) => byCandidate(p, "rebuild"),
  },
  {
    name: "run by swap",
    variant: true,
    tables: 1,
    swaps: true,
    prepare: first(1),
    act: (p) => p.run(feed(p, 1, delta), { strategy: "swap" }),
  },
  {
    name: "clone, load, transform, swap of two tables",
    tables: 2,
    swaps: true,
    variant: true,
    prepare: first(2),
    act: (p) => byCandidate(p, "clone", 2),
  },
  {
    name: "rollback over a swap of two tables",
    tables: 2,
    swaps: true,
    final: true,
    variant: true,
    prepare: async (p) => {
      await first(2)(p);
      await second(2)(p);
      await byCandidate(p, "rebuild", 2);
    },
    act: (p) => p.rollback({ to: 1 }),
  },
  {
    name: "rollback",
    tables: 1,
    final: true,
    prepare: async (p) => {
      await first(1)(p);
      await second(1)(p);
    },
    act: (p) => p.rollback({ to: 1 }),
  },
  {
    name: "rollback of three tables to the start",
    variant: true,
    tables: 3,
    final: true,
    prepare: async (p) => {
      await first(3)(p);
      await second(3)(p);
    },
    act: (p) => p.rollback({ to: 0 }),
  },
  {
    name: "rollback over a swap",
    tables: 1,
    swaps: true,
    final: true,
    prepare: async (p) => {
      await first(1)(p);
      await second(1)(p);
      await byCandidate(p, "rebuild");
    },
    act: (p) => p.rollback({ to: 1 }),
  },
  {
    name: "rollback that overwrites a row of others",
    variant: true,
    tables: 1,
    final: true,
    prepare: async (p, place) => {
      await first(1)(p);
      await second(1)(p);
      await place.execute(
        template`UPDATE ${ident(place.folded("apples").path)} SET ${ident(["v"])} = 77 WHERE ${ident(["id"])} = 5`,
      );
    },
    act: (p) => p.rollback({ to: 1, onDrift: "overwrite" }),
  },
  {
    name: "redo",
    tables: 1,
    prepare: async (p) => {
      await first(1)(p);
      await second(1)(p);
      await p.rollback();
    },
    act: (p) => p.redo(),
  },
  {
    name: "redo over a swap",
    tables: 1,
    swaps: true,
    back: 1,
    prepare: async (p) => {
      await first(1)(p);
      await second(1)(p);
      await byCandidate(p, "rebuild");
      await p.rollback({ to: 1 });
    },
    act: (p) => p.redo(),
  },
  {
    name: "run with quarantine",
    tables: 1,
    quarantine: true,
    prepare: (p) => p.run(misfits(p, items(1, 6, 1))).then(() => undefined),
    act: (p) => p.run(misfits(p, delta)),
  },
  {
    name: "rollback with quarantine",
    variant: true,
    tables: 1,
    quarantine: true,
    final: true,
    prepare: async (p) => {
      await p.run(misfits(p, items(1, 6, 1)));
      await p.run(misfits(p, delta));
    },
    act: (p) => p.rollback({ to: 1 }),
  },
  {
    name: "redrive",
    tables: 1,
    quarantine: true,
    prepare: (p) => p.run(misfits(p, items(1, 6, 1))).then(() => undefined),
    act: (p) => p.redrive("apples" as never, (q) => ({ ...q.row, v: 70 })),
  },
  {
    name: "rollback of a source that cannot rewind",
    variant: true,
    tables: 1,
    final: true,
    prepare: async (p) => {
      await consumed(items(1, 6, 1))(p);
      await consumed(delta)(p);
    },
    act: (p) => p.rollback({ to: 0 }),
  },
  {
    name: "discard",
    tables: 1,
    final: true,
    prepare: async (p) => {
      await consumed(items(1, 6, 1))(p);
      await consumed(delta)(p);
      await p.rollback({ to: 1 });
    },
    act: (p) => p.discard(),
  },
  { name: "hold", variant: true, tables: 1, final: true, prepare: first(1), act: (p) => p.hold("by hand") },
  {
    name: "unhold",
    variant: true,
    tables: 1,
    final: true,
    prepare: async (p) => {
      await first(1)(p);
      await p.hold("by hand");
    },
    act: (p) => p.unhold(),
  },
  {
    name: "adopt",
    tables: 1,
    final: true,
    prepare: async (p, place) => {
      await first(1)(p);
      await foreign(place);
    },
    act: (p) => p.adopt({ watermarks: { apples: 7n } }),
  },
  {
    name: "sandbox",
    tables: 1,
    swaps: true,
    final: true,
    prepare: first(1),
    // Nobody drops it: that is what recovery does when its time is over.
    act: async (p) => void (await (await p.sandbox({ ttl: "1h" })).close()),
  },
  {
    name: "a sandbox and its end",
    variant: true,
    tables: 1,
    swaps: true,
    final: true,
    prepare: first(1),
    act: async (p) => {
      const box = await p.sandbox({ ttl: "1h" });
      await box.status();
      await box.drop();
    },
  },
  {
    name: "recover",
    tables: 1,
    final: true,
    swaps: true,
    // Never disposed of: the candidate, and the rows staged for a release, are what recovery finds.
    prepare: async (p) => {
      await first(1)(p);
      await p.clone();
      const release = await p.begin();
      await release.load(feed(p, 1, delta) as never);
    },
    act: (p) => p.recover(),
  },
  {
    name: "prune",
    variant: true,
    tables: 1,
    final: true,
    prepare: async (p) => {
      await first(1)(p);
      for (let v = 2; v <= 5; v++) await p.run(feed(p, 1, items(v, v + 4, v)));
      const release = await p.begin();
      await release.load(feed(p, 1, delta) as never);
    },
    act: (p) => p.prune(),
  },
];
