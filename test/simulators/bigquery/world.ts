import type { IncomingMessage } from "node:http";
import type { Outgoing } from "../shared/http.js";
import type { Buckets } from "./buckets.js";
import type { Route } from "./calls.js";
import type { Counter } from "./counts.js";
import type { SimEngine } from "./engine/types.js";
import type { Job, Twist } from "./job.js";
import type { Jobs } from "./jobs.js";

/** What the handlers of requests work with. */
export interface World {
  readonly engine: SimEngine;
  readonly project: string;
  readonly location: string;
  readonly jobs: Jobs;
  readonly counter: Counter;
  readonly buckets: Buckets;
  /** Milliseconds until jobs.insert answers although the job has not ended. */
  readonly patience: number;
  /** Bytes of JSON in one answer with rows. */
  readonly pageBytes: number;
  /** Bytes of JSON in one request. */
  readonly bodyBytes: number;
  /** Milliseconds since 1970. */
  now(): number;
}

export interface Incoming {
  readonly route: Route;
  readonly query: URLSearchParams;
  readonly user: string;
  /** The JSON that was sent; for uploads the job that comes with the file. */
  readonly text: string;
  readonly req: IncomingMessage;
  /** What a fault does to the job that this request starts. */
  readonly twist: Twist;
}

export type Handler = (call: Incoming, world: World) => Outgoing | Promise<Outgoing>;

/** A job has ended, or is known to last, or the time is over. */
export async function settled(job: Job, milliseconds: number, until: Promise<void> = job.done): Promise<void> {
  if (job.state === "DONE" || milliseconds <= 0) return;
  let timer: NodeJS.Timeout | undefined;
  const tired = new Promise<void>((done) => {
    timer = setTimeout(done, milliseconds);
  });
  await Promise.race([job.done, until, tired]);
  clearTimeout(timer);
}

/** A number in an address; null where it is absent. */
export function numberOf(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  return text === null || text === "" ? null : Number(text);
}
