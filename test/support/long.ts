/** `npm run test:long`: all there is, not a sample. */
export const long = process.env["CUTOVER_LONG"] === "1";
/** Of what takes minutes by itself, one in each run, by the day; all of them in the long one. */
export const inTurn = (n: number, of: number): boolean => long || Math.floor(Date.now() / 86_400_000) % of === n;
/** Given by CUTOVER_SEED to repeat a run. */
export const seedOr = (otherwise: number): number => Number(process.env["CUTOVER_SEED"] ?? otherwise);
