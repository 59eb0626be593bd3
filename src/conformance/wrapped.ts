import type { Capabilities } from "../adapter/capabilities.js";
import { type Adapter, type AdapterSpec, adapterOf, defineAdapter, type Warehouse } from "../adapter/define.js";
import type { Native } from "../adapter/operations.js";
import type { Fault, IoOptions, Session } from "../adapter/session.js";

type Own = Session<Native>;
type Open = (o: IoOptions) => Promise<Own>;

/** What is other than the adapter's own. */
export interface Wrap {
  readonly capabilities?: Partial<Capabilities>;
  readonly maxSessions?: number;
  readonly steps?: Adapter["steps"];
  readonly syntax?: Adapter["syntax"];
  /** Methods that take the place of a session's own; called for each session that opens. */
  readonly session?: (own: Own) => Partial<Own>;
  /** Given how a session, as changed, is opened. */
  readonly open?: (open: Open, o: IoOptions) => Promise<Own>;
  readonly classify?: (e: unknown, own: (e: unknown) => Fault) => Fault;
}

/** The same warehouse, with something between the core and its adapter. */
export function wrapped(warehouse: Warehouse, w: Wrap): Warehouse {
  const adapter = adapterOf(warehouse);
  if (adapter === null) throw new Error("wrapped() takes a warehouse made by defineAdapter()");
  const open: Open = async (o) => {
    const own = await adapter.open(o);
    return { ...delegated(own), ...w.session?.(own) };
  };
  const capabilities = { ...adapter.capabilities, ...w.capabilities };
  const spec = {
    ...adapter,
    contract: 1,
    capabilities,
    maxSessions: capabilities.concurrentSessions ? (w.maxSessions ?? adapter.maxSessions) : undefined,
    steps: w.steps ?? adapter.steps,
    syntax: w.syntax ?? adapter.syntax,
    open: w.open === undefined ? open : (o: IoOptions) => (w.open as NonNullable<Wrap["open"]>)(open, o),
    classify: (e: unknown) =>
      w.classify === undefined ? adapter.classify(e) : w.classify(e, (other) => adapter.classify(other)),
  } as AdapterSpec<Capabilities, Native>;
  return defineAdapter<Native>()(spec);
}

/** Method by method, since a session may be an object of a class. */
function delegated(s: Own): Own {
  const { estimate } = s;
  return {
    home: s.home,
    execute: (op, o) => s.execute(op, o),
    stream: (sql, returns, o) => s.stream(sql, returns, o),
    atomic: (block, o) => s.atomic(block, o),
    stage: (into, columns, from, o) => s.stage(into, columns, from, o),
    columnsOf: (source, o) => s.columnsOf(source, o),
    describe: (ref, o, what) => s.describe(ref, o, what),
    list: (schema, prefix, o) => s.list(schema, prefix, o),
    hasSchema: (schema, o) => s.hasSchema(schema, o),
    ...(estimate === undefined ? {} : { estimate: (block, o, most) => estimate.call(s, block, o, most) }),
    close: () => s.close(),
  };
}
