/**
 * The words in which engines differ. `ansi(syntax)` makes every portable step of them, so they decide whether rows compare
 * bit for bit, whether hostile names stay names, and whether a checksum means anything.
 */
import type { Syntax } from "cutover/adapter";
import { unwritten } from "./errors.js";

export const syntax: Syntax = {
  ident: () => unwritten("syntax.ident", "the names of the path, each quoted with its quotes doubled, joined by dots"),
  literal: () => unwritten("syntax.literal", "the value as SQL text of its type, exact: −0, NaN, NULL and quotes too"),
  type: () => unwritten("syntax.type", "the engine's type for a canonical one, spelt as its catalog spells it"),
  fromNative: () => unwritten("syntax.fromNative", "the canonical type of the engine's, or null: such values travel as text"),
  now: () => unwritten("syntax.now", "an expression for the clock: an instant that moves, also inside a transaction"),
  plusMs: () => unwritten("syntax.plusMs", "an expression for that instant and so many milliseconds"),
  rowHash: () => unwritten("syntax.rowHash", "an expression for a number from md5 of a text that no other row has"),
  sumHash: () => unwritten("syntax.sumHash", "an expression for the exact sum of such numbers, 0 for no rows"),
  countIf: () => unwritten("syntax.countIf", "an expression for the number of rows where the condition is TRUE, 0 for no rows"),
  matches: () => unwritten("syntax.matches", "an expression that is TRUE where the pattern is found anywhere in the text"),
  ageMs: () => unwritten("syntax.ageMs", "an expression for the whole milliseconds from the instant until the clock"),
  nullSafeEq: () => unwritten("syntax.nullSafeEq", "an expression that is TRUE where both are NULL, or equal bit for bit"),
  jsonText: () => unwritten("syntax.jsonText", "an expression for what stands under a path in JSON text, as text"),
  // Part of every checksum: another name for every other algorithm or encoding.
  hashVersion: "engine-md5-1",
};
