import { type CheckContext, check, rows, sql } from "cutover";
import { expect, test } from "vitest";
import { batch, failure, itemsPipeline } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

const circle: Record<string, unknown> = {};
circle["self"] = circle;
const unreadable: readonly (readonly [string, unknown])[] = [
  ["nothing", undefined],
  ["null", null],
  ["true", true],
  ["an object without pass", { observed: 1 }],
  ["pass as text", { pass: "yes" }],
  ["a message that is no text", { pass: true, message: 5 }],
  ["a circle observed", { pass: true, observed: circle }],
];

onEveryWarehouse((open) => {
  for (const [what, verdict] of unreadable) {
    test(`invariant 3: a check that answers ${what} has failed, whatever its severity`, async () => {
      const db = await open();
      for (const severity of ["error", "warn"] as const) {
        const etl = itemsPipeline(db, { checks: [check("odd", async () => verdict as never, { severity })] });
        const e = await failure(etl.run({ items: rows(batch(1, 3, 1)) }), "CHECKS_FAILED");
        expect(e.context.checks).toMatchObject([{ check: "odd", observed: "threw" }]);
        expect(await etl.status()).toMatchObject({ live: null, lease: null });
      }
    });
  }

  test("a check may observe what JSON has no word for, and say nothing more than pass", async () => {
    const db = await open();
    const checks = [
      check("big", async () => ({ pass: true, observed: { n: 2n ** 60n } })),
      check("plain", async () => ({ pass: true })),
    ];
    const report = await itemsPipeline(db, { checks }).run({ items: rows(batch(1, 3, 1)) });
    expect(report.checks.map((c) => c.observed)).toEqual([`{"n":"${2n ** 60n}"}`, "true"]);
  });

  test("invariant 3: the query of a check ends with it: later it changes nothing, and one not awaited is waited for", async () => {
    const db = await open();
    let kept: CheckContext["query"] = () => Promise.reject(new Error("not given"));
    let hasty: Promise<unknown> = Promise.resolve();
    let fail = false;
    const etl = itemsPipeline(db, {
      checks: [
        check("kept", async ({ query, self }) => {
          kept = query;
          hasty = query(sql`SELECT count(*) AS n FROM ${self}, range(200000)`);
          if (fail) throw new Error("broken");
          return { pass: true };
        }),
      ],
    });
    await etl.run({ items: rows(batch(1, 3, 1)) });
    expect(await hasty).toEqual([{ n: 600_000n }]);
    const e = await failure(kept(sql`DELETE FROM items`), "CONFIG");
    expect(e.context.issues).toMatchObject([{ path: "check.query" }]);
    fail = true;
    await failure(etl.run({ items: rows(batch(1, 3, 2)) }), "CHECKS_FAILED");
    await failure(kept(sql`DELETE FROM items`), "CONFIG");
    expect(await db.query("SELECT count(*)::INT AS n, max(v)::INT AS v FROM items")).toEqual([{ n: 3, v: 1 }]);
  });

  test("invariant 3: a check that was given up on asks nothing any more", async () => {
    const db = await open();
    const stop = new AbortController();
    let late: Promise<unknown> = Promise.resolve();
    const etl = itemsPipeline(db, {
      checks: [
        check("slow", ({ query, signal }) => {
          const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
          late = aborted.then(() => query(sql`DELETE FROM items`));
          late.catch(() => undefined);
          stop.abort();
          return new Promise(() => undefined);
        }),
      ],
    });
    await failure(etl.run({ items: rows(batch(1, 3, 1)) }, { signal: stop.signal }), "CANCELLED");
    await expect(late).rejects.toThrow();
    expect(await db.tables()).not.toContain("main.items");
  });
});
