import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What JavaScript holds once nothing is left to be collected, in bytes; an engine within the process has its own. */
export function heap(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}
