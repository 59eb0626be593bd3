/** Rows on their way in: by the fastest way that loses nothing and holds no more than a batch. */
import type { Session } from "cutover/adapter";
import { unwritten } from "./errors.js";

/** Engines round, cut and fold silently where they cast; what does not come back as it went in must fail the whole. */
export const stage: Session["stage"] = () =>
  unwritten("stage", "how many rows stand in the table, which it makes anew with the columns given: exactly those that came");
