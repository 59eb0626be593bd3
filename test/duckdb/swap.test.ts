import { isCutoverError, type Step, stored, type TableShape } from "cutover/adapter";
import { describe, expect, it } from "vitest";
import { type Desk, faultOf, io, kindOf, open } from "./harness.js";

const hostile = 'ta"b\'le (x.y, ;-- é "CHECK"';
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

async function clone(desk: Desk, from: TableShape, to: string, empty = false): Promise<TableShape> {
  const path = [...from.ref.path.slice(0, -1), to];
  const step: Step<"clone"> = { kind: "clone", from, to: { path }, depth: 1, empty };
  expect((await desk.block(await desk.steps(step))).outcome).toBe("committed");
  const found = await desk.session.describe({ path }, io());
  if (found === null) throw new Error("no clone");
  return found;
}
async function swap(desk: Desk, live: TableShape | null, candidate: TableShape, keep: string, at = live?.ref): Promise<void> {
  if (at === undefined) throw new Error("at?");
  const keepAs = { path: [...at.path.slice(0, -1), keep] };
  const step: Step<"swap"> = { kind: "swap", live, candidate, at, keepAs, marker: "1" };
  await desk.block(await desk.steps(step));
}

/** Everything a table can have. */
async function rich(desk: Desk, name = hostile): Promise<TableShape> {
  const t = quoted(name);
  await desk.q("CREATE SEQUENCE IF NOT EXISTS ids START 100");
  await desk.q(
    `CREATE TABLE ${t} (id BIGINT DEFAULT nextval('ids'), "select" VARCHAR COLLATE NOCASE NOT NULL DEFAULT 'a, (b''', "GENERATED ALWAYS AS(" DECIMAL(9,2),
    twice BIGINT GENERATED ALWAYS AS (id * 2), kind ENUM('x', 'it''s'), s STRUCT("a b" INTEGER, "c, d" VARCHAR), tags VARCHAR[], at TIMESTAMP_MS, PRIMARY KEY (id), UNIQUE ("select", kind), CHECK (id > 0 AND "select" <> ')'))`.replace(
      " at ",
      " made_at ",
    ),
  );
  await desk.q(`COMMENT ON TABLE ${t} IS 'it''s; a "table"'`);
  await desk.q(`COMMENT ON COLUMN ${t}."select" IS 'a column''s'`);
  await desk.q(`CREATE INDEX "i ""x" ON ${t} ("GENERATED ALWAYS AS(", (id + 1))`);
  await desk.q(`CREATE UNIQUE INDEX "ON" ON ${t} (made_at)`);
  await desk.q(`COMMENT ON INDEX "i ""x" IS 'an index''s'`);
  await desk.q(
    `INSERT INTO ${t} (id, "select", "GENERATED ALWAYS AS(", kind, s, tags, made_at) VALUES (1, 'é', 1.25, 'it''s', {'a b': 1, 'c, d': 'x'}, ['t'], '2024-01-01 00:00:00.123'), (2, 'b', NULL, NULL, NULL, [], NULL)`,
  );
  return desk.shape(name);
}
const about = (shape: TableShape) => {
  const { views, table, indexes, ...print } = shape.fingerprint as {
    views: unknown;
    table: unknown;
    indexes: readonly { as?: string }[];
  };
  return { columns: shape.columns, print, indexes: indexes.map(({ as, ...index }) => index) };
};

describe("describe", () => {
  it("tells null from a table, and both from a view or a temporary table", async () => {
    const desk = await open();
    expect(await desk.session.describe(desk.ref("none"), io())).toBeNull();
    await desk.q("CREATE VIEW v AS SELECT 1 AS x");
    await desk.q("CREATE TEMP TABLE t AS SELECT 1 AS x");
    expect(await faultOf(desk, desk.session.describe(desk.ref("V"), io()))).toMatchObject({
      kind: "unsupported",
      hint: expect.stringContaining("view"),
    });
    expect(await kindOf(desk, desk.session.describe({ path: ["temp", "main", "t"] }, io()))).toBe("unsupported");
    expect(await desk.session.describe(desk.ref("t"), io())).toBeNull();
  });

  it("knows columns, defaults, generated ones, and compares names as the engine does", async () => {
    const desk = await open();
    const shape = await rich(desk);
    expect(shape.ref.path).toEqual(["memory", "main", hostile]);
    expect(shape.columns.find((c) => c.name === "select")).toMatchObject({
      type: "string",
      nullable: false,
      default: "'a, (b'''",
    });
    expect(shape.columns.filter((c) => c.generated).map((c) => c.name)).toEqual(["twice"]);
    expect(stored(shape.columns).map((c) => c.name)).not.toContain("twice");
    expect(shape.columns.find((c) => c.name === "GENERATED ALWAYS AS(")).toMatchObject({ type: "decimal(9,2)", nullable: true });
    expect((await desk.shape(hostile.toUpperCase().replace("É", "é"))).ref).toEqual(shape.ref);
    expect(await desk.session.describe(desk.ref(hostile.replace("é", "É")), io())).toBeNull();
    expect(JSON.parse(JSON.stringify(shape))).toEqual(shape);
  });

  it("lists tables of a schema by the start of their names, in any database", async () => {
    const desk = await open();
    await desk.q(`ATTACH ':memory:' AS "o.db"`);
    await desk.q(`CREATE SCHEMA "o.db"."s c"`);
    for (const name of ["a_1", "A_%", "b"]) await desk.q(`CREATE TABLE "o.db"."s c".${quoted(name)} (x INT)`);
    await desk.q(`CREATE TABLE a_1 (x INT)`);
    expect(await desk.session.list({ path: ["o.db", "S C"] }, "a_", io())).toEqual([
      { path: ["o.db", "s c", "A_%"] },
      { path: ["o.db", "s c", "a_1"] },
    ]);
    expect((await desk.shape("o.db", "s c", "b")).ref.path).toEqual(["o.db", "s c", "b"]);
  });
});

