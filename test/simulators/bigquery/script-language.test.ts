import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "./engine-world.js";

let w: World;
beforeAll(async () => {
  w = await openWorld();
});
afterAll(() => w.engine.close());

describe("variables", () => {
  it("are declared with a type, a default, or both", async () => {
    const sql =
      "DECLARE a, b INT64 DEFAULT 2; DECLARE c DEFAULT a + b; DECLARE s STRING; SET s = CAST(c AS STRING); SELECT a, b, c, s;";
    expect(await w.rows(sql)).toEqual([["2", "2", "4", "4"]]);
  });

  it("are set together, converted to their type", async () => {
    const sql = "DECLARE a INT64; DECLARE f FLOAT64; SET (a, f) = (SELECT AS STRUCT 7, 1); SELECT a, f;";
    expect(await w.rows(sql)).toEqual([["7", "1.0"]]);
  });

  it("hold arrays and records", async () => {
    const sql =
      "DECLARE a ARRAY<INT64>; SET a = ARRAY(SELECT x FROM UNNEST([3, 1, 2]) AS x ORDER BY x); SELECT ARRAY_LENGTH(a), a;";
    expect(await w.rows(sql)).toEqual([["3", [{ v: "1" }, { v: "2" }, { v: "3" }]]]);
  });

  it("are hidden by columns of their name", async () => {
    expect(await w.rows("DECLARE x INT64 DEFAULT 1; SELECT x FROM (SELECT 2 AS x);")).toEqual([["2"]]);
  });

  it.each([
    ["SELECT 1; DECLARE a INT64;", /Variable declarations are allowed only at the start of a block or script at \[1:11\]/],
    ["DECLARE a INT64; BEGIN DECLARE A INT64; END;", /redeclaration/],
    ["DECLARE a INT64; SET b = 1;", /Undeclared variable: b at \[1:22\]/],
    ["DECLARE a INT64; SET a = 'x';", /at \[1:\d+\]/],
    ["BEGIN DECLARE a INT64; SELECT 1/0; EXCEPTION WHEN ERROR THEN SELECT a; END;", /Unrecognized name: a/],
    ["BEGIN DECLARE a INT64; END; SET a = 1;", /Undeclared variable: a/],
  ] as const)("refuses %s", async (sql, message) => {
    expect(await w.refusal(sql)).toMatchObject({ reason: "invalidQuery", message: expect.stringMatching(message) });
  });

  it("hold no more than they may", async () => {
    expect((await w.refusal("DECLARE s STRING DEFAULT REPEAT('x', 1048577); SELECT 1;")).reason).toBe("resourcesExceeded");
  });
});

describe("the way through a script", () => {
  it.each([
    ["IF 1 > 2 THEN SELECT 'a'; ELSEIF CASE WHEN TRUE THEN TRUE ELSE FALSE END THEN SELECT 'b'; ELSE SELECT 'c'; END IF;", "b"],
    ["IF CAST(NULL AS BOOL) THEN SELECT 'a'; ELSE SELECT 'c'; END IF;", "c"],
    ["DECLARE i INT64 DEFAULT 0; WHILE i < 3 DO SET i = i + 1; IF i = 2 THEN BREAK; END IF; END WHILE; SELECT i;", "2"],
    ["DECLARE i INT64 DEFAULT 0; LOOP SET i = i + 1; IF i < 5 THEN CONTINUE; END IF; LEAVE; END LOOP; SELECT i;", "5"],
    ["DECLARE i INT64 DEFAULT 0; REPEAT SET i = i + 1; UNTIL i >= 4 END REPEAT; SELECT i;", "4"],
    [
      "DECLARE s INT64 DEFAULT 0; FOR r IN (SELECT x, x * 2 AS y FROM UNNEST([1, 2]) AS x) DO SET s = s + r.y; END FOR; SELECT s;",
      "6",
    ],
    ["CASE 2 WHEN 1 THEN SELECT 'one'; WHEN 1 + 1 THEN SELECT 'two'; ELSE SELECT 'more'; END CASE;", "two"],
    ["SELECT 'x'; RETURN; SELECT 'y';", "x"],
    [
      "DECLARE q STRING DEFAULT 'SELECT ? + @@row'; DECLARE r INT64; EXECUTE IMMEDIATE 'SELECT ? + 1' INTO r USING 41; SELECT r;",
      "42",
    ],
    ["CREATE TEMP TABLE tt AS SELECT 5 AS x; SELECT x FROM tt;", "5"],
  ] as const)("%s", async (sql, value) => {
    const [row] = await w.rows(sql);
    expect(row?.[0]).toBe(value);
  });

  it("is checked before anything runs", async () => {
    await w.run("CREATE TABLE d.unchecked (i INT64)");
    const { message } = await w.refusal("INSERT INTO d.unchecked VALUES (1); IF TRUE THEN SELECT 1; END;");
    expect(message).toMatch(/^Syntax error: Expected keyword IF but got ";" at \[1:63\]/);
    expect(await w.rows("SELECT COUNT(*) FROM d.unchecked")).toEqual([["0"]]);
  });

  it("ends with the last result, or with the first SELECT if asked", async () => {
    const sql = "SELECT 1; SELECT 2;";
    expect((await w.run(sql)).rows).toEqual([["2"]]);
    expect((await w.run(sql, { keyResultStatement: "FIRST_SELECT" })).rows).toEqual([["1"]]);
  });

  it("tells its children in order", async () => {
    await w.run("CREATE TABLE d.children (i INT64)");
    const done = await w.run(
      "DECLARE n INT64;\nINSERT INTO d.children VALUES (1), (2);\nSET n = (SELECT COUNT(*) FROM d.children);\nSELECT n;",
    );
    expect(done.statementType).toBe("SCRIPT");
    expect(done.children?.map((c) => [c.statementType, c.evaluationKind, c.line, c.column])).toEqual([
      ["INSERT", "STATEMENT", 2, 1],
      ["SELECT", "EXPRESSION", 3, 9],
      ["SELECT", "STATEMENT", 4, 1],
    ]);
  });

  it("ends where it is cancelled, and no handler sees it", async () => {
    const stop = new AbortController();
    const running = w.refusal("BEGIN LOOP SELECT 1; END LOOP; EXCEPTION WHEN ERROR THEN SELECT 'caught'; END;", {
      signal: stop.signal,
    });
    setImmediate(() => stop.abort());
    expect((await running).reason).toBe("stopped");
  });
});

