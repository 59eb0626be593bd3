import type { Row, TableName, Window } from "./rows.js";

/** The rows of a load, by table. */
export type Feed = Partial<Record<TableName, readonly Row[]>>;
/** Who acts: two owners of one name in turn, or (2) one that will die. */
export type Owner = 0 | 1 | 2;
export type OnLive =
  /** `once`: from sources that cannot rewind, up to this position. */
  | { readonly do: "run"; readonly by: Owner; readonly feed: Feed; readonly window?: Window; readonly once?: number | undefined }
  | { readonly do: "rollback"; readonly by: Owner; readonly to: number | null; readonly overwrite?: boolean }
  | { readonly do: "redo" | "unhold" | "discard" | "recover" | "audit" | "prune"; readonly by: Owner }
  /** A run in a sandbox, which is then dropped. */
  | { readonly do: "rehearse"; readonly by: Owner; readonly feed: Feed }
  | { readonly do: "hold"; readonly by: Owner; readonly reason: string }
  | { readonly do: "setWatermark"; readonly by: Owner; readonly table: "items" | "log"; readonly to: number | null }
  | { readonly do: "adopt"; readonly by: Owner; readonly watermark: number | null };
export type OnRelease =
  | { readonly do: "begin"; readonly by: Owner; readonly slot: number }
  | { readonly do: "clone" | "rebuild"; readonly by: Owner; readonly slot: number; readonly tables: readonly TableName[] }
  | { readonly do: "load"; readonly slot: number; readonly feed: Feed }
  | { readonly do: "transform"; readonly slot: number; readonly table: TableName }
  | { readonly do: "validate" | "rebase" | "await" | "reject"; readonly slot: number }
  /** Another handle on it, by whoever. */
  | { readonly do: "resume"; readonly by: Owner; readonly slot: number }
  /** `approved`: only if it would come out as the last validation said. */
  | { readonly do: "publish" | "swap"; readonly slot: number; readonly approved?: boolean };
export type Call = OnLive | OnRelease;
/** One call of the library, or what happens to it or past it. */
export type Action =
  | Call
  /** Somebody else writes. */
  | {
      readonly do: "write";
      readonly table: TableName;
      readonly sql: string;
      readonly gone: readonly Row[];
      readonly come: readonly Row[];
    }
  /** An owner of its own dies at its n-th contact with the warehouse; another recovers. */
  | { readonly do: "die"; readonly at: number; readonly calls: readonly Call[] }
  /** The connection is lost before or after the commit of the block that counts. */
  | { readonly do: "lose"; readonly side: "before" | "after"; readonly call: Call };

const names = ["a", "b", "c"] as const;
const rowsText = (rows: readonly Row[], once?: number): string =>
  `rows(${JSON.stringify(rows)}${once === undefined ? "" : `, { rewindable: false, position: () => ${once} }`})`;
const feedText = (feed: Feed, once?: number): string =>
  `{ ${Object.entries(feed)
    .map(([t, rows]) => `${t}: ${rowsText(rows, once)}`)
    .join(", ")} }`;

/** What a rollback is asked for. */
export const rollbackOptions = (a: Extract<Call, { do: "rollback" }>) => ({
  ...(a.to === null ? {} : { to: a.to }),
  ...(a.overwrite === true ? { onDrift: "overwrite" as const } : {}),
});

function callText(a: Call): string {
  switch (a.do) {
    case "run":
      return `${names[a.by]}.run(${feedText(a.feed, a.once)}${a.window === undefined ? "" : `, { window: ${JSON.stringify(a.window)} }`})`;
    case "rollback":
      return `${names[a.by]}.rollback(${JSON.stringify(rollbackOptions(a))})`;
    case "rehearse":
      return `w.rehearse(${names[a.by]}, ${feedText(a.feed)})`;
    case "redo":
    case "unhold":
    case "recover":
    case "audit":
    case "discard":
    case "prune":
      return `${names[a.by]}.${a.do}()`;
    case "hold":
      return `${names[a.by]}.hold(${JSON.stringify(a.reason)})`;
    case "setWatermark":
      return `${names[a.by]}.setWatermark("${a.table}", ${a.to === null ? "null" : `${a.to}n`})`;
    case "adopt":
      return `${names[a.by]}.adopt(${a.watermark === null ? "" : `{ watermarks: { items: ${a.watermark}n } }`})`;
    case "begin":
      return `w.keep(${a.slot}, ${names[a.by]}.begin())`;
    case "clone":
    case "rebuild":
      return `w.keep(${a.slot}, ${names[a.by]}.${a.do}({ tables: ${JSON.stringify(a.tables)} }))`;
    case "load":
      return `w.release(${a.slot}).load(${feedText(a.feed)})`;
    case "transform": {
      const c = `w.candidate(${a.slot})`;
      return `${c}.transform(sql\`${transformation[a.table].replace("$", `\${${c}.refs.${a.table}}`)}\`)`;
    }
    case "swap":
      return `w.candidate(${a.slot}).swap(${a.approved === true ? `{ expect: w.approved(${a.slot}) }` : ""})`;
    case "publish":
      return `w.release(${a.slot}).publish(${a.approved === true ? `{ expect: w.approved(${a.slot}) }` : ""})`;
    case "rebase":
      return `w.candidate(${a.slot}).rebase()`;
    case "await":
      return `w.release(${a.slot}).hold({ for: "1h" })`;
    case "resume":
      return `w.keep(${a.slot}, ${names[a.by]}.resume(w.release(${a.slot}).id))`;
    case "validate":
      return `w.validate(${a.slot})`;
    case "reject":
      return `w.release(${a.slot}).${a.do}()`;
  }
}
/** What `transform` does, `$` being the candidate. */
export const transformation: { readonly [T in TableName]: string } = {
  log: "UPDATE $ SET what = what",
  items: "UPDATE $ SET v = v + 1",
  days: "UPDATE $ SET n = n + 1",
};

/** The library call that an action makes, as TypeScript. */
export function actionText(a: Action): string {
  switch (a.do) {
    case "write":
      return `w.query(${JSON.stringify(a.sql)})`;
    case "die":
      return `w.dies(${a.at}, [${a.calls.map((c) => `(c) => ${callText(c)}`).join(", ")}])`;
    case "lose":
      return `w.loses("${a.side}", () => ${callText(a.call)})`;
    default:
      return callText(a);
  }
}
