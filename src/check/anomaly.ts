/** How many observations of a metric the ledger remembers. */
export const REMEMBERED = 30;

/** What an observation is held against: the median of earlier ones, and how far from it one may be. */
export interface Usual {
  readonly median: number;
  readonly tolerance: number;
}

/**
 * The modified z-score of Iglewicz and Hoaglin (How to Detect and Handle Outliers, 1993; NIST/SEMATECH e-Handbook of
 * Statistical Methods, 1.3.5.17): 0.6745 · |x − median| / MAD, where MAD is the median of the distances from the median. It
 * is solved for the distance. Where most values are the same, MAD is 0 and tells nothing: then the mean of the distances
 * takes its place, 1.2533 times which is a standard deviation of normal values. `ratio` of the median is always allowed.
 */
export function usual(history: readonly number[], o: { readonly sigmas: number; readonly ratio: number }): Usual {
  const center = median(history);
  const distances = history.map((x) => Math.abs(x - center));
  const mad = median(distances);
  const mean = distances.reduce((sum, d) => sum + d / distances.length, 0);
  const deviation = mad > 0 ? mad / 0.6745 : mean * Math.sqrt(Math.PI / 2);
  return { median: center, tolerance: Math.max(o.sigmas * deviation, o.ratio * Math.abs(center)) };
}

/** The middle one; between the two in the middle where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1] ?? 0, sorted[Math.floor(sorted.length / 2)] ?? 0];
  // Halved before they are added: a sum may leave the range of a float.
  return low === high ? low : low / 2 + high / 2;
}
