import { withVitest } from "cutover/conformance";
import { describe, it } from "vitest";
import { portableCases } from "./harness.js";

withVitest(
  { describe, it },
  portableCases().filter((c) => c.group === "session" || c.group === "steps"),
);
