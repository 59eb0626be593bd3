import type { SimResult } from "../types.js";

/** A statement that was read and checked: what remains to be done. */
export type Act = () => Promise<SimResult>;
