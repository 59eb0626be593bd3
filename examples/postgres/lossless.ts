/**
 * An expression that turns `x` into another type, or fails the statement when it would not come back as it was: Postgres'
 * own casts round, cut and drop silently. A text must be what Postgres itself would write for the value.
 */
export function lossless(x: string, from: string, to: string, column: string): string {
  if (from === to) return x;
  // JSON text has no equality; taken for its value, nothing of that is lost.
  if (to === "jsonb") return from === "json" || isText(from) ? `CAST(${x} AS jsonb)` : `to_jsonb(${x})`;
  if (from === "json") return lossless(`CAST(${x} AS text)`, "text", to, column);
  const cast = `CAST(${x} AS ${to})`;
  const name = column.replaceAll("'", "''");
  const said = `concat('cutover: column "${name}": value ', left(CAST(${x} AS text), 60), ' does not fit ${to.replaceAll("'", "''")}')`;
  // Postgres has no function that fails: reading a text as a number does.
  const refusal = `CAST(CAST(CAST(${said} AS integer) AS text) AS ${to})`;
  const via = comparable(from, to);
  return `CASE WHEN ${x} IS NULL THEN NULL WHEN CAST(${cast} AS ${via}) = CAST(${x} AS ${via}) THEN ${cast} ELSE ${refusal} END`;
}

const isText = (native: string): boolean => native === "text" || native.startsWith("character");

/** The type in which value and original are compared. */
function comparable(from: string, to: string): string {
  if (to === "real") return "text"; // Nobody's 0.1 is a float of four bytes: the digits that it prints must survive.
  return to.startsWith("numeric") && isText(from) ? "numeric" : from;
}