describe("clone", () => {
  it("is faithful: columns, order, types, defaults, constraints, indexes, comments, rows", async () => {
    const desk = await open();
    const live = await rich(desk);
    const copy = await clone(desk, live, `${hostile} copy`);
    expect(about(copy)).toEqual(about(live));
    expect(await desk.q(`FROM ${quoted(`${hostile} copy`)}`)).toEqual(await desk.q(`FROM ${quoted(hostile)}`));
    await desk.q(`INSERT INTO ${quoted(`${hostile} copy`)} ("select") VALUES ('new')`);
    expect(await desk.q(`SELECT id, twice FROM ${quoted(`${hostile} copy`)} WHERE "select" = 'new'`)).toEqual([
      { id: 100n, twice: 200n },
    ]);
    for (const bad of ["(1, 'again')", "(-1, 'x')", "(50, NULL)", "(51, ')')"]) {
      expect(await kindOf(desk, desk.q(`INSERT INTO ${quoted(`${hostile} copy`)} (id, "select") VALUES ${bad}`)), bad).toBe(
        "bad-data",
      );
    }
  });

  it("an empty one is the same without rows; clones of one table do not meet", async () => {
    const desk = await open();
    const live = await rich(desk);
    const [a, b] = [await clone(desk, live, "a", true), await clone(desk, live, "b")];
    expect(about(a)).toEqual(about(b));
    expect(await desk.q("SELECT count(*) AS n FROM a")).toEqual([{ n: 0n }]);
    expect(about(await clone(desk, b, "c"))).toEqual(about(live));
  });
});

