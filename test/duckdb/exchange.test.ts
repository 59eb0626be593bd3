import { type BlockOp, type Row, type Scope, type Step, stored } from "cutover/adapter";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Desk, kindOf, open } from "./harness.js";

interface Load {
  readonly scope: Scope;
  readonly key: readonly string[];
  readonly given?: readonly string[];
  readonly cursor?: string;
  readonly deletes?: string;
}
const T = 'li"ve t';
/** A row of the random loads. */
interface Coming {
  readonly id: number;
  readonly p: number;
  readonly v: string | null;
  readonly c: number | null;
}
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A table `li"ve t`, a delta with the columns given, and a place for images. */
async function tables(desk: Desk, live: string, delta: string): Promise<void> {
  await desk.q(`CREATE TABLE ${quoted(T)} (${live})`);
  await desk.q(`CREATE TABLE delta (${delta})`);
  const columns = stored((await desk.shape(T)).columns);
  const list = columns.map((c) => `${quoted(c.name)} ${c.native}`).join(", ");
  await desk.q(`CREATE TABLE changes (_cutover_release BIGINT, _cutover_image VARCHAR, _cutover_op VARCHAR, ${list})`);
}
async function publish(desk: Desk, load: Load, release = 1): Promise<BlockOp[]> {
  const live = await desk.shape(T);
  const given = load.given ?? stored(live.columns).map((c) => c.name);
  const base = { live, changes: desk.ref("changes"), release, key: load.key, prune: null };
  const capture: Step<"capture"> = {
    kind: "capture",
    ...base,
    delta: desk.ref("delta"),
    given,
    rows: null,
    scope: load.scope,
    cursor: load.cursor ?? null,
    deletes: load.deletes === undefined ? null : { column: load.deletes, equals: { value: true, type: "bool" } },
  };
  const byCursor = load.scope !== "all" && "keys" in load.scope ? load.cursor : undefined;
  const stale = byCursor === undefined ? null : { live, delta: desk.ref("delta"), key: load.key, cursor: byCursor, prune: null };
  const columns = stored(live.columns);
  const tally: Step<"tally"> = { kind: "tally", changes: base.changes, release, columns, stale, count: null, moved: null };
  return [...(await desk.steps(capture)), ...(await desk.steps(tally)), ...(await exchange(desk, load, "before", true, release))];
}
async function exchange(desk: Desk, load: Load, remove: "before" | "after", captured: boolean, release = 1): Promise<BlockOp[]> {
  const live = await desk.shape(T);
  const base = { live, changes: desk.ref("changes"), release, key: load.key, prune: null };
  const rows = (image: string): number | { readonly sameAs: string; readonly column: string } =>
    captured ? { sameAs: "tally.0", column: `${image}_rows` } : (counts[image] ?? 0);
  const found = await desk.q(
    `SELECT _cutover_image AS image, count(*)::INTEGER AS n FROM changes WHERE _cutover_release = ${release} GROUP BY ALL`,
  );
  const counts = Object.fromEntries(found.map((row) => [String(row["image"]), Number(row["n"])]));
  return desk.steps({
    kind: "exchange",
    rows: null,
    ...base,
    remove,
    removes: rows(remove),
    inserts: rows(remove === "before" ? "after" : "before"),
    captured,
  });
}
const text = (value: unknown): string => (Object.is(value, -0) ? "-0" : String(value));
const bag = (rows: readonly Row[]): readonly string[] => rows.map((row) => JSON.stringify(Object.values(row).map(text))).sort();
const content = async (desk: Desk): Promise<readonly string[]> => bag(await desk.q(`FROM ${quoted(T)}`));
const ops = async (desk: Desk) =>
  (
    await desk.q("SELECT _cutover_image || ' ' || _cutover_op AS o, count(*)::INTEGER AS n FROM changes GROUP BY 1 ORDER BY 1")
  ).map((row) => `${String(row["n"])} ${String(row["o"])}`);

/** Publishes, rolls back, redoes, and looks at live each time. */
async function thereAndBack(desk: Desk, load: Load): Promise<{ readonly after: readonly string[]; readonly stale: unknown }> {
  const before = await content(desk);
  const block = await publish(desk, load);
  const rehearsed = await desk.block(block, "rollback");
  expect(rehearsed).toMatchObject({ outcome: "rehearsed" });
  expect(await content(desk)).toEqual(before);
  expect(await desk.q("FROM changes")).toEqual([]);
  const result = await desk.block(block);
  if (result.outcome === "refused") throw new Error(`refused at ${result.at}`);
  const after = await content(desk);
  expect((await desk.block(await exchange(desk, load, "after", false))).outcome).toBe("committed");
  expect(await content(desk)).toEqual(before);
  expect((await desk.block(await exchange(desk, load, "before", false))).outcome).toBe("committed");
  expect(await content(desk)).toEqual(after);
  expect(await desk.q("SELECT table_name FROM duckdb_tables() WHERE temporary")).toEqual([]);
  const stale = [...result.results].flatMap(([id, r]) =>
    id.startsWith("tally") && r.rows[0] !== undefined && "stale" in r.rows[0] ? [r.rows[0]["stale"]] : [],
  );
  return { after, stale: stale[0] };
}

