import { open } from "node:fs/promises";
import type { ColumnType } from "cutover/adapter";
import { BigQueryFault, fault } from "../errors.js";

/** A column as the footer of a Parquet file tells it. */
interface FooterColumn {
  readonly name: string;
  readonly type: ColumnType;
}

const MAGIC = "PAR1";
const MOST_FOOTER = 64 * 1024 * 1024;

/** The columns of a local Parquet file (format: apache/parquet-format, "File format" and parquet.thrift). */
export async function footerOf(path: string): Promise<readonly FooterColumn[]> {
  try {
    return columnsIn(await footer(path));
  } catch (e) {
    if (e instanceof BigQueryFault) throw e;
    throw unreadable(path, e);
  }
}
const unreadable = (path: string, cause?: unknown): Error =>
  fault("bad-file", `"${path}" is no Parquet file`, `Look at "${path}": it cannot be read to its end in this format.`, cause);

async function footer(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const read = async (at: number, length: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
      if (bytesRead !== length) throw unreadable(path);
      return buffer;
    };
    if (size < 12) throw unreadable(path);
    const end = await read(size - 8, 8);
    const length = end.readUInt32LE(0);
    if (end.toString("latin1", 4) !== MAGIC || length > Math.min(size - 12, MOST_FOOTER)) throw unreadable(path);
    return await read(size - 8 - length, length);
  } finally {
    await file.close();
  }
}

/** Refuses files whose columns differ from those of the first. */
export async function refuseMixedFiles(files: readonly string[]): Promise<void> {
  const shape = async (file: string): Promise<string> =>
    JSON.stringify((await footerOf(file)).map((c) => [c.name.toLowerCase(), c.type]).sort());
  const [first, ...others] = files;
  if (first === undefined) return;
  const expected = await shape(first);
  for (const other of others) {
    if ((await shape(other)) === expected) continue;
    const hint = `Load "${other}" apart from "${first}", or write it with the same columns.`;
    throw fault("bad-file", `"${other}" has other columns than "${first}"`, hint);
  }
}

type Thrift = number | bigint | boolean | Buffer | readonly Thrift[] | ReadonlyMap<number, Thrift>;
type Struct = ReadonlyMap<number, Thrift>;

/** Thrift's compact protocol, as far as a footer uses it (apache/thrift: doc/specs/thrift-compact-protocol.md). */
class Compact {
  private readonly bytes: Buffer;
  private at = 0;
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
  private byte(): number {
    const b = this.bytes[this.at++];
    if (b === undefined) throw new RangeError("the footer ends too early");
    return b;
  }
  private varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const b = this.byte();
      value |= BigInt(b & 0x7f) << shift;
      if (b < 0x80) return value;
    }
  }
  private signed(): bigint {
    const v = this.varint();
    return (v >> 1n) ^ -(v & 1n);
  }
  private value(type: number): Thrift {
    if (type === 1 || type === 2) return this.byte() === 1;
    if (type === 3) return this.byte();
    if (type === 4 || type === 5) return Number(this.signed());
    if (type === 6) return this.signed();
    if (type === 7) return this.slice(8).readDoubleLE();
    if (type === 8) return this.slice(Number(this.varint()));
    if (type === 9 || type === 10) return this.list();
    if (type === 12) return this.struct();
    throw new RangeError(`no type ${type}`);
  }
  private slice(length: number): Buffer {
    if (this.at + length > this.bytes.length) throw new RangeError("the footer ends too early");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
  private list(): readonly Thrift[] {
    const head = this.byte();
    const size = head >> 4 === 15 ? Number(this.varint()) : head >> 4;
    const items: Thrift[] = [];
    while (items.length < size) items.push(this.value(head & 15));
    return items;
  }
  /** Up to the field `last`. */
  struct(last = Number.POSITIVE_INFINITY): Struct {
    const fields = new Map<number, Thrift>();
    for (let id = 0; id < last; ) {
      const head = this.byte();
      if (head === 0) break;
      id = head >> 4 === 0 ? Number(this.signed()) : id + (head >> 4);
      const type = head & 15;
      fields.set(id, type === 1 || type === 2 ? type === 1 : this.value(type));
    }
    return fields;
  }
}

const number = (s: Struct, id: number): number => (typeof s.get(id) === "number" ? (s.get(id) as number) : 0);
const inner = (s: Struct | undefined, id: number): Struct | undefined => {
  const found = s?.get(id);
  return found instanceof Map ? found : undefined;
};

function columnsIn(bytes: Buffer): readonly FooterColumn[] {
  const elements = new Compact(bytes).struct(2).get(2);
  if (!Array.isArray(elements)) throw new RangeError("the footer has no schema");
  const all = elements as readonly Struct[];
  const columns: FooterColumn[] = [];
  // Depth first: what stands below a group follows it.
  const skip = (at: number): number => {
    let next = at + 1;
    for (let i = number(all[at] as Struct, 5); i > 0; i--) next = skip(next);
    return next;
  };
  for (let at = 1; at < all.length; at = skip(at)) {
    const element = all[at] as Struct;
    columns.push({ name: String(element.get(4)), type: typeOf(element) });
  }
  return columns;
}

const physical: readonly ColumnType[] = ["bool", "int64", "int64", "timestamp", "float64", "float64", "bytes", "bytes"];
/** The older way to tell what a value means, by its number. */
const converted: Readonly<Record<number, ColumnType>> = {
  0: "string",
  4: "string",
  6: "date",
  7: "time",
  8: "time",
  9: "timestamp",
  10: "timestamp",
  19: "json",
};
const logical: Readonly<Record<number, ColumnType>> = { 1: "string", 4: "string", 6: "date", 7: "time", 12: "json" };

function typeOf(element: Struct): ColumnType {
  if (number(element, 5) > 0 || number(element, 3) === 2) return "string";
  const told = inner(element, 10);
  const decimal = inner(told, 5);
  if (decimal !== undefined || element.get(6) === 5) {
    const [scale, precision] =
      decimal === undefined ? [number(element, 7), number(element, 8)] : [number(decimal, 1), number(decimal, 2)];
    return precision <= 38 ? `decimal(${precision},${scale})` : "string";
  }
  const moment = inner(told, 8);
  if (moment !== undefined) return moment.get(1) === true ? "timestamp" : "datetime";
  const known = [...(told?.keys() ?? [])].map((id) => logical[id]).find((t) => t !== undefined);
  return (
    known ?? converted[typeof element.get(6) === "number" ? number(element, 6) : -1] ?? physical[number(element, 1)] ?? "string"
  );
}
