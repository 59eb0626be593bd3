import assert from "node:assert/strict";
import * as z from "zod";
import type { FileSet } from "../../adapter/session.js";
import type { ColumnShape } from "../../adapter/shapes.js";
import type { Pipeline } from "../../pipeline/pipeline.js";
import { files, query, rows, type Source } from "../../source/source.js";
import { ident, join, template } from "../../sql/sql.js";
import { formatCanonical } from "../../table/canonical.js";
import { table } from "../../table/define.js";
import { encodeValue } from "../../table/encode.js";
import type { ColumnSpec, ColumnType } from "../../table/types.js";
import type { CaseDefinition } from "../case.js";
import { shape } from "../columns.js";
import { csv, inFolder, ndjson, writable } from "../files.js";
import { parquetFile } from "../parquet.js";
import type { Place } from "../place.js";
import { type AskedType, extremes, same, shown, types } from "../values.js";
import { needs } from "./needs.js";
import { all, contents, whole } from "./world.js";

/** One row: its key, then a canonical value for each column. */
type Values = readonly unknown[];
interface Kinds {
  readonly columns: readonly (readonly [name: string, type: ColumnType])[];
  readonly rows: readonly Values[];
}
const nameOf = (t: ColumnType): string => `c_${t.replaceAll(/[^a-z0-9]+/g, "_").replace(/_$/, "")}`;
/** Every type beside the others, its extremes one below the other, NULL where they end. */
function kinds(asked: readonly AskedType[], fits: (t: AskedType, v: unknown) => boolean = () => true): Kinds {
  const lists = asked.map((t) => extremes[t].filter((v) => fits(t, v)));
  const height = Math.max(...lists.map((l) => l.length)) + 1;
  return {
    columns: asked.map((t) => [nameOf(t), t] as const),
    rows: Array.from({ length: height }, (_, i) => lists.map((l) => l[i] ?? null)),
  };
}
/** The same values, each in the row of another. */
const turned = (k: Kinds): Kinds => ({ ...k, rows: [...k.rows.slice(1), ...k.rows.slice(0, 1)] });

/** A canonical value as a row of `rows()` has it. */
function given(type: ColumnType, v: unknown): unknown {
  if (v === null) return null;
  if (type === "json") return JSON.parse(String(v)) as unknown;
  return ["date", "time", "timestamp", "datetime"].includes(type) ? formatCanonical(v, type) : v;
}
/** JSON that went through JavaScript has lost what a number there cannot hold. */
const arrived = (k: Kinds): Kinds => ({
  ...k,
  rows: k.rows.map((r) =>
    r.map((v, i) => {
      const type = k.columns[i]?.[1] as ColumnType;
      const value = given(type, v);
      // NULL and the JSON null are one in a row.
      return value === null ? null : encodeValue(value, type);
    }),
  ),
});
const objects = (k: Kinds): Source<never> =>
  rows(k.rows.map((r, id) => Object.fromEntries([["id", id], ...k.columns.map(([n, t], i) => [n, given(t, r[i])])])) as never[]);

function assertSame(found: readonly (readonly unknown[])[], wanted: Kinds, when: string): void {
  const byId = [...found].sort((a, b) => Number(a[0]) - Number(b[0]));
  assert.equal(byId.length, wanted.rows.length, `${when}: rows`);
  for (const [id, row] of wanted.rows.entries())
    for (const [i, v] of row.entries()) {
      const [, type] = wanted.columns[i] as readonly [string, ColumnType];
      const got = byId[id]?.[i + 1];
      assert.ok(same(type, got, v), `${when}: ${type} in row ${id}: ${shown(v)} came out as ${shown(got)}`);
    }
}

/** Some engines have one zero. */
const held = (place: Place, k: Kinds): Kinds =>
  place.adapter.capabilities.negativeZero ? k : { ...k, rows: k.rows.map((r) => r.map((v) => (Object.is(v, -0) ? 0 : v))) };

/** Loads every type, changes it, and takes it through all that a table goes through. */
async function through(place: Place, first: Kinds, source: (k: Kinds, n: number) => Promise<Source<never>>, lossy = false) {
  const sees = (k: Kinds): Kinds => held(place, lossy ? arrived(k) : k);
  const second = turned(first);
  const columns: Record<string, ColumnSpec> = { id: "int64" };
  for (const [name, type] of first.columns) columns[name] = `${type}?`;
  const etl = place.pipeline({ pipeline: "kinds", tables: { kinds: table("kinds", { columns, key: "id" }) } });
  const look = async (k: Kinds, when: string): Promise<void> => {
    assertSame((await contents(place, "kinds"))?.rows ?? [], sees(k), when);
    await whole(etl as unknown as Pipeline);
  };
  await etl.run({ kinds: await source(first, 1) });
  await look(first, "after the first load");
  assert.equal(
    (await etl.run({ kinds: await source(first, 2) })).status,
    "nothing-to-do",
    "equal values are not found to be equal",
  );
  await etl.run({ kinds: await source(second, 3) });
  await look(second, "after the update");
  for await (const c of etl.diff("kinds", { from: 1, to: 2 })) {
    if (c.op !== "update") throw new Error(`the diff has ${c.op} where a row was updated`);
    for (const [side, k] of [
      [c.before, sees(first)],
      [c.after, sees(second)],
    ] as const) {
      const id = Number(side["id"]);
      for (const [i, [name, type]] of k.columns.entries()) {
        const value = side[name];
        const got = type === "json" && value !== null ? JSON.stringify(value) : encodeValue(value, type);
        const wanted = type === "json" ? arrived(k).rows[id]?.[i] : k.rows[id]?.[i];
        const none = type === "json" && got === null ? null : got;
        assert.ok(same(type, none, wanted), `diff: ${type} in row ${id}: ${shown(wanted)} came out as ${shown(got)}`);
      }
    }
  }
  await etl.rollback();
  await look(first, "after the rollback");
  await etl.redo();
  await look(second, "after the redo");
  const { clone, swap } = place.adapter.capabilities;
  if (clone === "none" || swap === "none") return;
  await etl.run({ kinds: await source(first, 4) }, { strategy: "swap" });
  await look(first, "after clone and swap");
  await etl.rollback();
  await look(second, "after the rollback of the swap");
}

