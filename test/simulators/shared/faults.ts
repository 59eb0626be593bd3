import { later } from "./waiting.js";

/** How often a fault struck, and its end. */
export interface Struck {
  readonly times: number;
  remove(): void;
}

export interface Held<Call> extends Struck {
  /** Resolves when a request waits here. */
  readonly reached: Promise<Call>;
  release(): void;
}

export interface Faults<When, Fault, Call, At> {
  /** Strikes `times` times (default: once). Of several that fit, the first one added strikes. */
  add(when: When, fault: Fault, times?: number): Struck;
  /** One request, or what it starts, waits at the given point until released. Default: while it runs. */
  hold(when: When, at?: At): Held<Call>;
  clear(): void;
}

/** A fault that has been chosen for a request; `reached` tells whoever holds it. */
export interface Strike<Fault> {
  readonly fault: Fault;
  reached(): void;
}

export interface FaultBook<When, Fault, Call, At> extends Faults<When, Fault, Call, At> {
  strike(call: Call): Strike<Fault> | undefined;
}

interface Rule<When, Fault, Call> {
  readonly when: When;
  readonly fault: Fault;
  left: number;
  seen: number;
  struck: number;
  readonly reached?: (call: Call) => void;
}

/** Keeps faults until requests come that they strike. `waiting`: the fault that only waits, from the given point on. */
export function faultBook<When extends { readonly nth?: number }, Fault, Call, At>(
  fits: (when: When, call: Call) => boolean,
  waiting: (at: At | "running", hold: Promise<void>) => Fault,
): FaultBook<When, Fault, Call, At> {
  const rules: Rule<When, Fault, Call>[] = [];
  const enter = (given: Pick<Rule<When, Fault, Call>, "when" | "fault" | "left" | "reached">): Struck => {
    const rule = { ...given, seen: 0, struck: 0 };
    rules.push(rule);
    return {
      get times() {
        return rule.struck;
      },
      remove: () => {
        rule.left = 0;
      },
    };
  };
  return {
    add: (when, fault, times = 1) => enter({ when, fault, left: times }),
    hold: (when, at) => {
      const gate = later<void>();
      const reached = later<Call>();
      const struck = enter({ when, fault: waiting(at ?? "running", gate.promise), left: 1, reached: reached.resolve });
      return {
        get times() {
          return struck.times;
        },
        remove: struck.remove,
        reached: reached.promise,
        release: gate.resolve,
      };
    },
    clear: () => {
      rules.length = 0;
    },
    strike: (call) => {
      for (const rule of rules) {
        if (rule.left === 0 || !fits(rule.when, call)) continue;
        rule.seen += 1;
        if (rule.seen < (rule.when.nth ?? 1)) continue;
        rule.left -= 1;
        rule.struck += 1;
        return { fault: rule.fault, reached: () => rule.reached?.(call) };
      }
      return undefined;
    },
  };
}

/** Whether a text is what a fault's condition wants: it holds it, matches it, or is found good. */
export function matches(wanted: string | RegExp | ((text: string) => boolean) | undefined, text: string): boolean {
  if (wanted === undefined) return true;
  if (typeof wanted === "function") return wanted(text);
  return typeof wanted === "string" ? text.includes(wanted) : wanted.test(text);
}
