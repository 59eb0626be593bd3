import { rows } from "cutover";
import { describe, expect, test } from "vitest";
import { failure, order, refused, type World, world } from "./support.js";

const diff = async (w: World, from: number, to: number) => {
  const found = [];
  for await (const c of w.etl.diff("orders", { from, to })) found.push(c);
  return found;
};

describe("a release that does not exist", () => {
  test.each([
    ["rollback to the future", (w: World) => w.etl.rollback({ to: 99 }), "99"],
    ["rollback to the live one", (w: World) => w.etl.rollback({ to: 2 }), "2"],
    ["plan a rollback to it", (w: World) => w.etl.plan({ strategy: "in-place", rollback: { to: 99 } }), "99"],
    ["diff to it", (w: World) => diff(w, 1, 99), "99"],
    ["diff from it", (w: World) => diff(w, 99, 1), "99"],
  ])("%s", async (_, act, name) => {
    const w = await world();
    const e = await refused(w, () => act(w), "NOT_FOUND");
    expect(e.context).toMatchObject({ what: "release", name, pipeline: "p" });
    expect(e.message).toMatch(/there are|one that can/);
  });
  test.each([1.5, Number.NaN, "1"])("a release number that is none: %s", async (to) => {
    const w = await world();
    const e = await refused(w, () => w.etl.rollback({ to: to as never }), "NOT_FOUND");
    expect(e.context).toMatchObject({ what: "release", name: String(to), pipeline: "p" });
  });
  test("a negative one is older than all", async () => {
    const w = await world();
    const e = await refused(w, () => w.etl.rollback({ to: -1 }), "RETENTION_PASSED");
    expect(e.context).toMatchObject({ oldest: 0, pipeline: "p" });
  });
  test("a rejected one", async () => {
    const w = await world();
    const release = await w.etl.begin();
    await release.reject();
    await w.goodRun();
    const e = await refused(w, () => w.etl.rollback({ to: release.id }), "NOT_FOUND");
    expect(e.context.name).toBe(String(release.id));
  });
  test("nothing was published yet", async () => {
    const w = await world();
    const empty = w.pipeline({ pipeline: "empty", tables: w.etl.tables });
    const e = await failure(() => empty.rollback(), "NOT_FOUND");
    expect(e.context).toMatchObject({ what: "release", pipeline: "empty" });
  });
  test("nothing to redo", async () => {
    const w = await world();
    const e = await refused(w, () => w.etl.redo(), "NOTHING_TO_REDO");
    expect(e.context).toMatchObject({ live: 2, pipeline: "p" });
    expect(e.message).toMatch(/unhold\(\)/);
  });
  test("a first load cannot be redone, since no images are kept", async () => {
    const w = await world();
    await w.etl.rollback({ to: 0 });
    const before = await w.snapshot();
    const e = await failure(() => w.etl.redo(), "NOTHING_TO_REDO");
    expect(e.message).toMatch(/release 1 was a first load/);
    expect(await w.snapshot()).toEqual(before);
  });
});

describe("a release that is too old", () => {
  const old = async () => {
    const w = await world({ keep: 2 });
    await w.goodRun();
    await w.goodRun();
    return w;
  };
  test.each([
    ["rollback", (w: World) => w.etl.rollback({ to: 1 })],
    ["rollback to before the first", (w: World) => w.etl.rollback({ to: 0 })],
    ["plan", (w: World) => w.etl.plan({ strategy: "in-place", rollback: { to: 1 } })],
    ["diff from it", (w: World) => diff(w, 1, 4)],
    ["diff to it", (w: World) => diff(w, 4, 1)],
  ])("%s", async (_, act) => {
    const w = await old();
    const e = await refused(w, () => act(w), "RETENTION_PASSED");
    expect(e.context).toMatchObject({ oldest: 2, pipeline: "p" });
    expect(e.message).toMatch(/kept|longer/);
  });
  test("the oldest that is named can be gone back to", async () => {
    const w = await old();
    expect(await w.etl.rollback({ to: 2 })).toMatchObject({ from: 4, to: 2 });
    const e = await failure(() => w.etl.rollback(), "RETENTION_PASSED");
    expect(e.context.oldest).toBe(2);
  });
});

