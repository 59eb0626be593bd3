import { type ErrorCode, type ErrorFacts, errorCodes } from "./codes.js";

/** Where it happened, as far as it is known. */
export interface Where {
  readonly pipeline?: string | undefined;
  readonly release?: number | undefined;
  readonly table?: string | undefined;
}

// A registered symbol, so that an error of one copy of the package is known to another.
const brand = Symbol.for("cutover.error");

/**
 * The one error class. `code` is stable, `context` carries the facts of that code, `retryable` says whether the same
 * call may succeed later, `cause` is the error underneath. Test for it with {@link isCutoverError}.
 */
export class CutoverError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "CutoverError";
  readonly code: C;
  readonly retryable: boolean;
  readonly context: ErrorFacts[C] & Where;

  constructor(
    code: C,
    message: string,
    context: ErrorFacts[C] & Where,
    options: { readonly cause?: unknown; readonly retryable?: boolean } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryable = options.retryable ?? errorCodes[code].retryable;
    this.context = context;
    Object.defineProperty(this, brand, { value: true });
  }
}

/**
 * Whether `e` is a {@link CutoverError}, and of one of `codes` where they are given. Works across two installed copies
 * of the package, where `instanceof` does not.
 */
export function isCutoverError<C extends ErrorCode = ErrorCode>(
  e: unknown,
  ...codes: C[]
): e is { [K in C]: CutoverError<K> }[C] {
  if (typeof e !== "object" || e === null || !(brand in e)) return false;
  return codes.length === 0 || codes.some((code) => "code" in e && e.code === code);
}

/** The same error with what the outer layer knows about where it happened; other errors are returned as they are. */
export function located(e: unknown, where: Where): unknown {
  if (!isCutoverError(e)) return e;
  const known = e.context as Record<string, unknown>;
  for (const [name, value] of Object.entries(where)) if (known[name] === undefined && value !== undefined) known[name] = value;
  return e;
}
