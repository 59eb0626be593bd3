import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "./engine-world.js";

let w: World;
beforeAll(async () => {
  w = await openWorld();
});
afterAll(() => w.engine.close());
const named = (tableId: string) => ({ projectId: "p", datasetId: "d", tableId });
const resource = (tableId: string) => w.engine.tables.get(named(tableId), null, { user: "u" });

describe("CREATE TABLE", () => {
  it("makes the resource that the API answers", async () => {
    await w.run(
      `CREATE TABLE whole (id INT64 NOT NULL OPTIONS(description='key'), d DATE, n NUMERIC(10,2) DEFAULT 0, s STRUCT<x ARRAY<STRING>>, PRIMARY KEY (id) NOT ENFORCED)
       PARTITION BY DATE_TRUNC(d, MONTH) CLUSTER BY id OPTIONS(description="it's", labels=[('team','x')], require_partition_filter=TRUE)`,
    );
    expect(resource("whole")).toMatchObject({
      kind: "bigquery#table",
      type: "TABLE",
      description: "it's",
      labels: { team: "x" },
      timePartitioning: { type: "MONTH", field: "d" },
      clustering: { fields: ["id"] },
      requirePartitionFilter: true,
      tableConstraints: { primaryKey: { columns: ["id"] } },
      numRows: "0",
      schema: {
        fields: [
          { name: "id", type: "INTEGER", mode: "REQUIRED", description: "key" },
          { name: "d", type: "DATE", mode: "NULLABLE" },
          { name: "n", type: "NUMERIC", precision: "10", scale: "2", defaultValueExpression: "0" },
          { name: "s", type: "RECORD", fields: [{ name: "x", type: "STRING", mode: "REPEATED" }] },
        ],
      },
    });
  });

  it("is refused where there is one, and replaces one of the same partitioning only", async () => {
    await w.run("CREATE TABLE once (d DATE, v STRING) PARTITION BY d AS SELECT DATE '2020-01-01', 'x'");
    expect(await w.refusal("CREATE TABLE once (a INT64)")).toEqual({
      reason: "duplicate",
      message: "Already Exists: Table p:d.once",
    });
    expect((await w.run("CREATE TABLE IF NOT EXISTS once (a INT64)")).ddlOperation).toBe("SKIP");
    expect((await w.refusal("CREATE OR REPLACE TABLE once (a INT64)")).message).toContain(
      "Cannot replace a table with a different partitioning spec",
    );
    const before = (await w.rows("SELECT UNIX_MICROS(CURRENT_TIMESTAMP())"))[0]?.[0];
    await w.run("CREATE OR REPLACE TABLE once (d DATE, v STRING) PARTITION BY d AS SELECT DATE '2020-01-02', 'y'");
    expect(await w.rows("SELECT v FROM once")).toEqual([["y"]]);
    // Time travel goes across the replacement.
    expect(await w.rows(`SELECT v FROM once FOR SYSTEM_TIME AS OF TIMESTAMP_MICROS(${before})`)).toEqual([["x"]]);
  });

  it.each(["_PARTITIONTIME", "_TABLE_x", "_file_name", "a.b", "a`b"])("a column cannot be called %s", async (name) => {
    expect((await w.refusal(`CREATE TABLE bad (\`${name.replace("`", "\\`")}\` INT64)`)).message).toContain("Invalid field name");
  });

  it("by the time of ingestion has pseudo columns that a star leaves out", async () => {
    await w.run("CREATE TABLE ingested (id INT64) PARTITION BY _PARTITIONDATE");
    await w.run("INSERT ingested (id) VALUES (1)");
    await w.run("INSERT ingested (_PARTITIONTIME, id) VALUES (TIMESTAMP '2020-01-02 00:00:00+00', 2)");
    expect((await w.run("SELECT * FROM ingested")).schema?.map((f) => f.name)).toEqual(["id"]);
    expect(await w.rows("SELECT id, _PARTITIONDATE FROM ingested WHERE _PARTITIONTIME < '2021-01-01 00:00:00+00'")).toEqual([
      ["2", "2020-01-02"],
    ]);
    expect(await w.rows("SELECT id FROM `ingested$20200102`")).toEqual([["2"]]);
  });
});

describe("clones and snapshots", () => {
  it("OR REPLACE … CLONE is for snapshots alone", async () => {
    await w.run("CREATE TABLE live AS SELECT 1 AS id");
    await w.run("CREATE TABLE copy CLONE live");
    await w.run("INSERT copy VALUES (2)");
    expect((await w.refusal("CREATE OR REPLACE TABLE live CLONE copy")).message).toContain(
      "is not supported for a source of type TABLE",
    );
    await w.run(
      "CREATE SNAPSHOT TABLE snap CLONE copy OPTIONS(expiration_timestamp=TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY))",
    );
    expect(resource("snap")).toMatchObject({ type: "SNAPSHOT", snapshotDefinition: { baseTableReference: { tableId: "copy" } } });
    expect((await w.refusal("INSERT snap VALUES (3)")).message).toContain("it is currently a SNAPSHOT");
    await w.run("CREATE OR REPLACE TABLE live CLONE snap");
    expect(await w.rows("SELECT COUNT(*) FROM live")).toEqual([["2"]]);
    expect(resource("copy")).toMatchObject({ cloneDefinition: { baseTableReference: { tableId: "live" } } });
  });

  it("expire", async () => {
    await w.run(
      "CREATE TABLE short (id INT64) OPTIONS(expiration_timestamp=TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR))",
    );
    w.engine.advance(3_600_001);
    expect((await w.refusal("SELECT * FROM short")).reason).toBe("notFound");
  });
});

