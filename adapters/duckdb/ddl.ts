/** Reads DuckDB's own CREATE statements, as its catalog writes them: enough to change the name, and no more. */
interface Token {
  readonly kind: "word" | "quoted" | "string" | "other";
  /** The identifier without its quotes; the text itself for other kinds. */
  readonly value: string;
  readonly end: number;
  /** How many parentheses are open around it. */
  readonly depth: number;
}
const pattern = /"((?:[^"]|"")*)"|'(?:[^']|'')*'|([\p{L}_][\p{L}\p{N}_$]*)|\s+|[\s\S]/gu;

function* tokens(sql: string): Generator<Token> {
  let depth = 0;
  for (const m of sql.matchAll(pattern)) {
    const whole = m[0];
    const end = m.index + whole.length;
    if (whole === ")") depth--;
    if (m[1] !== undefined) yield { kind: "quoted", value: m[1].replaceAll('""', '"'), end, depth };
    else if (m[2] !== undefined) yield { kind: "word", value: whole, end, depth };
    else if (whole.startsWith("'")) yield { kind: "string", value: whole, end, depth };
    else if (whole.trim() !== "") yield { kind: "other", value: whole, end, depth };
    if (whole === "(") depth++;
  }
}

/**
 * What follows the name in `CREATE … <keyword> <name>`, without the last semicolon.
 * @throws Error when the text is no such statement.
 */
export function afterName(sql: string, keyword: "TABLE" | "VIEW" | "ON"): string {
  const text = sql.replace(/;\s*$/, "");
  let seen = false;
  let named = false;
  let end = 0;
  for (const t of tokens(text)) {
    const name = t.kind === "quoted" || t.kind === "word";
    if (!seen) seen = t.kind === "word" && t.value === keyword && t.depth === 0;
    else if (name && !named) [named, end] = [true, t.end];
    else if (t.value === "." && named) named = false;
    else return text.slice(end);
  }
  throw new Error(`cutover cannot read the engine's own statement: ${sql.slice(0, 80)}`);
}

/** For each column definition of a table's body, in order: whether the engine computes it. */
export function generatedColumns(body: string): readonly boolean[] {
  const found: boolean[] = [];
  let words: string[] = [];
  const close = (): void => {
    found.push(words.join(" ").includes("GENERATED ALWAYS AS"));
    words = [];
  };
  for (const t of tokens(body)) {
    if (t.depth === 1 && t.value === "," && t.kind === "other") close();
    else if (t.depth === 1 && t.kind === "word") words.push(t.value);
    else if (t.depth === 1 && t.kind === "quoted") words.push('"');
  }
  close();
  return found;
}

/** Every name that a statement mentions, folded as DuckDB compares names. */
export function mentions(sql: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const t of tokens(sql)) if (t.kind === "word" || t.kind === "quoted") names.add(fold(t.value));
  return names;
}

/** DuckDB compares names without regard to the case of ASCII letters. */
export const fold = (name: string): string => name.replace(/[A-Z]/g, (c) => c.toLowerCase());
export const sameName = (a: string, b: string): boolean => fold(a) === fold(b);
