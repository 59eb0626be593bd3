import { describe, expect, it } from "vitest";
import { shareOf } from "../support/long.js";
import { brokenAdapters } from "./broken/index.js";
import { cases } from "./harness.js";

describe("the kit finds out an adapter that", () => {
  // Half of them in each run; all in the long one.
  it.each(shareOf(brokenAdapters, 4))("$what: $fails", async ({ fails, warehouse }) => {
    const open = async () => ({ warehouse: warehouse(), dispose: async () => undefined });
    const { capabilities } = warehouse();
    const [found, ...others] = cases({ open, capabilities }).filter((c) => c.name === fails);
    expect(others).toEqual([]);
    expect(found?.skip).toBe(false);
    await expect(found?.run()).rejects.toThrow();
  });
});
