import assert from "node:assert/strict";
import type { Pipeline } from "../../pipeline/pipeline.js";
import { rows } from "../../source/source.js";
import { formatCanonical } from "../../table/canonical.js";
import { type HowToLoad, table } from "../../table/define.js";
import type { ColumnSpec, ColumnType } from "../../table/types.js";
import type { CaseDefinition } from "../case.js";
import { type AskedType, extremes } from "../values.js";
import { needs } from "./needs.js";
import { contents, whole } from "./world.js";

type Columns = Record<string, ColumnSpec>;
const given = (type: ColumnType, v: unknown): unknown =>
  ["date", "time", "timestamp", "datetime"].includes(type) ? formatCanonical(v, type) : v;
const keyTypes: readonly AskedType[] = ["int64", "decimal(38,10)", "string", "date", "time", "timestamp", "datetime", "bytes"];
const partitionTypes: readonly AskedType[] = ["int64", "decimal(38,10)", "string", "bool", "date", "timestamp", "datetime"];

/** Low, high, the watermark that they make, the lookback, and where reading then begins. */
const cursors: readonly (readonly [
  type: ColumnType,
  low: unknown,
  high: unknown,
  watermark: string,
  lookback: number | "1d" | null,
  since: unknown,
])[] = [
  ["int64", 5, 9_007_199_254_740_993n, "9007199254740993", 10, 9_007_199_254_740_983n],
  ["decimal(20,3)", "1.5", "12.25", "12.250", 10, "2.250"],
  ["float64", 0.1, 0.30000000000000004, "0.30000000000000004", null, 0.30000000000000004],
  ["time", "00:00:00", "12:34:56.789012", "12:34:56.789012", null, "12:34:56.789012"],
  ["date", "2001-01-01", "2001-03-01", "2001-03-01", "1d", "2001-02-28"],
  [
    "datetime",
    "2001-01-01T00:00:00",
    "2001-01-01T00:00:00.000001",
    "2001-01-01T00:00:00.000001",
    "1d",
    "2000-12-31T00:00:00.000001",
  ],
  [
    "timestamp",
    "2001-01-01T00:00:00Z",
    "2001-01-01T01:00:00.000001+01:00",
    "2001-01-01T00:00:00.000001Z",
    "1d",
    "2000-12-31T00:00:00.000001Z",
  ],
  ["string", "a", "é", "é", null, "é"],
];

export const keyCases: readonly CaseDefinition[] = [
  {
    name: "values of every type that has an order can be keys, to the last digit",
    invariant: 2,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      for (const [n, type] of keyTypes.entries()) {
        const columns: Columns = { k: type, v: "int64" };
        const etl = place.pipeline({ pipeline: `p${n}`, tables: { t: table(`t${n}`, { columns, key: "k" }) } });
        const feed = (v: number) => ({ t: rows(extremes[type].map((k) => ({ k: given(type, k), v })) as never[]) });
        await etl.run(feed(1));
        const one = await contents(place, `t${n}`);
        const { updated, inserted, rows: count } = (await etl.run(feed(2))).tables.t ?? {};
        assert.deepEqual([updated, inserted, count], [extremes[type].length, 0, extremes[type].length], `keys of type ${type}`);
        await etl.rollback();
        assert.deepEqual(await contents(place, `t${n}`), one, `keys of type ${type} after the rollback`);
        await whole(etl as unknown as Pipeline);
      }
    },
  },
  {
    name: "values of every type that has an order can be cursors: exact, with their lookback, and never moved back",
    invariant: 2,
    skip: needs("blocks"),
    async run(place) {
      for (const [n, [type, low, high, watermark, lookback, from]] of cursors.entries()) {
        const columns: Columns = { id: "int64", c: `${type}?` };
        const t = table(`t${n}`, { columns, key: "id", cursor: "c", ...(lookback === null ? {} : { lookback }) });
        const etl = place.pipeline({ pipeline: `p${n}`, tables: { t } });
        await etl.run({ t: rows([low, high, null].map((c, id) => ({ id, c })) as never[]) });
        assert.equal(
          sameMark((await etl.status()).watermarks.t),
          sameMark(watermark),
          `the watermark of a cursor of type ${type}`,
        );
        const report = await etl.run(({ since }) => {
          assert.equal(sameMark(since.t), sameMark(from), `since of a cursor of type ${type}`);
          return { t: rows([{ id: 9, c: low }] as never[]) };
        });
        const { before, after } = report.tables.t?.watermark ?? {};
        assert.equal(before, after, `a lower cursor of type ${type} moved the watermark`);
      }
    },
  },
  {
    name: "values of every type that has an order can be partitions",
    invariant: 2,
    also: [4],
    skip: needs("blocks"),
    async run(place) {
      for (const [n, type] of partitionTypes.entries()) {
        const [a, b] = extremes[type].slice(-2).map((v) => given(type, v));
        const columns: Columns = { p: type, n: "int64" };
        const how: HowToLoad<Columns> = { mode: "partition", partition: "p" };
        const etl = place.pipeline({ pipeline: `p${n}`, tables: { t: table(`t${n}`, { columns, ...how }) } });
        const load = (...list: readonly object[]) => etl.run({ t: rows(list as never[]) });
        await load({ p: a, n: 1 }, { p: b, n: 1 }, { p: b, n: 2 });
        const one = await contents(place, `t${n}`);
        const { rows: count, deleted } = (await load({ p: b, n: 3 })).tables.t ?? {};
        assert.deepEqual([count, deleted], [2, 2], `partitions of type ${type}`);
        await etl.rollback();
        assert.deepEqual(await contents(place, `t${n}`), one, `partitions of type ${type} after the rollback`);
        await whole(etl as unknown as Pipeline);
      }
    },
  },
];

/** Engines differ in how many zeros a decimal bears. */
const sameMark = (v: unknown): string => (typeof v === "string" && /^\d+\.\d+$/.test(v) ? v.replace(/0+$/, "") : String(v));
