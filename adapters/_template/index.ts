/**
 * What applications import: one function that hands back a warehouse. Its options say where the data is; nothing is opened
 * here. Rename `engine`, and take the application's own client as well as an address, if the driver has such a thing.
 */
import { ansi, defineAdapter, type Warehouse } from "cutover/adapter";
import { capabilities } from "./capabilities.js";
import { classify } from "./errors.js";
import { type EngineOptions, openSession } from "./session.js";
import { overrides } from "./steps.js";
import { syntax } from "./syntax.js";

/**
 * A warehouse on the engine.
 * @throws EngineFault of kind `unsupported` as long as a word of the syntax that every statement needs is not written.
 */
export function engine(options: EngineOptions): Warehouse {
  return defineAdapter({
    contract: 1,
    name: "engine",
    capabilities,
    syntax,
    steps: { ...ansi(syntax), ...overrides },
    open: (o) => openSession(options, o),
    classify,
  });
}