describe("upsert by key", () => {
  const byId: Load = { scope: { keys: ["id"] }, key: ["id"] };

  it("writes the effective difference, each kind counted, and goes back bit for bit", async () => {
    const desk = await open();
    await tables(
      desk,
      "id BIGINT, v DOUBLE, s VARCHAR, c TIMESTAMP",
      "id BIGINT, v DOUBLE, s VARCHAR, c TIMESTAMP, gone BOOLEAN",
    );
    await desk.q(
      `INSERT INTO ${quoted(T)} VALUES (1, 1, 'same', '2024-01-01'), (2, 0.0, 'zero', NULL), (3, 'nan', NULL, NULL), (4, 4, 'newer', '2024-02-01'), (5, 5, 'goes', NULL), (6, 6, 'A', NULL), (7, 7, 'equal cursor', '2024-01-01')`,
    );
    await desk.q(
      "INSERT INTO delta VALUES (1, 1, 'same', '2024-01-01', FALSE), (2, '-0.0', 'zero', NULL, NULL), (3, 'nan', NULL, NULL, FALSE), (4, 4, 'older', '2024-01-01', FALSE), (5, 9, 'x', NULL, TRUE), (6, 6, 'a', NULL, FALSE), (7, 7, 'applies', '2024-01-01', FALSE), (8, NULL, '', NULL, FALSE), (9, 9, 'nothing there', NULL, TRUE)",
    );
    const found = await thereAndBack(desk, { ...byId, given: ["id", "v", "s", "c"], cursor: "c", deletes: "gone" });
    expect(found.stale).toBe(1n);
    expect(await ops(desk)).toEqual(["1 after insert", "3 after update", "1 before delete", "3 before update"]);
    expect(found.after).toHaveLength(7);
    expect(found.after.find((row) => row.startsWith('["2"'))).toContain('"-0"');
  });

  it("columns that the delta does not give keep live's value, or take their default; generated ones follow", async () => {
    const desk = await open();
    await tables(
      desk,
      `id BIGINT PRIMARY KEY, "na""me" VARCHAR, extra INTEGER DEFAULT 40 + 2, twice BIGINT GENERATED ALWAYS AS (id * 2), tags VARCHAR[], u UUID`,
      `"na""me" VARCHAR, id BIGINT`,
    );
    await desk.q(
      `INSERT INTO ${quoted(T)} (id, "na""me", extra, tags, u) VALUES (1, 'a', 7, ['x', NULL], '5e6f5a3e-1111-4222-8333-444455556666'), (2, 'b', NULL, NULL, NULL)`,
    );
    await desk.q("INSERT INTO delta VALUES ('A', 1), ('b', 2), ('new', 3)");
    await thereAndBack(desk, { ...byId, given: ['na"me', "id"] });
    expect(await desk.q(`SELECT id, "na""me" AS n, extra, twice, tags FROM ${quoted(T)} ORDER BY id`)).toEqual([
      { id: 1n, n: "A", extra: 7n, twice: 2n, tags: "[x, NULL]" },
      { id: 2n, n: "b", extra: null, twice: 4n, tags: null },
      { id: 3n, n: "new", extra: 42n, twice: 6n, tags: null },
    ]);
  });

  it("what others changed in the meantime is found, and nothing is done", async () => {
    const t = quoted(T);
    for (const foreign of [
      [`UPDATE ${t} SET v = 9 WHERE id = 1`],
      [`DELETE FROM ${t} WHERE id = 1`],
      // An UPDATE of 0 by −0 does nothing here.
      [`DELETE FROM ${t} WHERE id = 2`, `INSERT INTO ${t} VALUES (2, '-0.0')`],
    ]) {
      const desk = await open();
      await tables(desk, "id BIGINT, v DOUBLE", "id BIGINT, v DOUBLE");
      await desk.q(`INSERT INTO ${quoted(T)} VALUES (1, 1)`);
      await desk.q("INSERT INTO delta VALUES (1, 2), (2, 0)");
      await desk.block(await publish(desk, byId));
      for (const statement of foreign) await desk.q(statement);
      const before = await content(desk);
      expect(await desk.block(await exchange(desk, byId, "after", false))).toMatchObject({
        outcome: "refused",
        at: "exchange.0",
      });
      expect(await content(desk)).toEqual(before);
    }
  });

  it("keys under a foreign key are updated where they are", async () => {
    const desk = await open();
    await tables(desk, "id BIGINT PRIMARY KEY, v VARCHAR", "id BIGINT, v VARCHAR, gone BOOLEAN");
    await desk.q(`CREATE TABLE child (p BIGINT REFERENCES ${quoted(T)} (id))`);
    await desk.q(`INSERT INTO ${quoted(T)} VALUES (1, 'a'), (2, 'b'), (3, 'c')`);
    await desk.q("INSERT INTO child VALUES (1)");
    await desk.q("INSERT INTO delta VALUES (1, 'A', FALSE), (2, 'x', TRUE), (4, 'd', FALSE)");
    const load = { ...byId, given: ["id", "v"], deletes: "gone" };
    expect((await thereAndBack(desk, load)).after).toEqual(
      bag([
        { id: 1, v: "A" },
        { id: 3, v: "c" },
        { id: 4, v: "d" },
      ]),
    );
    await desk.q(`UPDATE ${quoted(T)} SET v = 'foreign' WHERE id = 1`);
    expect((await desk.block(await exchange(desk, load, "after", false))).outcome).toBe("refused");
    await desk.q("DELETE FROM delta");
    await desk.q("INSERT INTO delta VALUES (1, 'z', TRUE)");
    expect(
      await kindOf(
        desk,
        publish(desk, load, 2).then((block) => desk.block(block)),
      ),
    ).toBe("bad-data");
  });

  it("a load without effect writes nothing and leaves nothing behind", async () => {
    const desk = await open();
    await tables(desk, "id BIGINT, v DOUBLE", "id BIGINT, v DOUBLE");
    await desk.q(`INSERT INTO ${quoted(T)} VALUES (1, 1)`);
    await desk.q("INSERT INTO delta VALUES (1, 1)");
    await thereAndBack(desk, byId);
    expect(await ops(desk)).toEqual([]);
  });
});

