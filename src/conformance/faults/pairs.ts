import type { Planned } from "./faulty.js";

/** The ways in which a recovery is struck; what it was recovering from lies on disk, so the first fault is a crash or a lost answer. */
const seconds = ["before", "lost", "crash"] as const;

/** A fault, and another one while it is recovered from: as many points as recovery has alone, and those of the repeated operation. */
export function* pairsOf(all: readonly Planned[], recovery: number): Generator<readonly [Planned, Planned]> {
  const points = recovery + new Set(all.map((p) => p.at)).size;
  for (const first of all) {
    if (first.kind !== "crash" && first.kind !== "lost" && first.kind !== "inside-crash") continue;
    for (let at = 0; at < points; at++) for (const kind of seconds) yield [first, { at, kind }];
  }
}

/** So many of them, by the seed; or all. */
export function chosen<T>(from: Iterable<T>, how: number | "all", seed: number): readonly T[] {
  const all = [...from];
  if (how === "all" || how >= all.length) return all;
  const random = numbers(seed);
  return Array.from({ length: how }, () => all.splice(Math.floor(random() * all.length), 1)[0] as T);
}

/** mulberry32: the same numbers for the same seed. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
