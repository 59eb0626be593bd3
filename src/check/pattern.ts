/**
 * Regular expressions that mean the same on every engine (RE2, Snowflake's, Postgres's): those of a regular language, in a
 * spelling that all of them read alike. What needs backtracking, a flag, or a rule of one engine is refused.
 */
export type Pattern = { readonly text: string } | { readonly problem: string };

/** RE2 refuses more than 1000 repetitions, nested ones multiplied, Postgres more than 255 of one. */
const MOST = 255;
const SPECIAL = new Set("\\^$.|?*+()[]{}");
const CONTROLS: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", f: "\f", v: "\v" };
/** Spelled out: engines disagree about letters and digits beyond ASCII. Inside brackets. */
const CLASSES: Readonly<Record<string, string>> = { d: "0-9", w: "0-9A-Za-z_", s: " \t\n\r\f\v" };

class Unfit extends Error {}
interface Reader {
  readonly chars: readonly string[];
  at: number;
}
/** Text in the common spelling, and how often its repetitions multiply. */
interface Part {
  readonly text: string;
  readonly times: number;
  /** An anchor stands for no character: nothing to repeat. */
  readonly anchor?: true;
}

/** A pattern in the common spelling, or why it has none. */
export function portable(source: string): Pattern {
  if (!source.isWellFormed() || source.includes("\0")) return { problem: "it holds what no text can hold" };
  const r: Reader = { chars: [...source], at: 0 };
  try {
    const { text } = alternatives(r);
    return r.at < r.chars.length ? { problem: "a ) without its (" } : { text };
  } catch (e) {
    if (e instanceof Unfit) return { problem: e.message };
    throw e;
  }
}

const unfit = (why: string): never => {
  throw new Unfit(why);
};
const peek = (r: Reader): string | undefined => r.chars[r.at];
const next = (r: Reader): string => r.chars[r.at++] ?? unfit("it ends too early");
const takes = (r: Reader, c: string): boolean => {
  if (peek(r) !== c) return false;
  r.at += 1;
  return true;
};

function alternatives(r: Reader): Part {
  const all = [sequence(r)];
  while (takes(r, "|")) all.push(sequence(r));
  return { text: all.map((p) => p.text).join("|"), times: Math.max(...all.map((p) => p.times)) };
}

function sequence(r: Reader): Part {
  const parts: Part[] = [];
  for (let c = peek(r); c !== undefined && c !== "|" && c !== ")"; c = peek(r)) parts.push(repeated(r, atom(r)));
  if (parts.length === 0) unfit("an empty alternative, which all text has");
  return { text: parts.map((p) => p.text).join(""), times: Math.max(...parts.map((p) => p.times)) };
}

function repeated(r: Reader, part: Part): Part {
  const quantifier = readQuantifier(r);
  if (quantifier === null) return part;
  if (part.anchor) unfit("an anchor cannot be repeated");
  const times = part.times * quantifier.times;
  if (times > MOST) unfit(`it repeats more than ${MOST} times, nested repetitions multiplied`);
  if (peek(r) === "?") unfit("a lazy quantifier, which finds no other texts: leave the ? out");
  if (["*", "+", "{"].includes(peek(r) ?? "")) unfit("a quantifier after a quantifier");
  return { text: part.text + quantifier.text, times };
}

function readQuantifier(r: Reader): { readonly text: string; readonly times: number } | null {
  for (const c of ["*", "+", "?"]) if (takes(r, c)) return { text: c, times: 1 };
  if (!takes(r, "{")) return null;
  let inner = "";
  while (peek(r) !== undefined && peek(r) !== "}") inner += next(r);
  const [, from, comma, to] = /^(\d{1,4})(,?)(\d{0,4})$/.exec(inner) ?? unfit("a { that begins no {n}, {n,} or {n,m}: write \\{");
  if (!takes(r, "}")) unfit("a { without its }");
  const most = comma === "" || to === "" ? Number(from) : Number(to);
  if (comma === "" && to !== "") unfit("a { that begins no {n}, {n,} or {n,m}: write \\{");
  if (most < Number(from)) unfit(`{${inner}} is the wrong way round`);
  if (most > MOST) unfit(`it repeats more than ${MOST} times, nested repetitions multiplied`);
  return { text: `{${inner}}`, times: Math.max(1, most) };
}

function atom(r: Reader): Part {
  const c = next(r);
  switch (c) {
    case "(":
      return group(r);
    case "[":
      return { text: brackets(r), times: 1 };
    case ".":
      return { text: "[^\n]", times: 1 };
    case "^":
    case "$":
      return { text: c, times: 1, anchor: true };
    case "\\":
      return { text: backslashed(r), times: 1 };
    case "*":
    case "+":
    case "?":
    case "{":
      return unfit(`${c} with nothing before it: write \\${c}`);
    default:
      return { text: literal(c), times: 1 };
  }
}

function group(r: Reader): Part {
  // A group is only one for a quantifier: whether it captures makes no difference.
  if (takes(r, "?") && !takes(r, ":")) unfit("lookahead, lookbehind, named groups or flags in a group: (? can only begin (?:");
  const inner = alternatives(r);
  if (!takes(r, ")")) unfit("a ( without its )");
  return { text: `(${inner.text})`, times: inner.times };
}

const literal = (c: string): string => (SPECIAL.has(c) ? `\\${c}` : c);
const isPunctuation = (c: string): boolean => /^[!-/:-@[-`{-~ ]$/.test(c);

/** The one character that a backslash and this one mean; null: none. */
const escaped = (c: string): string | null => (isPunctuation(c) ? c : (CONTROLS[c] ?? null));

function backslashed(r: Reader): string {
  const c = next(r);
  const set = CLASSES[c.toLowerCase()];
  if (set !== undefined) return `[${c === c.toLowerCase() ? "" : "^"}${set}]`;
  const one = escaped(c);
  if (one !== null) return literal(one);
  return unfit(/\d/.test(c) ? `\\${c}: a backreference` : `\\${c}, which engines read differently or not at all`);
}

function brackets(r: Reader): string {
  let text = takes(r, "^") ? "[^" : "[";
  const begin = r.at;
  while (!takes(r, "]")) {
    const [first, set] = member(r, begin);
    const ranges = peek(r) === "-" && r.chars[r.at + 1] !== "]" && r.chars[r.at + 1] !== undefined;
    if (!ranges) {
      text += set ?? inBrackets(first);
      continue;
    }
    r.at += 1;
    const [last, lastSet] = member(r, r.at);
    if (set !== null || lastSet !== null) unfit("a range in [ ] between what is no single character");
    if ((first.codePointAt(0) ?? 0) > (last.codePointAt(0) ?? 0)) unfit(`the range ${first}-${last} is the wrong way round`);
    text += `${inBrackets(first)}-${inBrackets(last)}`;
  }
  return text === "[" || text === "[^" ? unfit("[ ] with nothing in it") : `${text}]`;
}
/** A character in brackets, or a set of them. */
function member(r: Reader, begin: number): readonly [string, string | null] {
  const c = next(r);
  if (c === "[") return unfit("a [ in [ ]: write \\[; there are no classes such as [:alpha:]");
  if (c === "-" && r.at - 1 !== begin && peek(r) !== "]") return unfit("a - in [ ] that makes no range: write \\-");
  if (c !== "\\") return [c, null];
  const e = next(r);
  const set = CLASSES[e];
  if (set !== undefined) return [e, set];
  return [escaped(e) ?? unfit(`\\${e} in [ ], which engines read differently or not at all`), null];
}
const inBrackets = (c: string): string => ("\\]^-[".includes(c) ? `\\${c}` : c);
