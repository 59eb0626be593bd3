import { type CutoverError, type ErrorCode, isCutoverError } from "cutover";

export type Failed<C extends ErrorCode> = { [K in C]: CutoverError<K> }[C];

/** The error of a call that must fail with one of these codes, and say something. */
export async function failure<C extends ErrorCode>(call: Promise<unknown> | (() => unknown), ...codes: C[]): Promise<Failed<C>> {
  const expected = `expected ${codes.join(" or ")}`;
  let value: unknown;
  try {
    value = await (typeof call === "function" ? call() : call);
  } catch (e) {
    if (isCutoverError(e, ...codes) && e.message !== "") return e;
    throw new Error(`${expected}, not ${String(e)}`, { cause: e });
  }
  const shown = JSON.stringify(value, (_, v: unknown) => (typeof v === "bigint" ? String(v) : v));
  throw new Error(`${expected}, but it resolved: ${shown}`);
}