describe("ALTER TABLE", () => {
  it("adds, renames and drops columns; the rows stay", async () => {
    await w.run("CREATE TABLE alter1 AS SELECT 1 AS id, 'x' AS v");
    await w.run("ALTER TABLE alter1 ADD COLUMN z ARRAY<INT64>, ADD COLUMN IF NOT EXISTS id INT64");
    await w.run("ALTER TABLE alter1 RENAME COLUMN v TO label");
    expect(await w.rows("SELECT id, label, z FROM alter1")).toEqual([["1", "x", []]]);
    await w.run("ALTER TABLE alter1 DROP COLUMN label");
    expect((await w.run("SELECT * FROM alter1")).schema?.map((f) => f.name)).toEqual(["id", "z"]);
    expect((await w.refusal("ALTER TABLE alter1 ADD COLUMN q INT64 NOT NULL")).message).toContain("Cannot add required column");
  });

  it("renames to a name that is free", async () => {
    await w.run("CREATE TABLE from1 AS SELECT 1 AS id");
    expect((await w.refusal("ALTER TABLE from1 RENAME TO alter1")).reason).toBe("duplicate");
    await w.run("ALTER TABLE from1 RENAME TO to1");
    expect(await w.rows("SELECT id FROM to1")).toEqual([["1"]]);
    expect((await w.refusal("SELECT 1 FROM from1")).reason).toBe("notFound");
  });
});

describe("views, policies and the dictionary", () => {
  it("a view reads its tables and cannot be written", async () => {
    await w.run("CREATE TABLE base AS SELECT 1 AS id UNION ALL SELECT 2");
    await w.run("CREATE VIEW seen AS SELECT id + 1 AS next FROM d.base");
    expect(await w.rows("SELECT MAX(next) FROM seen")).toEqual([["3"]]);
    expect(resource("seen")).toMatchObject({ type: "VIEW", view: { query: "SELECT id + 1 AS next FROM d.base" } });
    expect((await w.refusal("DELETE seen WHERE TRUE")).message).toContain("it is currently a VIEW");
    expect((await w.refusal("DROP TABLE seen")).message).toContain("has type VIEW");
  });

  it("a row access policy leaves the rows that it lets through", async () => {
    await w.run("CREATE ROW ACCESS POLICY one ON base GRANT TO ('user:u') FILTER USING (id = 1)");
    expect(await w.rows("SELECT id FROM base")).toEqual([["1"]]);
    expect(await w.rows("SELECT COUNT(*) FROM base", { user: "other" })).toEqual([["0"]]);
    await w.run("DROP ALL ROW ACCESS POLICIES ON base");
    expect(await w.rows("SELECT COUNT(*) FROM base")).toEqual([["2"]]);
  });

  it("INFORMATION_SCHEMA tells tables and columns", async () => {
    expect(
      await w.rows(
        "SELECT table_name, table_type FROM d.INFORMATION_SCHEMA.TABLES WHERE table_name IN ('base', 'seen') ORDER BY 1",
      ),
    ).toEqual([
      ["base", "BASE TABLE"],
      ["seen", "VIEW"],
    ]);
    expect(
      await w.rows(
        "SELECT column_name, data_type, is_nullable FROM p.d.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'whole' ORDER BY ordinal_position",
      ),
    ).toEqual([
      ["id", "INT64", "NO"],
      ["d", "DATE", "YES"],
      ["n", "NUMERIC(10, 2)", "YES"],
      ["s", "STRUCT<x ARRAY<STRING>>", "YES"],
    ]);
    expect((await w.refusal("SELECT * FROM d.INFORMATION_SCHEMA.NOPE")).reason).toBe("invalidQuery");
  });

  it("GRANT and REVOKE change the table's policy", async () => {
    await w.run("GRANT `roles/bigquery.dataViewer` ON TABLE base TO 'user:a@example.com'");
    expect(w.engine.iam.get(named("base"), { user: "u" })).toMatchObject({
      bindings: [{ role: "roles/bigquery.dataViewer", members: ["user:a@example.com"] }],
    });
    await w.run("REVOKE `roles/bigquery.dataViewer` ON TABLE base FROM 'user:a@example.com'");
    expect(w.engine.iam.get(named("base"), { user: "u" })).not.toHaveProperty("bindings");
  });

  it("a schema is made once, and dropped when it is empty", async () => {
    await w.run("CREATE SCHEMA other OPTIONS(location='US')");
    expect((await w.refusal("CREATE SCHEMA other")).reason).toBe("duplicate");
    await w.run("CREATE TABLE other.t AS SELECT 1 AS a");
    expect((await w.refusal("DROP SCHEMA other")).message).toBe("Dataset p:other is still in use");
    await w.run("DROP SCHEMA other CASCADE");
    expect((await w.refusal("SELECT 1 FROM other.t")).message).toBe("Not found: Dataset p:other was not found in location US");
  });
});
