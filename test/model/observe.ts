import { type Kept, type Model, pending } from "./model.js";
import { difference } from "./moves.js";
import { type Bag, columns, plus, type Row, size, type TableName, tableNames, textOf, texts } from "./rows.js";
import type { Shop, World } from "./world.js";

/** What can be seen of a pipeline, from outside and by its own words. */
interface Picture {
  readonly rows: Readonly<Record<TableName, readonly string[] | null>>;
  readonly live: number | null;
  readonly watermarks: Readonly<Record<string, string | null>>;
  readonly recorded: Readonly<Record<string, number | null>>;
  readonly held: string | null;
  readonly pending: readonly number[];
  readonly open: readonly number[];
  readonly history: readonly (readonly [release: number, state: string, back: boolean])[];
  readonly handles: readonly (string | null)[];
  /** Whole tables beside live; null: not looked at. */
  readonly beside: number | null;
  /** Copies of versions with rows of others: more than told are left by calls that came to nothing. */
  readonly copies: number;
  readonly deltas: readonly number[];
  /** Rows of the journal that change what is live, recorded or held. */
  readonly events: number;
}
const plain = (v: unknown): unknown => (typeof v === "bigint" ? Number(v) : v);
const numbers: ReadonlySet<string> = new Set(["id", "v", "seq", "n", "cutover_release"]);
const toRow = (t: TableName, r: Readonly<Record<string, unknown>>): Row =>
  Object.fromEntries(columns[t].map((c) => [c, (numbers.has(c) && r[c] !== null ? Number(r[c]) : plain(r[c])) as never]));
const isOpen = (state: string): boolean => state === "open" || state === "loaded" || state === "validated";

export const picture = <R>(pick: (t: TableName) => R): Record<TableName, R> => ({
  items: pick("items"),
  days: pick("days"),
  log: pick("log"),
});

/** The rows of each table in a schema; null: there is none. */
export async function contentsOf(
  query: World["query"],
  schema: string,
  tables: readonly string[],
): Promise<Record<TableName, readonly string[] | null>> {
  const contents: Record<TableName, readonly string[] | null> = picture(() => null);
  for (const t of tableNames)
    if (tables.includes(`${schema}.${t}`))
      contents[t] = (await query(`FROM "${schema}".${t}`)).map((r) => textOf(t, toRow(t, r))).sort();
  return contents;
}
export const tablesIn = async (query: World["query"]): Promise<readonly string[]> =>
  (await query("SELECT schema_name || '.' || table_name AS t FROM duckdb_tables()")).map((r) => String(r["t"]));

export async function observe(w: World, by: Shop, m: Model): Promise<Picture> {
  const tables = await tablesIn(w.query);
  const contents = await contentsOf(w.query, "main", tables);
  const s = await by.status();
  const history: Picture["history"][number][] = [];
  for await (const h of by.history()) history.push([h.release, h.state, h.canRollBackTo]);
  const beside = tables.filter((t) => /^main\._cutover_(items|days|log)_[0-9a-f]+_(?!foreign_)/.test(t)).length;
  const staged = tables.flatMap((t) => /^cutover_ledger\.delta_.*_(\d+)_\d*[a-z]$/.exec(t)?.[1] ?? []);
  const told = "('published', 'rolled-back', 'redone', 'adopted', 'held', 'unheld')";
  const events = tables.includes("cutover_ledger.journal")
    ? await w.query(`SELECT count(*) AS n FROM cutover_ledger.journal WHERE event IN ${told}`)
    : [];
  const openNow = new Set(m.slots.flatMap((o) => (o?.fate === "open" ? [o.release] : [])));
  return {
    rows: contents,
    live: s.live,
    watermarks: { ...s.watermarks },
    recorded: Object.fromEntries(Object.entries(s.tallies).map(([t, tally]) => [t, tally?.rows ?? null])),
    held: s.held,
    pending: s.pending,
    open: s.open.map((o) => o.release).sort((a, b) => a - b),
    history,
    handles: m.slots.map((o, i) => (o === null || i === 2 ? null : isOpen(w.release(i).state) ? "open" : w.release(i).state)),
    beside: m.untidy ? null : beside,
    copies: tables.filter((t) => /^main\._cutover_(items|days|log)_[0-9a-f]+_foreign_/.test(t)).length,
    deltas: m.untidy ? [] : [...new Set(staged.map(Number))].filter((r) => !openNow.has(r)),
    events: Number(events[0]?.["n"] ?? 0),
  };
}

/** What the model says that must be seen. `held` of a rollback is any reason. */
export function expected(m: Model, seen: Picture): Picture {
  const back = new Set(m.kept.map((k) => k.previous));
  const open = m.slots.flatMap((o) => (o?.fate === "open" ? [o] : []));
  const kept = [...m.kept, ...m.undone.flatMap((u) => u.releases)];
  const versions = kept.flatMap((k) => Object.values(k.touches)).filter((t) => t.undo.kind === "swap" && t.undo.version !== null);
  return {
    rows: picture((t) => (m.tables[t].there ? texts(m.tables[t].rows) : null)),
    live: m.live === 0 ? null : m.live,
    watermarks: picture((t) => m.tables[t].known?.watermark?.toString() ?? null),
    recorded: picture((t) => (m.tables[t].known === null ? null : size(m.tables[t].known?.tally ?? new Map()))),
    held: m.held === null ? null : (m.held.reason ?? seen.held ?? "a rollback's reason"),
    pending: pending(m),
    open: open.map((o) => o.release).sort((a, b) => a - b),
    history: [...m.fates].reverse().map(([release, fate]) => [release, fate, back.has(release)]),
    handles: m.slots.map((o, i) => (o === null || i === 2 ? null : o.fate)),
    beside: m.untidy ? null : versions.length + open.reduce((n, o) => n + Object.keys(o.candidate?.tables ?? {}).length, 0),
    copies: Math.max(m.copies, seen.copies),
    deltas: [],
    events: Math.min(Math.max(seen.events, m.events - m.spare), m.events),
  };
}

/** `diff` of two kept releases, as rows that come and go. */
async function differing(by: Shop, t: TableName, from: number, to: number): Promise<Bag> {
  let sum: Bag = new Map();
  for await (const c of by.diff(t, { from, to })) {
    if ("before" in c) sum = plus(sum, new Map([[textOf(t, toRow(t, c.before)), 1]]), -1);
    if ("after" in c) sum = plus(sum, new Map([[textOf(t, toRow(t, c.after)), 1]]));
    if (c.op === "update" && (t !== "items" || toRow(t, c.before)["id"] !== toRow(t, c.after)["id"]))
      throw new Error(`diff tells an update between two keys: ${JSON.stringify([toRow(t, c.before), toRow(t, c.after)])}`);
  }
  return sum;
}
/** The difference of live and a kept release, by the library and by the model, where the model knows it. */
export async function differences(by: Shop, m: Model, releases: readonly Kept[]): Promise<readonly [unknown, unknown]> {
  const from = releases[0]?.previous;
  const found: Record<string, unknown> = {};
  const wanted: Record<string, unknown> = {};
  for (const t of tableNames) {
    const sum = difference(m, t, releases);
    if (from === undefined || sum === null || !m.tables[t].there) continue;
    found[t] = [...(await differing(by, t, from, m.live))].sort();
    wanted[t] = [...sum].sort();
  }
  return [found, wanted];
}