describe("swap", () => {
  it("changes places and keeps indexes, constraints, defaults, comments and views; there and back again", async () => {
    const desk = await open();
    const live = await rich(desk);
    const t = quoted(hostile);
    await desk.q(`CREATE VIEW "v w" AS SELECT id, "select" FROM ${t}`);
    await desk.q(`COMMENT ON VIEW "v w" IS 'a view'`);
    const before = await desk.shape(hostile);
    const candidate = await clone(desk, before, "candidate");
    await desk.q(`UPDATE candidate SET "select" = 'new' WHERE id = 2`);
    await swap(desk, before, candidate, "kept");
    const after = await desk.shape(hostile);
    expect(after).toEqual(before);
    expect(await desk.q(`SELECT "select" FROM "v w" ORDER BY id`)).toEqual([{ select: "é" }, { select: "new" }]);
    expect(await desk.q(`SELECT index_name AS i FROM duckdb_indexes() ORDER BY i`)).toEqual([{ i: "ON" }, { i: 'i "x' }]);
    expect(await desk.session.describe(desk.ref("candidate"), io())).toBeNull();

    const kept = await desk.shape("kept");
    expect(about(kept).columns).toEqual(about(live).columns);
    await swap(desk, after, { ...kept, fingerprint: before.fingerprint }, "undone");
    expect(await desk.shape(hostile)).toEqual(before);
    expect(await desk.q(`SELECT "select" FROM "v w" ORDER BY id`)).toEqual([{ select: "é" }, { select: "b" }]);
    await swap(desk, await desk.shape(hostile), { ...(await desk.shape("undone")), fingerprint: after.fingerprint }, "kept");
    expect(await desk.shape(hostile)).toEqual(before);
    expect(await desk.q(`SELECT "select" FROM "v w" ORDER BY id`)).toEqual([{ select: "é" }, { select: "new" }]);
  });

  it("a first table just takes its name", async () => {
    const desk = await open();
    await rich(desk, "made");
    await swap(desk, null, await desk.shape("made"), "kept", desk.ref("live"));
    expect(await desk.session.describe(desk.ref("made"), io())).toBeNull();
    expect(await kindOf(desk, desk.q(`INSERT INTO live ("select", made_at) VALUES ('c', '2024-01-01 00:00:00.123')`))).toBe(
      "bad-data",
    );
    const again = await desk.shape("live");
    await swap(desk, again, await clone(desk, again, "c"), "kept");
    expect(about(await desk.shape("live"))).toEqual(about(again));
    expect(await desk.q("SELECT count(*) AS n FROM live")).toEqual([{ n: 2n }]);
  });

  it("views are made again when the columns changed, those that read views as well", async () => {
    const desk = await open();
    await desk.q("CREATE TABLE t AS SELECT 1::BIGINT AS id, 'a' AS s");
    await desk.q("CREATE SCHEMA other");
    await desk.q("CREATE VIEW v AS SELECT id + 1 AS n FROM t");
    await desk.q("CREATE VIEW other.w (m) AS SELECT n FROM main.v");
    await desk.q("COMMENT ON VIEW other.w IS 'kept'");
    await desk.q("CREATE VIEW broken AS SELECT id FROM t");
    await desk.q("CREATE OR REPLACE TABLE gone AS SELECT 1 AS x");
    await desk.q("CREATE VIEW dead AS SELECT x, (SELECT id FROM t) FROM gone");
    await desk.q("DROP TABLE gone");
    const live = await desk.shape("t");
    await desk.q("CREATE TABLE c AS SELECT 2::INTEGER AS id, 'a' AS s, 5 AS extra");
    await swap(desk, live, await desk.shape("c"), "kept");
    expect(await desk.q("SELECT m, typeof(m) AS t FROM other.w")).toEqual([{ m: 3n, t: "INTEGER" }]);
    expect(await desk.q("SELECT comment FROM duckdb_views() WHERE view_name = 'w'")).toEqual([{ comment: "kept" }]);
  });

  it("a view that could no longer be ends it, and nothing was changed", async () => {
    const desk = await open();
    await desk.q("CREATE TABLE t AS SELECT 1 AS id, 'a' AS s");
    await desk.q("CREATE INDEX i ON t (id)");
    await desk.q("CREATE VIEW v AS SELECT s FROM t");
    const live = await desk.shape("t");
    await desk.q("CREATE TABLE c AS SELECT 2 AS id");
    expect(await kindOf(desk, swap(desk, live, await desk.shape("c"), "kept"))).toBe("unsupported");
    expect(await desk.shape("t")).toEqual(live);
    expect(await desk.q("FROM v")).toEqual([{ s: "a" }]);
    expect(await desk.session.describe(desk.ref("kept"), io())).toBeNull();
  });

  it("a foreign key, from or to the table, refuses it and names the alternative", async () => {
    const desk = await open();
    await desk.q("CREATE TABLE parent (id INTEGER PRIMARY KEY)");
    await desk.q("CREATE TABLE child (id INTEGER PRIMARY KEY, p INTEGER REFERENCES parent (id))");
    for (const name of ["parent", "child"]) {
      const live = await desk.shape(name);
      const step: Step<"swap"> = { kind: "swap", live, candidate: live, at: live.ref, keepAs: desk.ref("kept"), marker: "1" };
      const error: unknown = await desk.steps(step).catch((e: unknown) => e);
      expect(isCutoverError(error, "UNSUPPORTED") && error.context.alternative).toBe("publish in place");
    }
  });

  it("readers on other connections see one table or the other", async () => {
    const desk = await open();
    await desk.q("CREATE TABLE t AS SELECT 1 AS x FROM range(1000)");
    await desk.q("CREATE TABLE c AS SELECT 2 AS x FROM range(2000)");
    const reader = await open(desk.warehouse);
    let done = false;
    const seen = new Set<string>();
    const read = async (): Promise<void> => {
      while (!done)
        seen.add(
          JSON.stringify(await reader.q("SELECT min(x)::VARCHAR AS a, max(x)::VARCHAR AS b, count(*)::VARCHAR AS n FROM t")),
        );
    };
    const reading = read();
    for (let i = 0; i < 10; i++) {
      await swap(desk, await desk.shape("t"), await desk.shape("c"), "kept");
      await desk.q("ALTER TABLE kept RENAME TO c");
    }
    done = true;
    await reading;
    expect([...seen].every((s) => ['[{"a":"1","b":"1","n":"1000"}]', '[{"a":"2","b":"2","n":"2000"}]'].includes(s))).toBe(true);
  });
});
