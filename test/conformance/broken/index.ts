import type { Broken } from "./broken.js";
import { brokenOperations } from "./operations.js";
import { brokenSession } from "./session.js";
import { brokenSteps } from "./steps.js";

/** Every adapter that is wrong on purpose. */
export const brokenAdapters: readonly Broken[] = [...brokenSession, ...brokenSteps, ...brokenOperations];