/** A row of `kinds` with its key, and the columns of such rows. */
const columnsOf = (place: Place, k: Kinds): readonly ColumnShape[] => [
  shape(place.adapter, "id", "int64"),
  ...k.columns.map(([name, t]) => shape(place.adapter, name, `${t}?`)),
];
const keyed = (k: Kinds): readonly Values[] => k.rows.map((r, id) => [BigInt(id), ...r]);

/** The rows of a staged table. */
async function queried(place: Place, k: Kinds, n: number): Promise<Source<never>> {
  const [ref, columns] = [place.at(`given${n}`), columnsOf(place, k)];
  await place.stage(ref, columns, keyed(k));
  const names = join(
    columns.map((c) => ident([c.name])),
    ", ",
  );
  return query(template`SELECT ${names} FROM ${ident(ref.path)}`);
}

/** What the Parquet file of the kit holds. */
const inParquet: Kinds = {
  columns: types.map((t, i) => [`c${i}`, t]),
  rows: Array.from({ length: 14 }, (_, i) => types.map((t) => extremes[t][i] ?? null)),
};
const ofFiles = (format: FileSet["format"]): CaseDefinition => ({
  name: `every type with its extremes, loaded by ${format} files, comes out the same through update, diff, rollback, redo and swap`,
  invariant: 4,
  also: [2],
  skip: (c) => needs("blocks")(c) || (c.files.includes(format) ? false : `the engine reads no ${format} files`),
  run: (place) =>
    inFolder(async (file) => {
      if (format === "parquet") {
        const path = await file("kinds.parquet", parquetFile());
        // Nothing here can write Parquet: the rows of the update come by a query.
        return through(place, inParquet, async (k, n) => (k === inParquet ? files(path) : queried(place, k, n)));
      }
      const asked = types.filter((t) => writable(format, t));
      const text = format === "csv" ? csv : ndjson;
      await through(
        place,
        kinds(asked, (t, v) => writable(format, t, v)),
        async (k, n) => files(await file(`kinds${n}.${format}`, text(columnsOf(place, k), keyed(k)))),
      );
    }),
});

export const typeCases: readonly CaseDefinition[] = [
  {
    name: "every type with its extremes, loaded by rows, comes out the same through update, diff, rollback, redo and swap",
    invariant: 4,
    also: [2, 9],
    skip: needs("blocks"),
    run: (place) => through(place, kinds(types), async (k) => objects(k), true),
  },
  {
    name: "every type with its extremes, loaded by query, comes out the same through update, diff, rollback, redo and swap",
    invariant: 4,
    also: [2, 9],
    skip: needs("blocks"),
    run: (place) => through(place, kinds(types), (k, n) => queried(place, k, n)),
  },
  ...(["csv", "ndjson", "parquet"] as const).map(ofFiles),
  {
    name: "a zod table gives and takes what its schema says, to the last digit that JavaScript has",
    invariant: 2,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      const columns = z.object({
        id: z.bigint(),
        n: z.int(),
        worth: z.string(),
        kind: z.enum(["a", "b"]),
        at: z.date(),
        on: z.iso.date(),
        on_time: z.iso.time().nullable(),
        tags: z.array(z.string()).default([]),
        note: z
          .string()
          .transform((s) => s.trim())
          .optional(),
      });
      const t = table("zodded", {
        columns,
        types: { worth: "decimal(20,4)", note: "string" },
        key: "id",
        cursor: "at",
        lookback: "1s",
      });
      const etl = place.pipeline({ pipeline: "zodded", tables: { t } });
      const row = (id: bigint, ms: number, note?: string) => ({
        id,
        n: 7,
        worth: "12.5",
        kind: "a" as const,
        at: new Date(ms),
        on: "2001-02-03",
        on_time: null,
        ...(note === undefined ? {} : { note }),
      });
      const big = 2n ** 63n - 1n;
      await etl.run({ t: rows([row(1n, 1_000_000_123), row(big, 1_000_000_122, "  x ")]) });
      assert.equal((await etl.status()).watermarks.t, "1970-01-12T13:46:40.123Z".replace(".123Z", ".123000Z"));
      await etl.run(({ since }) => {
        assert.deepEqual(since.t, new Date(999_999_123));
        return { t: rows([row(big, 1_000_000_124, "y")]) };
      });
      const [change, ...others] = await all(etl.diff("t", { from: 1, to: 2 }));
      assert.deepEqual([change?.op, others], ["update", []]);
      if (change?.op !== "update") return;
      const { before, after } = change;
      assert.deepEqual(
        [before.id, before.n, before.kind, before.at, before.tags, before.note],
        [big, 7, "a", new Date(1_000_000_122), [], "x"],
      );
      assert.deepEqual(
        [after.note, after.at, Number(after.worth), after.on, after.on_time],
        ["y", new Date(1_000_000_124), 12.5, "2001-02-03", null],
      );
      await etl.rollback();
      await whole(etl as unknown as Pipeline);
    },
  },
];
