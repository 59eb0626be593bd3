/** `npm run test:long`: all there is, not a sample. */
export const long = process.env["CUTOVER_LONG"] === "1";
/** Which part of what takes turns is in this run: another each day. Given by CUTOVER_TURN to choose it. */
export const turn = Number(process.env["CUTOVER_TURN"] ?? Math.floor(Date.now() / 86_400_000));
/** Of what takes minutes by itself, one in each run, by the day; all of them in the long one. */
export const inTurn = (n: number, of: number): boolean => long || turn % of === n % of;
/** Every so-and-so-many-th of a list, each day beginning with the next; the whole of it in the long run. */
export const shareOf = <T>(list: readonly T[], of: number): readonly T[] => list.filter((_, i) => inTurn(i, of));
/** Given by CUTOVER_SEED to repeat a run. */
export const seedOr = (otherwise: number): number => Number(process.env["CUTOVER_SEED"] ?? otherwise);
