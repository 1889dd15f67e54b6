// The state table as a small program: what both stores must say after any sequence of steps. For the property test.
import type { Outcome, RequestState } from '../../sidecar/store/record.ts';
import type { LeaseState } from '../../sidecar/store/store.ts';

export interface ModelLimits {
  readonly leaseMs: number;
  readonly retentionMs: number;
  readonly maxAttempts: number;
  readonly maxQueue: number;
}

interface Record {
  readonly id: string;
  readonly body: string;
  readonly seq: number;
  readonly ttlMs: number;
  readonly deadlineMs: number;
  state: 'queued' | 'delayed' | 'running' | 'done';
  attempts: number;
  token: string;
  dueMs: number;
  leaseUntilMs: number;
  outcome: Outcome | null;
  answer: string;
  removeMs: number;
  isDead: boolean;
}

export interface Seen {
  readonly state: RequestState;
  readonly outcome: Outcome | null;
  readonly attempts: number;
  readonly position: number | null;
}

export class StoreModel {
  readonly #limits: ModelLimits;
  readonly #records = new Map<string, Record>();
  nowMs: number;
  #seq = 0;

  constructor(limits: ModelLimits, nowMs: number) {
    this.#limits = limits;
    this.nowMs = nowMs;
  }

  submit(id: string, body: string, ttlMs: number): string {
    const known = this.#find(id);
    if (known !== undefined) return known.body === body ? 'duplicate' : 'conflict';
    this.#records.delete(id);
    if (this.#waiting().length + this.#in('delayed').length >= this.#limits.maxQueue) return 'full';
    this.#records.set(id, {
      id,
      body,
      seq: ++this.#seq,
      ttlMs,
      deadlineMs: this.nowMs + ttlMs,
      state: 'queued',
      attempts: 0,
      token: '',
      dueMs: 0,
      leaseUntilMs: 0,
      outcome: null,
      answer: '',
      removeMs: Number.POSITIVE_INFINITY,
      isDead: false,
    });
    return 'accepted';
  }

  /** Ids and bodies in order; each gets the token that the store gave, by `takeToken`. */
  claim(max: number): readonly { readonly id: string; readonly body: string; readonly attempt: number }[] {
    this.#releaseDelayed();
    const claimed: Record[] = [];
    for (const record of this.#waiting()) {
      if (claimed.length === max) break;
      if (record.deadlineMs <= this.nowMs) {
        this.#end(record, 'expired', '');
        continue;
      }
      record.state = 'running';
      record.attempts++;
      record.leaseUntilMs = this.nowMs + this.#limits.leaseMs;
      claimed.push(record);
    }
    return claimed.map(({ id, body, attempts }) => ({ id, body, attempt: attempts }));
  }

  takeToken(id: string, token: string): void {
    const record = this.#records.get(id);
    if (record !== undefined) record.token = token;
  }

  renew(id: string, token: string): LeaseState {
    const record = this.#find(id);
    if (record === undefined) return 'lost';
    if (record.outcome === 'canceled' || record.outcome === 'expired') return record.outcome;
    if (record.state !== 'running' || record.token !== token) return 'lost';
    if (record.deadlineMs <= this.nowMs) return 'expired';
    record.leaseUntilMs = this.nowMs + this.#limits.leaseMs;
    return 'held';
  }

  complete(id: string, token: string, answer: string): boolean {
    return this.#asHolder(id, token, (record) => {
      record.answer = answer;
      this.#end(record, 'answered', token);
    });
  }

  fail(id: string, token: string, retryAfterMs: number | null): boolean {
    return this.#asHolder(id, token, (record) => {
      if (retryAfterMs === null) this.#end(record, 'failed', token);
      else this.#requeue(record, retryAfterMs);
    });
  }

  handBack(id: string, token: string): boolean {
    return this.#asHolder(id, token, (record) => {
      record.attempts--;
      this.#requeue(record, 0);
    });
  }

  cancel(id: string): string {
    const record = this.#find(id);
    if (record === undefined) return 'not_found';
    if (record.state === 'done') {
      this.#records.delete(id);
      return 'deleted';
    }
    this.#end(record, 'canceled', '');
    return 'canceled';
  }

  replay(id: string, newId: string): string | null {
    const record = this.#find(id);
    if (record === undefined || !record.isDead) return null;
    const outcome = this.submit(newId, record.body, record.ttlMs);
    if (outcome === 'accepted') record.isDead = false;
    return outcome;
  }

  sweep(): void {
    for (const record of this.#all()) {
      if (record.state !== 'done' && record.deadlineMs <= this.nowMs) this.#end(record, 'expired', '');
    }
    for (const record of this.#in('running')) {
      if (record.leaseUntilMs > this.nowMs) continue;
      record.token = '';
      if (record.attempts >= this.#limits.maxAttempts) this.#end(record, 'failed', '');
      else record.state = 'queued';
    }
    for (const record of this.#all()) if (record.removeMs <= this.nowMs) this.#records.delete(record.id);
    this.#releaseDelayed();
  }

  /** The process that held all leases is gone and has been replaced (one replica, one file). */
  restart(): void {
    for (const record of this.#in('running')) record.leaseUntilMs = 0;
  }

  see(id: string): Seen | null {
    const record = this.#find(id);
    if (record === undefined) return null;
    const { outcome, attempts, seq } = record;
    const isQueued = record.state === 'queued' || record.state === 'delayed';
    const position = isQueued ? this.#waiting().filter((other) => other.seq < seq).length : null;
    return { state: record.state === 'delayed' ? 'queued' : record.state, outcome, attempts, position };
  }

  answerOf(id: string): string | null {
    const record = this.#find(id);
    return record?.outcome === 'answered' ? record.answer : null;
  }

  counts(): { readonly queued: number; readonly running: number; readonly deadLetters: number } {
    const queued = this.#waiting().length + this.#in('delayed').length;
    return {
      queued,
      running: this.#in('running').length,
      deadLetters: this.#all().filter(({ isDead }) => isDead).length,
    };
  }

  #asHolder(id: string, token: string, change: (record: Record) => void): boolean {
    const record = this.#find(id);
    if (record === undefined || record.token !== token) return false;
    if (record.state === 'running') change(record);
    return true;
  }

  #requeue(record: Record, afterMs: number): void {
    record.state = afterMs > 0 ? 'delayed' : 'queued';
    record.dueMs = this.nowMs + afterMs;
  }

  #end(record: Record, outcome: Outcome, token: string): void {
    record.state = 'done';
    record.outcome = outcome;
    record.token = token;
    record.removeMs = this.nowMs + this.#limits.retentionMs;
    record.isDead = outcome === 'failed';
  }

  #releaseDelayed(): void {
    for (const record of this.#in('delayed')) if (record.dueMs <= this.nowMs) record.state = 'queued';
  }

  #find(id: string): Record | undefined {
    const record = this.#records.get(id);
    return record === undefined || record.removeMs <= this.nowMs ? undefined : record;
  }

  #all(): readonly Record[] {
    return [...this.#records.values()];
  }

  #in(state: Record['state']): readonly Record[] {
    return this.#all().filter((record) => record.state === state);
  }

  #waiting(): readonly Record[] {
    return [...this.#in('queued')].sort((a, b) => a.seq - b.seq);
  }
}
