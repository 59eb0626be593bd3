export { type FailAt, type FailingWarehouse, failAt, type HowToFail } from "./fail-at.js";
export { type MemoryOptions, memory } from "./memory.js";
export { type ReadOptions, read } from "./read.js";
export { type SeedRows, seed } from "./seed.js";