describe("a release that is not open", () => {
  test.each([
    ["published", "load", (r) => r.load({ orders: rows([order(9)]) })],
    ["published", "validate", (r) => r.validate()],
    ["published", "publish", (r) => r.publish()],
    ["published", "reject", (r) => r.reject()],
    ["published", "plan", (r) => r.plan()],
    ["rejected", "load", (r) => r.load({ orders: rows([order(9)]) })],
    ["rejected", "publish", (r) => r.publish()],
    ["rejected", "reject", (r) => r.reject()],
    ["rejected", "plan", (r) => r.plan()],
  ] satisfies [string, string, (r: Awaited<ReturnType<World["etl"]["begin"]>>) => unknown][])("%s: %s", async (state, _, act) => {
    const w = await world();
    const release = await w.etl.begin();
    await release.load({ orders: rows([order(8)]) });
    await (state === "published" ? release.publish() : release.reject());
    const e = await refused(w, () => act(release), "NOT_OPEN");
    expect(e.context).toMatchObject({ state, release: 3, pipeline: "p" });
    expect(release.state).toBe(state);
  });
  test.each([
    ["load", (c) => c.load({ orders: rows([order(9)]) })],
    ["validate", (c) => c.validate()],
    ["swap", (c) => c.swap()],
    ["reject", (c) => c.reject()],
    ["plan", (c) => c.plan()],
  ] satisfies [string, (c: Awaited<ReturnType<World["etl"]["clone"]>>) => unknown][])(
    "a swapped candidate: %s",
    async (_, act) => {
      const w = await world();
      const candidate = await w.etl.clone();
      await candidate.swap();
      const e = await refused(w, () => act(candidate), "NOT_OPEN");
      expect(e.context).toMatchObject({ state: "published", release: 3 });
    },
  );
  test("a candidate of a version that is no longer live", async () => {
    const w = await world();
    const candidate = await w.etl.clone();
    await w.goodRun();
    const before = await w.sql("SELECT * FROM main.orders ORDER BY ALL");
    const e = await failure(() => candidate.swap(), "STALE_CANDIDATE");
    expect(e.context).toMatchObject({ clonedFrom: 2, live: 4, release: 3, pipeline: "p" });
    expect(await w.sql("SELECT * FROM main.orders ORDER BY ALL")).toEqual(before);
    await candidate.reject();
    await w.goodRun();
  });
  test("a candidate that holds another table", async () => {
    const w = await world();
    const candidate = await w.etl.clone();
    const e = await failure(() => candidate.load({ nothing: rows([order(9)]) }), "NOT_FOUND");
    expect(e.context).toMatchObject({ what: "table", name: "nothing", pipeline: "p", release: 3 });
    await candidate.reject();
    await w.goodRun();
  });
});

describe("a pipeline on hold", () => {
  test.each([
    ["run", (w: World) => w.etl.run({ orders: rows([order(9)]) })],
    ["run by candidate", (w: World) => w.etl.run({ orders: rows([order(9)]) }, { strategy: "swap" })],
  ])("%s", async (_, act) => {
    const w = await world();
    await w.etl.hold("a person looks");
    const before = await w.snapshot();
    const e = await failure(() => act(w), "HELD");
    expect(e.context).toMatchObject({ reason: "a person looks", pipeline: "p" });
    expect(e.message).toMatch(/redo\(\) or unhold\(\)/);
    expect(await w.snapshot()).toEqual(before);
    await w.etl.unhold();
    await w.goodRun();
  });
  test("publish and swap of releases opened before", async () => {
    const w = await world();
    const release = await w.etl.begin();
    await release.load({ orders: rows([order(9)]) });
    const candidate = await w.etl.clone();
    await w.etl.hold("a person looks");
    await failure(() => release.publish(), "HELD");
    await failure(() => candidate.swap(), "HELD");
    expect([release.state, candidate.state]).toEqual(["loaded", "open"]);
    await w.etl.unhold();
    expect((await release.publish()).status).toBe("published");
  });
});

test("a rollback that is asked for drift in other words, or together with restore, is refused with the paths", async () => {
  const w = await world();
  const wrong = await refused(w, () => w.etl.rollback({ onDrift: "ignore" as never }), "CONFIG");
  expect(wrong.context.issues.map((i) => i.path)).toEqual(["onDrift"]);
  const both = await refused(w, () => w.etl.rollback({ to: 1, onDrift: "overwrite", restore: "time-travel" }), "CONFIG");
  expect(both.message).toMatch(/onDrift.*restore/);
});

test("a dry run of prune that is neither wanted nor not is refused", async () => {
  const w = await world();
  const e = await refused(w, () => w.etl.prune({ dryRun: "yes" as never }), "CONFIG");
  expect(e.context.issues.map((i) => i.path)).toEqual(["dryRun"]);
});
