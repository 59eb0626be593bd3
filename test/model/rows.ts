/** Rows, and what the design says a load makes of them. Nothing here knows the library. */
export type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;
export type TableName = "items" | "days" | "log";
export const tableNames: readonly TableName[] = ["items", "days", "log"];
/** Half-open; without `from` it begins at the watermark. */
export interface Window {
  readonly from?: number;
  readonly until: number;
}
/** Rows by their text, with their number. A recorded tally may hold negative numbers, when others wrote. */
export type Bag = Map<string, number>;

export const columns: { readonly [T in TableName]: readonly string[] } = {
  items: ["id", "name", "v", "seq"],
  days: ["day", "place", "n"],
  log: ["seq", "what", "cutover_release"],
};
const nullable: { readonly [T in TableName]: readonly string[] } = {
  items: ["name"],
  days: ["place"],
  log: ["what", "cutover_release"],
};
/** The column that checks bound and `transform` raises. */
export const measure: { readonly [T in TableName]: string } = { items: "v", days: "n", log: "seq" };
/** The bounds of the checks: the largest `v` and `n`, and the most rows. */
export const bounds = { value: 99, items: 40, days: 12, log: 30 } as const;

export const textOf = (t: TableName, row: Row): string => JSON.stringify(columns[t].map((c) => row[c] ?? null));
export const rowOf = (t: TableName, text: string): Row => {
  const values = JSON.parse(text) as Value[];
  return Object.fromEntries(columns[t].map((c, i) => [c, values[i] ?? null]));
};
export const bagOf = (texts: Iterable<string>): Bag => {
  const bag: Bag = new Map();
  for (const text of texts) bag.set(text, (bag.get(text) ?? 0) + 1);
  return bag;
};
export function plus(a: Bag, b: Bag, sign = 1): Bag {
  const sum = new Map(a);
  for (const [text, n] of b) {
    const total = (sum.get(text) ?? 0) + sign * n;
    if (total === 0) sum.delete(text);
    else sum.set(text, total);
  }
  return sum;
}
export const size = (bag: Bag): number => [...bag.values()].reduce((a, b) => a + b, 0);
export const same = (a: Bag, b: Bag): boolean => plus(a, b, -1).size === 0;
export const texts = (bag: Bag): string[] => [...bag].flatMap(([text, n]) => Array<string>(n).fill(text)).sort();

/** Exactly these rows go and those come; null: not all of them are there, or a key that comes is there already. */
export function exchange(t: TableName, on: Bag, remove: Bag, insert: Bag): Bag | null {
  for (const [text, n] of remove) if ((on.get(text) ?? 0) < n) return null;
  const left = plus(on, remove, -1);
  const keys = new Set([...left.keys()].map((text) => rowOf(t, text)["id"]));
  if (t === "items" && [...insert.keys()].some((text) => keys.has(rowOf(t, text)["id"]))) return null;
  return plus(left, insert);
}

/** One row a key: the highest cursor wins. null: a row that does not fit, or a tie with different content. */
export function fold(t: TableName, rows: readonly Row[]): Row[] | null {
  const missing = (r: Row): boolean => columns[t].some((c) => (r[c] ?? null) === null && !nullable[t].includes(c));
  if (rows.some(missing)) return null;
  if (t !== "items") return [...rows];
  const winners: Row[] = [];
  for (const id of new Set(rows.map((r) => r["id"]))) {
    const group = rows.filter((r) => r["id"] === id);
    const highest = Math.max(...group.map((r) => Number(r["seq"])));
    const best = new Map(group.filter((r) => r["seq"] === highest).map((r) => [textOf(t, r), r]));
    if (best.size > 1) return null;
    winners.push(...best.values());
  }
  return winners;
}

export interface Effect {
  readonly before: Bag;
  readonly after: Bag;
  readonly counts: Counts;
}
export interface Counts {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly unchanged: number;
  readonly stale: number;
}

/** The effective difference between live and a folded delta. */
export function effect(t: TableName, live: Bag, delta: readonly Row[], own?: Own): Effect {
  if (own !== undefined) return byOwn(live, delta, own);
  return t === "items" ? byKey(live, delta) : byPartition(live, delta);
}
/** What an append speaks for: what releases brought in a window. */
export interface Own {
  readonly release: number;
  readonly from: number | null;
  readonly until: number;
}
/** Copies of which releases have brought fewer; rows of others do not count. */
function byOwn(live: Bag, delta: readonly Row[], { release, from, until }: Own): Effect {
  const plain = (row: Row): string => textOf("log", { ...row, cutover_release: null });
  const own = [...live].flatMap(([text, n]) => {
    const row = rowOf("log", text);
    const at = Number(row["seq"]);
    const there = row["cutover_release"] !== null && (from === null || at >= from) && at < until;
    return there ? Array<string>(n).fill(plain(row)) : [];
  });
  const missing = [...plus(bagOf(delta.map(plain)), bagOf(own), -1)].filter(([, n]) => n > 0);
  const after: Bag = new Map(missing.map(([text, n]) => [textOf("log", { ...rowOf("log", text), cutover_release: release }), n]));
  const inserted = size(after);
  return { before: new Map(), after, counts: { inserted, updated: 0, deleted: 0, unchanged: delta.length - inserted, stale: 0 } };
}
function byKey(live: Bag, delta: readonly Row[]): Effect {
  const there = new Map([...live.keys()].map((text) => [rowOf("items", text)["id"], text]));
  const [before, after]: [string[], string[]] = [[], []];
  let [inserted, unchanged, stale] = [0, 0, 0];
  for (const row of delta) {
    const now = there.get(row["id"] ?? null);
    const text = textOf("items", row);
    if (now === undefined) {
      inserted += 1;
      after.push(text);
    } else if (Number(row["seq"]) < Number(rowOf("items", now)["seq"])) stale += 1;
    else if (now === text) unchanged += 1;
    else {
      before.push(now);
      after.push(text);
    }
  }
  const counts = { inserted, updated: before.length, deleted: 0, unchanged, stale };
  return { before: bagOf(before), after: bagOf(after), counts };
}
function byPartition(live: Bag, delta: readonly Row[]): Effect {
  const scope = new Set(delta.map((r) => r["day"]));
  const there: Bag = new Map([...live].filter(([text]) => scope.has(rowOf("days", text)["day"] ?? null)));
  const change = plus(bagOf(delta.map((r) => textOf("days", r))), there, -1);
  const part = (sign: number): Bag => new Map([...change].filter(([, n]) => n * sign > 0).map(([text, n]) => [text, n * sign]));
  const [before, after] = [part(-1), part(1)];
  const inserted = size(after);
  const counts = { inserted, updated: 0, deleted: size(before), unchanged: delta.length - inserted, stale: 0 };
  return { before, after, counts };
}

/** Whether the checks of a table hold for these rows. */
export const holds = (t: TableName, rows: Bag): boolean =>
  size(rows) <= bounds[t] && [...rows.keys()].every((text) => Number(rowOf(t, text)[measure[t]]) <= bounds.value);

export const highest = (rows: readonly Row[]): number | null =>
  rows.length === 0 ? null : Math.max(...rows.map((r) => Number(r["seq"])));
export const later = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.max(a, b);
