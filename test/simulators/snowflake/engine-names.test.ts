import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Opened, opened, type Session } from "./engine/opened.js";

let sim: Opened;
let s: Session;
beforeAll(async () => {
  sim = await opened();
  s = await sim.connect();
});
afterAll(async () => {
  await s.close();
  await sim.close();
});

describe("Names", () => {
  it("fold to upper case unless they are quoted, and are compared exactly", async () => {
    await s.run('CREATE TABLE cases (id INT, "id" INT, "Mixed Name" INT)');
    await s.run("INSERT INTO CASES VALUES (1, 2, 3)");
    expect(await s.rows('SELECT ID, "id", "Mixed Name" FROM "CASES"')).toEqual([["1", "2", "3"]]);
    expect((await s.run('SELECT ID, "id" FROM cases')).columns.map((c) => c.name)).toEqual(["ID", "id"]);
    expect(await s.refused('SELECT "ID2" FROM cases')).toMatch(/^000904 42000: .*invalid identifier 'ID2'/s);
    expect(await s.refused('SELECT "mixed name" FROM cases')).toContain("000904");
    expect(await s.refused('SELECT * FROM "cases"')).toBe(
      `002003 42S02: SQL compilation error:\nObject 'DB.PUBLIC."cases"' does not exist or not authorized.`,
    );
  });

  it("keep quotes and other signs", async () => {
    await s.run('CREATE TABLE "a ""b"" · c" ("ü ""x""" INT)');
    await s.run('INSERT INTO "a ""b"" · c" VALUES (1)');
    expect((await s.run('SELECT * FROM "a ""b"" · c"')).columns[0]?.name).toBe('ü "x"');
  });

  it("of expressions without an alias are their text in upper case", async () => {
    expect((await s.run("SELECT count(*), 1 + 1, 'a'")).columns.map((c) => c.name)).toEqual(["COUNT(*)", "1 + 1", "'A'"]);
  });

  it("of a neighbour are not seen in a subquery unless it is lateral", async () => {
    expect(await s.refused("SELECT * FROM (SELECT 1 AS a) x, (SELECT x.a AS b) y")).toContain("000904");
    expect(await s.rows("SELECT y.b FROM (SELECT 1 AS a) x, LATERAL (SELECT x.a + 1 AS b) y")).toEqual([["2"]]);
  });

  it("need a current schema where they are not whole", async () => {
    await s.run("CREATE SCHEMA gone");
    await s.run("DROP SCHEMA gone");
    expect(await s.refused("CREATE TABLE t (a INT)")).toMatch(/^090106 22000/);
    expect(await s.refused("SELECT * FROM db.gone.t")).toMatch(/^002003 02000: .*Schema 'DB.GONE'/s);
    await s.run("USE SCHEMA public");
    expect(await s.one("SELECT CURRENT_SCHEMA()")).toBe("PUBLIC");
  });
});

describe("Statements", () => {
  it.each([
    ["SELEC 1", "001003 42000: SQL compilation error:\nsyntax error line 1 at position 0 unexpected 'SELEC'."],
    ["SELECT 1 +", "001003 42000: SQL compilation error:\nsyntax error line 1 at position 10 unexpected '<EOF>'."],
    ["SELECT nothing(1)", "002140 42601: SQL compilation error:\nUnknown function NOTHING"],
    ["SELECT read_csv('x')", "002140 42601: SQL compilation error:\nUnknown function READ_CSV"],
    ["SELECT 1; SELECT 2", "000008 0A000: Actual statement count 2 did not match the desired statement count 1."],
    ["ALTER SESSION SET NO_SUCH = 1", "001006 22023: SQL compilation error:\ninvalid parameter 'NO_SUCH'"],
    ["CREATE TABLE t (a INT) NO_SUCH = 1", "001420 22023: SQL compilation error:\ninvalid property 'NO_SUCH' for 'TABLE'"],
    ["VACUUM", "001003 42000: SQL compilation error:\nsyntax error line 1 at position 0 unexpected 'VACUUM'."],
    ["", "000900 42601: SQL compilation error:\nEmpty SQL statement."],
  ])("that the service does not know are refused: %s", async (sql, refusal) => {
    expect(await s.refused(sql)).toBe(refusal);
  });

  it("that read or write rows need a warehouse", async () => {
    await s.run("CREATE OR REPLACE TABLE wh (a INT)");
    const lost = await sim.connect({ warehouse: "NO_SUCH" });
    expect(await lost.refused("SELECT * FROM wh")).toMatch(/^000606 57P03/);
    expect(await lost.refused("INSERT INTO wh VALUES (1)")).toMatch(/^000606/);
    expect(await lost.one("SELECT 1")).toBe("1");
    await lost.close();
  });
});
