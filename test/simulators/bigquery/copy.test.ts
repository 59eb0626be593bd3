import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findTable, type Table } from "./engine/catalog.js";
import { type Jobs, openJobs } from "./engine-jobs.js";

let jobs: Jobs;
let n = 0;
let a = "";
let b = "";
beforeAll(async () => {
  jobs = await openJobs();
});
afterAll(() => jobs.close());
beforeEach(() => {
  n++;
  a = `a${n}`;
  b = `b${n}`;
});

const field = { name: "i", type: "INT64" } as const;
const fill = (table: string, ...values: number[]) =>
  jobs.load(values.map((i) => `{"i":${i}}\n`).join(""), {
    destinationTable: { ...jobs.name(table) },
    sourceFormat: "NEWLINE_DELIMITED_JSON",
  });
const found = (table: string): Table => {
  const it = findTable(jobs.core.catalog, jobs.name(table));
  if (!it) throw new Error(`no ${table}`);
  return it;
};
const rows = async (table: string) => (await jobs.rows(table)).map((r) => r[0]);

describe("COPY", () => {
  it("fills an empty or new table, and refuses one with rows", async () => {
    jobs.table(a, [field]);
    jobs.table(b, [field]);
    await fill(a, 1, 2);
    expect(await jobs.copy(a, b)).toMatchObject({ copiedRows: 2, copiedLogicalBytes: 16 });
    expect(await rows(b)).toEqual(["1", "2"]);
    await expect(jobs.copy(a, b)).rejects.toMatchObject({ reason: "duplicate", message: `Already Exists: Table p:d.${b}` });
    await jobs.copy(a, b, { writeDisposition: "WRITE_APPEND" });
    expect(await rows(b)).toEqual(["1", "2", "1", "2"]);
    await expect(jobs.copy(a, `new${n}`, { createDisposition: "CREATE_NEVER" })).rejects.toMatchObject({ reason: "notFound" });
  });

  it("overwrites rows, schema, constraints and policies, and keeps who may use the table", async () => {
    const grant = { bindings: [{ role: "r", members: ["user:x"] }], etag: 1 };
    const policy = { id: "p1", grantees: [], filter: "TRUE", created: 0n, modified: 0n };
    jobs.table(a, [{ name: "i", type: "INT64", description: "new" }], { labels: { x: "a" }, primaryKey: ["i"] });
    jobs.table(b, [{ name: "i", type: "INT64", description: "old", policyTags: { names: ["tag"] } }], {
      labels: { x: "b" },
      description: "of b",
      policy: grant,
      rowPolicies: [policy],
    });
    await fill(a, 1);
    await fill(b, 7);
    const before = found(b).etag;
    await jobs.copy(a, b, { writeDisposition: "WRITE_TRUNCATE" });
    const after = found(b);
    expect(await rows(b)).toEqual(["1"]);
    expect(after.versions.at(-1)?.columns[0]).toMatchObject({ description: "new", policyTags: [] });
    expect(after).toMatchObject({ primaryKey: ["i"], rowPolicies: [], labels: {}, description: null, cloneOf: null, depth: 0 });
    expect(after.policy).toEqual(grant);
    expect(after.etag).not.toBe(before);
  });

  it("is refused where the partitions differ", async () => {
    const partitioning = { kind: "time", field: "d", unit: "DAY", expirationMs: null } as const;
    jobs.table(a, [{ name: "d", type: "DATE" }]);
    jobs.table(b, [{ name: "d", type: "DATE" }], { partitioning });
    await expect(jobs.copy(a, b, { writeDisposition: "WRITE_TRUNCATE" })).rejects.toThrow(
      /Incompatible table partitioning specification. Expects partitioning specification interval\(type:day,field:d\), but input partitioning specification is none/,
    );
  });

  it("takes one partition, and replaces one", async () => {
    const partitioning = { kind: "range", field: "i", start: 0n, end: 100n, interval: 10n } as const;
    jobs.table(a, [field], { partitioning });
    jobs.table(b, [field], { partitioning });
    await fill(a, 1, 2, 11, 500);
    await fill(b, 5, 15);
    await jobs.copy(`${a}$0`, `${b}$0`, { writeDisposition: "WRITE_TRUNCATE" });
    expect((await rows(b)).sort()).toEqual(["1", "15", "2"]);
  });

  it("of a time loses the partitions", async () => {
    const partitioning = { kind: "range", field: "i", start: 0n, end: 100n, interval: 10n } as const;
    jobs.table(a, [field], { partitioning });
    await fill(a, 1);
    jobs.core.advance(1_000);
    const at = jobs.core.catalog.now() / 1000n;
    jobs.core.advance(1_000);
    await fill(a, 2);
    await jobs.copy(`${a}@${at}`, b);
    expect(await rows(b)).toEqual(["1"]);
    expect(found(b).partitioning).toBeNull();
    jobs.core.advance(8 * 86_400_000);
    await expect(jobs.copy(`${a}@${at}`, `${b}x`)).rejects.toThrow(
      /Invalid snapshot time \d+ for table p:d\.a\d+@\d+\. Cannot read before/,
    );
  });

  it("refuses views, tables that are not there and other regions", async () => {
    jobs.table(a, [field], { kind: "VIEW" });
    await expect(jobs.copy(a, b)).rejects.toMatchObject({
      reason: "invalid",
      message: `p:d.${a} is not allowed for this operation because it is currently a VIEW.`,
    });
    await expect(jobs.copy("none", b)).rejects.toMatchObject({ reason: "notFound" });
    await expect(
      jobs.copy(b, b, { destinationTable: { projectId: "p", datasetId: "other", tableId: "t" } }),
    ).rejects.toMatchObject({ reason: "notFound" });
  });
});

