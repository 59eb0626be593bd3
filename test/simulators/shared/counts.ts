type Counted = Readonly<Record<string, number>>;

/** One more of that name. */
export function add(to: Record<string, number>, name: string): void {
  to[name] = (to[name] ?? 0) + 1;
}

/** Each number less the one of the same name. */
export const less = <T extends Counted>(a: T, b: { readonly [K in keyof T]: number }): { readonly [K in keyof T]: number } =>
  Object.fromEntries(Object.keys(a).map((name) => [name, (a[name] ?? 0) - (b[name] ?? 0)])) as { [K in keyof T]: number };

/** The same of what was counted by names as they came: those of which nothing came are left out. */
export const lessByName = (a: Counted, b: Counted): Record<string, number> =>
  Object.fromEntries(
    Object.entries(a)
      .map(([name, n]) => [name, n - (b[name] ?? 0)] as const)
      .filter(([, n]) => n !== 0),
  );
