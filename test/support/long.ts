/** `npm run test:long`: all there is, not a sample. */
export const long = process.env["CUTOVER_LONG"] === "1";
/** Given by CUTOVER_SEED to repeat a run, else the time. */
export const seed = Number(process.env["CUTOVER_SEED"] ?? Date.now() % 1_000_000);
