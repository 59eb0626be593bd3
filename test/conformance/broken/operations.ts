import type { Broken } from "./broken.js";

export const brokenOperations: readonly Broken[] = [];
