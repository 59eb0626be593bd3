import type { CheckResult } from "../check/result.js";
import type { ErrorCode } from "../errors/index.js";
import type { TableCounts } from "./look/reports.js";
import type { Stage } from "./words.js";

interface EventBase {
  readonly pipeline: string;
  readonly release: number | null;
  /** Milliseconds since the epoch, by this machine's clock. */
  readonly at: number;
}
type EventBody =
  | { readonly type: "stage.start"; readonly stage: Stage }
  | { readonly type: "stage.end"; readonly stage: Stage; readonly ms: number; readonly ok: boolean; readonly code?: ErrorCode }
  | { readonly type: "rows.staged"; readonly table: string; readonly rows: number; readonly quarantined: number }
  | { readonly type: "check"; readonly result: CheckResult }
  | { readonly type: "published"; readonly table: string; readonly counts: TableCounts }
  | { readonly type: "rolled-back"; readonly from: number; readonly to: number }
  | { readonly type: "statement"; readonly label: string; readonly ms: number; readonly nativeId?: string };
/** What observers see. The union may grow in a minor version. */
export type CutoverEvent = EventBase & EventBody;
/** An observer cannot fail a run: what it throws is logged. */
export interface Observer {
  /** Called at once, and not waited for. */
  event(e: CutoverEvent): void;
}
/** `(context, message)`: the order of pino; `console` copes. */
export interface Logger {
  /** What only those want to know who look into something. */
  debug(c: object, m: string): void;
  /** What happened, where all is well. */
  info(c: object, m: string): void;
  /** What went wrong, and failed nothing. */
  warn(c: object, m: string): void;
  /** What failed. */
  error(c: object, m: string): void;
}
export type Emit = (release: number | null, body: EventBody) => void;

/** A logger that cannot fail either. */
export function safeLogger(logger: Logger | undefined): Logger {
  const call =
    (level: keyof Logger) =>
    (c: object, m: string): void => {
      // There is nowhere left to say it.
      guarded(
        () => logger?.[level](c, m),
        () => undefined,
      );
    };
  return { debug: call("debug"), info: call("info"), warn: call("warn"), error: call("error") };
}

export function emitter(pipeline: string, observers: readonly Observer[], log: Logger): Emit {
  return (release, body) => {
    const event: CutoverEvent = { pipeline, release, at: Date.now(), ...body };
    for (const observer of observers)
      guarded(
        () => observer.event(event),
        (err) => log.warn({ err, type: body.type }, "an observer threw"),
      );
  };
}

/** A function of the user's, whose failure is told and goes no further; an async one is not waited for. */
function guarded(body: () => unknown, failed: (err: unknown) => void): void {
  try {
    const result = body();
    if (typeof result === "object" && result !== null && "then" in result) Promise.resolve(result).catch(failed);
  } catch (err) {
    failed(err);
  }
}
