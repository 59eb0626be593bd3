import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { accepted, check, cutover, files, isCutoverError, maxDrop, noRows, rows, sql, table, unique } from "cutover";
import { expect, test } from "vitest";
import { type Db, onEveryWarehouse } from "../support/warehouse.js";

const secret = "078-05-1120";
/** Everything that the library tells anyone: errors with their causes, events, logs, the journal. */
async function told(db: Db, make: (o: object) => Promise<unknown>): Promise<readonly string[]> {
  const heard: unknown[] = [];
  const say = (...args: unknown[]) => void heard.push(args);
  const e = await make({ logger: { debug: say, info: say, warn: say, error: say }, observers: [{ event: say }] }).then(
    (value: unknown) => ({ value }),
    (error: unknown) => {
      expect(isCutoverError(error)).toBe(true);
      return { error, context: (error as { context: unknown }).context };
    },
  );
  const ledger = (await db.tables()).filter((t) => t === "cutover_ledger.journal");
  const journal = ledger.length === 0 ? [] : await db.query("SELECT * FROM cutover_ledger.journal");
  return inspect([e, heard, journal], { depth: 12, maxStringLength: null, maxArrayLength: null, breakLength: 200 }).split("\n");
}
const leaks = (lines: readonly string[], what = /078-05-1120/): readonly string[] => lines.filter((line) => what.test(line));

onEveryWarehouse((open) => {
  const columns = { ssn: "string?", id: "int64", day: "date?" } as const;

  test("invariant 10: redacted columns stay out of samples, errors, events and the journal", async () => {
    const db = await open();
    const t = table("people", {
      columns,
      key: "id",
      redact: ["ssn"],
      checks: [
        accepted("ssn", ["none"]),
        unique("ssn"),
        noRows("any", sql`SELECT * FROM ${sql.self}`),
        check("js", async () => ({ pass: false, observed: 1 })),
      ],
    });
    const text = await told(db, (o) =>
      db.own(cutover({ warehouse: db.warehouse, pipeline: "people", tables: { t }, ...o })).run({
        t: rows([
          { id: 1, ssn: secret },
          { id: 2, ssn: secret },
        ]),
      }),
    );
    expect(text.join("\n")).toContain("CHECKS_FAILED");
    expect(text.join("\n")).toContain("[redacted]");
    expect(leaks(text)).toEqual([]);
  });

  test("invariant 10: a redacted key does not appear when it comes twice with different content", async () => {
    const db = await open();
    const t = table("people", { columns: { ssn: "string", id: "int64" }, key: "ssn", redact: ["ssn"] });
    const text = await told(db, (o) =>
      db.own(cutover({ warehouse: db.warehouse, pipeline: "people", tables: { t }, ...o })).run({
        t: rows([
          { id: 1, ssn: secret },
          { id: 2, ssn: secret },
        ]),
      }),
    );
    expect(text.join("\n")).toContain("BAD_ROW");
    expect(leaks(text)).toEqual([]);
  });

  test("invariant 10: a redacted partition does not appear in the samples of a drop", async () => {
    const db = await open();
    const t = table("people", {
      columns: { ssn: "string", id: "int64" },
      mode: "partition",
      partition: "ssn",
      redact: ["ssn"],
      checks: [maxDrop(0.1, { per: "partition" })],
    });
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "people", tables: { t } }));
    await etl.run({
      t: rows([
        { id: 1, ssn: secret },
        { id: 2, ssn: secret },
      ]),
    });
    const text = await told(db, (o) =>
      db
        .own(cutover({ warehouse: db.warehouse, pipeline: "people", tables: { t }, ...o }))
        .run({ t: rows([{ id: 1, ssn: secret }]) }),
    );
    expect(text.join("\n")).toContain("CHECKS_FAILED");
    expect(leaks(text)).toEqual([]);
  });

  const unfit = [
    ["in a file does not fit its column", "file"],
    ["in a row does not fit its column", [{ id: 1, ssn: secret }]],
    ["in a row is too large for its column", [{ id: 1, ssn: 7_805_112_099 }]],
    ["breaks a CHECK of the table", [{ id: 1, ssn: -780_511 }]],
    [
      "breaks a UNIQUE of the table",
      [
        { id: 1, ssn: 78_051_120 },
        { id: 2, ssn: 78_051_120 },
      ],
    ],
  ] as const;
  for (const [what, given] of unfit) {
    test(`invariant 10: a redacted value that ${what} does not appear`, async () => {
      const db = await open();
      await db.query("CREATE TABLE people (ssn INTEGER UNIQUE, id BIGINT, CHECK (ssn >= 0))");
      const t = table("people", { key: "id", redact: ["ssn"] });
      const path = join(db.folder, "people.csv");
      await writeFile(path, `id,ssn\n1,${secret}\n`);
      const source = given === "file" ? files(path) : rows(given as unknown as Record<string, never>[]);
      const text = await told(db, (o) =>
        db.own(cutover({ warehouse: db.warehouse, pipeline: "people", tables: { t }, ...o })).run({ t: source }),
      );
      expect(text.join("\n")).toContain("error:");
      expect(leaks(text, /078-05-1120|780511|78051120|7805112099/)).toEqual([]);
    });
  }

  test("invariant 10: redaction knows a column by the engine's rules, whatever its case", async () => {
    const db = await open();
    await db.query('CREATE TABLE people ("SSN" VARCHAR, id BIGINT)');
    const t = table("people", {
      columns: { ssn: "string?", id: "int64" },
      key: "id",
      redact: ["ssn"],
      checks: [accepted("ssn", ["none"])],
    });
    const text = await told(db, (o) =>
      db
        .own(cutover({ warehouse: db.warehouse, pipeline: "people", tables: { t }, ...o }))
        .run({ t: rows([{ id: 1, ssn: secret }]) }),
    );
    expect(text.join("\n")).toContain("CHECKS_FAILED");
    expect(leaks(text)).toEqual([]);
  });
});
