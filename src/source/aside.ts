import type { Batch } from "../adapter/session.js";
import { digest } from "../ledger/names.js";
import { rowText } from "./row-text.js";

/** A row that does not fit its table. */
export interface Misfit {
  /** Its number in the load, from 1. */
  readonly row: number;
  readonly item: unknown;
  readonly reason: string;
  readonly column: string | null;
}
/** Gathers misfits on the way: so many at a time, which whoever reads the rows takes away before more come. */
export interface Aside {
  put(m: Misfit): void;
  readonly full: boolean;
  /** How many there were in all. */
  readonly total: number;
  /** Those gathered since the last time, in the columns of the staged quarantine; null: none. */
  take(): Batch | null;
}

/** Rows, and characters of them, that are held in memory at most. */
const ROWS = 10_240;
const CHARACTERS = 16_777_216;

/** What engines store as text: no half characters, and not the one that ends texts in some. */
const storable = (text: string): string => text.toWellFormed().replaceAll("\0", "\uFFFD");

/**
 * @param place what the ids of these rows begin with: release and load
 * @param position the source's own position of a row; null: it has none
 */
export function makeAside(o: {
  readonly release: number;
  readonly load: number;
  readonly redact: readonly string[];
  readonly position: ((row: never) => unknown) | null;
}): Aside {
  const padded = (n: number, digits: number): string => String(n).padStart(digits, "0");
  const place = `${padded(o.release, 10)}.${padded(o.load, 4)}`;
  let columns: unknown[][] = [];
  let [rows, characters, total] = [0, 0, 0];
  const positionOf = (m: Misfit): string => {
    try {
      if (o.position !== null) return String(o.position(m.item as never));
    } catch {
      // It may be for what a position is told from that the row does not fit.
    }
    return String(m.row);
  };
  return {
    put(m) {
      const text = rowText(m.item, o.redact);
      rows += 1;
      total += 1;
      characters += text.length;
      const id = `${place}.${padded(total, 12)}`;
      const values = [id, BigInt(o.load), positionOf(m), m.reason, m.column, text, digest(text, 32)];
      for (const [i, v] of values.entries()) {
        columns[i] ??= [];
        columns[i].push(typeof v === "string" ? storable(v) : v);
      }
    },
    get full() {
      return rows >= ROWS || characters >= CHARACTERS;
    },
    get total() {
      return total;
    },
    take() {
      if (rows === 0) return null;
      const batch = { rows, columns };
      columns = [];
      [rows, characters] = [0, 0];
      return batch;
    },
  };
}
