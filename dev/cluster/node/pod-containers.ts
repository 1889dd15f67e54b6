// The containers of one pod in motion: starting one with its postStart, stopping one or all in order, and their probes. What is to be
// done and when is the pod worker's decision; it is told when something has changed.
import type { EventType } from '../event-recorder.ts';
import type { Pod } from '../pod.ts';
import { type ContainerRecord, isRunning, isStarted, recordsOf } from './container.ts';
import type { PodFacts } from './environment.ts';
import { execIn } from './exec.ts';
import { callHandler, type Target } from './handler.ts';
import type { NodeParts } from './node-parts.ts';
import type { Kill } from './plan.ts';
import { type ProbeKind, ProbeWorker, probeField, unhealthyMessage } from './probe-worker.ts';
import { type RunContext, startContainer } from './start-container.ts';
import { stopContainer, TerminationOrder } from './stop-container.ts';

export type Surroundings = {
  readonly pod: () => Pod;
  readonly podDir: string;
  readonly facts: () => PodFacts;
  readonly graceSeconds: () => number;
  readonly isTerminating: () => boolean;
  /** The signal of the work going on now: a deletion interrupts it. */
  readonly signal: () => AbortSignal;
  /** Something about a container is different: report it and think again. */
  readonly changed: () => void;
};

export class PodContainers {
  readonly records: ContainerRecord[];
  readonly #parts: NodeParts;
  readonly #around: Surroundings;
  readonly #contexts = new Map<string, RunContext>();

  constructor(parts: NodeParts, around: Surroundings) {
    this.#parts = parts;
    this.#around = around;
    this.records = recordsOf(around.pod(), parts.timings.crashBackoff);
  }

  /** The pod's spec may change in one thing that matters here: a container's image. */
  adopt(pod: Pod): void {
    const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
    for (const record of this.records) {
      record.spec = all.find((container) => container.name === record.spec.name) ?? record.spec;
    }
  }

  /** Undefined when it runs; otherwise when to try again. */
  async start(name: string, isRestartAfterKill: boolean): Promise<number | undefined> {
    const record = this.#record(name);
    const [parts, pod] = [this.#parts, this.#around.pod()];
    const started = await startContainer(record, {
      pod,
      podDir: this.#around.podDir,
      facts: this.#around.facts(),
      lookup: parts.lookup(pod),
      links: parts.links(pod),
      devices: parts.devices.environment(pod, name),
      hosts: parts.hosts,
      services: parts.services,
      images: parts.images,
      tell: this.#tellOf(record),
      signal: this.#around.signal(),
      isRestartAfterKill,
    });
    if ('retryAt' in started) return started.retryAt;
    this.#contexts.set(name, started.context);
    void record.process?.exited.then(() => this.#around.changed());
    await this.#postStart(record);
    return undefined;
  }

  /** The container counts as up only after its postStart; one that fails costs it its life. */
  async #postStart(record: ContainerRecord): Promise<void> {
    const hook = record.spec.lifecycle?.postStart;
    if (hook) {
      const signal = this.#around.signal();
      const call = { timeoutMs: 2 ** 30, timeoutText: '', secondMs: this.#parts.timings.graceSecondMs, isProbe: false };
      const attempt = await callHandler(hook, this.#target(record), { ...call, signal });
      if (signal.aborted) return;
      if (attempt.outcome !== 'success') {
        this.#tellOf(record)('Warning', 'FailedPostStartHook', 'PostStartHook failed');
        await this.#stop(record, this.#around.graceSeconds(), 'FailedPostStartHook');
        record.waiting = { reason: 'PostStartHookError', message: 'PostStartHook failed' };
        this.#around.changed();
        return;
      }
    }
    record.isUp = true;
    // The next container in line may have waited for just this.
    this.#around.changed();
  }

  async kill({ name, reason, message }: Kill): Promise<void> {
    const record = this.#record(name);
    const probe = reason === 'changed' ? undefined : record.spec[probeField[reason]];
    await this.#stop(record, probe?.terminationGracePeriodSeconds ?? this.#around.graceSeconds(), message);
  }

  async killAll(graceSeconds: number): Promise<void> {
    const running = this.records.filter(isRunning);
    const order = new TerminationOrder(running);
    const message = (record: ContainerRecord): string => `Stopping container ${record.spec.name}`;
    await Promise.all(running.map((record) => this.#stop(record, graceSeconds, message(record), order)));
  }

  get areAllStopped(): boolean {
    return !this.records.some(isRunning);
  }

  startProbes(): void {
    for (const record of this.records) {
      if (record.role === 'init') continue;
      for (const kind of ['startup', 'liveness', 'readiness'] as const) {
        if (record.spec[probeField[kind]]) record.probes.push(this.#probeWorker(record, kind));
      }
    }
  }

  stopProbes(): void {
    for (const record of this.records) for (const probe of record.probes) probe.stop();
  }

  #stop(record: ContainerRecord, graceSeconds: number, message: string, order?: TerminationOrder): Promise<void> {
    return stopContainer(record, {
      graceSeconds,
      secondMs: this.#parts.timings.graceSecondMs,
      message,
      target: this.#target(record),
      ...(order ? { order } : {}),
      tell: this.#tellOf(record),
      signal: this.#around.signal(),
    });
  }

  #probeWorker(record: ContainerRecord, kind: ProbeKind): ProbeWorker {
    const run = () => {
      const { process } = record;
      if (!process || !isRunning(record) || !record.isUp) return undefined;
      return { id: record.runs, startedAtMs: Date.parse(process.startedAt), isStarted: isStarted(record) };
    };
    const subject = {
      probe: () => record.spec[probeField[kind]],
      target: () => this.#target(record),
      run,
      isTerminating: this.#around.isTerminating,
    };
    return new ProbeWorker(
      kind,
      subject,
      {
        result: (_, runId, isSuccess) => this.#probed(record, kind, runId, isSuccess),
        failed: (_, attempt) => this.#tellOf(record)('Warning', 'Unhealthy', unhealthyMessage(kind, attempt)),
      },
      this.#parts.timings.probeSecondMs,
    );
  }

  #probed(record: ContainerRecord, kind: ProbeKind, runId: number, isSuccess: boolean): void {
    if (record.runs !== runId || !isRunning(record)) return;
    if (kind === 'readiness') record.isReadyByProbe = isSuccess;
    else if (!isSuccess) record.failedProbe = kind;
    else if (kind === 'startup' && !record.isStartedByProbe) {
      record.isStartedByProbe = true;
      for (const probe of record.probes) probe.trigger();
    }
    this.#around.changed();
  }

  #target(record: ContainerRecord): Target {
    const context = this.#contexts.get(record.spec.name);
    const { podIP } = this.#around.facts();
    return { container: record.spec, podIP, exec: (command, signal) => execIn(context, command, signal) };
  }

  #record(name: string): ContainerRecord {
    return this.records.find((record) => record.spec.name === name) as ContainerRecord;
  }

  #tellOf(record: ContainerRecord) {
    const field = record.role === 'main' ? 'containers' : 'initContainers';
    const path = `spec.${field}{${record.spec.name}}`;
    return (type: EventType, reason: string, message: string): void => {
      this.#parts.recorder.record(
        { ...this.#around.pod(), kind: 'Pod', apiVersion: 'v1' },
        type,
        reason,
        message,
        path,
      );
    };
  }
}
