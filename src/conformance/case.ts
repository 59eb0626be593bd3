import type { Capabilities } from "../adapter/capabilities.js";
import type { Place } from "./place.js";

/** What a case is about: one session, one step, an operation of the core, or an operation that fails at every point. */
export type Group = "session" | "steps" | "operations" | "faults";

/** One thing that an adapter must do, for any test runner. */
export interface ConformanceCase {
  /** Unique, and stable from version to version: `steps: exchange refuses rows that others changed`. */
  readonly name: string;
  readonly group: Group;
  /** The invariant that the case proves above all, 1 to 12; null: what the contract itself says. */
  readonly invariant: number | null;
  /** Further invariants that it proves. */
  readonly also: readonly number[];
  /** Why the engine cannot be asked; false: it can. */
  readonly skip: string | false;
  /** Longest time, in milliseconds, for a runner that wants one. */
  readonly timeoutMs: number;
  /** Rejects when the adapter does not do it. Needs no `this`, and looks at no argument: runners may pass it on as it is. */
  readonly run: () => Promise<void>;
}

/** A case before it is bound to an adapter. */
export interface CaseDefinition {
  readonly name: string;
  readonly invariant?: number;
  readonly also?: readonly number[];
  /** Why an engine with these capabilities cannot be asked; false or absent: it can. */
  readonly skip?: (capabilities: Capabilities, given: Given) => string | false;
  /** Default 60,000. */
  readonly timeoutMs?: number;
  readonly run: (place: Place, note: (text: string) => void) => Promise<void>;
}
/** What the harness brings beside the warehouse; cases that need more than there is are skipped. */
export interface Given {
  readonly decorated: boolean;
}

/** Skips where one of the conditions holds, told by its key: `unless({ "the engine clones nothing": c.clone === "none" })`. */
export const reason = (conditions: Readonly<Record<string, boolean>>): string | false =>
  Object.entries(conditions).find(([, holds]) => holds)?.[0] ?? false;
