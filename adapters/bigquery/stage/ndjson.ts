/** The values of an object as they are written, by key; null: the text is no JSON object, or has a key twice. */
export function entries(line: string): ReadonlyMap<string, string> | null {
  try {
    const object: unknown = JSON.parse(line);
    if (typeof object !== "object" || object === null || Array.isArray(object)) return null;
  } catch {
    return null;
  }
  // It is JSON, so where a token begins tells where it ends. JSON.parse alone would round the numbers.
  const found = new Map<string, string>();
  let at = line.indexOf("{") + 1;
  for (;;) {
    at = after(space, line, at);
    if (line[at] === "}") return found;
    if (line[at] === ",") at = after(space, line, at + 1);
    const keyEnd = textEnd(line, at);
    const key = JSON.parse(line.slice(at, keyEnd)) as string;
    const from = after(space, line, after(space, line, keyEnd) + 1);
    at = valueEnd(line, from);
    if (found.has(key)) return null;
    found.set(key, line.slice(from, at));
  }
}

const space = /[ \t\r\n]*/y;
const bare = /[^\s,\]}]+/y;
const inside = /[^"[\]{}]*/y;

function after(token: RegExp, line: string, at: number): number {
  token.lastIndex = at;
  token.exec(line);
  return token.lastIndex;
}
/** Behind the text that begins at a place. */
function textEnd(line: string, at: number): number {
  for (let end = at + 1; ; end += 1) {
    end = line.indexOf('"', end);
    let slashes = 0;
    while (line[end - 1 - slashes] === "\\") slashes += 1;
    if (slashes % 2 === 0) return end + 1;
  }
}
function valueEnd(line: string, at: number): number {
  const first = line[at];
  if (first === '"') return textEnd(line, at);
  if (first !== "{" && first !== "[") return after(bare, line, at);
  let depth = 0;
  for (let place = at; ; ) {
    const c = line[place];
    if (c === '"') place = textEnd(line, place);
    else {
      if (c === "{" || c === "[") depth += 1;
      else if (c === "}" || c === "]") depth -= 1;
      place += 1;
      if (depth === 0) return place;
    }
    place = after(inside, line, place);
  }
}

/** Lines of text; the last one need not be ended. */
export async function* lines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    const parts = chunk.split("\n");
    parts[0] = rest + parts[0];
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (rest !== "") yield rest;
}
