import { bad } from "./target.js";

/** Records that a load job could not read; beyond `most` the job fails (wording: issues of bqtail, indie-map and others). */
export interface Problems {
  readonly count: () => number;
  add(message: string): void;
  /** @throws SimError */
  check(rows: number): void;
}

export function problems(kind: "JSON" | "CSV", most: number): Problems {
  const found: string[] = [];
  return {
    count: () => found.length,
    add: (message) => void found.push(message),
    check(rows) {
      if (found.length <= most) return;
      throw bad(
        `Error while reading data, error message: ${kind} processing encountered too many errors, giving up. Rows: ${rows}; errors: ${found.length}; max bad: ${most}; error percent: 0; ${found[0]}`,
      );
    },
  };
}
