import { withVitest } from "cutover/conformance";
import { describe, it } from "vitest";
import { cases } from "./harness.js";

withVitest({ describe, it }, cases({ groups: ["session", "steps", "operations"] }));
