import assert from "node:assert/strict";
import type { Batch, FileSet } from "../../adapter/session.js";
import { ident, template } from "../../sql/sql.js";
import type { ColumnType } from "../../table/types.js";
import { type CaseDefinition, reason } from "../case.js";
import { shapes } from "../columns.js";
import { csv, inFolder, ndjson } from "../files.js";
import { batches, calm } from "../place.js";
import { assertUnsupported, assertUsable, faultOf, id, idRows, ids, idsOf, numbers, thrownBy } from "./words.js";

const formats = ["csv", "ndjson", "parquet"] as const;
/** Values that are not what their column holds: what is told of them, its type, the value. */
const misfits: Readonly<Record<string, readonly [ColumnType, unknown]>> = {
  "an int64 beyond 64 bits": ["int64", 2n ** 63n],
  "a decimal with a digit too many before its point": ["decimal(5,2)", "1234.5"],
  "a decimal with a digit too many behind its point": ["decimal(5,2)", "1.234"],
  "a text that is no JSON": ["json", "{not json"],
};

/** Staging that fails: never half done, and repeatable. */
export const stageFailureCases: readonly CaseDefinition[] = [
  {
    name: "a source that throws makes stage throw, and a repeat gives exactly the rows",
    invariant: 2,
    async run(place) {
      const ref = await numbers(place, "staged", [1n]);
      const error = new Error("of the source");
      const failing = async function* (): AsyncGenerator<Batch> {
        for (let i = 0; i < 5; i++) yield { rows: 3000, columns: [Array.from({ length: 3000 }, () => BigInt(i))] };
        throw error;
      };
      const e = await thrownBy(
        () => place.session.stage(ref, ids(place), failing(), calm()),
        "rows of a source that failed are not taken for all of them",
      );
      assert.ok(e === error || (e instanceof Error && e.cause === error), "the source's own error, or as the cause of one");
      await place.session.stage(ref, ids(place), idRows(7n, 8n), calm());
      assert.deepEqual(await idsOf(place, ref), [7n, 8n]);
    },
  },
  {
    name: "stage closes its source when it fails",
    async run(place) {
      const ref = await numbers(place, "staged", [1n]);
      let closed = false;
      const from = async function* (): AsyncGenerator<Batch> {
        try {
          for (;;) yield { rows: 1, columns: [["no number"]] };
        } finally {
          closed = true;
        }
      };
      await thrownBy(() => place.session.stage(ref, ids(place), from(), calm()), "a text is no int64");
      assert.ok(closed, "whoever reads a file or a cursor must be told that no more is wanted");
      await assertUsable(place);
    },
  },
  ...Object.entries(misfits).flatMap(([what, [type, bad]]) =>
    [
      { where: "in the first batch", at: 0 },
      { where: "in a later batch", at: 2500 },
    ].map(
      ({ where, at }): CaseDefinition => ({
        name: `stage refuses ${what} ${where}, and a repeat gives exactly the rows`,
        invariant: 2,
        async run(place) {
          const ref = place.at("staged");
          const columns = shapes(place.adapter, { id: "int64", value: `${type}?` });
          const rows = Array.from({ length: 3000 }, (_, i) => [BigInt(i), i === at ? bad : null]);
          const fault = await faultOf(place, "a value that does not fit fails the whole, it is not rounded or cut", () =>
            place.session.stage(ref, columns, batches(rows, 2), calm()),
          );
          assert.equal(fault.outcome, "not-applied");
          await place.session.stage(ref, columns, batches([[1n, null]], 2), calm());
          assert.deepEqual(await place.rows(ref, columns), [[1n, null]]);
        },
      }),
    ),
  ),
  {
    name: "stage refuses NULL in a column that is NOT NULL",
    async run(place) {
      const ref = place.at("staged");
      await faultOf(place, "NULL is not turned into a value", () =>
        place.session.stage(ref, ids(place), batches([[1n], [null]], 1), calm()),
      );
      await place.session.stage(ref, ids(place), idRows(1n), calm());
      assert.deepEqual(await idsOf(place, ref), [1n]);
      await faultOf(place, "the table that was made refuses NULL as well", () =>
        place.execute(template`INSERT INTO ${ident(ref.path)} (${id}) SELECT ${{ value: null, type: "int64" }}`),
      );
    },
  },
  ...(["csv", "ndjson"] as const).map(
    (format): CaseDefinition => ({
      name: `stage refuses a value that does not fit in a ${format} file, and a file that is missing`,
      invariant: 2,
      skip: (c) => reason({ [`the engine reads no ${format}`]: !c.files.includes(format) }),
      async run(place) {
        const ref = await numbers(place, "staged");
        const content = format === "csv" ? csv : ndjson;
        await inFolder(async (file) => {
          const wide = shapes(place.adapter, { id: "string" });
          const bad = await file(`bad.${format}`, content(wide, [["1"], ["1.5"]]));
          const good = await file(`good.${format}`, content(ids(place), [[5n]]));
          const load = (...urls: readonly string[]) => place.session.stage(ref, ids(place), { urls, format }, calm());
          await faultOf(place, "1.5 is no int64", () => load(bad));
          await faultOf(place, "one bad file fails the whole", () => load(good, bad));
          await faultOf(place, "no file, no rows: but that is not known", () => load(`${good}.missing`));
          await load(good);
        });
        assert.deepEqual(await idsOf(place, ref), [5n]);
      },
    }),
  ),
  ...formats.map(
    (format): CaseDefinition => ({
      name: `${format} files are refused where the engine reads none`,
      skip: (c) => reason({ [`the engine reads ${format}`]: c.files.includes(format) }),
      async run(place) {
        const ref = place.at("staged");
        await inFolder(async (file) => {
          const set: FileSet = { urls: [await file(`some.${format}`, csv(ids(place), [[2n]]))], format };
          await assertUnsupported(place, "files are refused by stage", () => place.session.stage(ref, ids(place), set, calm()));
          await assertUnsupported(place, "files are refused by columnsOf", () => place.session.columnsOf(set, calm()));
        });
        await assertUsable(place);
      },
    }),
  ),
  {
    name: "an abort while stage reads its source ends it, and a repeat gives exactly the rows",
    invariant: 2,
    async run(place) {
      const ref = await numbers(place, "staged", [1n]);
      const controller = new AbortController();
      let read = 0;
      const from = async function* (): AsyncGenerator<Batch> {
        for (; read < 50; read++) {
          if (read === 2) controller.abort();
          yield { rows: 1, columns: [[BigInt(read)]] };
        }
      };
      const fault = await faultOf(place, "an aborted stage", () =>
        place.session.stage(ref, ids(place), from(), { tag: "conformance", signal: controller.signal }),
      );
      assert.equal(fault.kind, "cancelled");
      assert.ok(read < 50, "the source is not read to its end");
      await place.session.stage(ref, ids(place), idRows(7n), calm());
      assert.deepEqual(await idsOf(place, ref), [7n]);
    },
  },
  {
    name: "an abort before stage begins ends it, and a repeat gives exactly the rows",
    invariant: 2,
    async run(place) {
      const ref = await numbers(place, "staged", [1n]);
      const fault = await faultOf(place, "an aborted stage", () =>
        place.session.stage(ref, ids(place), idRows(2n), { tag: "conformance", signal: AbortSignal.abort() }),
      );
      assert.equal(fault.kind, "cancelled");
      await place.session.stage(ref, ids(place), idRows(7n), calm());
      assert.deepEqual(await idsOf(place, ref), [7n]);
    },
  },
];