describe("errors", () => {
  it("come to the handler with their text and statement", async () => {
    const sql = "BEGIN\n  SELECT 1/0;\nEXCEPTION WHEN ERROR THEN\n  SELECT @@error.message, @@error.statement_text;\nEND;";
    const [row] = await w.rows(sql);
    expect(row?.[0]).toMatch(/^Query error: division by zero: 1 \/ 0 at \[2:3\]$/i);
    expect(row?.[1]).toBe("SELECT 1/0");
  });

  it("of RAISE come exactly as they were raised", async () => {
    const sql = "BEGIN RAISE USING MESSAGE = CONCAT('cut', 'over'); EXCEPTION WHEN ERROR THEN SELECT @@error.message; END;";
    expect(await w.rows(sql)).toEqual([["cutover"]]);
    expect(await w.refusal("SELECT 1;\nRAISE USING MESSAGE = 'cutover';")).toEqual({
      reason: "invalidQuery",
      message: "cutover at [2:1]",
    });
  });

  it("are raised again as they were, from a nested block too", async () => {
    const sql = `BEGIN
  SELECT * FROM d.nowhere;
EXCEPTION WHEN ERROR THEN
  BEGIN ROLLBACK TRANSACTION; EXCEPTION WHEN ERROR THEN SELECT 1; END;
  IF TRUE THEN RAISE; END IF;
END;`;
    const { message } = await w.refusal(sql);
    expect(message).toMatch(/Not found: Table p:d.nowhere was not found in location US at \[2:\d+\]$/);
  });

  it("in a handler come to the block around", async () => {
    const sql =
      "BEGIN BEGIN SELECT 1/0; EXCEPTION WHEN ERROR THEN SELECT 2/0; END; EXCEPTION WHEN ERROR THEN SELECT @@error.message; END;";
    expect((await w.rows(sql))[0]?.[0]).toMatch(/2 \/ 0/);
  });

  it("of ASSERT bear its text", async () => {
    expect((await w.refusal("ASSERT 1 = 2 AS 'not so';")).message).toMatch(/not so at \[1:1\]$/);
    await w.run("ASSERT 1 = 1 AS 'so';");
  });

  it.each(["RAISE;", "COMMIT TRANSACTION;", "ROLLBACK TRANSACTION;", "BEGIN TRANSACTION; BEGIN TRANSACTION;"])(
    "meet %s",
    async (sql) => {
      expect((await w.refusal(sql)).reason).toBe("invalidQuery");
    },
  );
});

describe("@@row_count", () => {
  it("is of the statement before, if that was DML", async () => {
    await w.run("CREATE TABLE d.counted (i INT64)");
    const sql = `DECLARE a, b, c INT64;
INSERT INTO d.counted VALUES (1), (2), (3); SET a = @@row_count;
UPDATE d.counted SET i = i + 1 WHERE i > 1; SET b = @@row_count;
SELECT 1; SET c = @@row_count;
SELECT a, b, c;`;
    expect(await w.rows(sql)).toEqual([["3", "2", null]]);
    expect(await w.rows("SELECT @@row_count")).toEqual([[null]]);
  });
});
