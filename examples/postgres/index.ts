import { defineAdapter, type Warehouse } from "cutover/adapter";
import { capabilities } from "./capabilities.js";
import type { PGliteLike } from "./driver.js";
import { classify } from "./errors.js";
import { openSession } from "./session.js";
import { steps } from "./steps.js";
import { syntax } from "./syntax.js";

/** A warehouse in the application's own PGlite: `postgres(new PGlite("folder"))`. It is used, and never closed. */
export const postgres = (client: PGliteLike): Warehouse =>
  defineAdapter({
    contract: 1,
    name: "postgres",
    capabilities,
    syntax,
    steps,
    open: (o) => openSession(client, o),
    classify,
  });