describe("partitions", () => {
  const days: Scope = { partition: "day", type: "date", values: [19_723, 19_724] };
  const columns = "id BIGINT, day DATE, v VARCHAR";

  it("are replaced as a whole, an emptied one too; others stay", async () => {
    const desk = await open();
    await tables(desk, columns, columns);
    await desk.q(
      `INSERT INTO ${quoted(T)} VALUES (1, '2024-01-01', 'same'), (2, '2024-01-01', 'old'), (3, '2024-01-02', 'goes'), (4, '2024-01-03', 'other'), (5, NULL, 'none')`,
    );
    await desk.q("INSERT INTO delta VALUES (1, '2024-01-01', 'same'), (2, '2024-01-01', 'new'), (6, '2024-01-01', 'comes')");
    const { after } = await thereAndBack(desk, { scope: days, key: ["id"] });
    expect(after).toHaveLength(5);
    expect(await ops(desk)).toEqual(["1 after insert", "1 after update", "1 before delete", "1 before update"]);
  });

  it("a key that lives outside its scope refuses the block", async () => {
    const desk = await open();
    await tables(desk, columns, columns);
    await desk.q(`INSERT INTO ${quoted(T)} VALUES (1, '2024-01-03', 'elsewhere'), (2, NULL, 'nowhere')`);
    await desk.q("INSERT INTO delta VALUES (1, '2024-01-01', 'here')");
    const result = await desk.block(await publish(desk, { scope: days, key: ["id"] }));
    expect(result).toMatchObject({ outcome: "refused", at: "capture.0" });
    expect(result.results.get("capture.0")?.rows).toEqual([{ outside: 1n, ok: false }]);
  });
});

