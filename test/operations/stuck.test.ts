import { check, cutover, query, type Release, rows, sql, table } from "cutover";
import { expect, test } from "vitest";
import { batch, failure, gate, type Item, itemsPipeline, picture } from "../support/fixtures.js";
import { type Db, onEveryWarehouse } from "../support/warehouse.js";

const never = <R>(): Promise<R> => new Promise<R>(() => undefined);
/** Gives some rows, says that it is asked for more, and answers no longer. */
const sources = {
  "an iterator that has no return": (stuck: () => void) => {
    const given = batch(6, 7, 2).values();
    return rows<Item>({
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          const next = given.next();
          if (next.done !== true) return next;
          stuck();
          return never();
        },
      }),
    });
  },
  "an iterator whose return does not answer either": (stuck: () => void) =>
    rows<Item>({
      [Symbol.asyncIterator]: () => ({
        next: () => {
          stuck();
          return never();
        },
        return: () => never(),
      }),
    }),
  "a generator": (stuck: () => void) =>
    rows(async function* () {
      yield* batch(6, 7, 2);
      stuck();
      await never();
    }),
} as const;
const all = Object.entries(sources);

onEveryWarehouse((open) => {
  const world = async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    await etl.run({ items: rows(batch(1, 5, 1)) });
    return { db, etl, before: await picture(db, etl, "items") };
  };
  let runs = 0;
  /** Aborted when it says that it is stuck; then nothing has changed, and a good run works. */
  const ends = async (
    db: Db,
    p: ReturnType<typeof itemsPipeline>,
    act: (stuck: () => void, signal: AbortSignal) => Promise<unknown>,
    stage: string,
  ): Promise<void> => {
    const before = await picture(db, p, "items");
    const inside = gate();
    const abort = new AbortController();
    const ended = failure(act(inside.open, abort.signal), "CANCELLED");
    await Promise.race([inside.passed, ended]);
    abort.abort();
    expect((await ended).context).toMatchObject({ pipeline: "items", stage });
    expect(await picture(db, p, "items")).toEqual(before);
    expect((await p.status()).lease).toBeNull();
    expect((await p.run({ items: rows(batch(6, 8, 100 + ++runs)) })).status).toBe("published");
    expect((await p.audit()).ok).toBe(true);
  };

  for (const [what, source] of all) {
    test(`invariant 3: a run whose source never answers ends with its signal (${what})`, async () => {
      const { db, etl } = await world();
      await ends(db, etl, (stuck, signal) => etl.run({ items: source(stuck) }, { signal }), "load");
      expect(await db.litter()).toEqual([]);
    });

    test(`invariant 3: close ends a run whose source never answers (${what})`, async () => {
      const { db, etl, before } = await world();
      const inside = gate();
      const ended = failure(etl.run({ items: source(inside.open) }), "CLOSED");
      await Promise.race([inside.passed, ended]);
      await expect(etl.close()).resolves.toBeUndefined();
      await ended;
      const next = itemsPipeline(db);
      expect(await picture(db, next, "items")).toEqual(before);
      expect((await next.run({ items: rows(batch(6, 8, 3)) })).status).toBe("published");
      expect(await db.litter()).toEqual([]);
    });
  }

  test("invariant 3: a run by candidate whose source never answers ends with its signal", async () => {
    const { db, etl } = await world();
    await ends(
      db,
      etl,
      (stuck, signal) => etl.run({ items: sources["a generator"](stuck) }, { signal, strategy: "swap" }),
      "load",
    );
    expect(await db.litter()).toEqual([]);
  });

  test("invariant 3: a step whose source never answers ends with its signal; the release can go on", async () => {
    const { db, etl } = await world();
    const release = await etl.begin();
    const candidate = await etl.clone();
    for (const open of [release, candidate] as readonly Release<typeof etl.tables>[])
      await ends(db, etl, (stuck, signal) => open.load({ items: sources["a generator"](stuck) }, { signal }), "load");
    await release.load({ items: rows(batch(20, 21, 4)) });
    expect((await release.publish()).tables.items).toMatchObject({ inserted: 2 });
    await candidate.reject();
    expect(await db.litter()).toEqual([]);
  });

  test("invariant 3: a source whose first row never comes ends with the signal, also where its columns are not declared", async () => {
    const { db } = await world();
    const plain = db.own(
      cutover({ warehouse: db.warehouse, pipeline: "items", tables: { items: table("items", { key: "id", cursor: "seq" }) } }),
    );
    const inside = gate();
    const abort = new AbortController();
    const source = sources["an iterator whose return does not answer either"](inside.open);
    const ended = failure(plain.run({ items: source as never }, { signal: abort.signal }), "CANCELLED");
    await Promise.race([inside.passed, ended]);
    abort.abort();
    await ended;
    expect(
      (await plain.run({ items: query(sql`SELECT 9::BIGINT AS id, 'n' AS name, 9::BIGINT AS v, 9::BIGINT AS seq`) })).status,
    ).toBe("published");
  });

  test("invariant 3: a feed that never answers ends with its signal, in a run and in a step", async () => {
    const { db, etl } = await world();
    const feed = (stuck: () => void) => () => {
      stuck();
      return never<object>();
    };
    await ends(db, etl, (stuck, signal) => etl.run(feed(stuck), { signal }), "load");
    await ends(db, etl, (stuck, signal) => etl.run(feed(stuck), { signal, strategy: "swap" }), "load");
    const release = await etl.begin();
    await ends(db, etl, (stuck, signal) => release.load(feed(stuck), { signal }), "load");
    await release.reject();
    expect(await db.litter()).toEqual([]);
  });

  test("invariant 3: close ends a run whose feed never answers", async () => {
    const { db, etl } = await world();
    const inside = gate();
    const ended = failure(
      etl.run(() => {
        inside.open();
        return never<object>();
      }),
      "CLOSED",
    );
    await Promise.race([inside.passed, ended]);
    await etl.close();
    await ended;
    expect((await itemsPipeline(db).run({ items: rows(batch(6, 8, 3)) })).status).toBe("published");
  });

  test("invariant 3: a check in JavaScript that never answers ends with the signal, and has no say afterwards", async () => {
    const { db } = await world();
    let stuck: (() => void) | null = null;
    const late = gate();
    const said: Promise<unknown>[] = [];
    const stubborn = check("stubborn", async ({ query: ask, self }) => {
      if (stuck === null) return { pass: true };
      const answer = late.passed.then(() => ask(sql`SELECT count(*) AS n FROM ${self}`)).catch((e: unknown) => e);
      said.push(answer);
      stuck();
      await answer;
      return { pass: true };
    });
    const etl = itemsPipeline(db, { checks: [stubborn] });
    const armed =
      (act: (signal: AbortSignal) => Promise<unknown>) =>
      async (told: () => void, signal: AbortSignal): Promise<unknown> => {
        stuck = told;
        try {
          return await act(signal);
        } finally {
          stuck = null;
        }
      };
    const load = { items: rows(batch(6, 7, 2)) };
    await ends(
      db,
      etl,
      armed((signal) => etl.run(load, { signal })),
      "publish",
    );
    await ends(
      db,
      etl,
      armed((signal) => etl.run({ items: rows(batch(6, 7, 9)) }, { signal, strategy: "swap" })),
      "swap",
    );
    await ends(
      db,
      etl,
      armed((signal) => etl.check({ signal })),
      "validate",
    );
    const before = await picture(db, etl, "items");
    late.open();
    const answers = await Promise.all(said);
    expect(answers).toHaveLength(3);
    expect(answers.every((x) => x instanceof Error)).toBe(true);
    expect(await picture(db, etl, "items")).toEqual(before);
    expect((await etl.run({ items: rows(batch(30, 31, 200)) })).status).toBe("published");
    expect(await db.litter()).toEqual([]);
  });

  test("invariant 3: close ends a run whose check in JavaScript never answers", async () => {
    const { db, before } = await world();
    const inside = gate();
    const stubborn = check("stubborn", () => {
      inside.open();
      return never();
    });
    const etl = itemsPipeline(db, { checks: [stubborn] });
    const ended = failure(etl.run({ items: rows(batch(6, 7, 2)) }), "CLOSED");
    await Promise.race([inside.passed, ended]);
    await etl.close();
    await ended;
    const next = itemsPipeline(db);
    expect(await picture(db, next, "items")).toEqual(before);
    expect((await next.run({ items: rows(batch(6, 8, 3)) })).status).toBe("published");
  });
});
