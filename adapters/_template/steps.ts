/**
 * Steps that the engine compiles in its own way, spread over the portable ones. `clone` and `swap` come here once the
 * capabilities say more than `none` (with `mark` and `rename` where a swap is no part of a transaction); any portable step may,
 * if it leaves the same rows behind. Compilers do no I/O: what they must know of a table, `describe` notes in its fingerprint. What they cannot do for a table, they refuse with a CutoverError
 * `UNSUPPORTED` that names the thing and the way around it.
 */
import type { Compilers, PortableStep } from "cutover/adapter";

export const overrides: Partial<Compilers<PortableStep>> = {};
