export type { ConformanceCase, Group } from "./case.js";
export { conformance, type FaultOptions, type Harness, type Opened } from "./kit.js";
export { type NodeTest, type Vitest, withNodeTest, withVitest } from "./runners.js";
