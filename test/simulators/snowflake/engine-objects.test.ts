import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Opened, opened, type Session } from "./engine/opened.js";

let sim: Opened;
let s: Session;
let now = 0;
beforeEach(async () => {
  now = Date.UTC(2026, 0, 1);
  sim = await opened({ now: () => now });
  s = await sim.connect();
  await s.run("CREATE TABLE t (id INT, note VARCHAR)");
  await s.run("INSERT INTO t VALUES (1, 'old')");
});
afterEach(async () => {
  await s.close();
  await sim.close();
});

const day = 86_400_000;
const grants = async (table: string) => (await s.rows(`SHOW GRANTS ON TABLE ${table}`)).map((r) => `${r[1]} ${r[5]}`);
const named = async (sql: string, column: string) => {
  const result = await s.run(sql);
  const at = result.columns.findIndex((c) => c.name === column);
  return (result.rows as (string | null)[][]).map((r) => r[at]);
};

describe("A clone", () => {
  it("has the rows of its moment, and shares them", async () => {
    const before = sim.engine.stats()["physicalRows"];
    await s.run("CREATE TABLE c CLONE t");
    expect(sim.engine.stats()["physicalRows"]).toBe(before);
    await s.run("INSERT INTO t VALUES (2, 'new')");
    expect(await s.rows("SELECT * FROM c")).toEqual([["1", "old"]]);
  });

  it("has no grants, or with COPY GRANTS all but OWNERSHIP; with OR REPLACE those of the table replaced", async () => {
    await s.run("GRANT SELECT ON TABLE t TO ROLE READER");
    await s.run("CREATE TABLE bare CLONE t");
    await s.run("CREATE TABLE same CLONE t COPY GRANTS");
    await s.run("GRANT INSERT ON TABLE bare TO ROLE PUBLIC");
    expect(await grants("bare")).toEqual(["OWNERSHIP SYSADMIN", "INSERT PUBLIC"]);
    expect(await grants("same")).toEqual(["OWNERSHIP SYSADMIN", "SELECT READER"]);
    await s.run("CREATE OR REPLACE TABLE bare CLONE t COPY GRANTS");
    expect(await grants("bare")).toEqual(["OWNERSHIP SYSADMIN", "INSERT PUBLIC"]);
  });

  it("of a transient or temporary table cannot be permanent", async () => {
    await s.run("CREATE TRANSIENT TABLE tr (a INT)");
    await s.run("CREATE TEMPORARY TABLE tm (a INT)");
    expect(await s.refused("CREATE TABLE c CLONE tr")).toMatch(/Transient object cannot be cloned to a permanent object/);
    expect(await s.refused("CREATE TABLE c CLONE tm")).toMatch(/^002119 0A000/);
    await s.run("CREATE TRANSIENT TABLE c CLONE tr");
  });

  it("of the past: by statement, offset and time, back to the clone's own beginning", async () => {
    now += 60_000;
    await s.run("UPDATE t SET note = 'new'");
    const changed = s.queryId();
    now += 60_000;
    await s.run(`CREATE TABLE was CLONE t BEFORE (STATEMENT => '${changed}')`);
    expect(await s.one("SELECT note FROM was")).toBe("old");
    expect(await s.one(`SELECT note FROM t AT (STATEMENT => '${changed}')`)).toBe("new");
    expect(await s.one("SELECT note FROM t AT (OFFSET => -90)")).toBe("old");
    expect(await s.one("SELECT note FROM t AT (TIMESTAMP => '2026-01-01 00:01:30 Z'::TIMESTAMP_TZ)")).toBe("new");
    expect(await s.refused("SELECT * FROM was AT (OFFSET => -60)")).toMatch(
      /^000707 02000: Time travel data is not available for table WAS/,
    );
    expect(await s.refused("SELECT * FROM t BEFORE (STATEMENT => 'nothing')")).toMatch(/^000709/);
    now += 2 * day;
    expect(await s.refused(`SELECT * FROM t BEFORE (STATEMENT => '${changed}')`)).toMatch(/^000707/);
  });
});

