/**
 * JSON as the service keeps it: keys of an object in order of their bytes, the first of equal keys; integers of 64 bits exact, other
 * numbers as doubles (docs "PARSE_JSON": wide_number_mode; "JSON type").
 */
export type Node =
  | { readonly k: "object"; readonly entries: ReadonlyMap<string, Node> }
  | { readonly k: "array"; readonly items: readonly Node[] }
  | { readonly k: "string"; readonly value: string }
  | { readonly k: "number" | "word"; readonly text: string };

/** `as is`: numbers and the order of keys stay as they are written, as functions over STRING leave them. */
export type Wide = "exact" | "round" | "as is";

interface Reader {
  readonly text: string;
  readonly wide: Wide;
  at: number;
}

class JsonError extends Error {}
const fail = (what: string): never => {
  throw new JsonError(what);
};

const match = (r: Reader, pattern: RegExp): string => {
  pattern.lastIndex = r.at;
  const found = pattern.exec(r.text)?.[0] ?? "";
  r.at += found.length;
  return found;
};
const blank = (r: Reader): string => match(r, /[ \t\r\n]*/y);

function node(r: Reader, depth: number): Node {
  if (depth > 500) fail("Max nesting depth of 500 has been exceeded");
  blank(r);
  const c = r.text[r.at];
  if (c === "{") {
    r.at++;
    const entries = new Map<string, Node>();
    blank(r);
    if (r.text[r.at] === "}") r.at++;
    else
      for (;;) {
        blank(r);
        const key = string(r);
        blank(r);
        if (r.text[r.at++] !== ":") fail("expected ':'");
        const value = node(r, depth + 1);
        if (!entries.has(key)) entries.set(key, value);
        blank(r);
        const follow = r.text[r.at++];
        if (follow === "}") break;
        if (follow !== ",") fail("expected ',' or '}'");
      }
    if (r.wide === "as is") return { k: "object", entries };
    const sorted = [...entries].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return { k: "object", entries: new Map(sorted) };
  }
  if (c === "[") {
    r.at++;
    const items: Node[] = [];
    blank(r);
    if (r.text[r.at] === "]") r.at++;
    else
      for (;;) {
        items.push(node(r, depth + 1));
        blank(r);
        const follow = r.text[r.at++];
        if (follow === "]") break;
        if (follow !== ",") fail("expected ',' or ']'");
      }
    return { k: "array", items };
  }
  if (c === '"') return { k: "string", value: string(r) };
  const word = match(r, /(?:true|false|null)(?!\w)/y);
  if (word !== "") return { k: "word", text: word };
  const number = match(r, /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/y);
  if (number === "") fail("syntax error while parsing value - unexpected end of input; or invalid literal");
  return { k: "number", text: r.wide === "as is" ? number : numberText(number, r.wide) };
}

const controls = (text: string): boolean => {
  for (let k = 0; k < text.length; k++) if (text.charCodeAt(k) < 32) return true;
  return false;
};

function string(r: Reader): string {
  const found = match(r, /"(?:[^"\\]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"/y);
  if (found === "" || controls(found)) fail("invalid string");
  return found.includes("\\") ? (JSON.parse(found) as string) : found.slice(1, -1);
}

function numberText(written: string, wide: Reader["wide"]): string {
  if (/^-?\d+$/.test(written)) {
    if (written === "-0") return "0";
    const whole = BigInt(written);
    if (whole >= -(2n ** 63n) && whole < 2n ** 64n) return written;
  }
  const value = Number(written);
  if (!Number.isFinite(value)) fail(`number overflow parsing '${written}'`);
  if (wide === "exact" && !exact(written, value))
    fail(`Input number: ${written} cannot round-trip through string representation`);
  return doubleText(value);
}

/** Whether the decimal digits come back out of the double. */
function exact(written: string, value: number): boolean {
  const digits = (s: string) => {
    const [mantissa = "", exponent = "0"] = s.toLowerCase().split("e");
    const [whole = "", behind = ""] = mantissa.replace("-", "").split(".");
    const all = (whole + behind).replace(/^0+/, "");
    const kept = all.replace(/0+$/, "");
    return `${kept}e${kept === "" ? 0 : Number(exponent) - behind.length + (all.length - kept.length)}`;
  };
  return digits(written) === digits(String(value));
}

/** A double in JSON always shows that it is one. */
export function doubleText(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  const size = Math.abs(value);
  // Its writer has an exponent from 1e15 on and below 1e-4.
  const plain = size >= 1e15 || (size !== 0 && size < 1e-4) ? value.toExponential() : String(value);
  if (/e/.test(plain)) return plain.replace(/e([+-])(\d)$/, "e$10$2");
  return plain.includes(".") ? plain : `${plain}.0`;
}

export function write(n: Node): string {
  switch (n.k) {
    case "object":
      return `{${[...n.entries].map(([key, value]) => `${JSON.stringify(key)}:${write(value)}`).join(",")}}`;
    case "array":
      return `[${n.items.map(write).join(",")}]`;
    case "string":
      return JSON.stringify(n.value);
    default:
      return n.text;
  }
}

/** Throws an Error that says what is wrong. */
export function parseJson(text: string, wide: Wide = "exact"): Node {
  const r: Reader = { text, wide, at: 0 };
  const made = node(r, 0);
  blank(r);
  if (r.at !== text.length) fail("syntax error while parsing - unexpected input after the value");
  return made;
}

export const canonical = (text: string, wide: Wide = "exact"): string => write(parseJson(text, wide));

/** Steps of a JSONPath: `$.a."b.c"[0]`; null: not one. */
export function parsePath(path: string): (string | number)[] | null {
  if (!path.startsWith("$")) return null;
  const steps: (string | number)[] = [];
  let rest = path.slice(1);
  while (rest !== "") {
    const found = /^(?:\.([^.["'\]\s]+)|\."((?:[^"\\]|\\.)*)"|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\])/.exec(
      rest,
    );
    if (!found) return null;
    if (found[3] !== undefined) steps.push(Number(found[3]));
    else steps.push((found[1] ?? found[2] ?? found[4] ?? found[5] ?? "").replace(/\\(.)/g, "$1"));
    rest = rest.slice(found[0].length);
  }
  return steps;
}

export function walk(from: Node, steps: readonly (string | number)[]): Node | null {
  let at: Node | undefined = from;
  for (const step of steps) {
    if (at?.k === "object" && typeof step === "string") at = at.entries.get(step);
    else if (at?.k === "array" && typeof step === "number") at = at.items[step];
    else return null;
    if (!at) return null;
  }
  return at ?? null;
}

/** A scalar as text: strings without quotes; null for null, objects and arrays. */
export const scalar = (n: Node): string | null =>
  n.k === "string" ? n.value : n.k === "number" || (n.k === "word" && n.text !== "null") ? n.text : null;
