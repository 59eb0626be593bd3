import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { Adapter } from "../adapter/define.js";
import { CutoverError } from "../errors/index.js";
import type { TableDefinition } from "../table/definition.js";
import { type Config, checkConfig, type Settings } from "./config.js";
import { type Emit, emitter, type Logger, type Observer, safeLogger } from "./events.js";
import { type Pool, poolOf } from "./session/pool.js";

/** What every operation of one pipeline works with. */
export interface Context {
  readonly adapter: Adapter;
  readonly settings: Settings;
  readonly tables: Readonly<Record<string, TableDefinition>>;
  readonly pool: Pool;
  readonly emit: Emit;
  readonly log: Logger;
  readonly observers: readonly Observer[];
  /** The schema of the sandbox that this pipeline works in; null: it works on what is live. */
  readonly sandbox: string | null;
  /** Ends every operation when the pipeline is closed. */
  readonly closing: AbortController;
  /** Operations that have not ended: `close` waits for them. */
  readonly running: Set<Promise<unknown>>;
}

/** When the process began: the same in every thread of it and in every copy of this package, where the system tells. */
function beginning(): string {
  try {
    return readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)?.split(" ")[19] ?? "";
  } catch {
    return String(performance.timeOrigin);
  }
}
/** One process, told apart from every other and from its own past lives. */
export const thisProcess: string = `${hostname()}:${process.pid}:${beginning()}`;
/** How an owner appears to people who wait for it. */
export const ownerName = (): string => `${hostname()} pid ${process.pid} (${randomUUID().slice(0, 8)})`;

export function makeContext(config: Config): Context {
  const { adapter, settings, tables } = checkConfig(config);
  const log = safeLogger(config.logger);
  return {
    adapter,
    settings,
    tables,
    pool: poolOf(adapter),
    emit: emitter(settings.pipeline, config.observers ?? [], log),
    observers: config.observers ?? [],
    sandbox: null,
    log,
    closing: new AbortController(),
    running: new Set(),
  };
}

export function closedError(pipeline: string): CutoverError<"CLOSED"> {
  return new CutoverError("CLOSED", `pipeline ${pipeline} is closed`, { pipeline });
}
