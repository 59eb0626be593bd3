import { cutover, rows, table } from "cutover";
import { duckdb } from "cutover/duckdb";
import { describe, expect, test } from "vitest";
import { failure, order, refused, world } from "./support.js";

const paths = async (call: () => Promise<unknown>): Promise<readonly string[]> =>
  (await failure(Promise.resolve().then(call), "CONFIG")).context.issues.map((i) => i.path);

describe("what people hand to resume, hold, publish and clone", () => {
  test("each wrong value is refused by its path, and the release stays what it was", async () => {
    const { etl } = await world();
    const release = await etl.begin();
    await release.load({ orders: rows([order(7)]) });
    for (const number of [0, -1, 1.5, Number.NaN, "2", undefined] as never[])
      expect(await paths(() => etl.resume(number))).toEqual(["release"]);
    for (const d of [0, -1, "1x", "400d", Number.POSITIVE_INFINITY, undefined, null] as never[])
      expect(await paths(() => release.hold({ for: d }))).toEqual(["for"]);
    expect(await paths(() => release.hold(undefined as never))).toEqual(["hold"]);
    for (const expected of ["", 7, null] as never[])
      expect(await paths(() => release.publish({ expect: expected }))).toEqual(["expect"]);
    for (const tables of [[], ["orders", "orders"], "orders", 7] as never[])
      expect(await paths(() => etl.clone({ tables }))).toEqual(["tables"]);
    const candidate = await etl.clone();
    expect(await paths(() => candidate.transform("DELETE FROM main.orders" as never))).toEqual(["transform"]);
    for (const call of [() => candidate.swap({ expect: "" }), () => candidate.publish({ expect: "" })])
      expect(await paths(call)).toEqual(["expect"]);
    await candidate.reject();
    expect(release.state).toBe("loaded");
    const { context } = await failure(release.publish({ expect: "f00d" }), "STALE_APPROVAL");
    expect(context).toMatchObject({ expected: "f00d", release: release.id, pipeline: "p" });
    expect((await release.publish()).status).toBe("published");
  });

  test("a release of another pipeline, and one whose alias means another table now, are not to be had", async () => {
    const w = await world();
    const release = await w.etl.begin();
    await release.load({ orders: rows([order(7)]) });
    const columns = { id: "int64", customer: "string", amount: "decimal(10,2)?", updated_at: "timestamp" } as const;
    const others = table("main.others", { columns, key: "id", cursor: "updated_at" });
    const stranger = w.pipeline({ pipeline: "stranger", tables: { others } });
    await refused(w, () => stranger.resume(release.id), "NOT_FOUND");
    const moved = w.pipeline({ pipeline: "p", tables: { orders: others } });
    const { message } = await failure(moved.resume(release.id), "NOT_FOUND");
    expect(message).toMatch(/another table than orders is now/);
    expect((await release.publish()).status).toBe("published");
  });

  test("mixedReads is refuse or allow", () => {
    const items = table("items", { columns: { id: "int64" }, key: "id" });
    const make = () => cutover({ warehouse: duckdb(), pipeline: "p", tables: { items }, mixedReads: "sometimes" as never });
    expect(make).toThrow(/mixedReads/);
  });
});
