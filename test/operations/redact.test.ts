import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { type Check, cutover, files, isCutoverError, maxDrop, noRows, rows, sql, table } from "cutover";
import { expect, test } from "vitest";
import { failure, itemsPipeline } from "../support/fixtures.js";
import { onEveryWarehouse } from "../support/warehouse.js";

const secret = "078-05-1120";
const shown = (e: unknown): string => inspect([e, isCutoverError(e) ? e.context : null], { depth: 12, maxStringLength: null });

onEveryWarehouse((open) => {
  const people = (checks: readonly Check<never>[], redact: readonly ("id" | "ssn")[] = ["ssn"]) =>
    table("people", { columns: { id: "int64", ssn: "string" }, key: "id", redact, checks });

  test("invariant 10: a query shows what bears the name of a column that is not redacted, and nothing else", async () => {
    const db = await open();
    const t = people([
      noRows("renamed", sql`SELECT id, ssn AS number, ID + 1 AS more FROM ${sql.self}`),
      noRows("computed", sql`SELECT max(ssn), 'x' || min(ssn) FROM ${sql.self}`),
    ]);
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "people", tables: { t } }));
    const e = await failure(etl.run({ t: rows([{ id: 1, ssn: secret }]) }), "CHECKS_FAILED");
    expect(e.context.checks.map((c) => c.samples[0])).toEqual([
      { id: "1", number: "[redacted]", more: "[redacted]" },
      { "max(ssn)": "[redacted]", "('x' || min(ssn))": "[redacted]" },
    ]);
    expect(shown(e)).not.toContain(secret);
  });

  test("invariant 10: where nothing is redacted a query is shown as it is, and so are the counts of partitions", async () => {
    const db = await open();
    const t = people([noRows("renamed", sql`SELECT ssn AS number FROM ${sql.self}`)], []);
    const etl = db.own(cutover({ warehouse: db.warehouse, pipeline: "people", tables: { t } }));
    const e = await failure(etl.run({ t: rows([{ id: 1, ssn: secret }]) }), "CHECKS_FAILED");
    expect(e.context.checks[0]?.samples).toEqual([{ number: secret }]);
    const days = table("days", {
      columns: { day: "int64", ssn: "string" },
      mode: "partition",
      partition: "day",
      redact: ["ssn"],
      checks: [maxDrop(0.1, { per: "partition" })],
    });
    const other = db.own(cutover({ warehouse: db.warehouse, pipeline: "days", tables: { days } }));
    const row = { day: 1, ssn: secret };
    await other.run({ days: rows([row, row]) });
    const fell = await failure(other.run({ days: rows([row]) }), "CHECKS_FAILED");
    expect(fell.context.checks[0]?.samples).toEqual([{ day: "1", rows_before: "2", rows_now: "1" }]);
  });

  test("invariant 10: credentials and signatures of a URL stand in no error", async () => {
    const db = await open();
    const etl = itemsPipeline(db);
    const there = join(db.folder, "hunter2");
    await mkdir(there);
    await writeFile(join(there, "other.csv"), "a,b\n1,2\n");
    await writeFile(join(there, "broken.parquet"), "no parquet");
    await writeFile(join(there, "unfit.csv"), "id,name,v,seq\n1,x,many,1\n");
    const url = (file: string) => `${pathToFileURL(join(db.folder, file)).href}?X-Amz-Signature=SECRETSIG%2Fabc`;
    const sources = [
      files("https://user:hunter2@127.0.0.1:9/x.csv?X-Amz-Signature=SECRETSIG%2Fabc", { format: "csv" }),
      files("https://user:hunter2@127.0.0.1:9/x.unknown?X-Amz-Signature=SECRETSIG%2Fabc"),
      files(url("missing.csv"), { format: "csv" }),
      files(url("hunter2/other.csv"), { format: "csv" }),
      files(`${join(there, "other.csv")}?X-Amz-Signature=SECRETSIG%2Fabc`, { format: "csv" }),
      files([url("hunter2/broken.parquet")], { format: "parquet" }),
      files(url("hunter2/unfit.csv"), { format: "csv" }),
    ];
    for (const source of sources) {
      for (const strategy of ["in-place", "swap"] as const) {
        const e = await etl.run({ items: source }, { strategy }).catch((thrown: unknown) => thrown);
        expect(isCutoverError(e, "BAD_SOURCE", "CONFIG", "ADAPTER", "UNSUPPORTED")).toBe(true);
        expect(shown(e)).not.toMatch(/SECRETSIG|user:|:hunter2|abc/);
      }
    }
    const e = await failure(etl.run({ items: sources[3] as never }), "BAD_SOURCE");
    expect(e.message).toContain("other.csv");
    const plain = await failure(etl.run({ items: files(join(there, "unfit.csv")) }), "BAD_SOURCE");
    expect(plain.message).toContain("many");
  });
});
