import { type Cursor, expected, identifier, integer, must, peek, sees, takes, unexpected } from "../cursor.js";
import { type SqlType, type StructField, typeNames, types } from "../datatype.js";
import { SimError } from "../types.js";

/** A type as DECLARE, CAST and column definitions write it (docs "Data types"). */
export function parseType(c: Cursor): SqlType {
  const token = peek(c);
  const word = token.kind === "word" || token.kind === "quoted" ? token.value.toUpperCase() : "";
  if (word === "ARRAY") {
    c.at++;
    must(c, "<");
    const element = parseType(c);
    close(c);
    if (element.kind === "ARRAY")
      throw new SimError(
        "invalidQuery",
        400,
        `Cannot construct array with element type ARRAY because nested arrays are not supported at ${where(token)}`,
      );
    return types.array(element);
  }
  if (word === "STRUCT") {
    c.at++;
    must(c, "<");
    const fields: StructField[] = [];
    if (!sees(c, ">")) {
      do fields.push(field(c));
      while (takes(c, ","));
    }
    close(c);
    return types.struct(fields);
  }
  if (word === "RANGE") {
    c.at++;
    must(c, "<");
    const element = parseType(c);
    close(c);
    return { kind: "RANGE", element };
  }
  const kind = Object.hasOwn(typeNames, word) ? typeNames[word] : undefined;
  if (!kind) {
    if (token.kind !== "word" && token.kind !== "quoted") throw unexpected(c);
    throw new SimError("invalidQuery", 400, `Type not found: ${token.value} at ${where(token)}`);
  }
  c.at++;
  if (!sees(c, "(")) return { kind };
  c.at++;
  const first = integer(c);
  const second = takes(c, ",") ? integer(c) : null;
  must(c, ")");
  return parameterised(kind, first, second, token);
}

const where = (token: { line: number; column: number }): string => `[${token.line}:${token.column}]`;

function parameterised(
  kind: SqlType["kind"],
  first: number,
  second: number | null,
  token: { line: number; column: number },
): SqlType {
  const bad = (what: string) => new SimError("invalidQuery", 400, `${what} at ${where(token)}`);
  if (kind === "STRING" || kind === "BYTES") {
    if (second !== null || first < 1) throw bad(`${kind} length must be greater than 0`);
    return { kind, length: first };
  }
  if (kind !== "NUMERIC" && kind !== "BIGNUMERIC") throw bad(`${kind} does not support type parameters`);
  const scale = second ?? 0;
  // docs "Parameterized decimal types"
  const [scales, whole] = kind === "NUMERIC" ? [9, 29] : [38, 38];
  if (scale > scales) throw bad(`In ${kind}(P, S), S must be between 0 and ${scales}`);
  if (first < Math.max(1, scale) || first > scale + whole)
    throw bad(
      second === null
        ? `In ${kind}(P), P must be between 1 and ${whole}`
        : `In ${kind}(P, ${scale}), P must be between ${Math.max(1, scale)} and ${scale + whole}`,
    );
  const parameters = second === null ? { precision: first } : { precision: first, scale };
  return { kind, ...parameters };
}

function field(c: Cursor): StructField {
  const following = peek(c, 1);
  const named = following.kind === "word" || following.kind === "quoted";
  return named ? { name: identifier(c), type: parseType(c) } : { name: null, type: parseType(c) };
}

function close(c: Cursor): void {
  if (peek(c).value !== ">") throw peek(c).kind === "end" ? unexpected(c) : expected(c, '">"');
  c.at++;
}
