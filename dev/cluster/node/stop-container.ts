// The end of one container as the kubelet brings it about: preStop, its turn, SIGTERM, SIGKILL. One grace period pays for all of it, in
// whole seconds; at least two are left for SIGTERM. Who is to be stopped, and why, is the pod worker's business.
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventType } from '../event-recorder.ts';
import { type ContainerRecord, isRunning } from './container.ts';
import { callHandler, type Target } from './handler.ts';
import { goDuration } from './retry-delay.ts';

const minimumGraceSeconds = 2;

export type Stopping = {
  readonly graceSeconds: number;
  readonly secondMs: number;
  readonly message: string;
  readonly target: Target;
  readonly order?: TerminationOrder;
  readonly tell: (type: EventType, reason: string, message: string) => void;
  /** Fires when a shorter grace period takes over: this attempt gives up, the next one starts anew. */
  readonly signal: AbortSignal;
};

export async function stopContainer(record: ContainerRecord, how: Stopping): Promise<void> {
  const { process } = record;
  if (!process || !isRunning(record)) return how.order?.ended(record.spec.name);
  how.tell('Normal', 'Killing', how.message);
  let grace = how.graceSeconds;
  if (record.spec.lifecycle?.preStop && grace > 0) grace -= await preStop(record, how, grace);
  if (how.order && grace > 0)
    grace -= await elapsedSeconds(how, () => how.order?.turnOf(record.spec.name, grace * how.secondMs, how.signal));
  if (how.signal.aborted) return;
  process.signal('SIGTERM');
  const patience = sleep(Math.max(grace, minimumGraceSeconds) * how.secondMs, 'late', {
    signal: how.signal,
    ref: false,
  }).catch(() => 'aborted');
  const first = await Promise.race([process.exited.then(() => 'exited'), patience]);
  if (first === 'aborted') return;
  if (first === 'late') process.kill();
  await process.exited;
  how.order?.ended(record.spec.name);
}

/** A hook that fails or takes too long does not save the container; the time it took is gone. */
async function preStop(record: ContainerRecord, how: Stopping, graceSeconds: number): Promise<number> {
  const hook = record.spec.lifecycle?.preStop ?? {};
  return await elapsedSeconds(how, async () => {
    const timeoutMs = graceSeconds * how.secondMs;
    const call = { timeoutMs, timeoutText: goDuration(graceSeconds * 1_000), secondMs: how.secondMs, isProbe: false };
    const attempt = await callHandler(hook, how.target, { ...call, signal: how.signal });
    if (attempt.outcome !== 'success' && !how.signal.aborted)
      how.tell('Warning', 'FailedPreStopHook', 'PreStopHook failed');
  });
}

async function elapsedSeconds(how: Stopping, work: () => Promise<void> | undefined): Promise<number> {
  const begun = performance.now();
  await work();
  return Math.floor((performance.now() - begun) / how.secondMs);
}

/** Native sidecars end after all main containers, the last one of the list first. */
export class TerminationOrder {
  readonly #waits = new Map<string, readonly string[]>();
  readonly #ended = new Map<string, { readonly promise: Promise<void>; readonly resolve: () => void }>();

  constructor(records: readonly ContainerRecord[]) {
    const running = records.filter(isRunning);
    const names = (list: readonly ContainerRecord[]): string[] => list.map((record) => record.spec.name);
    const mains = names(running.filter((record) => record.role !== 'sidecar'));
    const sidecars = running.filter((record) => record.role === 'sidecar');
    for (const record of running) this.#ended.set(record.spec.name, Promise.withResolvers<void>());
    sidecars.forEach((record, index) => {
      this.#waits.set(record.spec.name, [...mains, ...names(sidecars.slice(index + 1))]);
    });
  }

  async turnOf(name: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const before = (this.#waits.get(name) ?? []).map((other) => this.#ended.get(other)?.promise);
    if (before.length === 0) return;
    const patience = sleep(timeoutMs, undefined, { signal, ref: false }).catch(() => {});
    await Promise.race([Promise.all(before), patience]);
  }

  ended(name: string): void {
    this.#ended.get(name)?.resolve();
  }
}
