import { cutover, rows, table } from "cutover";
import { expect, test } from "vitest";
import { onEveryWarehouse } from "../support/warehouse.js";

onEveryWarehouse((open) => {
  test("modes: computed columns are left out, and a table with a primary key and an index is appended to", async () => {
    const db = await open();
    const body =
      "(id BIGINT PRIMARY KEY, day DATE, n BIGINT, twice BIGINT GENERATED ALWAYS AS (n * 2), extra VARCHAR DEFAULT 'none')";
    for (const name of ["appended", "replaced", "parts"]) {
      await db.query(`CREATE TABLE ${name} ${body}`);
      await db.query(`INSERT INTO ${name} (id, day, n) VALUES (1, '2001-01-01', 1)`);
    }
    await db.query("CREATE INDEX by_n ON appended (n)");
    const columns = { id: "int64", day: "date", n: "int64" } as const;
    const tables = {
      appended: table("appended", { columns, mode: "append", key: "id" }),
      replaced: table("replaced", { columns, mode: "replace", key: "id" }),
      parts: table("parts", { columns, mode: "partition", partition: "day", key: "id" }),
    };
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "modes", tables }));
    await etl.adopt();
    const list = [
      { id: 1, day: "2001-01-01", n: 5 },
      { id: 2, day: "2001-01-01", n: 6 },
    ];
    await etl.run({ appended: rows(list), replaced: rows(list), parts: rows(list) });
    const shown = async (name: string) =>
      (await db.query(`SELECT id, twice, extra FROM ${name} ORDER BY id`)).map((r) => Object.values(r).join());
    expect(await shown("appended")).toEqual(["1,2,none", "2,12,none"]);
    expect(await shown("replaced")).toEqual(["1,10,none", "2,12,none"]);
    expect(await shown("parts")).toEqual(["1,10,none", "2,12,none"]);
    expect((await etl.audit()).ok).toBe(true);
    await etl.rollback();
    for (const name of Object.keys(tables)) expect(await shown(name)).toEqual(["1,2,none"]);
  });

  test("modes: what plan() shows of an append and of a replacement runs as it is", async () => {
    const db = await open();
    const tables = {
      e: table("e", { columns: { seq: "int64" }, mode: "append", cursor: "seq" }),
      r: table("r", { columns: { id: "int64" }, mode: "replace" }),
    };
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "plan", tables }));
    const feed = () => ({ e: rows([{ seq: 1 }]), r: rows([{ id: 1 }]) });
    await etl.run(feed(), { window: { until: 5 } });
    expect(String(await etl.plan({ strategy: "in-place" }))).toContain("cutover_release");
    await using release = await etl.begin();
    await release.load({ e: rows([{ seq: 7 }]), r: rows([{ id: 2 }]) }, { window: { until: 9 } });
    const text = String(await release.plan());
    expect(text).toContain("< ");
    expect((await release.validate()).ok).toBe(true);
    expect((await release.publish()).tables.e?.watermark.after).toBe("9");
  });
});
