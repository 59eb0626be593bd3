import { CutoverError } from "../errors/index.js";
import type { Capabilities } from "./capabilities.js";
import type { Native } from "./operations.js";
import type { Fault, IoOptions, Session } from "./session.js";
import type { Compilers, Needed, StepKind } from "./steps.js";
import type { Syntax } from "./syntax.js";

/** An engine, as its author writes it down: data, words, compilers, and how to connect. Given to {@link defineAdapter}. */
export interface AdapterSpec<C extends Capabilities, N extends Native> {
  /** The version of this interface that the adapter was written for. */
  readonly contract: 1;
  /** The engine's name in messages and in the context of `ADAPTER`. */
  readonly name: string;
  readonly capabilities: C;
  /**
   * The most sessions that all pipelines on the warehouse have open at once, the heartbeat's aside. A whole number from 1 on;
   * 1 where `concurrentSessions` is false. Default 8. Let users say it, by an option of this name.
   */
  readonly maxSessions?: number | undefined;
  readonly syntax: Syntax;
  /** One compiler for each step that the capabilities ask for: `{ ...ansi(syntax), …the engine's own }`. */
  readonly steps: Compilers<Needed<C>, N>;
  /** May be called more than once: one session for the work, one for the heartbeat. Imports the driver. */
  open(o: IoOptions): Promise<Session<N>>;
  /** Explains whatever `open`, a session or the driver threw. Never throws itself. */
  classify(e: unknown): Fault;
}
/** A warehouse as a value; no I/O happens until a pipeline opens it. */
export interface Warehouse {
  readonly contract: 1;
  readonly name: string;
  readonly capabilities: Capabilities;
}
/** What the core sees of an adapter: any capabilities, any native calls, every compiler that its capabilities ask for. */
export interface Adapter {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly maxSessions?: number | undefined;
  readonly syntax: Syntax;
  readonly steps: Partial<Compilers<StepKind, Native>>;
  /** A new session. */
  open(o: IoOptions): Promise<Session<Native>>;
  /** Explains what a session or `open` threw. */
  classify(e: unknown): Fault;
}

const specs = Symbol.for("cutover.adapter");

interface WithSpec extends Warehouse {
  readonly [specs]: Adapter;
}

function checkSessions({ name, maxSessions, capabilities }: Pick<Adapter, "name" | "maxSessions" | "capabilities">): void {
  if (maxSessions === undefined) return;
  const refuse = (message: string): never => {
    throw new CutoverError("CONFIG", `${name}: maxSessions ${message}`, { issues: [{ path: "maxSessions", message }] });
  };
  if (!Number.isSafeInteger(maxSessions) || maxSessions < 1) refuse("must be a whole number from 1 on");
  if (maxSessions > 1 && !capabilities.concurrentSessions)
    refuse(`cannot be ${maxSessions} where concurrentSessions is false: there is one session at a time`);
}

function define<C extends Capabilities, N extends Native>(spec: AdapterSpec<C, N>): Warehouse {
  checkSessions(spec);
  const warehouse: Warehouse = { contract: spec.contract, name: spec.name, capabilities: spec.capabilities };
  Object.defineProperty(warehouse, specs, { value: spec });
  return warehouse;
}

/**
 * Makes a {@link Warehouse} of an adapter. `defineAdapter(spec)`; with native calls `defineAdapter<N>()(spec)`: N is
 * given, the capabilities are inferred, and a compiler that is missing or never used does not compile.
 * @throws CutoverError `CONFIG` when `maxSessions` makes no sense.
 */
export function defineAdapter<const C extends Capabilities>(spec: AdapterSpec<C, never>): Warehouse;
export function defineAdapter<N extends Native>(): <const C extends Capabilities>(spec: AdapterSpec<C, N>) => Warehouse;
export function defineAdapter(spec?: AdapterSpec<Capabilities, never>): unknown {
  return spec === undefined ? define : define(spec);
}

/** The adapter behind a warehouse; null when the value was not made by {@link defineAdapter}. */
export function adapterOf(warehouse: Warehouse): Adapter | null {
  return (warehouse as Partial<WithSpec>)[specs] ?? null;
}
