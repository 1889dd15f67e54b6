// The end of a replica, or of its container: no more async work, newcomers still served (each the last on its connection) until
// everything is finished and nobody came for a few seconds; then not ready, for as long as it takes until nobody is sent here any more.
// Those that keep coming because there is no other replica are turned away after a while.
// `POST /drain` (the sidecar's own preStop) and SIGTERM begin it; `GET /drain` (the container's preStop) only waits for its end. The
// kubelet calls the container's before a restart too: one that is not there has nothing to drain, and one that dies ends what `/drain` began.
import type { Clock } from '../runtime/clock.ts';

export interface DrainOptions {
  /** Longest wait for requests to finish. */
  readonly drainMs: number;
  /** Silence after which nobody is expected any more, and time for endpoints to hear that this replica is not ready: both lag behind. */
  readonly quietMs: number;
}

export interface DrainSurroundings {
  readonly clock: Clock;
  /** Nothing is inside or waiting, sync or async. */
  isIdle(): boolean;
  /** Nobody is left to wait for: the container is not there, or not yet, and nothing is inside. */
  isContainerAway(): boolean;
  /** Takes no new async work. */
  began(): void;
  ended(): void;
  /** The time is over: async work that still runs goes back to the queue, the attempt not counted. */
  gaveUp(): Promise<void>;
}

/**
 * Endpoints and clients have heard by then that this replica ends; who still comes has nowhere else to go. Served for ever, they
 * would hold up a rollout on the last GPU until the grace is over, and whoever is inside then would be cut off.
 */
const LONGEST_WELCOME_MS = 30_000;

/** The kubelet runs both containers' preStop at once, and the sidecar's has a program to start before it can begin the drain. */
const AWAIT_BEGIN_MS = 10_000;

export class Drain {
  readonly #options: DrainOptions;
  readonly #around: DrainSurroundings;
  readonly #waiting = new Set<() => void>();
  #isDraining = false;
  #isShuttingDown = false;
  #beganAtMs = 0;
  #lastArrivalMs = 0;
  /** Since when a probe is told that nobody is to be sent here. */
  #unreadySinceMs: number | undefined;

  constructor(options: DrainOptions, around: DrainSurroundings) {
    this.#options = options;
    this.#around = around;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Work arrived: the silence begins anew. Who asks for a status every second or for our health must not hold the GPU. */
  arrived(): void {
    if (this.#isDraining) this.#lastArrivalMs = this.#around.clock.monotonicMs();
  }

  /** Newcomers are turned away from now on. What is inside keeps half of the time to finish. */
  get isClosed(): boolean {
    if (!this.#isDraining) return false;
    const welcomeMs = Math.min(LONGEST_WELCOME_MS, this.#options.drainMs / 2);
    return this.#around.clock.monotonicMs() - this.#beganAtMs > welcomeMs;
  }

  /**
   * What a probe is told. A pod that its deletion made leave gets callers only while no other is ready. It stays their last resort until it
   * has nothing else to do, and is out of the Service before it goes: an address that nobody has answers nobody, not even with a refusal.
   */
  get isUnready(): boolean {
    return this.#isDraining && this.#unreadySinceMs !== undefined;
  }

  /** SIGTERM: whoever goes by readiness is to send nobody from now on. */
  shutDown(): void {
    this.#isShuttingDown = true;
    this.begin();
    this.#unreadySinceMs ??= this.#around.clock.monotonicMs();
  }

  /** Callers of a container that is being restarted wait for it: they are not sent away. */
  begin(): void {
    if (this.#isDraining || this.#isRestart) return;
    this.#isDraining = true;
    this.#beganAtMs = this.#around.clock.monotonicMs();
    this.#lastArrivalMs = this.#beganAtMs;
    this.#unreadySinceMs = undefined;
    this.#around.began();
    this.recheck();
  }

  /** Something finished or died: whoever waits looks again. */
  recheck(): void {
    if (this.#isDraining && this.#isRestart) {
      this.#isDraining = false;
      this.#around.ended();
    }
    for (const look of this.#waiting) look();
  }

  /** The container ends or has ended, and this replica, as far as it knows, does not. */
  get #isRestart(): boolean {
    return !this.#isShuttingDown && this.#around.isContainerAway();
  }

  /**
   * Resolves when nothing is left to finish (true), or `drainMs` after the drain began or on abort (false). A caller changes nothing: where no
   * drain begins within some seconds, it resolves when the replica is idle.
   */
  async waitUntilDone(signal: AbortSignal): Promise<boolean> {
    const isDone = await this.#untilDone(signal);
    if (!isDone && this.#isDraining && !signal.aborted) await this.#around.gaveUp();
    return isDone;
  }

  #untilDone(signal: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const { clock } = this.#around;
    const { quietMs } = this.#options;
    const calledAtMs = clock.monotonicMs();
    let timer = clock.after(0, () => look());
    const finish = (isDone: boolean) => {
      timer.cancel();
      this.#waiting.delete(look);
      signal.removeEventListener('abort', look);
      resolve(isDone);
    };
    const look = () => {
      if (this.#around.isContainerAway()) return finish(true);
      const nowMs = clock.monotonicMs();
      const { quietAtMs, deadlineMs } = this.#timesOf(calledAtMs);
      const isDone = nowMs >= quietAtMs && this.#around.isIdle();
      if (isDone && !this.#isDraining) return finish(true);
      const lastCallMs = deadlineMs - quietMs;
      if (this.#isDraining && (isDone || nowMs >= lastCallMs)) this.#unreadySinceMs ??= nowMs;
      const outOfServiceAtMs = (this.#unreadySinceMs ?? Number.POSITIVE_INFINITY) + quietMs;
      if (isDone && nowMs >= outOfServiceAtMs) return finish(true);
      if (signal.aborted || nowMs >= deadlineMs) return finish(false);
      timer.cancel();
      // While busy, whoever finishes calls `recheck`.
      const next = [quietAtMs, lastCallMs, outOfServiceAtMs].filter((atMs) => atMs > nowMs);
      timer = clock.after(Math.min(...next, deadlineMs) - nowMs, () => look());
    };
    this.#waiting.add(look);
    signal.addEventListener('abort', look, { once: true });
    return promise;
  }

  /** When silence will have lasted, and when nobody waits any longer; both of the drain, or of a call that still waits for it to begin. */
  #timesOf(calledAtMs: number): { readonly quietAtMs: number; readonly deadlineMs: number } {
    const { drainMs, quietMs } = this.#options;
    if (!this.#isDraining) return { quietAtMs: calledAtMs + AWAIT_BEGIN_MS, deadlineMs: calledAtMs + drainMs };
    return { quietAtMs: this.#lastArrivalMs + quietMs, deadlineMs: this.#beganAtMs + drainMs };
  }
}