describe("A swap", () => {
  it("exchanges names: grants, comment, keys, streams, tags and policies go with the table", async () => {
    await s.run("CREATE TABLE u (id INT PRIMARY KEY) COMMENT = 'second'");
    await s.run("GRANT SELECT ON TABLE u TO ROLE READER");
    await s.run("CREATE STREAM st ON TABLE u");
    await s.run("ALTER TABLE u SET TAG team = 'a'");
    await s.run("ALTER TABLE u ADD ROW ACCESS POLICY p ON (id)");
    await s.run("ALTER TABLE t SWAP WITH u");
    expect(await s.rows("SELECT * FROM u")).toEqual([["1", "old"]]);
    expect(await grants("t")).toEqual(["OWNERSHIP SYSADMIN", "SELECT READER"]);
    expect(await named("SHOW TABLES LIKE 't'", "comment")).toEqual(["second"]);
    expect(await named("SHOW STREAMS", "table_name")).toEqual(["DB.PUBLIC.T"]);
    expect(await s.one("SELECT tag_value FROM TABLE(INFORMATION_SCHEMA.TAG_REFERENCES('t', 'TABLE'))")).toBe("a");
    expect(
      await s.one(
        "SELECT policy_name FROM TABLE(INFORMATION_SCHEMA.POLICY_REFERENCES(REF_ENTITY_NAME => 't', REF_ENTITY_DOMAIN => 'TABLE'))",
      ),
    ).toBe("P");
    expect(await s.rows("SHOW PRIMARY KEYS IN TABLE t")).toHaveLength(1);
    await s.run("ALTER TABLE t SWAP WITH u");
    expect(await s.rows("SELECT * FROM t")).toEqual([["1", "old"]]);
  });

  it("is refused between a temporary table and another, and needs both", async () => {
    await s.run("CREATE TEMPORARY TABLE tm (a INT)");
    expect(await s.refused("ALTER TABLE t SWAP WITH tm")).toContain("0A000");
    expect(await s.refused("ALTER TABLE t SWAP WITH missing")).toMatch(/^002003/);
  });

  it("of schemas exchanges all that is in them", async () => {
    await s.run("CREATE SCHEMA other");
    await s.run("CREATE TABLE other.x (a INT)");
    await s.run("ALTER SCHEMA public SWAP WITH other");
    expect(await s.rows("SELECT * FROM db.other.t")).toEqual([["1", "old"]]);
    expect(await s.rows("SELECT * FROM db.public.x")).toEqual([]);
  });
});

