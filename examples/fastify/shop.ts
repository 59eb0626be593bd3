// Stands for what your service takes its rows from: an API that hands out the orders of a day, page by page.
import { setTimeout as sleep } from "node:timers/promises";

export interface Order {
  readonly id: number;
  readonly day: string;
  readonly cents: number;
}
/** How the shop behaves; a day on which it is slow, and one on which it sends nonsense, if you want to see that. */
export interface Shop {
  readonly orders: number;
  readonly slow?: string | undefined;
  readonly wrong?: string | undefined;
}

/** The orders as they stand at the end of a day. */
export async function* ordersOf(shop: Shop, day: string, signal: AbortSignal): AsyncGenerator<Order> {
  for (let id = 1; id <= shop.orders; id++) {
    if (id % 500 === 0) await sleep(day === shop.slow ? 10_000 : 1, undefined, { signal });
    yield { id, day, cents: day === shop.wrong && id === 7 ? -1 : id };
  }
}
