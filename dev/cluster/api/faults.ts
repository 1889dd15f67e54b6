// Faults that tests order: the next requests that match fail, watches drop, the server pauses. In process only; a real API
// server has no such door, so nothing that talks HTTP can reach it.
import { StatusError } from './status-error.ts';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly isWatch: boolean;
  readonly userAgent: string;
}

export type Failure = 401 | 403 | 409 | 410 | 429 | 500 | 503 | 504 | 'reset';

interface Order {
  readonly matches: (request: SeenRequest) => boolean;
  readonly failure: Failure;
  left: number;
}

export interface OpenWatch {
  readonly path: string;
  readonly end: () => void;
  readonly cut: () => void;
}

function statusOf(failure: Exclude<Failure, 'reset'>): StatusError {
  const retry = { 'retry-after': '1' };
  const wait = { retryAfterSeconds: 1 };
  switch (failure) {
    case 401:
      return new StatusError(401, 'Unauthorized', { reason: 'Unauthorized' });
    case 403:
      return new StatusError(403, 'forbidden: ordered by a test', { reason: 'Forbidden', details: {} });
    case 409:
      return new StatusError(409, 'Operation cannot be fulfilled: the object has been modified', {
        reason: 'Conflict',
        details: {},
      });
    case 410:
      return new StatusError(410, 'The resourceVersion for the provided watch is too old.', { reason: 'Expired' });
    case 429:
      return new StatusError(429, 'the server has received too many requests and has asked us to try again later', {
        reason: 'TooManyRequests',
        details: wait,
        headers: retry,
      });
    case 500:
      return new StatusError(500, 'Internal error occurred: ordered by a test', {
        reason: 'InternalError',
        details: {},
      });
    case 503:
      return new StatusError(503, 'the server is currently unable to handle the request', {
        reason: 'ServiceUnavailable',
        headers: retry,
      });
    case 504:
      return new StatusError(504, 'Timeout: request did not complete within the allotted timeout', {
        reason: 'Timeout',
        details: wait,
      });
  }
}

export class Faults {
  #orders: Order[] = [];
  readonly #watches = new Set<OpenWatch>();
  #heldBack = 0;
  #pause: { readonly promise: Promise<void>; readonly resume: () => void } | undefined;

  /** The next `count` requests for which `matches` is true fail; later ones are served again. */
  failNext(count: number, failure: Failure, matches: (request: SeenRequest) => boolean = () => true): void {
    this.#orders.push({ matches, failure, left: count });
  }

  /** Forgets all orders and resumes. */
  clear(): void {
    this.#orders = [];
    this.resume();
  }

  /** Ends all open watches: politely as after timeoutSeconds, or cut as when the server dies. */
  dropWatches(how: 'end' | 'cut' = 'cut', matches: (path: string) => boolean = () => true): number {
    const found = [...this.#watches].filter((watch) => matches(watch.path));
    for (const watch of found) watch[how]();
    return found.length;
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** Requests are accepted but not answered until resume(). Open watches get nothing either, because nothing is written. */
  pause(): void {
    if (this.#pause !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pause = { promise, resume: resolve };
  }

  /** Requests that have come in since pause() and wait. */
  get heldBack(): number {
    return this.#heldBack;
  }

  resume(): void {
    this.#pause?.resume();
    this.#pause = undefined;
  }

  // What follows is for the server.

  async whilePaused(): Promise<void> {
    if (this.#pause === undefined) return;
    this.#heldBack++;
    await this.#pause.promise;
    this.#heldBack--;
  }

  take(request: SeenRequest): StatusError | 'reset' | undefined {
    const order = this.#orders.find((one) => one.left > 0 && one.matches(request));
    if (order === undefined) return undefined;
    order.left -= 1;
    this.#orders = this.#orders.filter((one) => one.left > 0);
    return order.failure === 'reset' ? 'reset' : statusOf(order.failure);
  }

  watchOpened(watch: OpenWatch): () => void {
    this.#watches.add(watch);
    return () => {
      this.#watches.delete(watch);
    };
  }
}
