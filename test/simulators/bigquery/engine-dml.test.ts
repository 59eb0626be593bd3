import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openWorld, type World } from "./engine-world.js";

let w: World;
beforeAll(async () => {
  w = await openWorld();
});
afterAll(() => w.engine.close());
beforeEach(async () => {
  await w.run("CREATE OR REPLACE TABLE t (id INT64 NOT NULL, v STRING, n NUMERIC(6,2), s STRING(3), a ARRAY<INT64>)");
  await w.run("INSERT t (id, v, n) VALUES (1, 'a', 1.005), (2, 'b', NULL), (3, NULL, 3)");
});
const rows = () => w.rows("SELECT id, v FROM t ORDER BY id");

describe("INSERT", () => {
  it("counts rows, rounds to the scale and leaves an empty array where there is none", async () => {
    expect(await w.rows("SELECT id, n, a FROM t ORDER BY id")).toEqual([
      ["1", "1.01", []],
      ["2", null, []],
      ["3", "3", []],
    ]);
    const { affected, dmlStats, schema } = await w.run("INSERT INTO t (id) SELECT id + 10 FROM t");
    expect([affected, dmlStats, schema]).toEqual([3, { inserted: 3, updated: 0, deleted: 0 }, null]);
  });

  it.each([
    ["INSERT t (v) VALUES ('x')", "Required field id cannot be null"],
    ["INSERT t (id) VALUES (NULL)", "Required field id cannot be null"],
    ["INSERT t (id, s) VALUES (1, 'four')", "maximum length: 3, actual length: 4"],
    ["INSERT t (id, n) VALUES (1, 10000)", "numeric overflow: 10000.000000000 does not fit NUMERIC(6, 2)"],
  ])("%s is refused, and nothing is there", async (sql, message) => {
    expect(await w.refusal(sql)).toEqual({ reason: "invalidQuery", message });
    expect((await rows()).length).toBe(3);
  });

  it("fills in defaults", async () => {
    await w.run(
      "CREATE OR REPLACE TABLE d1 (id INT64, v STRING DEFAULT 'none', `at` TIMESTAMP DEFAULT TIMESTAMP '2020-01-01 00:00:00+00')",
    );
    await w.run("INSERT d1 (id) VALUES (1)");
    await w.run("INSERT d1 VALUES (2, DEFAULT, NULL)");
    expect(await w.rows("SELECT id, v, `at` FROM d1 ORDER BY id")).toEqual([
      ["1", "none", "1577836800000000"],
      ["2", "none", null],
    ]);
  });
});

describe("UPDATE", () => {
  it("sees the row as it was", async () => {
    expect((await w.run("UPDATE t SET id = id + 1, v = CONCAT(CAST(id AS STRING), 'x') WHERE id < 3")).affected).toBe(2);
    expect(await w.rows("SELECT id, v FROM t ORDER BY id, v")).toEqual([
      ["2", "1x"],
      ["3", null],
      ["3", "2x"],
    ]);
  });

  it("takes values from other rows, and refuses two for one", async () => {
    await w.run("UPDATE t SET v = s.v FROM (SELECT 1 AS id, 'one' AS v UNION ALL SELECT 7, 'seven') s WHERE t.id = s.id");
    expect(await rows()).toEqual([
      ["1", "one"],
      ["2", "b"],
      ["3", null],
    ]);
    expect(
      (await w.refusal("UPDATE t SET v = s.v FROM (SELECT 1 AS id, 'a' AS v UNION ALL SELECT 1, 'b') s WHERE t.id = s.id"))
        .message,
    ).toBe("UPDATE/MERGE must match at most one source row for each target row");
  });

  it("may ask for other rows in its condition", async () => {
    expect((await w.run("UPDATE t SET v = 'max' WHERE id = (SELECT MAX(id) FROM t)")).affected).toBe(1);
    expect((await w.run("UPDATE t SET v = 'x' WHERE EXISTS (SELECT 1 FROM UNNEST([1, 2]) i WHERE i = t.id)")).affected).toBe(2);
  });
});

describe("DELETE and TRUNCATE", () => {
  it("count what goes; rows whose condition is NULL stay", async () => {
    expect((await w.run("DELETE t WHERE v <> 'a'")).dmlStats).toEqual({ inserted: 0, updated: 0, deleted: 1 });
    expect(await rows()).toEqual([
      ["1", "a"],
      ["3", null],
    ]);
    expect((await w.run("TRUNCATE TABLE t")).affected).toBe(2);
    expect(await rows()).toEqual([]);
  });
});

describe("MERGE", () => {
  it("gives each row to the first clause that takes it", async () => {
    const merged = await w.run(
      `MERGE t USING (SELECT 1 AS id, 'A' AS v UNION ALL SELECT 2, NULL UNION ALL SELECT 9, 'new' UNION ALL SELECT 8, NULL) s ON t.id = s.id
       WHEN MATCHED AND s.v IS NULL THEN DELETE
       WHEN MATCHED THEN UPDATE SET v = s.v
       WHEN NOT MATCHED AND s.v IS NOT NULL THEN INSERT (id, v) VALUES (s.id, s.v)
       WHEN NOT MATCHED BY SOURCE THEN UPDATE SET v = 'gone'`,
    );
    expect(merged.dmlStats).toEqual({ inserted: 1, updated: 2, deleted: 1 });
    expect(await rows()).toEqual([
      ["1", "A"],
      ["3", "gone"],
      ["9", "new"],
    ]);
  });

  it("replaces all by ON FALSE, in one statement", async () => {
    const { dmlStats } = await w.run(
      "MERGE t USING (SELECT 5 AS id, 'five' AS v) s ON FALSE WHEN NOT MATCHED THEN INSERT (id, v) VALUES (id, v) WHEN NOT MATCHED BY SOURCE AND t.id <> 3 THEN DELETE",
    );
    expect(dmlStats).toEqual({ inserted: 1, updated: 0, deleted: 2 });
    expect(await rows()).toEqual([
      ["3", null],
      ["5", "five"],
    ]);
  });

  it("refuses two source rows for a row of the table", async () => {
    const twice = "USING (SELECT 1 AS id UNION ALL SELECT 1) s ON t.id = s.id";
    expect((await w.refusal(`MERGE t ${twice} WHEN MATCHED THEN DELETE`)).message).toBe(
      "UPDATE/MERGE must match at most one source row for each target row",
    );
    // Rows that no clause takes are not in the way.
    expect((await w.run(`MERGE t ${twice} WHEN MATCHED AND FALSE THEN DELETE`)).affected).toBe(0);
  });
});

describe("rows that were streamed", () => {
  it("cannot be changed for half an hour", async () => {
    await w.engine.stream({ projectId: "p", datasetId: "d", tableId: "t" }, [{ id: "7", v: "s" }], { user: "u" });
    expect((await w.refusal("UPDATE t SET v = 'x' WHERE id = 7")).message).toBe(
      "UPDATE statement over table p.d.t would affect rows in the streaming buffer, which is not supported",
    );
    expect((await w.run("UPDATE t SET v = 'x' WHERE id = 1")).affected).toBe(1);
    w.engine.advance(31 * 60_000);
    expect((await w.run("DELETE t WHERE id = 7")).affected).toBe(1);
  });
});
