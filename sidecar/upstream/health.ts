// Asks the container for its health and remembers the answer: whether it takes work, is starting, is alive.
// Probes beside the gate on a connection of its own. Does not open or close the gate itself: it tells whoever listens.
import type { Clock, Timer } from '../../runtime/clock.ts';
import { request } from '../../runtime/http.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { SidecarStats } from '../contract.ts';
import { type Health, judgeAnswer } from './health-words.ts';

export type ContainerState = SidecarStats['container'];

export interface HealthOptions {
  /** Full address of the health path; undefined: no probing, always healthy. */
  readonly url: string | undefined;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly failureThreshold: number;
}

export interface HealthSurroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  /** A container with a request inside may be too busy computing to answer a probe: that is no failure. */
  isWorking(): boolean;
  changed(state: ContainerState, before: ContainerState): void;
}

/** A container that is not ready is asked this often, so that who waits for it does not wait longer than needed. */
const EAGER_PERIOD_MS = 500;
const MAX_BODY_BYTES = 64 * 1024;

interface ProbeOutcome {
  readonly kind: Health | 'refused' | 'timeout';
  /** What came back, in words. */
  readonly message: string;
}

export class ContainerHealth {
  readonly #options: HealthOptions;
  readonly #around: HealthSurroundings;
  #state: ContainerState;
  /** It has been healthy (or busy) once: silence means something. */
  #hasStarted = false;
  /** Until it is healthy (or busy), for the first time or again after it was gone. */
  #isStarting = true;
  #failures = 0;
  #lastAnswer: string | null = null;
  #lastSaid: string | null = null;
  #timer: Timer | undefined;
  #probing: { cancel(): void } | undefined;
  #isStopped = true;

  constructor(options: HealthOptions, around: HealthSurroundings) {
    this.#options = options;
    this.#around = around;
    this.#state = options.url === undefined ? 'healthy' : 'starting';
  }

  get state(): ContainerState {
    return this.#state;
  }

  get isProbed(): boolean {
    return this.#options.url !== undefined;
  }

  /** It is not there, or not yet: nothing can be asked of it until it has started (again). */
  get isAway(): boolean {
    return this.#state === 'unreachable' || this.#state === 'starting';
  }

  /** It takes requests or computes: what the last probe said, and what one says now. A restart may be too new to have been missed. */
  async isUp(): Promise<boolean> {
    const takesWork = this.#state === 'healthy' || this.#state === 'busy';
    return takesWork && (this.#around.isWorking() || (await this.ask()));
  }

  /** What the last probe of a container that is not healthy got; null while it is healthy. */
  get lastAnswer(): string | null {
    return this.#lastAnswer;
  }

  /** What it answered last while it was not healthy, however long it has been gone since; null once it is healthy. */
  get lastSaid(): string | null {
    return this.#lastSaid;
  }

  start(): void {
    this.#isStopped = false;
    this.#probe();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#probing?.cancel();
  }

  /** A request found nobody listening: believed at once, and checked at once. */
  reportRefused(message: string): void {
    if (!this.isProbed) return;
    this.#become('unreachable', message);
    this.#probing?.cancel();
    this.#probing = undefined;
    this.#schedule();
  }

  /** A request left the container: one that was busy with it may take the next, which need not wait for the next probe. */
  requestLeft(): void {
    if (this.#state !== 'busy' || this.#probing !== undefined) return;
    this.#timer?.cancel();
    this.#probe();
  }

  /** Whether it takes work, asked now. True where it is not probed. */
  ask(): Promise<boolean> {
    const { url, timeoutMs } = this.#options;
    if (url === undefined) return Promise.resolve(true);
    return new Promise((resolve) => {
      probe(url, timeoutMs, this.#around.clock, ({ kind }) => resolve(kind === 'healthy' || kind === 'busy'));
    });
  }

  get #path(): string {
    return new URL(this.#options.url!).pathname;
  }

  #probe(): void {
    const { url, timeoutMs } = this.#options;
    if (url === undefined || this.#isStopped) return;
    this.#probing = probe(url, timeoutMs, this.#around.clock, (outcome) => {
      this.#probing = undefined;
      try {
        this.#judge(outcome);
      } catch (error) {
        // The next probe comes all the same: without it the container would stay for ever what it was.
        this.#around.logger.error({ err: error }, 'a fault of the sidecar itself at a health probe');
      }
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isStopped) return;
    const isReady = this.#state === 'healthy' && this.#failures === 0;
    const delayMs = isReady ? this.#options.periodMs : Math.min(this.#options.periodMs, EAGER_PERIOD_MS);
    this.#timer?.cancel();
    this.#timer = this.#around.clock.after(delayMs, () => this.#probe());
  }

  /** A word or a code acts at once; only silence is counted up to the threshold. */
  #judge(outcome: ProbeOutcome): void {
    this.#lastAnswer = outcome.kind === 'healthy' ? null : `GET ${this.#path}: ${outcome.message}`;
    if (outcome.kind !== 'refused' && outcome.kind !== 'timeout') {
      this.#failures = 0;
      this.#lastSaid = this.#lastAnswer;
      if (outcome.kind !== 'unhealthy') {
        this.#hasStarted = true;
        this.#isStarting = false;
      }
      this.#become(outcome.kind === 'unhealthy' && this.#isStarting ? 'starting' : outcome.kind, outcome.message);
      return;
    }
    if (outcome.kind === 'timeout' && this.#around.isWorking()) return;
    this.#failures++;
    if (this.#hasStarted && this.#failures >= this.#options.failureThreshold) {
      this.#become('unreachable', outcome.message);
    }
  }

  #become(state: ContainerState, why: string): void {
    const before = this.#state;
    if (state === before) return;
    this.#state = state;
    this.#isStarting ||= state === 'unreachable';
    this.#around.logger.info({ before, state, ...(why !== '' && { why }) }, 'container health changed');
    this.#around.changed(state, before);
  }
}

/** A coded answer would have to be decoded first (RFC 9110, 12.5.3). */
const HEADERS = { 'User-Agent': 'inference-sidecar-health', 'Accept-Encoding': 'identity' };

/** One probe; `done` is called once, unless it is canceled. */
function probe(url: string, timeoutMs: number, clock: Clock, done: (outcome: ProbeOutcome) => void) {
  let isDone = false;
  const finish = (outcome: ProbeOutcome) => {
    if (isDone) return;
    isDone = true;
    timer.cancel();
    call.destroy();
    done(outcome);
  };
  const call = request(url, { agent: false, headers: HEADERS }, (response) => {
    const { statusCode: status = 0, rawHeaders: lines } = response;
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      body += text;
      if (body.length > MAX_BODY_BYTES) finish(judgeAnswer({ status, lines, body: '', isCut: true }));
    });
    response.on('end', () => finish(judgeAnswer({ status, lines, body, isCut: false })));
    response.on('error', (error) => finish({ kind: 'refused', message: error.message }));
  });
  const timer = clock.after(timeoutMs, () => finish({ kind: 'timeout', message: `no answer within ${timeoutMs} ms` }));
  call.on('error', (error) => finish({ kind: 'refused', message: error.message }));
  call.end();
  return {
    cancel() {
      isDone = true;
      timer.cancel();
      call.destroy();
    },
  };
}