describe("without a key", () => {
  it("rows are bags: copies count", async () => {
    const desk = await open();
    await tables(desk, "a VARCHAR, x DOUBLE", "a VARCHAR, x DOUBLE");
    await desk.q(`INSERT INTO ${quoted(T)} VALUES ('a', 1), ('a', 1), ('a', 1), ('b', 0.0), (NULL, NULL), (NULL, NULL)`);
    await desk.q("INSERT INTO delta VALUES ('a', 1), ('a', 1), ('b', '-0.0'), (NULL, NULL), ('c', 'nan'), ('c', 'nan')");
    const { after } = await thereAndBack(desk, { scope: "all", key: [] });
    expect(after).toHaveLength(6);
    expect(await ops(desk)).toEqual(["3 after insert", "3 before delete"]);
  });

  it("whatever the rows, live becomes what the scope says and comes back", { timeout: 60_000 }, async () => {
    const desk = await open();
    const cells = fc.record({
      p: fc.constantFrom("1", "2", "NULL"),
      s: fc.constantFrom("NULL", "''", "'x'", "'X'"),
      f: fc.constantFrom("0", "'-0.0'", "'nan'", "NULL", "1.5"),
    });
    const values = (rows: readonly Record<string, string>[]): string =>
      rows.map((r) => `(${Object.values(r).join(", ")})`).join(", ");
    const fill = (name: string, rows: readonly Record<string, string>[]) =>
      rows.length === 0 ? Promise.resolve([]) : desk.q(`INSERT INTO ${name} VALUES ${values(rows)}`);
    const drop = (): Promise<unknown> =>
      desk
        .q(`DROP TABLE IF EXISTS ${quoted(T)}; `.trim().slice(0, -1))
        .then(() => desk.q("DROP TABLE IF EXISTS delta"))
        .then(() => desk.q("DROP TABLE IF EXISTS changes"));
    const scopes = fc.constantFrom<Scope>("all", { partition: "p", type: "int64", values: [1n] });
    await fc.assert(
      fc.asyncProperty(
        fc.array(cells, { maxLength: 8 }),
        fc.array(cells, { maxLength: 8 }),
        scopes,
        async (live, rows, scope) => {
          await drop();
          await tables(desk, "p BIGINT, s VARCHAR, f DOUBLE", "p BIGINT, s VARCHAR, f DOUBLE");
          const delta = scope === "all" ? rows : rows.map((r) => ({ ...r, p: "1" }));
          await fill(quoted(T), live);
          await fill("delta", delta);
          const kept = scope === "all" ? [] : bag(await desk.q(`FROM ${quoted(T)} WHERE p IS DISTINCT FROM 1`));
          const { after } = await thereAndBack(desk, { scope, key: [] });
          expect(after).toEqual([...kept, ...bag(await desk.q("FROM delta"))].sort());
        },
      ),
      { numRuns: 15 },
    );
  });

  it("with a key, whatever the rows, live becomes what the load says and comes back", { timeout: 60_000 }, async () => {
    const desk = await open();
    const row = fc.record({
      id: fc.integer({ min: 1, max: 6 }),
      p: fc.constantFrom(1, 2),
      v: fc.constantFrom("a", "b", null),
      c: fc.constantFrom(1, 2, null),
      gone: fc.boolean(),
    });
    const rows = fc.uniqueArray(row, { selector: (r) => r.id, maxLength: 6 });
    const sql = (r: Record<string, unknown>, ...names: string[]): string =>
      `(${names.map((n) => (typeof r[n] === "string" ? `'${r[n]}'` : String(r[n]))).join(", ")})`;
    const insert = async (name: string, list: readonly Record<string, unknown>[], ...names: string[]): Promise<void> => {
      if (list.length > 0) await desk.q(`INSERT INTO ${name} VALUES ${list.map((r) => sql(r, ...names)).join(", ")}`);
    };
    await fc.assert(
      fc.asyncProperty(rows, rows, fc.constantFrom("keys", "all", "partition"), async (live, delta, mode) => {
        for (const name of [quoted(T), "delta", "changes"]) await desk.q(`DROP TABLE IF EXISTS ${name}`);
        await tables(desk, "id BIGINT, p BIGINT, v VARCHAR, c BIGINT", "id BIGINT, p BIGINT, v VARCHAR, c BIGINT, gone BOOLEAN");
        const coming =
          mode === "partition"
            ? delta.filter((d) => !live.some((l) => l.id === d.id && l.p !== 1)).map((d) => ({ ...d, p: 1 }))
            : delta;
        await insert(quoted(T), live, "id", "p", "v", "c");
        await insert("delta", coming, "id", "p", "v", "c", "gone");
        const scope: Scope =
          mode === "keys" ? { keys: ["id"] } : mode === "all" ? "all" : { partition: "p", type: "int64", values: [1n] };
        const load: Load = {
          scope,
          key: ["id"],
          given: ["id", "p", "v", "c"],
          deletes: "gone",
          ...(mode === "keys" ? { cursor: "c" } : {}),
        };
        const model = new Map<number, Coming>(
          live.filter((l) => mode === "keys" || (mode === "partition" && l.p !== 1)).map((l) => [l.id, l]),
        );
        for (const d of coming) {
          const old = model.get(d.id);
          if (mode === "keys" && old?.c !== null && old?.c !== undefined && d.c !== null && d.c < old.c) continue;
          if (d.gone) model.delete(d.id);
          else model.set(d.id, d);
        }
        const { after } = await thereAndBack(desk, load);
        expect(after).toEqual(bag([...model.values()].map(({ id, p, v, c }) => ({ id, p, v, c }))));
      }),
      { numRuns: 30 },
    );
  });
});
