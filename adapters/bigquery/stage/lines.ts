import type { Batch, ColumnShape } from "cutover/adapter";
import { fault } from "../errors.js";
import { type Cell, cellOf } from "./cells.js";
import { isNested } from "./schema.js";

/** Longest row that a load job takes (docs: quotas and limits, load jobs: 100 MB). */
const ROW_BYTES = 100_000_000;

/**
 * Rows as JSON lines, which tell NULL from an empty text as CSV does not to all readers, and hold arrays and records. A key that is
 * absent is NULL; one that is null is a JSON null in a JSON column (nrkno/bigquery-scala#428), and refused for an array.
 */
export function linesOf(columns: readonly ColumnShape[]): (batch: Batch) => string {
  const cells: readonly Cell[] = columns.map(cellOf);
  const write = columns.map(inJson);
  const keys = columns.map((c) => `${JSON.stringify(c.name)}:`);
  return (batch) => {
    let text = "";
    for (let i = 0; i < batch.rows; i++) {
      let line = "";
      for (let c = 0; c < keys.length; c++) {
        const cell = (cells[c] as Cell)(batch.columns[c]?.[i]);
        if (cell !== null) line += `${line === "" ? "{" : ","}${keys[c]}${(write[c] as Write)(cell)}`;
      }
      line = line === "" ? "{}\n" : `${line}}\n`;
      if (line.length * 3 > ROW_BYTES && Buffer.byteLength(line) > ROW_BYTES) throw tooLong();
      text += line;
    }
    return text;
  };
}
const tooLong = (): Error =>
  fault(
    "bad-data",
    "cutover: a row is longer than the 100 MB that a load job takes",
    "Leave the long values out of the rows, or keep them in Cloud Storage and their addresses here.",
  );

type Write = (text: string) => string;

function inJson(c: ColumnShape): Write {
  if (isNested(c.native)) return (text) => text;
  if (c.native === "INTERVAL") return (text) => JSON.stringify(isoInterval(text));
  switch (c.type) {
    case "bool":
    case "json":
      return (text) => text;
    case "int64":
      // Beyond 53 bits a reader may round a number (docs: loading JSON data, limitations).
      return (text) => (text.length < 16 ? text : `"${text}"`);
    case "float64":
      // Words are none of JSON's, and not all readers keep the sign of a zero.
      return (text) => (/[Ny]$|^-0/.test(text) ? `"${text}"` : text);
    case "string":
      return (text) => JSON.stringify(text);
    default:
      return (text) => `"${text}"`;
  }
}

/** `1-2 3 4:5:6.5` as JSON files have it: `P1Y2M3DT4H5M6.5S` (docs: loading JSON data, data types). */
function isoInterval(text: string): string {
  const m = /^(-?)(\d+)-(\d+) (-?\d+) (-?)(\d+):(\d+):([\d.]+)$/.exec(text);
  if (m === null) return text;
  const [, sign = "", years, months, days, minus = "", hours, minutes, seconds] = m;
  return `P${sign}${years}Y${sign}${months}M${days}DT${minus}${hours}H${minus}${minutes}M${minus}${seconds}S`;
}
