import { rows, sql } from "cutover";
import { type Action, type Call, type Feed, rollbackOptions, transformation } from "./actions.js";
import type { World } from "./world.js";

const feedOf = (feed: Feed, once?: number) => {
  const o = once === undefined ? {} : { rewindable: false, position: () => once };
  return Object.fromEntries(Object.entries(feed).map(([t, list]) => [t, rows(list as never[], o)])) as never;
};

/** Makes the library call that an action is. */
export function perform(w: World, a: Call): Promise<unknown> {
  switch (a.do) {
    case "run":
      return w.owner(a.by).run(feedOf(a.feed, a.once), a.window === undefined ? {} : { window: a.window });
    case "rollback":
      return w.owner(a.by).rollback(rollbackOptions(a));
    case "rehearse":
      return w.rehearse(w.owner(a.by), feedOf(a.feed));
    case "hold":
      return w.owner(a.by).hold(a.reason);
    case "setWatermark":
      return w.owner(a.by).setWatermark(a.table, a.to === null ? null : BigInt(a.to));
    case "adopt":
      return w.owner(a.by).adopt(a.watermark === null ? {} : { watermarks: { items: BigInt(a.watermark) } });
    case "redo":
    case "unhold":
    case "recover":
    case "audit":
    case "discard":
    case "prune":
      return w.owner(a.by)[a.do]();
    case "begin":
      return w.keep(a.slot, w.owner(a.by).begin());
    case "clone":
    case "rebuild":
      return w.keep(a.slot, w.owner(a.by)[a.do]({ tables: a.tables }));
    case "load":
      return w.release(a.slot).load(feedOf(a.feed));
    case "transform": {
      const [before = "", after = ""] = transformation[a.table].split("$");
      const strings = Object.assign([before, after], { raw: [before, after] });
      return w.candidate(a.slot).transform(sql(strings, w.candidate(a.slot).refs[a.table]));
    }
    case "swap":
      return w.candidate(a.slot).swap(a.approved === true ? { expect: w.approved(a.slot) } : {});
    case "publish":
      return w.release(a.slot).publish(a.approved === true ? { expect: w.approved(a.slot) } : {});
    case "rebase":
      return w.candidate(a.slot).rebase();
    case "await":
      return w.release(a.slot).hold({ for: "1h" });
    case "resume":
      return w.keep(a.slot, w.owner(a.by).resume(w.release(a.slot).id) as Promise<never>);
    case "validate":
      return w.validate(a.slot);
    case "reject":
      return w.release(a.slot)[a.do]();
  }
}

/** What came of an action: an answer, or what was thrown. */
export type Answer = { readonly value: unknown } | { readonly error: unknown };
export const answer = (call: Promise<unknown>): Promise<Answer> =>
  call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
export const make = (w: World, a: Exclude<Action, { do: "die" }>): Promise<unknown> => {
  if (a.do === "write") return w.query(a.sql);
  return a.do === "lose" ? w.loses(a.side, () => perform(w, a.call)) : perform(w, a);
};
