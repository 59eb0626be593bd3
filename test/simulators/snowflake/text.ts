/** Where each statement of a request begins and ends; quotes, dollar quotes and comments are skipped as the service's lexer does. */
export function splitStatements(sql: string): string[] {
  const found: string[] = [];
  let begin = 0;
  let at = 0;
  let content = false;
  const take = (end: number): void => {
    if (content) found.push(sql.slice(begin, end));
    begin = end + 1;
    content = false;
  };
  while (at < sql.length) {
    const skipped = skip(sql, at);
    if (skipped.comment) at = skipped.end;
    else if (skipped.end > at) {
      content = true;
      at = skipped.end;
    } else {
      const c = sql[at] as string;
      if (c === ";") take(at);
      else if (c.trim() !== "") content = true;
      at += 1;
    }
  }
  take(sql.length);
  return found;
}

/** A statement without the comments and the space before it. */
export function withoutLead(sql: string): string {
  let at = 0;
  while (at < sql.length) {
    const skipped = skip(sql, at);
    if (skipped.comment) at = skipped.end;
    else if (/[\s;]/.test(sql[at] as string)) at += 1;
    else break;
  }
  return sql.slice(at);
}

/** The first word of a statement, upper case: what kind of statement it is. */
export function kindOf(sql: string): string {
  const start = withoutLead(sql);
  if (start.startsWith("(")) return kindOf(start.slice(1));
  return (/^[a-z_$]+/i.exec(start.slice(0, 40))?.[0] ?? "").toUpperCase();
}

/** The end of the quoted text or comment that begins at `at`; `at` itself where none begins. */
function skip(sql: string, at: number): { readonly end: number; readonly comment: boolean } {
  const two = sql.slice(at, at + 2);
  if (two === "--" || two === "//") return { end: after(sql, "\n", at), comment: true };
  if (two === "/*") return { end: after(sql, "*/", at + 2), comment: true };
  if (two === "$$") return { end: after(sql, "$$", at + 2), comment: false };
  const quote = sql[at];
  if (quote !== "'" && quote !== '"') return { end: at, comment: false };
  let end = at + 1;
  while (end < sql.length) {
    if (quote === "'" && sql[end] === "\\") end += 2;
    else if (sql[end] === quote && sql[end + 1] === quote) end += 2;
    else if (sql[end] === quote) break;
    else end += 1;
  }
  return { end: Math.min(end + 1, sql.length), comment: false };
}

function after(sql: string, mark: string, from: number): number {
  const found = sql.indexOf(mark, from);
  return found === -1 ? sql.length : found + mark.length;
}
