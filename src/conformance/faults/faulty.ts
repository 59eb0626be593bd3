import type { Capabilities } from "../../adapter/capabilities.js";
import { type Adapter, adapterOf, type Warehouse } from "../../adapter/define.js";
import type { AtomicBlock, BlockResult, Native } from "../../adapter/operations.js";
import type { Fault, Session } from "../../adapter/session.js";
import { wrapped } from "../wrapped.js";

/** What can go wrong at a call. */
export type FaultKind =
  /** The call fails and was never sent. */
  | "before"
  /** It takes effect, and fails all the same. */
  | "after"
  /** It takes effect, its answer is lost, and so is the connection. */
  | "lost"
  /** It waits, others take over and finish the work, and then it goes on. */
  | "stall"
  /** The process ends before it. */
  | "crash";
/** What can go wrong inside a block, before one of its operations. */
export type InnerKind = "inside" | "inside-lost" | "inside-limit" | "inside-crash";

/** A place where something can go wrong: a call, or (inner) an operation of a block. */
export interface Point {
  readonly label: string;
  readonly inner: boolean;
  /** The call only looks: it has no effect after which it could fail. */
  readonly looks: boolean;
}
/** What a fault that was planned for a call means inside a block, where a call that fails takes the block with it. */
const within: { readonly [K in Planned["kind"]]?: InnerKind } = {
  before: "inside",
  after: "inside",
  lost: "inside-lost",
  crash: "inside-crash",
};
const looking: ReadonlySet<string> = new Set(["open", "describe", "list", "hasSchema", "columnsOf", "stream"]);
/** The one thing that goes wrong: at the n-th point, counted from 0. */
export interface Planned {
  readonly at: number;
  readonly kind: FaultKind | InnerKind;
}
/** A warehouse on which at most one thing goes wrong. */
export interface Faulty {
  readonly warehouse: Warehouse;
  /** The points passed so far. */
  readonly points: readonly Point[];
  readonly struck: boolean;
  /** The process is dead: every further call fails. */
  readonly dead: boolean;
}
/** What the walk wants to do where the fault strikes. */
export interface Meanwhile {
  /** Readers look, wherever it strikes; inside an open transaction only where others can. */
  look(): Promise<void>;
  /** While a call stalls: others take over. */
  takeOver(): Promise<void>;
}

/** A failure that the walk made. */
class Injected extends Error {
  readonly fault: Fault;
  constructor(message: string, fault: Fault) {
    super(message);
    this.fault = fault;
  }
}
const failures = {
  before: () => new Injected("injected: the call was not sent", { kind: "transient", outcome: "not-applied" }),
  after: () => new Injected("injected: failed after its effect", { kind: "other", outcome: "unknown" }),
  lost: () => new Injected("injected: the connection was lost", { kind: "transient", outcome: "unknown" }),
  inside: () => new Injected("injected: a statement failed", { kind: "other", outcome: "not-applied" }),
};

/** How long a block may take that is made to run into its limit, in milliseconds. */
const LIMIT_MS = 40;

