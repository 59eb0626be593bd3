import { cutover, maxDrop, notNull, rows, table, unique } from "cutover";
import { expect, test } from "vitest";
import { project } from "./place.js";

test("invariant 8: columns that bear the name of their table, or of an alias, are columns in every check", async () => {
  const p = await project();
  for (const name of ["b", "t", "l", "_cutover"]) {
    const t = table(`app.${name}`, {
      columns: { [name]: "date", id: "int64" },
      mode: "partition",
      partition: name,
      checks: [maxDrop(0.1, { per: "partition" }), notNull(name), unique("id")],
    });
    const etl = cutover({ warehouse: p.warehouse, pipeline: `named ${name}`, tables: { t } });
    const load = (from: number, to: number) =>
      etl.run({ t: rows(Array.from({ length: to - from }, (_, i) => ({ [name]: "2026-01-01", id: from + i })) as never[]) });
    await load(0, 10);
    expect((await load(0, 12)).tables.t?.rows, name).toBe(12);
    await expect(load(0, 5), name).rejects.toMatchObject({ code: "CHECKS_FAILED" });
    const candidate = await etl.clone();
    await candidate.load({ t: rows(Array.from({ length: 5 }, (_, i) => ({ [name]: "2026-01-01", id: i })) as never[]) });
    expect(
      (await candidate.validate()).checks.map((c) => c.outcome),
      name,
    ).toContain("fail");
    await candidate.reject();
    expect((await etl.check()).ok, name).toBe(true);
    await etl.close();
  }
  await p.close();
}, 60_000);
