// Every request the server answered, so that tests can count calls and writes. Bounded: old entries go, the totals stay.

export interface LoggedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly verb: string;
  readonly userAgent: string;
  readonly user: string;
  /** 0 where the connection was reset on order. */
  readonly code: number;
  readonly atMs: number;
}

const KEPT = 200_000;

export class RequestLog {
  #entries: LoggedRequest[] = [];

  add(entry: LoggedRequest): void {
    this.#entries.push(entry);
    if (this.#entries.length > KEPT * 2) this.#entries = this.#entries.slice(-KEPT);
  }

  all(): readonly LoggedRequest[] {
    return this.#entries;
  }

  count(matches: (entry: LoggedRequest) => boolean): number {
    return this.all().filter(matches).length;
  }

  /** Requests that may change something: everything but reads and reviews. */
  writes(matches: (entry: LoggedRequest) => boolean = () => true): readonly LoggedRequest[] {
    return this.all().filter(
      (entry) => entry.method !== 'GET' && !/\/[a-z]+reviews(\?|$)/.test(entry.path) && matches(entry),
    );
  }

  clear(): void {
    this.#entries = [];
  }
}
