import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type OpenCore, openCore } from "./engine/core.js";
import { copyJob } from "./engine/jobs/copy.js";
import { lex } from "./engine/lex.js";
import { privileges } from "./engine/privileges.js";
import { scriptFor } from "./engine/query.js";
import { parseScript } from "./engine/script/parse.js";
import { runNodes } from "./engine/script/run.js";
import type { QueryRequest } from "./engine/types.js";

/** A script that goes on statement by statement, so that others can come between. */
interface Step {
  (sql: string): Promise<void>;
  value(expression: string): Promise<unknown>;
  stop(): void;
}

let core: OpenCore;
const rights = privileges();
let jobs = 0;
function stepper(): Step {
  const abort = new AbortController();
  const q: QueryRequest = {
    sql: "",
    parameters: [],
    parameterMode: "NONE",
    project: "p",
    defaultDataset: { projectId: "p", datasetId: "d" },
    location: "US",
    user: "u",
    jobId: `job${++jobs}`,
    dryRun: false,
    maximumBytesBilled: null,
    statementByteBudget: null,
    signal: abort.signal,
  };
  const script = scriptFor(core, rights, q);
  const step = (sql: string) => runNodes(script, parseScript(lex(sql)));
  return Object.assign(step, {
    async value(expression: string) {
      await step(`SELECT ${expression}`);
      return script.children.at(-1)?.result?.rows[0]?.[0];
    },
    stop: () => abort.abort(),
  });
}

let a: Step;
let b: Step;
beforeAll(async () => {
  core = await openCore({ project: "p", datasets: ["d"] });
});
afterAll(() => core.close());
beforeEach(async () => {
  a = stepper();
  b = stepper();
  await a("CREATE OR REPLACE TABLE d.t (k INT64, v INT64); INSERT INTO d.t VALUES (1, 10), (2, 20);");
  await a("CREATE OR REPLACE TABLE d.u (k INT64)");
});
const sum = "(SELECT SUM(v) FROM d.t)";
const aborted =
  /^Query error: Transaction is aborted due to concurrent update against table p:d\.t\. Transaction ID: [0-9a-f-]+ at \[1:\d+\]$/;

describe("a transaction", () => {
  it("reads its own writes, and others read them when it has committed", async () => {
    await a(
      "BEGIN TRANSACTION; INSERT INTO d.t VALUES (3, 30); UPDATE d.t SET v = v + 1 WHERE k = 1; DELETE FROM d.t WHERE k = 2;",
    );
    expect([await a.value(sum), await b.value(sum)]).toEqual(["41", "30"]);
    await a("COMMIT TRANSACTION");
    expect(await b.value(sum)).toBe("41");
  });

  it("reads all tables as they were when it began", async () => {
    await a("BEGIN TRANSACTION");
    await b("INSERT INTO d.u VALUES (1); UPDATE d.t SET v = 0 WHERE TRUE;");
    expect([await a.value(sum), await a.value("(SELECT COUNT(*) FROM d.u)")]).toEqual(["30", "0"]);
    await a("COMMIT TRANSACTION");
    expect(await a.value(sum)).toBe("0");
  });

  it("has a clock that stands", async () => {
    await a("DECLARE one TIMESTAMP; BEGIN TRANSACTION; SET one = CURRENT_TIMESTAMP();");
    core.advance(5_000);
    expect(await a.value("one = CURRENT_TIMESTAMP()")).toBe("true");
    await a("ROLLBACK TRANSACTION");
  });

  it("leaves nothing when it is rolled back, nor where the script ends", async () => {
    await a("BEGIN TRANSACTION; DELETE FROM d.t WHERE TRUE; INSERT INTO d.u VALUES (1); ROLLBACK TRANSACTION;");
    expect([await b.value(sum), await b.value("(SELECT COUNT(*) FROM d.u)")]).toEqual(["30", "0"]);
  });

  it("goes on after a statement that failed", async () => {
    await a("BEGIN TRANSACTION; UPDATE d.t SET v = 1 WHERE k = 1;");
    await expect(a("UPDATE d.t SET v = CAST('x' AS INT64) WHERE TRUE")).rejects.toThrow();
    await a("COMMIT TRANSACTION");
    expect(await b.value(sum)).toBe("21");
  });

  it.each([
    "CREATE TABLE d.new (i INT64)",
    "DROP TABLE d.t",
    "ALTER TABLE d.t ADD COLUMN w INT64",
    "CREATE OR REPLACE TABLE d.t AS SELECT 1 AS k",
  ])("refuses %s", async (ddl) => {
    await a("BEGIN TRANSACTION");
    await expect(a(ddl)).rejects.toThrow(
      "DDL statements are not supported in a transaction, except for those creating or droping temporary tables or temporary functions.",
    );
    await a("ROLLBACK TRANSACTION");
  });

  it("takes temporary tables", async () => {
    await a(
      "BEGIN TRANSACTION; CREATE TEMP TABLE tt AS SELECT k FROM d.t; INSERT INTO d.u SELECT k FROM tt; DROP TABLE tt; COMMIT TRANSACTION;",
    );
    expect(await b.value("(SELECT COUNT(*) FROM d.u)")).toBe("2");
  });

  it("changes no more tables than it may", async () => {
    core.quotas.set("transactionTables", 1);
    await a("BEGIN TRANSACTION; INSERT INTO d.u VALUES (1);");
    await expect(a("INSERT INTO d.t VALUES (5, 5)")).rejects.toThrow(/at most 1 tables/);
    await a("ROLLBACK TRANSACTION");
    core.quotas.set("transactionTables", null);
  });
});

