/** The members of a JSON object as they are written, so that numbers keep their digits; null: the text is no JSON object. */
export function members(text: string): ReadonlyMap<string, string> | null {
  const found = new Map<string, string>();
  let i = blank(text, 0);
  if (text[i] !== "{") return null;
  i = blank(text, i + 1);
  if (text[i] === "}") return blank(text, i + 1) === text.length ? found : null;
  for (;;) {
    const key = stringEnd(text, i);
    if (key < 0) return null;
    const name = parsed(text.slice(i, key));
    if (typeof name !== "string") return null;
    i = blank(text, key);
    if (text[i] !== ":") return null;
    i = blank(text, i + 1);
    const end = valueEnd(text, i);
    if (end < 0) return null;
    found.set(name, text.slice(i, end));
    i = blank(text, end);
    if (text[i] === "}") return blank(text, i + 1) === text.length ? found : null;
    if (text[i] !== ",") return null;
    i = blank(text, i + 1);
  }
}

/** The items of a JSON array as they are written. */
export function items(text: string): readonly string[] | null {
  const found: string[] = [];
  let i = blank(text, 0);
  if (text[i] !== "[") return null;
  i = blank(text, i + 1);
  if (text[i] === "]") return found;
  for (;;) {
    const end = valueEnd(text, i);
    if (end < 0) return null;
    found.push(text.slice(i, end));
    i = blank(text, end);
    if (text[i] === "]") return found;
    if (text[i] !== ",") return null;
    i = blank(text, i + 1);
  }
}

export function parsed(text: string): unknown {
  if (plain.test(text)) return text.slice(1, -1);
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function blank(text: string, from: number): number {
  let i = from;
  while (text[i] === " " || text[i] === "\t" || text[i] === "\r" || text[i] === "\n") i++;
  return i;
}

function stringEnd(text: string, from: number): number {
  if (text[from] !== '"') return -1;
  for (let at = from + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return -1;
    let slashes = 0;
    while (text[quote - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

const word = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?=[\s,\]}]|$)/y;
/** A text without escapes and control characters is what stands between its quotes. */
const plain = /^"[^"\\\p{Cc}]*"$/u;

function valueEnd(text: string, from: number): number {
  const c = text[from];
  if (c === '"') return stringEnd(text, from);
  if (c !== "{" && c !== "[") {
    word.lastIndex = from;
    const found = word.exec(text)?.[0];
    return found !== undefined ? from + found.length : -1;
  }
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const here = text[i];
    if (here === '"') {
      const end = stringEnd(text, i);
      if (end < 0) return -1;
      i = end - 1;
    } else if (here === "{" || here === "[") depth++;
    else if ((here === "}" || here === "]") && --depth === 0) return parsed(text.slice(from, i + 1)) === undefined ? -1 : i + 1;
  }
  return -1;
}