describe("Tables", () => {
  it("that are dropped come back by UNDROP, the latest first, unless the name is taken or the retention over", async () => {
    await s.run("DROP TABLE t");
    await s.run("CREATE TABLE t (a INT)");
    expect(await s.refused("UNDROP TABLE t")).toMatch(/^002002 42710/);
    await s.run("ALTER TABLE t RENAME TO t2");
    await s.run("UNDROP TABLE t");
    expect(await s.rows("SELECT * FROM t")).toEqual([["1", "old"]]);
    await s.run("DROP TABLE t");
    now += 2 * day;
    expect(await s.refused("UNDROP TABLE t")).toMatch(/^002003/);
  });

  it("are renamed into another schema, and do not take a name that is there", async () => {
    await s.run("CREATE SCHEMA other");
    await s.run("CREATE TABLE other.u (a INT)");
    expect(await s.refused("ALTER TABLE public.t RENAME TO other.u")).toMatch(/^002002/);
    await s.run("ALTER TABLE db.public.t RENAME TO db.other.v");
    expect(await s.one("SELECT COUNT(*) FROM db.other.v")).toBe("1");
  });

  it("are described with their types, defaults, keys and comments", async () => {
    await s.run(
      "CREATE TABLE d (id NUMBER(19,0) NOT NULL COMMENT 'key', a VARCHAR(3) DEFAULT 'x', b TIMESTAMP_LTZ(6), PRIMARY KEY (id))",
    );
    expect((await s.rows("DESCRIBE TABLE d")).map((r) => [r[0], r[1], r[3], r[4], r[5], r[9]])).toEqual([
      ["ID", "NUMBER(19,0)", "N", null, "Y", "key"],
      ["A", "VARCHAR(3)", "Y", "'x'", "N", null],
      ["B", "TIMESTAMP_LTZ(6)", "Y", null, "N", null],
    ]);
    await s.run("COMMENT ON TABLE d IS 'what it''s for'");
    await s.run("COMMENT ON COLUMN d.a IS 'a note'");
    expect(
      await s.rows("SELECT table_type, is_transient, comment FROM INFORMATION_SCHEMA.TABLES WHERE table_name = 'D'"),
    ).toEqual([["BASE TABLE", "NO", "what it's for"]]);
    expect(
      await s.rows(
        "SELECT data_type, numeric_precision, is_nullable FROM DB.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'D' ORDER BY ordinal_position",
      ),
    ).toEqual([
      ["NUMBER", "19", "NO"],
      ["TEXT", null, "YES"],
      ["TIMESTAMP_LTZ", null, "YES"],
    ]);
  });

  it("change their columns, and keep their rows", async () => {
    await s.run("ALTER TABLE t ADD COLUMN n NUMBER(5,0) DEFAULT 3 NOT NULL");
    await s.run("ALTER TABLE t RENAME COLUMN note TO text");
    await s.run("ALTER TABLE t ALTER COLUMN n SET DATA TYPE NUMBER(9,0)");
    expect(await s.rows("SELECT id, text, n FROM t")).toEqual([["1", "old", "3"]]);
    expect(await s.refused("ALTER TABLE t ALTER COLUMN n SET DATA TYPE VARCHAR")).toMatch(/^002108/);
    expect(await s.refused("ALTER TABLE t ADD COLUMN m INT NOT NULL")).toContain("Non-nullable column 'M'");
    await s.run("ALTER TABLE t DROP COLUMN text");
    expect(await s.rows("SELECT * FROM t")).toEqual([["1", "3"]]);
  });

  it("that are temporary hide others of the name, for their session alone", async () => {
    const other = await sim.connect();
    await s.run("CREATE TEMPORARY TABLE t (x INT)");
    expect(await s.rows("SELECT * FROM t")).toEqual([]);
    expect(await other.rows("SELECT * FROM t")).toEqual([["1", "old"]]);
    await s.run("DROP TABLE t");
    expect(await s.rows("SELECT * FROM t")).toEqual([["1", "old"]]);
    await other.close();
  });

  it("of other kinds are shown as such, and refuse what they cannot", async () => {
    await s.run("CREATE DYNAMIC TABLE dyn TARGET_LAG = '1 minute' WAREHOUSE = WH AS SELECT id FROM t");
    await s.run("CREATE STAGE st");
    await s.run("CREATE EXTERNAL TABLE ext (a INT) LOCATION = @st FILE_FORMAT = (TYPE = PARQUET)");
    expect(await named("SHOW TABLES LIKE 'dyn'", "is_dynamic")).toEqual(["Y"]);
    expect(await named("SHOW EXTERNAL TABLES", "name")).toEqual(["EXT"]);
    for (const table of ["dyn", "ext"]) {
      expect(await s.refused(`DELETE FROM ${table}`)).toContain("0A000");
      expect(await s.refused(`ALTER TABLE t SWAP WITH ${table}`)).toContain("0A000");
      expect(await s.refused(`CREATE TABLE c CLONE ${table}`)).toContain("0A000");
    }
  });

  it("tell when they last changed", async () => {
    const at = () => s.one("SELECT SYSTEM$LAST_CHANGE_COMMIT_TIME('DB.PUBLIC.T')");
    const before = await at();
    expect(await at()).toBe(before);
    await s.run("UPDATE t SET note = 'x'");
    expect(BigInt((await at()) ?? 0)).toBeGreaterThan(BigInt(before ?? 0));
  });

  it("forget versions that nobody may travel to", async () => {
    await s.run("CREATE TRANSIENT TABLE log (n INT) DATA_RETENTION_TIME_IN_DAYS = 0");
    for (let k = 0; k < 100; k++) await s.run(`INSERT INTO log VALUES (${k})`);
    await s.run("UPDATE log SET n = n");
    expect(await s.one("SELECT COUNT(*) FROM log")).toBe("100");
    expect(sim.engine.stats()["versions"]).toBeLessThan(80);
  });
});

