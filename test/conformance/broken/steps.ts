import type { Broken } from "./broken.js";

export const brokenSteps: readonly Broken[] = [];
