/** `npm run test:long`: all there is, not a sample. */
export const long = process.env["CUTOVER_LONG"] === "1";
/** Given by CUTOVER_SEED to repeat a run. */
export const seedOr = (otherwise: number): number => Number(process.env["CUTOVER_SEED"] ?? otherwise);
