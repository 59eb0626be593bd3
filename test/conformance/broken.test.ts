import { describe, expect, it } from "vitest";
import { brokenOperations } from "./broken/operations.js";
import { brokenSession } from "./broken/session.js";
import { brokenSteps } from "./broken/steps.js";
import { cases } from "./harness.js";

const all = [...brokenSession, ...brokenSteps, ...brokenOperations];

describe("the kit finds out an adapter that", () => {
  it.each(all)("$what: $fails", async ({ fails, warehouse }) => {
    const open = async () => ({ warehouse: warehouse(), dispose: async () => undefined });
    const [found, ...others] = cases({ open }).filter((c) => c.name === fails);
    expect(others).toEqual([]);
    expect(found?.skip).toBe(false);
    await expect(found?.run()).rejects.toThrow();
  });
});