describe("CLONE and SNAPSHOT", () => {
  it("share what they were made of, and go their own ways", async () => {
    jobs.table(a, [field]);
    await fill(a, 1);
    const before = jobs.core.stats();
    await jobs.copy(a, b, { operationType: "CLONE" });
    expect(jobs.core.stats()["physicalRows"]).toBe(before["physicalRows"]);
    await fill(a, 2);
    await fill(b, 3);
    expect([await rows(a), await rows(b)]).toEqual([
      ["1", "2"],
      ["1", "3"],
    ]);
    expect(found(b)).toMatchObject({ depth: 1, cloneOf: { table: jobs.name(a) }, policy: { bindings: [] } });
  });

  it("end at three, whichever they are", async () => {
    jobs.table(a, [field]);
    await jobs.copy(a, `${b}_1`, { operationType: "CLONE" });
    await jobs.copy(`${b}_1`, `${b}_2`, { operationType: "SNAPSHOT" });
    await jobs.copy(`${b}_2`, `${b}_3`, { operationType: "RESTORE" });
    await expect(jobs.copy(`${b}_3`, `${b}_4`, { operationType: "CLONE" })).rejects.toMatchObject({ reason: "invalid" });
    await jobs.copy(`${b}_3`, `${b}_5`);
    expect(found(`${b}_5`).depth).toBe(0);
  });

  it("are as many as the quota allows, of a base and all that came of it", async () => {
    jobs.core.quotas.set("clonesPerBase", 2);
    jobs.table(a, [field]);
    await jobs.copy(a, `${b}_1`, { operationType: "CLONE" });
    await jobs.copy(`${b}_1`, `${b}_2`, { operationType: "CLONE" });
    await expect(jobs.copy(a, `${b}_3`, { operationType: "CLONE" })).rejects.toMatchObject({ reason: "quotaExceeded" });
    jobs.core.quotas.set("clonesPerBase", null);
  });

  it("overwrite nothing", async () => {
    jobs.table(a, [field]);
    jobs.table(b, [field]);
    await expect(jobs.copy(a, b, { operationType: "CLONE", writeDisposition: "WRITE_TRUNCATE" })).rejects.toThrow(
      "Clone operation with write disposition WRITE_TRUNCATE is not supported. Please try again with WRITE_EMPTY.",
    );
    await expect(jobs.copy(a, b, { operationType: "CLONE" })).rejects.toMatchObject({ reason: "duplicate" });
    await expect(jobs.copy(a, `${b}x`, { operationType: "RESTORE" })).rejects.toMatchObject({ reason: "invalid" });
  });
});

describe("rights", () => {
  it("are asked for at both ends", async () => {
    jobs.table(a, [field]);
    const refusal = async (user: string) =>
      jobs.copy(a, `${b}${user}`, {}, user).then(
        () => "done",
        (e: Error) => e.message,
      );
    jobs.rights.revoke("reader", "bigquery.tables.getData");
    jobs.rights.grant("viewer", "roles/bigquery.dataViewer");
    expect(await refusal("reader")).toMatch(/^Access Denied: Table p:d\.a\d+: User does not have permission to query table/);
    expect(await refusal("viewer")).toBe(
      "Access Denied: Dataset p:d: Permission bigquery.tables.create denied on dataset p:d (or it may not exist).",
    );
    jobs.rights.grant("viewer", "roles/bigquery.dataEditor", { datasetId: "d" });
    expect(await refusal("viewer")).toBe("done");
  });

  it("of columns under a policy tag are needed as well", async () => {
    jobs.table(a, [{ ...field, policyTags: { names: ["tag"] } }]);
    jobs.rights.grant("editor", "roles/bigquery.dataEditor");
    await expect(jobs.copy(a, b, {}, "editor")).rejects.toThrow(/neither fine-grained reader nor masked get permission/);
    jobs.rights.grant("editor", "roles/datacatalog.categoryFineGrainedReader");
    await jobs.copy(a, b, {}, "editor");
    expect(found(b).versions.at(-1)?.columns[0]?.policyTags).toEqual(["tag"]);
  });
});