describe("Privileges", () => {
  let ben: Session;
  beforeEach(async () => {
    ben = await sim.connect({ user: "BEN" });
  });
  afterEach(() => ben.close());

  it("hide what a role may not see, and refuse what it may not do", async () => {
    expect(await ben.refused("SELECT * FROM db.public.t")).toMatch(
      /^002003 02000: .*Database 'DB' does not exist or not authorized/s,
    );
    for (const sql of ["GRANT USAGE ON DATABASE db TO ROLE READER", "GRANT USAGE ON SCHEMA db.public TO ROLE READER"])
      await s.run(sql);
    expect(await ben.refused("SELECT * FROM db.public.t")).toMatch(/^002003 42S02/);
    await s.run("GRANT SELECT ON TABLE t TO ROLE READER");
    expect(await ben.rows("SELECT * FROM db.public.t")).toEqual([["1", "old"]]);
    expect(await ben.refused("DELETE FROM db.public.t")).toBe(
      "003001 42501: SQL access control error:\nInsufficient privileges to operate on table 'T'",
    );
    expect(await ben.refused("ALTER TABLE db.public.t SWAP WITH db.public.t")).toMatch(/^003001/);
    expect(await ben.refused("CREATE TABLE db.public.x (a INT)")).toMatch(/^003001 42501: .*schema 'PUBLIC'/s);
    await s.run("REVOKE SELECT ON TABLE t FROM ROLE READER");
    expect(await ben.refused("SELECT * FROM db.public.t")).toMatch(/^002003/);
  });

  it("of MERGE are those of its clauses", async () => {
    for (const sql of [
      "GRANT USAGE ON DATABASE db TO ROLE READER",
      "GRANT USAGE ON SCHEMA db.public TO ROLE READER",
      "GRANT SELECT, INSERT ON TABLE t TO ROLE READER",
    ])
      await s.run(sql);
    const merge = (clause: string) => `MERGE INTO db.public.t USING (SELECT 2 AS k) s ON t.id = s.k ${clause}`;
    expect((await ben.run(merge("WHEN NOT MATCHED THEN INSERT (id) VALUES (s.k)"))).affected).toBe(1);
    expect(await ben.refused(merge("WHEN MATCHED THEN DELETE"))).toMatch(/^003001/);
  });

  it("come to new tables by future grants", async () => {
    await s.run("GRANT SELECT ON FUTURE TABLES IN SCHEMA public TO ROLE READER");
    await s.run("CREATE TABLE fresh (a INT)");
    expect(await grants("fresh")).toEqual(["OWNERSHIP SYSADMIN", "SELECT READER"]);
  });

  it("with OWNERSHIP move only with the other grants revoked or copied", async () => {
    await s.run("GRANT SELECT ON TABLE t TO ROLE PUBLIC");
    expect(await s.refused("GRANT OWNERSHIP ON TABLE t TO ROLE READER")).toMatch(/^003036/);
    await s.run("GRANT OWNERSHIP ON TABLE t TO ROLE READER COPY CURRENT GRANTS");
    expect(await grants("t")).toEqual(["OWNERSHIP READER", "SELECT PUBLIC"]);
  });

  it("belong to roles that the user has", async () => {
    expect(await ben.refused("USE ROLE SYSADMIN")).toMatch(/^003013/);
    await expect(sim.connect({ user: "BEN", role: "SYSADMIN" })).rejects.toMatchObject({ code: "390189" });
  });
});

describe("Views", () => {
  it("read with their owner's rights, and take no change", async () => {
    await s.run("CREATE VIEW v (k) AS SELECT id FROM t WHERE note = 'old'");
    expect(await s.rows("SELECT k FROM v")).toEqual([["1"]]);
    expect(await s.refused("INSERT INTO v VALUES (1)")).toContain("VIEW");
    expect(await s.refused("CREATE TABLE v (a INT)")).toMatch(/^002002/);
  });
});
