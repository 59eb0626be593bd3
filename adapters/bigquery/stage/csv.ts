/** A field of a CSV file: null where nothing stands, not even quotes. */
type Field = string | null;
/** What is there of a record: undefined while its end is not, null where it is no CSV. */
type Found = { readonly fields: readonly Field[]; readonly end: number } | undefined | null;

const bare = /[^",\r\n]*/y;

/** The record that begins at a place of a text. `last`: no more text follows. */
function recordAt(text: string, at: number, last: boolean): Found {
  const fields: Field[] = [];
  for (let place = at; ; place += 1) {
    if (text[place] === '"') {
      const close = closing(text, place);
      if (close === -1) return last ? null : undefined;
      fields.push(text.slice(place + 1, close).replaceAll('""', '"'));
      place = close + 1;
    } else {
      bare.lastIndex = place;
      fields.push(bare.exec(text)?.[0] || null);
      place = bare.lastIndex;
    }
    const next = text[place];
    if (next === undefined) return last ? { fields, end: place } : undefined;
    if (next === ",") continue;
    if (next === "\n") return { fields, end: place + 1 };
    if (next !== "\r") return null;
    if (text[place + 1] === "\n") return { fields, end: place + 2 };
    return place + 1 < text.length ? null : last ? { fields, end: place + 1 } : undefined;
  }
}
/** Where the quotes that open at a place are closed; -1: nowhere. */
function closing(text: string, at: number): number {
  for (let i = at + 1; ; i += 2) {
    i = text.indexOf('"', i);
    if (i === -1 || text[i + 1] !== '"') return i;
  }
}

/**
 * Records of CSV text, with the line at which each begins. A line without anything is no record, but in a file of one column.
 * `bad` makes the error for text that is no CSV.
 */
export async function* records(
  chunks: AsyncIterable<string>,
  bad: (line: number, what: string) => Error,
): AsyncGenerator<{ readonly fields: readonly Field[]; readonly line: number }> {
  let text = "";
  let line = 1;
  let width = 0;
  const take = function* (last: boolean) {
    let at = 0;
    while (at < text.length) {
      const found = recordAt(text, at, last);
      if (found === undefined) break;
      if (found === null) throw bad(line, "quotes that are not closed, or stand inside a field");
      const { fields, end } = found;
      if (width === 0) width = fields.length;
      const blank = fields.length === 1 && fields[0] === null;
      if (!blank || width === 1) {
        if (fields.length !== width) throw bad(line, `${fields.length} fields where the header has ${width}`);
        yield { fields, line };
      }
      line += linesIn(text, at, end);
      at = end;
    }
    text = text.slice(at);
  };
  for await (const chunk of chunks) {
    text += chunk;
    yield* take(false);
  }
  yield* take(true);
}
function linesIn(text: string, from: number, to: number): number {
  let count = 0;
  for (let i = text.indexOf("\n", from); i !== -1 && i < to; i = text.indexOf("\n", i + 1)) count += 1;
  return count;
}