describe("two that change the same table", () => {
  it.each([
    "UPDATE d.t SET v = v + 1 WHERE k = 2",
    "DELETE FROM d.t WHERE k = 2",
    "TRUNCATE TABLE d.t",
    "MERGE d.t USING (SELECT 1 AS k) s ON t.k = s.k WHEN MATCHED THEN DELETE",
  ])("end with the second cancelled: %s", async (second) => {
    await a("BEGIN TRANSACTION; UPDATE d.t SET v = 0 WHERE k = 1;");
    await b("BEGIN TRANSACTION");
    await expect(b(second)).rejects.toThrow(aborted);
    await a("COMMIT TRANSACTION");
    await expect(b("ROLLBACK TRANSACTION")).rejects.toThrow(/there is no transaction open/);
    expect(await b.value(sum)).toBe("20");
  });

  it("end so as well where the first has committed since the second began", async () => {
    await b("BEGIN TRANSACTION");
    await a("UPDATE d.t SET v = 0 WHERE k = 1");
    await expect(b("UPDATE d.t SET v = 1 WHERE k = 2")).rejects.toThrow(aborted);
  });

  it("are in nobody's way where they only insert", async () => {
    await a("BEGIN TRANSACTION; INSERT INTO d.t VALUES (3, 1);");
    await b("BEGIN TRANSACTION; INSERT INTO d.t VALUES (4, 2);");
    const c = stepper();
    await c("UPDATE d.t SET v = 0 WHERE TRUE");
    await a("COMMIT TRANSACTION");
    await b("COMMIT TRANSACTION");
    expect(await c.value(sum)).toBe("3");
  });

  it("keep the rows that others inserted meanwhile", async () => {
    await a("BEGIN TRANSACTION; DELETE FROM d.t WHERE TRUE;");
    await b("INSERT INTO d.t VALUES (9, 9)");
    await a("COMMIT TRANSACTION");
    expect(await b.value(sum)).toBe("9");
  });

  it("go one after the other outside of transactions", async () => {
    await Promise.all([1, 2, 3, 4].map(() => stepper()("UPDATE d.t SET v = v + 1 WHERE TRUE")));
    expect(await b.value(sum)).toBe("38");
  });

  it("wait for a transaction if they are none, no more of them than may wait", async () => {
    await a("BEGIN TRANSACTION; UPDATE d.t SET v = 0 WHERE k = 1;");
    core.quotas.set("dmlQueue", 1);
    const first = stepper()("UPDATE d.t SET v = v + 1 WHERE TRUE");
    const second = stepper();
    const third = second("UPDATE d.t SET v = v + 1 WHERE TRUE");
    await expect(b("DELETE FROM d.t WHERE TRUE")).rejects.toMatchObject({
      reason: "resourcesExceeded",
      message: expect.stringMatching(/Too many DML statements outstanding against table p:d\.t, limit is 1\./),
    });
    second.stop();
    await expect(third).rejects.toMatchObject({ reason: "stopped" });
    await a("COMMIT TRANSACTION");
    await first;
    core.quotas.set("dmlQueue", null);
    expect(await b.value(sum)).toBe("22");
  });

  it("of which one is a copy job that overwrites, end with the transaction cancelled", async () => {
    await a("BEGIN TRANSACTION; UPDATE d.t SET v = 0 WHERE k = 1;");
    await b("CREATE OR REPLACE TABLE d.other (k INT64, v INT64)");
    const table = (tableId: string) => ({ projectId: "p", datasetId: "d", tableId });
    const configuration = { sourceTable: table("other"), destinationTable: table("t"), writeDisposition: "WRITE_TRUNCATE" };
    await copyJob(core, rights, { configuration, user: "u", jobId: "c", signal: new AbortController().signal });
    await expect(a("COMMIT TRANSACTION")).rejects.toThrow(aborted);
    expect(await b.value("(SELECT COUNT(*) FROM d.t)")).toBe("0");
  });
});

describe("time travel", () => {
  it("goes back within the window, and not beyond", async () => {
    core.advance(1_000);
    const then = core.catalog.now();
    core.advance(1_000);
    await a("UPDATE d.t SET v = 0 WHERE TRUE");
    const past = (micros: bigint) => `(SELECT SUM(v) FROM d.t FOR SYSTEM_TIME AS OF TIMESTAMP_MICROS(${micros}))`;
    expect(await a.value(past(then))).toBe("30");
    await expect(a.value(past(then + 3_600_000_000n))).rejects.toThrow(/Invalid time travel timestamp/);
    core.advance(8 * 86_400_000);
    await expect(a.value(past(then))).rejects.toThrow(
      /Invalid snapshot time \d+ for table p:d\.t@\d+\. Cannot read before \d+\./,
    );
  });
});
