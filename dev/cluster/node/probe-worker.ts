// One probe of one container, as the kubelet's prober runs it: ticks from the moment the pod is there, waits for the container and for
// its startup probe, counts to the thresholds, and rests after a verdict that kills until there is a new run of the container.
import type { Probe } from '../pod.ts';
import { type Attempt, callHandler, type Target } from './handler.ts';
import { goDuration } from './retry-delay.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';
export const probeField = { startup: 'startupProbe', liveness: 'livenessProbe', readiness: 'readinessProbe' } as const;

/** What the worker asks about its container at each tick. */
export type Run = { readonly id: number; readonly startedAtMs: number; readonly isStarted: boolean };
export type Subject = {
  readonly probe: () => Probe | undefined;
  readonly target: () => Target;
  /** The present run, undefined while nothing runs. */
  readonly run: () => Run | undefined;
  readonly isTerminating: () => boolean;
};
export type ProbeReport = {
  readonly result: (kind: ProbeKind, runId: number, isSuccess: boolean) => void;
  readonly failed: (kind: ProbeKind, attempt: Attempt) => void;
};

export class ProbeWorker {
  readonly #kind: ProbeKind;
  readonly #subject: Subject;
  readonly #report: ProbeReport;
  readonly #secondMs: number;
  #timer: NodeJS.Timeout | undefined;
  #abort = new AbortController();
  #isStopped = false;
  #runId = -1;
  #isOnHold = false;
  #last: Attempt['outcome'] | undefined;
  #repeats = 0;

  constructor(kind: ProbeKind, subject: Subject, report: ProbeReport, secondMs: number) {
    this.#kind = kind;
    this.#subject = subject;
    this.#report = report;
    this.#secondMs = secondMs;
    this.#schedule(0);
  }

  /** Out of turn: readiness is looked at as soon as the container has started. */
  trigger(): void {
    if (!this.#isStopped) this.#schedule(0);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  #schedule(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#tick(), afterMs);
  }

  async #tick(): Promise<void> {
    const begun = Date.now();
    const probe = this.#subject.probe();
    if (probe) await this.#probe(probe).catch(() => {});
    if (this.#isStopped) return;
    const periodMs = (probe?.periodSeconds ?? 10) * this.#secondMs;
    this.#schedule(Math.max(1, periodMs - (Date.now() - begun)));
  }

  async #probe(probe: Probe): Promise<void> {
    const run = this.#subject.run();
    if (!run) return;
    if (run.id !== this.#runId) this.#reset(run.id);
    if (this.#isOnHold) return;
    // A pod on its way out is only asked whether it is ready.
    if (this.#subject.isTerminating() && this.#kind !== 'readiness') return this.stop();
    if (Date.now() - run.startedAtMs < (probe.initialDelaySeconds ?? 0) * this.#secondMs) return;
    if (run.isStarted === (this.#kind === 'startup')) return;
    const attempt = await this.#attempt(probe);
    if (this.#isStopped || this.#subject.run()?.id !== run.id) return;
    if (attempt.outcome !== 'success') this.#report.failed(this.#kind, attempt);
    if (attempt.outcome !== 'unknown') this.#count(probe, run.id, attempt.outcome === 'success');
  }

  async #attempt(probe: Probe): Promise<Attempt> {
    this.#abort = new AbortController();
    // In real seconds, however short the periods are: the machine answers no faster for them. A fifth of the time, and a busy machine would
    // lose every replica's readiness at once, which a cluster does not.
    const timeoutMs = (probe.timeoutSeconds ?? 1) * 1_000;
    const call = {
      timeoutMs,
      timeoutText: goDuration(timeoutMs),
      secondMs: this.#secondMs,
      isProbe: true,
    };
    return await callHandler(probe, this.#subject.target(), { ...call, signal: this.#abort.signal });
  }

  #count(probe: Probe, runId: number, isSuccess: boolean): void {
    const outcome = isSuccess ? 'success' : 'failure';
    this.#repeats = this.#last === outcome ? this.#repeats + 1 : 1;
    this.#last = outcome;
    const threshold = isSuccess ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
    if (this.#repeats < threshold) return;
    if (!isSuccess && this.#kind !== 'readiness') {
      this.#isOnHold = true;
      this.#repeats = 0;
    }
    this.#report.result(this.#kind, runId, isSuccess);
  }

  #reset(runId: number): void {
    this.#runId = runId;
    this.#isOnHold = false;
    this.#last = undefined;
    this.#repeats = 0;
  }
}

const kindWords = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const;

export function unhealthyMessage(kind: ProbeKind, attempt: Attempt): string {
  if (attempt.outcome === 'unknown')
    return `${kindWords[kind]} probe errored and resulted in unknown state: ${attempt.message}`;
  return `${kindWords[kind]} probe failed: ${attempt.message}`;
}
