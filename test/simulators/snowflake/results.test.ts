import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Account, accounts, type Client, manyRows } from "./support.js";

const pool = accounts();
let account: Account;
let client: Client;

beforeEach(async () => {
  account = await pool.start({ chunks: { first: 1_000, chunk: 20_000 } });
  client = await account.connect();
});
afterEach(() => pool.end());

const count = async (sql: string): Promise<number> => {
  const { statement } = await client.run(sql, { streamResult: true });
  let rows = 0;
  for await (const _ of statement.streamRows()) rows += 1;
  return rows;
};

describe("a result in chunks", () => {
  it("arrives whole", async () => {
    expect(await count(manyRows(2_000))).toBe(2_000);
    expect(account.sim.counts.chunks).toBeGreaterThan(5);
  });

  it("is fetched as far as it is read, and two chunks ahead", async () => {
    const { statement } = await client.run(manyRows(10_000), { streamResult: true });
    expect(account.sim.counts.chunks).toBe(0);
    for await (const _ of statement.streamRows()) break;
    expect(account.sim.counts.chunks).toBeLessThanOrEqual(3);
  });

  it("survives a chunk that is cut in the middle: the driver asks for it again", async () => {
    const cut = account.sim.faults.add({ endpoint: "chunk" }, { body: "truncated" });
    expect(await count(manyRows(500))).toBe(500);
    expect(cut.times).toBe(1);
  });

  it("survives an address that storage refuses", async () => {
    const refused = account.sim.faults.add({ endpoint: "chunk" }, { status: 403 });
    expect(await count(manyRows(500))).toBe(500);
    expect(refused.times).toBe(1);
  });

  it("survives chunks that come slowly", async () => {
    account.sim.faults.add({ endpoint: "chunk" }, { slow: 1 }, 2);
    expect(await count(manyRows(500))).toBe(500);
  });

  it("is not shown to whom does not have its key", async () => {
    const { statement } = await client.run(manyRows(500), { streamResult: true });
    const address = `${account.sim.url}/results/${statement.getQueryId()}/0`;
    expect((await fetch(address)).status).toBe(403);
  });

  it("is cut where there are no rows, one row or few", async () => {
    expect(await count(manyRows(0))).toBe(0);
    expect(await count(manyRows(1))).toBe(1);
    expect(await count(manyRows(9))).toBe(9);
  });
});

describe("values", () => {
  it("keep all digits where they are fetched as strings", async () => {
    const sql =
      'SELECT 12345678901234567890123456789012345678 AS A, 1.10::NUMBER(10,2) AS B, PARSE_JSON(\'{"b":1.10,"a":12345678901234567890}\') AS V';
    const { rows } = await client.run(sql, { fetchAsString: ["Number", "JSON"] });
    expect(rows[0]).toMatchObject({ A: "12345678901234567890123456789012345678", B: "1.10" });
    expect(rows[0]?.["V"]).toContain("12345678901234567890");
    expect((await client.run(sql)).rows[0]).toMatchObject({ A: Number("12345678901234567890123456789012345678"), B: 1.1 });
  });

  it("of time keep their fraction beside the date, and fold to the session's format as strings", async () => {
    await client.run("ALTER SESSION SET TIMEZONE = 'UTC'");
    const sql = "SELECT '2024-02-29 12:34:56.123456'::TIMESTAMP_NTZ(9) AS N, '2024-02-29'::DATE AS D";
    const [row] = (await client.run(sql)).rows;
    const instant = row!["N"] as Date & { getNanoSeconds(): number; getEpochSeconds(): number };
    expect([instant.getEpochSeconds(), instant.getNanoSeconds()]).toEqual([
      Date.UTC(2024, 1, 29, 12, 34, 56) / 1000,
      123_456_000,
    ]);
    expect((await client.run(sql, { fetchAsString: ["Date"] })).rows).toEqual([
      { N: "2024-02-29 12:34:56.123", D: "2024-02-29" },
    ]);
    await client.run("ALTER SESSION SET TIMESTAMP_NTZ_OUTPUT_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF9'");
    expect((await client.run(sql, { fetchAsString: ["Date"] })).rows).toMatchObject([{ N: "2024-02-29 12:34:56.123456000" }]);
  });

  it("of truth, bytes and NULL", async () => {
    const { rows } = await client.run("SELECT TRUE AS T, FALSE AS F, TO_BINARY('00ff', 'HEX') AS B, NULL AS N");
    expect(rows[0]).toMatchObject({ T: true, F: false, N: null });
    expect([...(rows[0]!["B"] as Buffer)]).toEqual([0, 255]);
  });
});
