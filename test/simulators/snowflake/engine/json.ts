/**
 * JSON as the service keeps and writes it: keys of objects in order, doubles with fifteen digits, decimals without trailing zeros.
 * Sources: docs "PARSE_JSON", "TO_JSON", "TYPEOF" (1.912000000000000e+02), "Semi-structured data types" (keys unordered, shown sorted).
 */
type Node = string | readonly Node[] | ReadonlyMap<string, Node>;

class Reader {
  readonly text: string;
  readonly asIs: boolean;
  at = 0;
  constructor(text: string, asIs = false) {
    this.text = text;
    this.asIs = asIs;
  }
}

const fail = (r: Reader, what: string): never => {
  throw new Error(`100069|22P02|Error parsing JSON: ${what}, pos ${r.at + 1}`);
};

function space(r: Reader): void {
  const blank = /\s*/y;
  blank.lastIndex = r.at;
  r.at += blank.exec(r.text)?.[0].length ?? 0;
}

/** Leaves are canonical JSON texts. */
function node(r: Reader): Node {
  space(r);
  const c = r.text[r.at];
  if (c === "{") return object(r);
  if (c === "[") return array(r);
  if (c === '"') return string(r);
  const scalar = /(?:null|true|false|undefined|NaN|-?Infinity|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/y;
  scalar.lastIndex = r.at;
  const found = scalar.exec(r.text)?.[0] ?? fail(r, c === undefined ? "unfinished input" : "unknown keyword");
  r.at += found.length;
  return !r.asIs && /^-?\d/.test(found) ? number(found) : found;
}

function string(r: Reader): string {
  const quoted = /"(?:[^"\\]|\\[\s\S])*"/y;
  quoted.lastIndex = r.at;
  const found = quoted.exec(r.text)?.[0] ?? fail(r, "unterminated string");
  r.at += found.length;
  if (!/[\\\n\t\r\p{Cc}]/u.test(found)) return found;
  try {
    return JSON.stringify(JSON.parse(found.replace(/[\n\t\r]/g, (x) => ({ "\n": "\\n", "\t": "\\t", "\r": "\\r" })[x] ?? x)));
  } catch {
    return fail(r, "bad escape");
  }
}

function number(found: string): string {
  if (/[eE]/.test(found)) return double(Number(found));
  if (!found.includes(".")) return found === "-0" ? "0" : found.replace(/^-?\d{39,}$/, (n) => double(Number(n)));
  const trimmed = found.replace(/\.?0+$/, "");
  if (trimmed.replace(/[-.]/g, "").replace(/^0+/, "").length > 38) return double(Number(found));
  return trimmed === "-0" || trimmed === "" ? "0" : trimmed;
}

/** A double as it is kept: every digit, always with an exponent, by which it is told from a decimal. */
export function double(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  return (Object.is(value, -0) ? "-0e+0" : value.toExponential()).replace(/e([+-])(\d)$/, "e$10$2");
}

/** A document as it is shown: doubles with fifteen digits after the point. */
export function shownDoubles(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?e[+-]\d+/g, (found) =>
    found.startsWith('"')
      ? found
      : Number(found)
          .toExponential(15)
          .replace(/e([+-])(\d)$/, "e$10$2"),
  );
}

function array(r: Reader): Node {
  const items: Node[] = [];
  r.at++;
  space(r);
  if (r.text[r.at] === "]") {
    r.at++;
    return items;
  }
  for (;;) {
    items.push(node(r));
    space(r);
    const c = r.text[r.at++];
    if (c === "]") return items;
    if (c !== ",") fail(r, "missing comma");
  }
}

function object(r: Reader): Node {
  const entries = new Map<string, Node>();
  r.at++;
  space(r);
  if (r.text[r.at] === "}") {
    r.at++;
    return entries;
  }
  for (;;) {
    space(r);
    if (r.text[r.at] !== '"') fail(r, "object key is not a string");
    const key = string(r);
    if (entries.has(key)) fail(r, `duplicate object attribute ${key}`);
    space(r);
    if (r.text[r.at++] !== ":") fail(r, "missing colon");
    entries.set(key, node(r));
    space(r);
    const c = r.text[r.at++];
    if (c === "}") break;
    if (c !== ",") fail(r, "missing comma");
  }
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `asIs`: numbers stay as they are written. */
function read(text: string, asIs = false): Node {
  const r = new Reader(text, asIs);
  const value = node(r);
  space(r);
  if (r.at < text.length) fail(r, "more than one document in the input");
  return value;
}

function compact(value: Node): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return `[${value.map(compact).join(",")}]`;
  return `{${[...(value as ReadonlyMap<string, Node>)].map(([k, v]) => `${k}:${compact(v)}`).join(",")}}`;
}

/** Canonical compact text; null for empty input, as PARSE_JSON. Throws "100069|22P02|…". */
export function canonical(text: string): string | null {
  return text.trim() === "" ? null : compact(read(text));
}

/** As results show a VARIANT: JSON_INDENT spaces a level, none at all for 0 (docs "Parameters"). */
export function pretty(text: string, indent: number): string {
  const shown = /\de[+-]/.test(text) ? shownDoubles(text) : text;
  return /^\s*[[{]/.test(shown) ? print(read(shown, true), " ".repeat(indent)) : shown;
}

const print = (value: Node, step: string): string => (step === "" ? compact(value) : spread(value, "", step));

function spread(value: Node, indent: string, step: string): string {
  if (typeof value === "string") return value;
  const deeper = indent + step;
  if (Array.isArray(value)) {
    return value.length === 0 ? "[]" : `[\n${value.map((v) => deeper + spread(v, deeper, step)).join(",\n")}\n${indent}]`;
  }
  const map = value as ReadonlyMap<string, Node>;
  if (map.size === 0) return "{}";
  return `{\n${[...map].map(([k, v]) => `${deeper}${k}: ${spread(v, deeper, step)}`).join(",\n")}\n${indent}}`;
}

/** Keys of an object with their values' texts, in order; null for what is no object. */
export function entries(text: string): (readonly [string, string])[] | null {
  const value = read(text);
  if (typeof value === "string" || Array.isArray(value)) return null;
  return [...(value as ReadonlyMap<string, Node>)].map(([k, v]) => [JSON.parse(k) as string, compact(v)] as const);
}

/** Texts of an array's elements; null for what is no array. */
export function elements(text: string): string[] | null {
  const value = read(text);
  return Array.isArray(value) ? value.map(compact) : null;
}

/** Documents that follow each other in a file, each as canonical text; one outer array may be taken off (docs "CREATE FILE FORMAT", JSON). */
export function documents(text: string, stripOuterArray: boolean): string[] {
  const r = new Reader(text.startsWith("\uFEFF") ? text.slice(1) : text);
  const found: string[] = [];
  for (;;) {
    space(r);
    if (r.at >= r.text.length) return found;
    const value = node(r);
    if (stripOuterArray && Array.isArray(value)) found.push(...value.map(compact));
    else found.push(compact(value));
  }
}