/** Makes a warehouse fail as planned; `plan: null` only counts the points. */
export function faulty(warehouse: Warehouse, plan: Planned | null, meanwhile: Meanwhile): Faulty {
  const adapter = adapterOf(warehouse) as Adapter;
  const interactive = adapter.capabilities.transaction === "interactive";
  const points: Point[] = [];
  const open = new Set<Session<Native>>();
  const state = { struck: false, dead: false };
  /** Numbers a point; tells what strikes there. */
  const pass = (label: string, inner: boolean): Planned["kind"] | null => {
    const at = points.push({ label, inner, looks: looking.has(label) }) - 1;
    if (plan?.at !== at) return null;
    state.struck = true;
    if (inner) return within[plan.kind] ?? plan.kind;
    return plan.kind === "after" && looking.has(label) ? "before" : plan.kind;
  };
  const die = async (): Promise<never> => {
    state.dead = true;
    await Promise.allSettled([...open].map((s) => s.close()));
    throw failures.lost();
  };
  const call = async <R>(
    label: string,
    own: { lost: boolean } | null,
    body: () => Promise<R>,
    undo: (result: R) => Promise<unknown> = async () => undefined,
  ): Promise<R> => {
    if (state.dead || own?.lost === true) throw failures.lost();
    const kind = pass(label, false);
    if (kind === null) return body();
    if (kind === "before") throw failures.before();
    if (kind === "stall") {
      await meanwhile.takeOver();
      return body();
    }
    if (kind === "crash") return die();
    await undo(await body());
    await meanwhile.look();
    if (kind === "lost" && own !== null) own.lost = true;
    throw kind === "lost" ? failures.lost() : failures.after();
  };
  const block = async (
    session: Session<Native>,
    own: { lost: boolean },
    b: AtomicBlock,
    io: Parameters<Session["atomic"]>[1],
  ) => {
    for (const [i, op] of [...b.ops, { id: "end" }].entries()) {
      const kind = pass(`${b.id}: ${op.id}`, true);
      if (kind === null) continue;
      const result = await cut(session, b, i, kind, io);
      if (result.outcome === "refused") return result;
      if (kind === "inside-crash") return die();
      if (kind === "inside-lost") own.lost = true;
      throw kind === "inside-lost" ? failures.lost() : failures.inside();
    }
    return session.atomic(b, io);
  };
  /** The block up to its i-th operation, undone. */
  const cut = (
    session: Session<Native>,
    b: AtomicBlock,
    i: number,
    kind: Planned["kind"],
    io: Parameters<Session["atomic"]>[1],
  ): Promise<BlockResult> => {
    const waits = kind === "inside-limit";
    const inspect = async (): Promise<{ ok: boolean }> => {
      if (adapter.capabilities.concurrentSessions) await meanwhile.look();
      return waits ? new Promise(() => undefined) : { ok: true };
    };
    const ops = [...b.ops.slice(0, i), ...(interactive ? [{ id: "conformance.fault", inspect }] : [])];
    return session.atomic({ ...b, end: "rollback", ops, timeoutMs: waits && interactive ? LIMIT_MS : b.timeoutMs }, io);
  };
  const made = wrapped(warehouse, {
    open: (opened, o) =>
      call(
        "open",
        null,
        () => opened(o),
        (unheard) => unheard.close(),
      ),
    session: (session) => {
      const own = { lost: false };
      open.add(session);
      return {
        execute: (op, o) => call(o.tag, own, () => session.execute(op, o)),
        atomic: (b, o) => call(b.id, own, () => block(session, own, b, o)),
        stage: (into, columns, from, o) => call("stage", own, () => session.stage(into, columns, from, o)),
        columnsOf: (source, o) => call("columnsOf", own, () => session.columnsOf(source, o)),
        describe: (ref, o, what) => call("describe", own, () => session.describe(ref, o, what)),
        list: (schema, prefix, o) => call("list", own, () => session.list(schema, prefix, o)),
        hasSchema: (schema, o) => call("hasSchema", own, () => session.hasSchema(schema, o)),
        stream: (sql, returns, o) => streamed(() => call("stream", own, async () => session.stream(sql, returns, o))),
        close: async () => {
          open.delete(session);
          await session.close();
        },
      };
    },
    classify: (e, own) => (e instanceof Injected ? e.fault : own(e)),
  });
  return {
    warehouse: made,
    points,
    get struck() {
      return state.struck;
    },
    get dead() {
      return state.dead;
    },
  };
}

async function* streamed<T>(start: () => Promise<AsyncIterable<T>>): AsyncGenerator<T> {
  yield* await start();
}

/** Every way in which something can go wrong at a point. */
export function kindsAt(point: Point, capabilities: Capabilities): readonly Planned["kind"][] {
  if (!point.inner) return point.looks ? ["before", "lost", "stall", "crash"] : ["before", "after", "lost", "stall", "crash"];
  return capabilities.transaction === "interactive"
    ? ["inside", "inside-lost", "inside-limit", "inside-crash"]
    : ["inside", "inside-lost", "inside-crash"];
}
