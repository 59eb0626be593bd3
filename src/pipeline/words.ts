/** The life of a release: `open → loaded → validated → published | rejected | abandoned`, later `rolled-back`. */
export type ReleaseState = "open" | "loaded" | "validated" | "published" | "rejected" | "abandoned" | "rolled-back";
/** What an operation is doing; events, reports and errors name it. */
export type Stage = "load" | "clone" | "validate" | "publish" | "swap" | "rollback" | "adopt" | "audit" | "recover" | "prune";
/** `in-place`: the difference is applied to live in one transaction. `swap`: a whole table changes places with live. */
export type Strategy = "in-place" | "swap";
