import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Opened, opened, type Session } from "./engine/opened.js";

let sim: Opened;
let s: Session;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "copy-"));
  sim = await opened();
  s = await sim.connect();
});
afterAll(async () => {
  await s.close();
  await sim.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await s.run("CREATE OR REPLACE STAGE st");
  await s.run("CREATE OR REPLACE TABLE t (id NUMBER(38,0), name VARCHAR(10), v VARIANT)");
});

/** Writes a file where the driver would put it. */
async function upload(path: string, content: string | Buffer): Promise<void> {
  const target = await sim.engine.put(
    `PUT 'file:///local/x' @st/${path.slice(0, path.lastIndexOf("/") + 1)} AUTO_COMPRESS = FALSE`,
    s.raw,
  );
  if (!target) throw new Error("no PUT");
  mkdirSync(target.directory, { recursive: true });
  writeFileSync(join(target.directory, path.slice(path.lastIndexOf("/") + 1)), content);
}
const csv = `(TYPE = CSV COMPRESSION = AUTO FIELD_OPTIONALLY_ENCLOSED_BY = '"' ESCAPE_UNENCLOSED_FIELD = NONE NULL_IF = ())`;

describe("COPY INTO", () => {
  it("loads CSV with a transformation: empty fields are NULL, quoted ones are texts", async () => {
    await upload("a/1.csv.gz", gzipSync('1,"x ""y""","{""k"":1}"\n2,,\n3,"",null\n'));
    const result = await s.run(`COPY INTO t (id, name, v) FROM (SELECT $1, $2, PARSE_JSON($3) FROM @st/a/) FILE_FORMAT = ${csv}`);
    expect(result.columns.map((c) => c.name).slice(0, 4)).toEqual(["file", "status", "rows_parsed", "rows_loaded"]);
    expect(result.rows).toEqual([["st/a/1.csv.gz", "LOADED", "3", "3", "1", "0", null, null, null, null]]);
    expect(await s.rows("SELECT id, name, TO_JSON(v) FROM t ORDER BY id")).toEqual([
      ["1", 'x "y"', '{"k":1}'],
      ["2", null, null],
      ["3", "", "null"],
    ]);
  });

  it("loads a file once, until it changes or FORCE is set; a rollback and TRUNCATE forget it", async () => {
    await upload("b/1.csv", "1,a,\n");
    const copy = `COPY INTO t (id, name) FROM (SELECT $1, $2 FROM @st/b/) FILE_FORMAT = ${csv}`;
    await s.run("BEGIN");
    expect((await s.run(copy)).affected).toBe(1);
    await s.run("ROLLBACK");
    expect((await s.run(copy)).affected).toBe(1);
    expect(await s.rows(copy)).toEqual([["Copy executed with 0 files processed."]]);
    expect((await s.run(`${copy} FORCE = TRUE`)).affected).toBe(1);
    await upload("b/1.csv", "2,b,\n");
    expect((await s.run(copy)).affected).toBe(1);
    await s.run("TRUNCATE TABLE t");
    expect((await s.run(copy)).affected).toBe(1);
  });

  it("loads JSON by column names, exactly or whatever their case", async () => {
    await upload("j/1.ndjson", '{"ID":1,"name":"x","V":[1e2]}\n{"ID":2,"NAME":"y","V":null}\n');
    await s.run("COPY INTO t FROM @st/j/ FILE_FORMAT = (TYPE = JSON) MATCH_BY_COLUMN_NAME = CASE_SENSITIVE");
    expect(await s.rows("SELECT id, name, TO_JSON(v) FROM t ORDER BY id")).toEqual([
      ["1", null, "[1.000000000000000e+02]"],
      ["2", "y", "null"],
    ]);
    await s.run("TRUNCATE TABLE t");
    await s.run("COPY INTO t FROM @st/j/ FILE_FORMAT = (TYPE = JSON) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE");
    expect(await s.rows("SELECT name FROM t ORDER BY id")).toEqual([["x"], ["y"]]);
  });

  it("loads Parquet, whose columns INFER_SCHEMA finds", async () => {
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    const file = join(folder, "p.parquet");
    await connection.run(
      `COPY (SELECT 9007199254740993::BIGINT AS "ID", 'x' AS "NAME", 1.50::DECIMAL(10,2) AS "PRICE") TO '${file}'`,
    );
    await upload("p/1.parquet", await import("node:fs").then((fs) => fs.readFileSync(file)));
    await s.run("CREATE OR REPLACE FILE FORMAT pf TYPE = PARQUET USE_LOGICAL_TYPE = TRUE");
    expect(
      await s.rows(
        "SELECT column_name, type FROM TABLE(INFER_SCHEMA(LOCATION => '@st/p/', FILE_FORMAT => 'pf')) ORDER BY order_id",
      ),
    ).toEqual([
      ["ID", "NUMBER(38, 0)"],
      ["NAME", "TEXT"],
      ["PRICE", "NUMBER(10, 2)"],
    ]);
    await s.run("COPY INTO t FROM @st/p/ FILE_FORMAT = (FORMAT_NAME = 'pf') MATCH_BY_COLUMN_NAME = CASE_SENSITIVE");
    expect(await s.rows("SELECT * FROM t")).toEqual([["9007199254740993", "x", null]]);
    expect(await s.rows("SELECT $1:PRICE::NUMBER(10,2), METADATA$FILENAME FROM @st/p/ (FILE_FORMAT => 'pf')")).toEqual([
      ["1.50", "st/p/1.parquet"],
    ]);
  });

  it.each([
    ["x,a,\n", "100038 22018: Numeric value 'x' is not recognized\n  File 'st/e/1.csv'"],
    ["1,a\n", "100080 22000: Number of columns in file (2) does not match that of the corresponding table (3)"],
    ["1,elevenchars,\n", "100078 22000"],
  ])("refuses a file that does not fit, and loads nothing: %j", async (content, refusal) => {
    await upload("e/1.csv", content);
    await upload("e/0.csv", "7,good,\n");
    expect((await s.refused(`COPY INTO t FROM @st/e/ FILE_FORMAT = ${csv}`)).slice(0, refusal.length)).toBe(refusal);
    expect(await s.one("SELECT COUNT(*) FROM t")).toBe("0");
    expect((await s.run(`COPY INTO t FROM @st/e/ FILE_FORMAT = ${csv} ON_ERROR = SKIP_FILE`)).affected).toBe(1);
  });

  it("takes named files, and misses none silently", async () => {
    await upload("f/1.csv", "1,a,\n");
    await upload("f/2.csv", "2,b,\n");
    expect((await s.run(`COPY INTO t FROM @st/f/ FILES = ('2.csv') FILE_FORMAT = ${csv} PURGE = TRUE`)).affected).toBe(1);
    expect(await s.refused(`COPY INTO t FROM @st/f/ FILES = ('2.csv') FILE_FORMAT = ${csv}`)).toMatch(/^091016/);
    expect((await s.rows("LIST @st/f/")).map((r) => r[0])).toEqual(["st/f/1.csv"]);
    expect(await s.rows("REMOVE @st/f/")).toEqual([["st/f/1.csv", "removed"]]);
    expect(await s.rows("LIST @st")).toEqual([]);
  });

  it.each([
    "COPY INTO t FROM @missing",
    "COPY INTO t FROM @st FILE_FORMAT = (TYPE = AVRO)",
    "COPY INTO t FROM @st FILE_FORMAT = (TYPE = CSV NO_SUCH = 1)",
    "COPY INTO t FROM @st NO_SUCH = 1",
    "COPY INTO @st FROM t",
    "COPY INTO t FROM @st FILE_FORMAT = (TYPE = CSV SKIP_HEADER = 1 PARSE_HEADER = TRUE)",
  ])("refuses what it does not know: %s", async (sql) => {
    expect(await s.refused(sql)).toMatch(/^0/);
  });
});
