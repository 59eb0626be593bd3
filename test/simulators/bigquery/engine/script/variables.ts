import { type SqlType, same, shown, type Typed, type Value } from "../datatype.js";
import { invalid } from "../errors-run.js";
import type { Token } from "../lex.js";
import { SimError } from "../types.js";

/** Variables of a script: a name is declared once along nested blocks (reference "Procedural language", DECLARE). */
export interface Variables {
  readonly all: ReadonlyMap<string, Typed>;
  declare(name: Token, value: Typed): void;
  set(name: Token, value: Typed): void;
  typeOf(name: Token): SqlType;
  enter(): void;
  leave(): void;
}

export function variables(most: { readonly each: number; readonly all: number }): Variables {
  const all = new Map<string, Typed>();
  const sizes = new Map<string, number>();
  const blocks: string[][] = [[]];
  const known = (name: Token): Typed => {
    const found = all.get(name.value.toLowerCase());
    if (!found) throw invalid(`Undeclared variable: ${name.value}`, name);
    return found;
  };
  const fits = (name: Token, value: Typed): Typed => {
    // docs "Work with multi-statement queries": 1 MB a variable, 10 MB all of them.
    const size = sizeOf(value.value);
    const key = name.value.toLowerCase();
    let sum = size;
    for (const [other, bytes] of sizes) if (other !== key) sum += bytes;
    if (size > most.each || sum > most.all)
      throw new SimError(
        "resourcesExceeded",
        400,
        `Resources exceeded during query execution: variable ${name.value} takes ${size} bytes, all variables ${sum} at [${name.line}:${name.column}]`,
      );
    sizes.set(key, size);
    return value;
  };
  return {
    all,
    declare(name, value) {
      const key = name.value.toLowerCase();
      if (all.has(key)) throw invalid(`Variable '${name.value}' redeclaration`, name);
      all.set(key, fits(name, value));
      blocks.at(-1)?.push(key);
    },
    set(name, value) {
      const { type } = known(name);
      if (!same(type, value.type))
        throw invalid(
          `Cannot coerce expression of type ${shown(value.type)} to type ${shown(type)} of variable ${name.value}`,
          name,
        );
      all.set(name.value.toLowerCase(), fits(name, { type, value: value.value }));
    },
    typeOf: (name) => known(name).type,
    enter: () => void blocks.push([]),
    leave() {
      for (const name of blocks.pop() ?? []) {
        all.delete(name);
        sizes.delete(name);
      }
    },
  };
}

function sizeOf(value: Value): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (value instanceof Uint8Array) return value.length;
  if (Array.isArray(value)) return value.reduce<number>((n, v) => n + sizeOf(v), 0);
  return value === null ? 0 : 8;
}
