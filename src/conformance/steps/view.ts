import { imageShapes } from "../../ledger/shapes.js";
import { ident, raw, template } from "../../sql/sql.js";
import type { ColumnType } from "../../table/types.js";
import type { CaseDefinition } from "../case.js";
import { shapes } from "../columns.js";
import type { Place } from "../place.js";
import { event, ledgerAt, recording } from "./ledger.js";
import { bag, is, type Rows } from "./words.js";

/** Rows of a view, its columns in order. */
async function shown(place: Place, name: string, returns: Readonly<Record<string, ColumnType>>): Promise<Rows> {
  const rows = await place.query(template`SELECT * FROM ${ident(place.at(name).path)}`, returns);
  return rows.map((r) => Object.keys(returns).map((c) => r[c]));
}
const ofRelease: Readonly<Record<string, ColumnType>> = {
  ...{ pipeline: "string", release: "int64", state: "string", strategy: "string", published_at: "timestamp" },
  ...{ settled_at: "timestamp", release_before: "int64", note: "string", reason: "string", idempotency_key: "string" },
};

/** What people read of the ledger. */
export const viewCases: readonly CaseDefinition[] = [
  {
    name: "jsonText tells what stands under a path: text, numbers, TRUE, lists as JSON, NULL for nothing",
    invariant: 2,
    async run(place) {
      const { syntax } = place.adapter;
      const json = `{"a":"it's \\"b\\"","n":12,"t":true,"f":false,"z":null,"list":[3,14],"rows":[{"c0":"x","C0":"y"}]}`;
      const expr = syntax.literal({ value: json, type: "string" });
      const paths: readonly (readonly (string | number)[])[] = [
        ...[
          ["a"],
          ["n"],
          ["t"],
          ["f"],
          ["z"],
          ["none"],
          ["list"],
          ["list", 1],
          ["rows", 0, "c0"],
          ["rows", 0, "C0"],
          ["rows", 1, "c0"],
        ],
      ];
      const found = [];
      for (const path of paths) {
        const rows = await place.query(template`SELECT ${raw(syntax.jsonText(expr, path))} AS ${ident(["x"])}`, { x: "string" });
        found.push(rows[0]?.["x"]);
      }
      is(found, ['it\'s "b"', "12", "true", "false", null, null, "[3,14]", "14", "x", "y", null], "texts under paths");
    },
  },
  {
    name: "view releases shows each release once, as the event that settled it and the last rollback or redo say",
    invariant: 2,
    async run(place) {
      const { journal } = await ledgerAt(place);
      const at = { event: "published", payload: '{"strategy":"in-place","previous":0,"note":"it\'s","key":"k"}' };
      const events = [
        event({ seq: 1, release: 1, ...at }),
        event({ seq: 2, release: 2, event: "opened", payload: '{"strategy":"swap"}' }),
        event({ seq: 3, release: 2, event: "published", payload: '{"strategy":"swap","previous":1}' }),
        event({ seq: 4, release: 13, event: "published", payload: '{"strategy":"in-place","previous":2}' }),
        event({ seq: 5, release: 2, event: "rolled-back", payload: '{"from":13,"to":1,"releases":[2,13],"displaced":{}}' }),
        event({ seq: 6, release: 2, event: "redone", payload: '{"from":1,"to":2,"releases":[2],"displaced":{}}' }),
        event({ seq: 7, release: 4, event: "rejected", payload: '{"strategy":"in-place","reason":"no","note":"n"}' }),
        event({ seq: 8, release: 5, event: "summary", payload: '{"state":"rolled-back","strategy":"swap","previous":2}' }),
        event({ seq: 9, release: 6, event: "opened", payload: '{"strategy":"swap"}' }),
        event({ seq: 10, release: 6, event: "validated", payload: '{"ok":true}' }),
        event({ seq: 1, release: 1, pipeline: "lines", event: "abandoned", payload: '{"strategy":"swap","reason":"gone"}' }),
      ];
      await place.step(recording(journal, ...events).step);
      const shows = { what: "releases", journal } as const;
      await place.step({ kind: "view", ref: place.at("seen"), shows, replace: false });
      await place.step({ kind: "view", ref: place.at("seen"), shows, replace: false });
      await place.step({ kind: "view", ref: place.at("seen"), shows, replace: true });
      const rows = (await shown(place, "seen", ofRelease)).map((r) => r.map((v, i) => (i === 4 || i === 5 ? v !== null : v)));
      bag(
        rows,
        [
          ["orders", 1n, "published", "in-place", true, true, 0n, "it's", null, "k"],
          ["orders", 2n, "published", "swap", true, true, 1n, null, null, null],
          ["orders", 13n, "rolled-back", "in-place", true, true, 2n, null, null, null],
          ["orders", 4n, "rejected", "in-place", false, true, null, "n", "no", null],
          ["orders", 5n, "rolled-back", "swap", true, true, 2n, null, null, null],
          ["orders", 6n, "open", "swap", false, false, null, null, null, null],
          ["lines", 1n, "abandoned", "swap", false, true, null, null, "gone", null],
        ],
        "releases",
      );
      await place.step({ kind: "dropView", ref: place.at("seen") });
      await place.step({ kind: "dropView", ref: place.at("seen") });
      is((await place.step({ kind: "compactable", journal, pipeline: "lines", below: 9, spare: [] })).ok, true, "the journal");
    },
  },
  {
    name: "view changes unites images of several schemas: columns that one has not are NULL, other types are text, names of its own give way",
    invariant: 8,
    async run(place) {
      const { syntax } = place.adapter;
      const [now, old] = [
        shapes(place.adapter, { id: "int64", amount: "decimal(18,2)?", "it's new": "string?", release: "string?" }),
        shapes(place.adapter, { id: "int64", amount: "int64?", gone: "bool?", raw: "bytes?" }),
      ];
      const [newer, older, view] = [place.at("newer"), place.at("older"), place.at('a view"s name')];
      await place.make(newer, imageShapes(syntax, now), [[7n, "after", "insert", 1n, "1.25", "x", "r"]]);
      await place.make(older, imageShapes(syntax, old), [
        [3n, "before", "update", 1n, 9n, true, new Uint8Array([1])],
        [3n, "after", "update", 1n, null, null, null],
      ]);
      const images = [
        { changes: newer, columns: now },
        { changes: older, columns: old },
      ];
      await place.step({ kind: "view", ref: view, shows: { what: "changes", images: images.slice(1) }, replace: true });
      await place.step({ kind: "view", ref: view, shows: { what: "changes", images }, replace: true });
      const returns: Readonly<Record<string, ColumnType>> = {
        ...{ _cutover_release: "int64", change: "string", image: "string", id: "int64", amount: "string", "it's new": "string" },
        ...{ release: "string", gone: "bool", raw: "bytes" },
      };
      bag(
        await shown(place, 'a view"s name', returns),
        [
          [7n, "insert", "after", 1n, "1.25", "x", "r", null, null],
          [3n, "update", "before", 1n, "9", null, null, true, new Uint8Array([1])],
          [3n, "update", "after", 1n, null, null, null, null, null],
        ],
        "changes of both schemas",
      );
    },
  },
];
