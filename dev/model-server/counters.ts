// What the server has seen: every call from its first byte to its end, so that a test can prove limits, aborts and
// "exactly once" from the container's side. Health and control requests are not counted. Bounded: old calls fall out.
import { EventEmitter } from 'node:events';

export interface CallRecord {
  readonly sequence: number;
  /** The X-Inference-Id as received, or null. */
  readonly id: string | null;
  readonly method: string;
  readonly path: string;
  readonly prefer: string | null;
  readonly startedAtMs: number;
  /** How many were inside, this one included, when it began. */
  readonly inFlightAtStart: number;
  endedAtMs: number | null;
  outcome: 'running' | 'finished' | 'aborted' | 'failed';
  status: number | null;
  /** When each token was handed to the socket (or counted, if not streamed): epoch milliseconds. */
  readonly tokensAtMs: number[];
}

export interface Stats {
  readonly inFlight: number;
  readonly maxInFlight: number;
  readonly total: number;
  readonly finished: number;
  readonly aborted: readonly { readonly id: string | null; readonly path: string; readonly atMs: number }[];
  /** How often each X-Inference-Id was executed. */
  readonly executions: Readonly<Record<string, number>>;
  readonly calls: readonly CallRecord[];
}

const keptCalls = 2_000;
const keptIds = 20_000;

export class Counters extends EventEmitter<{ began: [CallRecord]; token: [CallRecord]; ended: [CallRecord] }> {
  #calls: CallRecord[] = [];
  #aborted: Stats['aborted'][number][] = [];
  #executions = new Map<string, number>();
  #inFlight = 0;
  #maxInFlight = 0;
  #total = 0;
  #finished = 0;

  begin(call: Pick<CallRecord, 'id' | 'method' | 'path' | 'prefer'>): CallRecord {
    this.#inFlight += 1;
    this.#maxInFlight = Math.max(this.#maxInFlight, this.#inFlight);
    this.#total += 1;
    const record: CallRecord = {
      sequence: this.#total,
      ...call,
      startedAtMs: Date.now(),
      inFlightAtStart: this.#inFlight,
      endedAtMs: null,
      outcome: 'running',
      status: null,
      tokensAtMs: [],
    };
    this.#calls.push(record);
    if (this.#calls.length > keptCalls * 2) this.#calls = this.#calls.slice(-keptCalls);
    if (call.id !== null) this.#countExecution(call.id);
    this.emit('began', record);
    return record;
  }

  token(record: CallRecord): void {
    record.tokensAtMs.push(Date.now());
    this.emit('token', record);
  }

  end(record: CallRecord, outcome: 'finished' | 'aborted' | 'failed', status: number | null): void {
    if (record.outcome !== 'running') return;
    this.#inFlight -= 1;
    record.endedAtMs = Date.now();
    record.outcome = outcome;
    record.status = status;
    if (outcome === 'finished') this.#finished += 1;
    if (outcome === 'aborted') {
      this.#aborted.push({ id: record.id, path: record.path, atMs: record.endedAtMs });
      if (this.#aborted.length > keptCalls) this.#aborted.shift();
    }
    this.emit('ended', record);
  }

  stats(): Stats {
    return {
      inFlight: this.#inFlight,
      maxInFlight: this.#maxInFlight,
      total: this.#total,
      finished: this.#finished,
      aborted: [...this.#aborted],
      executions: Object.fromEntries(this.#executions),
      calls: this.#calls.slice(-keptCalls),
    };
  }

  /** Forgets the past; what is inside now stays counted. */
  reset(): void {
    this.#calls = this.#calls.filter((call) => call.outcome === 'running');
    this.#aborted = [];
    this.#executions.clear();
    this.#maxInFlight = this.#inFlight;
    this.#total = this.#calls.length;
    this.#finished = 0;
  }

  /** Resolves as soon as the condition holds; looked at on every change, so nobody polls. */
  async when(condition: (stats: Stats) => boolean, timeoutMs = 20_000): Promise<Stats> {
    const { promise, resolve, reject } = Promise.withResolvers<Stats>();
    const check = () => {
      const stats = this.stats();
      if (condition(stats)) resolve(stats);
    };
    const timer = setTimeout(() => {
      const { inFlight, maxInFlight, total, finished, aborted } = this.stats();
      const seen = JSON.stringify({ inFlight, maxInFlight, total, finished, aborted });
      reject(new Error(`the model server did not get there within ${timeoutMs} ms: ${condition}; seen: ${seen}`));
    }, timeoutMs);
    this.on('began', check).on('token', check).on('ended', check);
    check();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.off('began', check).off('token', check).off('ended', check);
    }
  }

  #countExecution(id: string): void {
    this.#executions.set(id, (this.#executions.get(id) ?? 0) + 1);
    if (this.#executions.size > keptIds) {
      const oldest = this.#executions.keys().next().value;
      if (oldest !== undefined) this.#executions.delete(oldest);
    }
  }
}
