import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { ordersOn, prepareOrders, release, writeDelta } from "./orders.js";
import { bare, figure, type Group, median, ms, onCopy, rounds } from "./support.js";

interface Place {
  readonly start: string;
  readonly delta: string;
}

/** 90 % updates, 1.1 % of the table. */
async function prepare(rows: number, dir: string): Promise<Place> {
  const place = { start: `${dir}/start-${rows}.duckdb`, delta: `${dir}/delta-${rows}.parquet` };
  await prepareOrders(place.start, rows);
  return place;
}
const changed = (rows: number): number => Math.ceil(rows * 0.0099);
const added = (rows: number): number => Math.ceil(rows * 0.0011);

const ways = [
  "(SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY id) AS n FROM orders) WHERE n > 1)",
  "(SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM orders GROUP BY id HAVING count(*) > 1))",
  "count(*) - count(DISTINCT id)",
];
const checking = (way: string): string => `SELECT count(*), count(*) - count(id), count(*) - count(amount), ${way} FROM orders`;

/** The bare side: on a fresh copy, warmed as the pipeline is by `status()`. */
const onBare = (p: Place, work: (c: DuckDBConnection) => Promise<number>): Promise<number> =>
  onCopy(p.start, (path) =>
    bare(path, async (c) => {
      await c.run("SELECT count(*) FROM orders");
      return work(c);
    }),
  );
const deleteInsert = (c: DuckDBConnection, delta: string): Promise<number> =>
  ms(async () => {
    for (const sql of [
      "BEGIN",
      `CREATE TEMP TABLE d AS FROM '${delta}'`,
      "DELETE FROM orders WHERE id IN (SELECT id FROM d)",
      "INSERT INTO orders FROM d",
      "COMMIT",
    ])
      await c.run(sql);
  });
const merge = (c: DuckDBConnection, delta: string): Promise<number> =>
  ms(() =>
    c.run(`MERGE INTO orders l USING '${delta}' d ON l.id = d.id
      WHEN MATCHED THEN UPDATE SET customer = d.customer, amount = d.amount, updated_at = d.updated_at, status = d.status
      WHEN NOT MATCHED THEN INSERT VALUES (d.id, d.customer, d.amount, d.updated_at, d.status)`),
  );

/** Which of three ways finds repeated keys fastest here: measured once, where the bare transaction leaves the table. */
async function fastestCheck(p: Place, tries: number): Promise<string> {
  const took = new Map<string, number>();
  for (const way of ways) {
    const all: number[] = [];
    for (let i = 0; i < tries; i++)
      all.push(
        await onBare(p, async (c) => {
          await deleteInsert(c, p.delta);
          return ms(() => c.run(checking(way)));
        }),
      );
    took.set(way, median(all));
  }
  return [...took].sort(([, a], [, b]) => a - b)[0]?.[0] ?? "";
}

/** One release with checks, images and ledger, and its rollback, against bare SQL that has none of them. */
export const increment: Group = async ({ rows, runs }, dir) => {
  const p = await prepare(rows, dir);
  await writeDelta(p.start, p.delta, rows, changed(rows), added(rows));
  const way = await fastestCheck(p, Math.min(runs, 3));
  const seen = { apply: 0, rollback: 0 };
  const applied: number[] = [];
  const undone: number[] = [];
  const all = await rounds(runs, {
    checked: () =>
      onBare(p, async (c) => {
        seen.apply = await deleteInsert(c, p.delta);
        applied.push(seen.apply);
        return seen.apply + (await ms(() => c.run(checking(way))));
      }),
    run: () => ours(p, undone),
    merge: () => onBare(p, (c) => merge(c, p.delta)),
  });
  const size = `${changed(rows) + added(rows)} rows into ${rows}`;
  return [
    figure(
      { job: `run, ${size}, 4 checks`, against: "DELETE + INSERT and the fastest check", bar: 1 },
      all.map((r) => r.run / r.checked),
    ),
    figure(
      { job: `run, ${size}, 4 checks`, against: "bare MERGE, no checks, no undo", bar: 2.5 },
      all.map((r) => r.run / r.merge),
    ),
    figure(
      { job: "rollback of that release", against: "bare DELETE + INSERT", bar: 1.2 },
      undone.map((took, i) => took / (applied[i] ?? Number.NaN)),
    ),
  ];
};

/** A release, and its rollback into `undone`. */
const ours = (p: Place, undone: number[] = []): Promise<number> =>
  onCopy(p.start, async (path) => {
    const etl = ordersOn(path);
    await etl.status();
    const took = await ms(() => release(etl, p.delta));
    undone.push(await ms(() => etl.rollback()));
    await etl.close();
    return took;
  });

/** How the same delta costs more on a table four times as large, against how bare SQL does. */
export const growth: Group = async ({ rows, runs }, dir) => {
  const [small, large] = [await prepare(rows, dir), await prepare(4 * rows, dir)];
  for (const [p, n] of [
    [small, rows],
    [large, 4 * rows],
  ] as const)
    await writeDelta(p.start, p.delta, n, changed(rows), added(rows));
  const all = await rounds(runs, {
    bare: () => onBare(small, (c) => deleteInsert(c, small.delta)),
    run: () => ours(small),
    bareLarge: () => onBare(large, (c) => deleteInsert(c, large.delta)),
    runLarge: () => ours(large),
  });
  return [
    figure(
      { job: `growth of run from ${rows} to ${4 * rows} rows`, against: "growth of the bare DELETE + INSERT", bar: 1 },
      all.map((r) => r.runLarge / r.run / (r.bareLarge / r.bare)),
    ),
  ];
};

/** Statements that the engine got for one release, those of the lease and of transactions with them. */
const statementsOf = (p: Place): Promise<number> =>
  onCopy(p.start, async (path) => {
    const etl = ordersOn(path);
    await etl.status();
    const instance = await DuckDBInstance.fromCache(path, {});
    const c = await instance.connect();
    await c.run("CALL enable_logging('QueryLog')");
    await release(etl, p.delta);
    const { rowCount } = await c.run("SELECT 1 FROM duckdb_logs WHERE type = 'QueryLog'");
    c.closeSync();
    instance.closeSync();
    await etl.close();
    return rowCount;
  });

/** A hundred rows: what a release costs beside its rows. */
export const tiny: Group = async ({ rows, runs }, dir) => {
  const p = await prepare(rows, dir);
  await writeDelta(p.start, p.delta, rows, 90, 10);
  const statements = await statementsOf(p);
  const all = await rounds(runs, { bare: () => onBare(p, (c) => deleteInsert(c, p.delta)), run: () => ours(p) });
  return [
    figure(
      {
        job: `release of 100 rows into ${rows} (${statements} statements)`,
        against: "the bare transaction (5 statements)",
        bar: 4,
      },
      all.map((r) => r.run / r.bare),
    ),
  ];
};
