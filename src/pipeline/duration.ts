/** Milliseconds, or a number with a unit. */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration in milliseconds; null when it is none. */
export function milliseconds(d: unknown): number | null {
  if (typeof d === "number") return Number.isFinite(d) && d >= 0 ? d : null;
  const m = typeof d === "string" ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(d) : null;
  return m === null ? null : Number(m[1]) * (units[m[2] ?? ""] ?? 0);
}
