/** A field of a CSV file: quoted ones are never NULL. */
export interface Field {
  readonly text: string;
  readonly quoted: boolean;
}

export interface CsvOptions {
  readonly delimiter: string;
  /** "": no quoting. */
  readonly quote: string;
  readonly newlines: boolean;
}

/** A record with the byte at which it begins, as messages name it. */
export interface CsvRecord {
  readonly fields: readonly Field[];
  readonly at: number;
  /** What is wrong with it. */
  readonly problem?: string;
}

/**
 * Records of a CSV file as the service reads them (docs "Loading CSV data"): a quote is doubled inside of quotes, a newline there must be
 * allowed, a line of nothing is no record.
 */
export async function* csvRecords(chunks: AsyncIterable<string>, o: CsvOptions): AsyncGenerator<CsvRecord> {
  let rest = "";
  let at = 0;
  let ended = false;
  const source = chunks[Symbol.asyncIterator]();
  let begun = false;
  while (!ended || rest !== "") {
    if (!ended) {
      const more = await source.next();
      if (more.done === true) ended = true;
      else rest += begun ? more.value : more.value.replace(/^\uFEFF/, "");
      begun = true;
    }
    let from = 0;
    for (;;) {
      const found = record(rest, from, o, ended);
      if (!found) break;
      if (found.fields.length > 0) yield { fields: found.fields, at, ...(found.problem ? { problem: found.problem } : {}) };
      at += Buffer.byteLength(rest.slice(from, found.end));
      from = found.end;
    }
    rest = rest.slice(from);
    if (ended) return;
  }
}

interface Found {
  readonly fields: readonly Field[];
  readonly end: number;
  readonly problem?: string;
}

/** One record from there; null: it may go on behind the end of what was read. */
function record(text: string, from: number, o: CsvOptions, ended: boolean): Found | null {
  const fields: Field[] = [];
  let i = from;
  if (i >= text.length) return null;
  for (;;) {
    if (o.quote !== "" && text.startsWith(o.quote, i)) {
      const read = quoted(text, i + 1, o);
      if (!read) {
        if (!ended) return null;
        return { fields: [{ text: text.slice(i), quoted: true }], end: text.length, problem: "Unterminated quoted field" };
      }
      if (read.problem) return { fields: [{ text: "", quoted: true }], end: lineEnd(text, i), problem: read.problem };
      fields.push({ text: read.value, quoted: true });
      i = read.end;
      if (i >= text.length && !ended) return null;
      if (i < text.length && !/[\r\n]/.test(text[i] ?? "") && !text.startsWith(o.delimiter, i))
        return { fields, end: lineEnd(text, i), problem: 'Data between close quote character (") and field separator' };
    } else {
      let end = i;
      while (end < text.length && text[end] !== "\n" && text[end] !== "\r" && !text.startsWith(o.delimiter, end)) end++;
      if (end >= text.length && !ended) return null;
      fields.push({ text: text.slice(i, end), quoted: false });
      i = end;
    }
    if (i >= text.length) break;
    if (text.startsWith(o.delimiter, i)) {
      i += o.delimiter.length;
      if (i >= text.length) {
        if (!ended) return null;
        fields.push({ text: "", quoted: false });
        break;
      }
      continue;
    }
    if (text[i] === "\r" && i + 1 >= text.length && !ended) return null;
    i += text.startsWith("\r\n", i) ? 2 : 1;
    break;
  }
  const only = fields[0];
  const blank = fields.length === 1 && only?.text === "" && !only.quoted;
  return { fields: blank ? [] : fields, end: i };
}

const lineEnd = (text: string, from: number): number => {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end + 1;
};

function quoted(text: string, from: number, o: CsvOptions): { value: string; end: number; problem?: string } | null {
  let value = "";
  let i = from;
  for (;;) {
    const close = text.indexOf(o.quote, i);
    if (close < 0) return null;
    const piece = text.slice(i, close);
    if (!o.newlines && /[\r\n]/.test(piece)) return { value, end: close, problem: 'Missing close quote character (")' };
    value += piece;
    if (!text.startsWith(o.quote, close + 1)) return { value, end: close + 1 };
    value += o.quote;
    i = close + 2;
  }
}
