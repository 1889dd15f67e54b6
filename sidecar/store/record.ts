// The life of an accepted request as data: the record, its states, and the table of transitions that every store obeys.
// Pure: no clock, no datastore.

export type RequestState = 'queued' | 'running' | 'done';

/** How a done request ended. `answered`: the container gave a response, whatever its status code. */
export type Outcome = 'answered' | 'failed' | 'expired' | 'canceled';

export type RequestEvent =
  | 'claimed'
  | 'answered'
  | 'attempt_failed'
  | 'attempts_used_up'
  | 'lease_lost'
  | 'handed_back'
  | 'deadline_passed'
  | 'canceled'
  | 'retention_over';

/** from -> event -> to. What is not in the table never happens; `gone` is the record's removal. */
export const transitions: Readonly<
  Record<RequestState, Readonly<Partial<Record<RequestEvent, RequestState | 'gone'>>>>
> = {
  queued: { claimed: 'running', deadline_passed: 'done', canceled: 'done' },
  running: {
    answered: 'done',
    attempt_failed: 'queued',
    attempts_used_up: 'done',
    lease_lost: 'queued',
    handed_back: 'queued',
    deadline_passed: 'done',
    canceled: 'done',
  },
  done: { retention_over: 'gone' },
};

/** Names and values in turn, in the order and case received, as node:http gives raw headers. */
export type RawHeaders = readonly string[];

/** `async`: status and response are kept. `proxy`: fire and forget, the response is dropped. */
export type StoredMode = 'async' | 'proxy';

/** A request as accepted. Bodies are bytes, never re-encoded. */
export interface Submission {
  readonly id: string;
  readonly mode: StoredMode;
  readonly method: string;
  /** Path and query as the container shall see them. */
  readonly target: string;
  readonly headers: RawHeaders;
  readonly body: Uint8Array;
  /** Entry name of the API key that submitted it; empty where no keys are configured. Others get 404. */
  readonly owner: string;
  /** Completion is pushed here; empty: nowhere. */
  readonly webhook: string;
  /** Waiting plus running, from acceptance. */
  readonly ttlMs: number;
}

export interface StoredResponse {
  readonly status: number;
  readonly headers: RawHeaders;
  readonly body: Uint8Array;
}

/** What a client may know of a request. Times are milliseconds since the epoch. */
export interface RequestStatus {
  readonly id: string;
  readonly mode: StoredMode;
  readonly owner: string;
  readonly state: RequestState;
  readonly outcome: Outcome | null;
  /** Null exactly when the container answered or the request is not done. `code: sentence`. */
  readonly error: string | null;
  /** Requests before it in line, from 0; null unless queued. */
  readonly position: number | null;
  readonly attempts: number;
  readonly createdAtMs: number;
  readonly deadlineAtMs: number;
  readonly startedAtMs: number | null;
  readonly completedAtMs: number | null;
}

/** The state that an event leads to. Throws where the table has no such transition: that is a fault of the store, not of a request. */
export function stateAfter(from: RequestState, event: RequestEvent): RequestState | 'gone' {
  const to = transitions[from][event];
  if (to === undefined) throw new Error(`no transition: a request that is ${from} cannot become ${event}`);
  return to;
}
