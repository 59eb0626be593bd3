import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

/** How large a bench is: rows of the large table, and rounds. Everything else is in proportion. */
export interface Scale {
  readonly rows: number;
  readonly runs: number;
}
/** One row of the result: the median over the rounds, and the spread. */
export interface Figure {
  readonly job: string;
  readonly against: string;
  readonly ratio: number;
  readonly bar: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
  /** Milliseconds beyond the other side, where a bar allows so many instead of a ratio. */
  readonly extraMs?: number;
}
/** Jobs that share their preparation. */
export type Group = (scale: Scale, dir: string) => Promise<readonly Figure[]>;

/** Runs `body` with a folder of its own, which goes afterwards. */
export async function inFolder<R>(body: (dir: string) => Promise<R>): Promise<R> {
  const dir = mkdtempSync(join(tmpdir(), "cutover-bench-"));
  try {
    return await body(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

export async function ms(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

/** A connection of one's own on a database file. */
export async function bare<R>(path: string, body: (c: DuckDBConnection) => Promise<R>): Promise<R> {
  const instance = await DuckDBInstance.create(path);
  const c = await instance.connect();
  try {
    return await body(c);
  } finally {
    c.closeSync();
    instance.closeSync();
  }
}

/** Runs `body` on a fresh copy of a database file. */
export async function onCopy<R>(file: string, body: (path: string) => Promise<R>): Promise<R> {
  const path = `${file}.copy`;
  copyFileSync(file, path);
  try {
    return await body(path);
  } finally {
    for (const end of ["", ".wal"]) rmSync(`${path}${end}`, { force: true });
  }
}

/** Every side once in each round, in turning order, so that none always finds the machine as another left it. */
export async function rounds<K extends string>(
  runs: number,
  sides: Readonly<Record<K, () => Promise<number>>>,
): Promise<readonly Readonly<Record<K, number>>[]> {
  const names = Object.keys(sides) as K[];
  const all: Record<K, number>[] = [];
  for (let i = 0; i < runs; i++) {
    const at = i % names.length;
    const took = {} as Record<K, number>;
    for (const name of [...names.slice(at), ...names.slice(0, at)]) took[name] = await sides[name]();
    all.push(took);
  }
  return all;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

const rounded = (n: number): number => Number(n.toFixed(2));

/** A row of the result from one ratio a round. */
export function figure(what: Pick<Figure, "job" | "against" | "bar">, ratios: readonly number[], extraMs?: number): Figure {
  return {
    ...what,
    ratio: rounded(median(ratios)),
    min: rounded(Math.min(...ratios)),
    max: rounded(Math.max(...ratios)),
    runs: ratios.length,
    ...(extraMs === undefined ? {} : { extraMs: rounded(extraMs) }),
  };
}
