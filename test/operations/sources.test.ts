import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { cutover, files, query, rows, sql, table } from "cutover";
import { expect, test } from "vitest";
import * as z from "zod";
import { failure, items, itemsPipeline } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

const content = "SELECT id::INT AS id, name, v::INT AS v, seq::INT AS seq FROM items ORDER BY id";
const expected = [
  { id: 1, name: "a,b", v: 1, seq: 1 },
  { id: 2, name: null, v: 2, seq: 2 },
];

onEveryWarehouse((open) => {
  test("files: CSV, NDJSON and Parquet, one, several and by glob, load the same", async () => {
    const db = await open();
    const at = (name: string) => join(db.folder, name);
    await writeFile(at("x1.csv"), 'id,name,v,seq\n1,"a,b",1,1\n');
    await writeFile(at("x2.csv"), "seq,v,name,id\n2,2,,2\n");
    await writeFile(at("y.ndjson"), '{"id":1,"name":"a,b","v":1,"seq":1}\n{"id":2,"v":2,"seq":2}\n');
    await db.query(
      `COPY (SELECT 1::BIGINT AS id, 'a,b' AS name, 1::BIGINT AS v, 1::INT AS seq UNION ALL SELECT 2, NULL, 2, 2) TO '${at("z.parquet")}'`,
    );
    const sources = [
      files(at("x*.csv")),
      files([at("x1.csv"), new URL(`file://${at("x2.csv")}`)]),
      files(at("y.ndjson")),
      files(at("z.parquet")),
    ];
    for (const [i, source] of sources.entries()) {
      const etl = itemsPipeline(db, i === 0 ? {} : {});
      if (i > 0) {
        await etl.rollback({ to: 0 });
        await etl.unhold();
      }
      expect([i, (await etl.run({ items: source })).status]).toEqual([i, "published"]);
      expect([i, await db.query(content)]).toEqual([i, expected]);
    }
  });

  test("files: missing, of other columns, or with values that do not fit are a BAD_SOURCE, and nothing changes", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    const at = (name: string) => join(db.folder, name);
    await writeFile(at("less.csv"), "id,name\n1,a\n");
    await writeFile(at("more.csv"), "id,name,v,seq,extra\n1,a,1,1,1\n");
    await writeFile(at("unfit.csv"), "id,name,v,seq\n1,a,1.5,1\n");
    await writeFile(at("cut.parquet"), "PAR1");
    for (const name of ["none.csv", "less.csv", "more.csv", "unfit.csv", "cut.parquet"]) {
      const e = await failure(etl.run({ items: files(at(name)) }), "BAD_SOURCE");
      expect([name, e.context.table]).toEqual([name, "items"]);
    }
    await failure(etl.run({ items: files(at("x.unknown")) }), "CONFIG");
    expect(await db.litter()).toEqual([]);
  });

  test("rows: arrays, generators, streams and functions; a function gets the signal of the call", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    const list = [
      { id: 1, name: "a,b", v: 1, seq: 1 },
      { id: 2, v: 2, seq: 2 },
    ];
    let signal: AbortSignal | undefined;
    const sources = [
      rows(list),
      rows(new Set(list)),
      rows(Readable.from(list)),
      rows(() => list),
      rows(async function* (s: AbortSignal) {
        signal = s;
        yield* list;
      }),
    ];
    for (const source of sources) await etl.run({ items: source });
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(await db.query(content)).toEqual(expected);
  });

  test("rows: a stream is closed when the run ends early", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    let closed = false;
    const source = rows(
      (function* () {
        try {
          yield { id: 1, v: 1, seq: 1 };
          yield { id: 2, v: "no" as never, seq: 1 };
          yield { id: 3, v: 1, seq: 1 };
        } finally {
          closed = true;
        }
      })(),
    );
    const e = await failure(etl.run({ items: source }), "BAD_ROW");
    expect(e.context).toMatchObject({ row: 2, column: "v" });
    expect(closed).toBe(true);
  });

  test("rows: unknown columns are refused, or left out with one warning", async () => {
    const db = await open();
    await failure(itemsPipeline(db).run({ items: rows([{ id: 1, v: 1, seq: 1, extra: 1 } as never]) }), "BAD_ROW");
    const loose = table("items", { columns: { id: "int64", v: "int64" }, key: "id", onUnknownColumn: "ignore" });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "items", tables: { loose } }));
    const report = await etl.run({
      loose: rows([
        { id: 1, v: 1, extra: 1 },
        { id: 2, v: 1, extra: 2 },
      ] as never),
    });
    expect(report.warnings.map((w) => w.code)).toEqual(["IGNORED_COLUMNS"]);
  });

  test("rows: zod parses each row: defaults, transforms, refusals with the row's number", async () => {
    const db = await open();
    const t = table("parsed", {
      columns: z.object({ id: z.bigint(), s: z.string().trim().default("none"), n: z.number().int().nullish() }),
      types: { n: "int64" },
      key: "id",
    });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "parsed", tables: { t } }));
    await etl.run({ t: rows([{ id: 1n, s: " x " }, { id: 2n }]) });
    expect(await db.query("SELECT id::INT AS id, s FROM parsed ORDER BY id")).toEqual([
      { id: 1, s: "x" },
      { id: 2, s: "none" },
    ]);
    const e = await failure(etl.run({ t: rows([{ id: 3n }, { id: 4n, n: 1.5 }]) }), "BAD_ROW");
    expect(e.context).toMatchObject({ row: 2, column: "n" });
  });

  test("query: inside the warehouse, from the watermark on; the first run reads all", async () => {
    const db = await open();
    await db.query("CREATE TABLE source AS SELECT i AS id, 'n' || i AS name, i AS v, i AS seq FROM range(1, 6) t(i)");
    const etl = itemsPipeline(db);
    const run = () =>
      etl.run(({ since }) => ({ items: query(sql`SELECT * FROM source WHERE ${sql.since("seq", since.items)};`) }));
    expect((await run()).tables.items).toMatchObject({ inserted: 5, watermark: { before: null, after: "5" } });
    await db.query("INSERT INTO source VALUES (6, 'n6', 6, 6)");
    await db.query("UPDATE source SET v = 99 WHERE id = 1");
    expect((await run()).tables.items).toMatchObject({ inserted: 1, unchanged: 1, updated: 0, watermark: { after: "6" } });
    await failure(etl.run({ items: query(sql`SELECT nothing FROM source`) }), "BAD_SOURCE");
    await failure(etl.run({ items: query(sql`SELECT 1 AS id, 'x' AS name, 1.5 AS v, 9 AS seq`) }), "BAD_SOURCE");
    expect(items.name).toBe("items");
  });

  test("no columns declared: they come from live, or from the first file", async () => {
    const db = await open();
    const at = join(db.folder, "a.csv");
    await writeFile(at, "id,name\n1,a\n2,b\n");
    const t = table("read", { key: "id" });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "read", tables: { t } }));
    await etl.run({ t: files(at) });
    await etl.run({
      t: rows([
        { id: 2, name: "c" },
        { id: 3, name: "d" },
      ]),
    });
    expect(await db.query("SELECT id::INT AS id, name FROM read ORDER BY id")).toEqual([
      { id: 1, name: "a" },
      { id: 2, name: "c" },
      { id: 3, name: "d" },
    ]);
    const none = db.own(cutover({ warehouse: db.warehouse, pipeline: "none", tables: { n: table("none", { key: "id" }) } }));
    await failure(none.run({ n: rows([{ id: 1 }]) }), "CONFIG");
  });
});
