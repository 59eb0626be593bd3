import type { Capabilities } from "../../adapter/capabilities.js";

type Need = "blocks" | "candidates" | "clones" | "sessions" | "javascript";
const lacking: { readonly [N in Need]: readonly [why: string, of: (c: Capabilities) => boolean] } = {
  blocks: ["the engine has no transactions", (c) => c.transaction === "none"],
  candidates: ["the engine swaps no tables", (c) => c.swap === "none"],
  clones: ["the engine clones no tables", (c) => c.clone === "none"],
  sessions: ["the engine has one session at a time", (c) => !c.concurrentSessions],
  javascript: ["the engine runs a block as one script", (c) => c.transaction !== "interactive"],
};

/** Skips a case where the engine lacks something that it takes, and says what. */
export const needs =
  (...what: readonly Need[]) =>
  (c: Capabilities): string | false =>
    what.map((n) => lacking[n]).find(([, lacks]) => lacks(c))?.[0] ?? false;
