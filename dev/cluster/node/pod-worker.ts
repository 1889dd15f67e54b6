// The life of one pod on its node, from admission to the last DELETE: volumes, address, containers by plan, then the end in order. It
// works serially, as the kubelet's pod worker does: while a hook or a pull of one container lasts, the others' restarts wait.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isConflict, isNotFound } from '../client.ts';
import { now } from '../conditions.ts';
import type { EventType } from '../event-recorder.ts';
import type { Pod } from '../pod.ts';
import { pods as podResource } from '../resources.ts';
import { type ContainerRecord, endOf, isRunning, isStarted, recordsOf, viewOf } from './container.ts';
import type { PodFacts } from './environment.ts';
import { execIn } from './exec.ts';
import { callHandler, type Target } from './handler.ts';
import type { NodeParts } from './node-parts.ts';
import { type Kill, plan, restartPolicyOf } from './plan.ts';
import { podStatus } from './pod-status.ts';
import { type ProbeKind, ProbeWorker, probeField, unhealthyMessage } from './probe-worker.ts';
import { RetryDelay } from './retry-delay.ts';
import { type RunContext, startContainer } from './start-container.ts';
import { StatusWriter } from './status-writer.ts';
import { stopContainer, TerminationOrder } from './stop-container.ts';
import { MountError, setUpVolumes } from './volumes.ts';

export class PodWorker {
  readonly records: ContainerRecord[];
  readonly #parts: NodeParts;
  readonly #dir: string;
  readonly #status: StatusWriter;
  readonly #contexts = new Map<string, RunContext>();
  readonly #mountDelay: RetryDelay;
  readonly #startTime = now();
  #pod: Pod;
  #podIP: string | undefined;
  #rejected: { readonly reason: string; readonly message: string } | undefined;
  #isMounted = false;
  #isOver = false;
  #isObjectGone = false;
  #isEnded = false;
  #abort = new AbortController();
  #wake = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(parts: NodeParts, pod: Pod) {
    this.#parts = parts;
    this.#pod = pod;
    this.#dir = join(parts.stateDir, 'pods', pod.metadata.uid);
    this.#status = new StatusWriter(parts.client, parts.pods, pod);
    this.#mountDelay = new RetryDelay(parts.timings.mountBackoff);
    this.records = recordsOf(pod, parts.timings.crashBackoff);
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** A newer version of the object; a deletion or a shorter grace period interrupts whatever is going on. */
  update(pod: Pod): void {
    const before = this.#pod;
    this.#pod = pod;
    for (const record of this.records) {
      const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
      record.spec = all.find((container) => container.name === record.spec.name) ?? record.spec;
    }
    const isShorter =
      (pod.metadata.deletionGracePeriodSeconds ?? Infinity) < (before.metadata.deletionGracePeriodSeconds ?? Infinity);
    if (isShorter) this.#interrupt();
    this.wake();
  }

  /** The object is gone (force delete): what runs has the shortest grace there is. */
  removed(): void {
    this.#isObjectGone = true;
    this.#interrupt();
  }

  wake(): void {
    this.#wake.resolve();
  }

  async run(): Promise<void> {
    this.#rejected = this.#parts.devices.admit(this.#pod);
    if (this.#rejected) this.#tell('Warning', this.#rejected.reason, this.#rejected.message);
    else this.#startProbes();
    this.wake();
    while (!this.#isTerminating()) {
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
      this.#abort = new AbortController();
      if (this.#isTerminating()) break;
      await this.#sync().catch((error) => this.#failed(error));
    }
    await this.#terminate();
  }

  /** The machine goes off: nothing is told to anyone. */
  async powerOff(): Promise<void> {
    this.#isObjectGone = true;
    for (const record of this.records) record.process?.kill();
    this.#interrupt();
    await Promise.all(this.records.map((record) => record.process?.exited));
  }

  async #sync(): Promise<void> {
    if (!this.#rejected && !this.#isOver && this.#prepare()) await this.#advance();
    this.#report();
  }

  /** Volumes first, then the network: only then can a container be made. */
  #prepare(): boolean {
    try {
      setUpVolumes(this.#pod, this.#dir, {
        ...this.#parts.lookup(this.#pod),
        claim: this.#parts.claimDir(this.#pod),
        facts: this.#facts(),
      });
      this.#isMounted = true;
    } catch (error) {
      if (!(error instanceof MountError)) throw error;
      // Once running, a volume whose source went away keeps its last content.
      if (this.#isMounted) return true;
      this.#tell('Warning', 'FailedMount', error.message);
      this.#mountDelay.next(Date.now(), Date.now());
      this.#wakeAt(Date.now() + this.#mountDelay.delayMs);
      return false;
    }
    this.#podIP ??= this.#parts.addresses.take();
    return true;
  }

  async #advance(): Promise<void> {
    const { kill, start, isOver } = plan(this.records.map(viewOf), restartPolicyOf(this.#pod));
    this.#report();
    for (const step of kill) {
      await this.#kill(step);
      this.#report();
      if (this.#abort.signal.aborted) return;
    }
    if (isOver) {
      await this.#killAll(this.#graceSeconds());
      this.#isOver = true;
      this.#parts.devices.release(this.#pod.metadata.uid);
      return;
    }
    const killed = new Set(kill.map((step) => step.name));
    for (const name of start) {
      await this.#start(this.#record(name), killed.has(name));
      this.#report();
      if (this.#abort.signal.aborted) return;
    }
  }

  async #start(record: ContainerRecord, isRestartAfterKill: boolean): Promise<void> {
    const parts = this.#parts;
    const started = await startContainer(record, {
      pod: this.#pod,
      podDir: this.#dir,
      facts: this.#facts(),
      lookup: parts.lookup(this.#pod),
      links: parts.links(this.#pod),
      devices: parts.devices.environment(this.#pod, record.spec.name),
      hosts: parts.hosts,
      images: parts.images,
      tell: this.#tellOf(record),
      signal: this.#abort.signal,
      isRestartAfterKill,
    });
    if ('retryAt' in started) return this.#wakeAt(started.retryAt);
    this.#contexts.set(record.spec.name, started.context);
    const { process } = record;
    void process?.exited.then(() => {
      this.#report();
      this.wake();
    });
    await this.#postStart(record);
  }

  /** The container counts as up only after its postStart; one that fails costs it its life. */
  async #postStart(record: ContainerRecord): Promise<void> {
    const hook = record.spec.lifecycle?.postStart;
    if (hook) {
      const call = { timeoutMs: 2 ** 30, timeoutText: '', secondMs: this.#parts.timings.graceSecondMs, isProbe: false };
      const attempt = await callHandler(hook, this.#target(record), { ...call, signal: this.#abort.signal });
      if (this.#abort.signal.aborted) return;
      if (attempt.outcome !== 'success') {
        this.#tellOf(record)('Warning', 'FailedPostStartHook', 'PostStartHook failed');
        await this.#stop(record, this.#graceSeconds(), 'FailedPostStartHook');
        record.waiting = { reason: 'PostStartHookError', message: 'PostStartHook failed' };
        return this.wake();
      }
    }
    record.isUp = true;
    // The next container in line may have waited for just this.
    this.wake();
  }

  async #kill({ name, reason, message }: Kill): Promise<void> {
    const record = this.#record(name);
    const probe = reason === 'changed' ? undefined : record.spec[probeField[reason]];
    await this.#stop(record, probe?.terminationGracePeriodSeconds ?? this.#graceSeconds(), message);
  }

  #stop(record: ContainerRecord, graceSeconds: number, message: string, order?: TerminationOrder): Promise<void> {
    return stopContainer(record, {
      graceSeconds,
      secondMs: this.#parts.timings.graceSecondMs,
      message,
      target: this.#target(record),
      ...(order ? { order } : {}),
      tell: this.#tellOf(record),
      signal: this.#abort.signal,
    });
  }

  async #killAll(graceSeconds: number): Promise<void> {
    const running = this.records.filter(isRunning);
    const order = new TerminationOrder(running);
    await Promise.all(
      running.map((record) => this.#stop(record, graceSeconds, `Stopping container ${record.spec.name}`, order)),
    );
  }

  async #terminate(): Promise<void> {
    clearTimeout(this.#timer);
    while (this.records.some(isRunning)) {
      this.#abort = new AbortController();
      await this.#killAll(Math.max(1, this.#isObjectGone ? 0 : this.#graceSeconds()));
    }
    this.#isOver = true;
    this.#isEnded = true;
    for (const record of this.records) for (const probe of record.probes) probe.stop();
    this.#report();
    await this.#status.flush();
    this.#parts.images.forget(this.#pod.metadata.uid);
    this.#parts.devices.release(this.#pod.metadata.uid);
    if (this.#podIP) this.#parts.addresses.release(this.#podIP);
    rmSync(this.#dir, { recursive: true, force: true });
    if (!this.#isObjectGone) await this.#deleteObject();
  }

  async #deleteObject(): Promise<void> {
    const { namespace = '', name, uid } = this.#pod.metadata;
    try {
      await this.#parts.client.delete(
        podResource,
        { namespace, name },
        { gracePeriodSeconds: 0, preconditions: { uid } },
      );
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) this.#failed(error);
    }
  }

  #startProbes(): void {
    const secondMs = this.#parts.timings.probeSecondMs;
    for (const record of this.records) {
      if (record.role === 'init') continue;
      for (const kind of ['startup', 'liveness', 'readiness'] as const) {
        if (record.spec[probeField[kind]]) record.probes.push(this.#probeWorker(record, kind, secondMs));
      }
    }
  }

  #probeWorker(record: ContainerRecord, kind: ProbeKind, secondMs: number): ProbeWorker {
    const run = () => {
      const { process } = record;
      if (!process || !isRunning(record) || !record.isUp) return undefined;
      return { id: record.runs, startedAtMs: Date.parse(process.startedAt), isStarted: isStarted(record) };
    };
    const subject = {
      probe: () => record.spec[probeField[kind]],
      target: () => this.#target(record),
      run,
      isTerminating: () => this.#isTerminating(),
    };
    const report = {
      result: (_: ProbeKind, runId: number, isSuccess: boolean) => this.#probed(record, kind, runId, isSuccess),
      failed: (_: ProbeKind, attempt: { outcome: 'success' | 'failure' | 'unknown'; message: string }) =>
        this.#tellOf(record)('Warning', 'Unhealthy', unhealthyMessage(kind, attempt)),
    };
    return new ProbeWorker(kind, subject, report, secondMs);
  }

  #probed(record: ContainerRecord, kind: ProbeKind, runId: number, isSuccess: boolean): void {
    if (record.runs !== runId || !isRunning(record)) return;
    if (kind === 'readiness') record.isReadyByProbe = isSuccess;
    else if (!isSuccess) record.failedProbe = kind;
    else if (kind === 'startup' && !record.isStartedByProbe) {
      record.isStartedByProbe = true;
      for (const probe of record.probes) probe.trigger();
    }
    this.#report();
    this.wake();
  }

  #target(record: ContainerRecord): Target {
    const context = this.#contexts.get(record.spec.name);
    return {
      container: record.spec,
      podIP: this.#podIP ?? '',
      exec: (command, signal) => execIn(context, command, signal),
    };
  }

  #facts(): PodFacts {
    return { podIP: this.#podIP ?? '', hostIP: this.#parts.addresses.hostIP, nodeName: this.#parts.nodeName };
  }

  #report(): void {
    if (this.#isObjectGone) return;
    const view = {
      pod: this.#parts.pods.get(`${this.#pod.metadata.namespace}/${this.#pod.metadata.name}`) ?? this.#pod,
      records: this.records,
      podIP: this.#podIP,
      hostIP: this.#parts.addresses.hostIP,
      startTime: this.#startTime,
      hasNetwork: this.#podIP !== undefined && !this.#isEnded,
      rejected: this.#rejected,
      isOver:
        this.#isOver &&
        this.records.every((record) => record.role !== 'main' || endOf(record) !== undefined || this.#isEnded),
    };
    this.#status.write(podStatus(view, now()));
  }

  #record(name: string): ContainerRecord {
    return this.records.find((record) => record.spec.name === name) as ContainerRecord;
  }

  #graceSeconds(): number {
    return this.#pod.metadata.deletionGracePeriodSeconds ?? this.#pod.spec.terminationGracePeriodSeconds ?? 30;
  }

  #isTerminating(): boolean {
    return this.#isObjectGone || this.#pod.metadata.deletionTimestamp !== undefined;
  }

  #interrupt(): void {
    this.#abort.abort();
    this.wake();
  }

  /** At the latest then: of several containers that wait, the one whose turn comes first decides. */
  #wakeAt(atMs: number): void {
    if (atMs >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = atMs;
    this.#timer = setTimeout(
      () => {
        this.#timerAt = Number.POSITIVE_INFINITY;
        this.wake();
      },
      Math.max(1, atMs - Date.now()),
    );
  }

  #failed(error: unknown): void {
    if (this.#abort.signal.aborted) return;
    this.#parts.onError(`${this.#pod.metadata.namespace}/${this.#pod.metadata.name}`, error);
    this.#wakeAt(Date.now() + 1_000);
  }

  #tellOf(record: ContainerRecord) {
    const field = record.role === 'main' ? 'containers' : 'initContainers';
    return (type: EventType, reason: string, message: string) =>
      this.#tell(type, reason, message, `spec.${field}{${record.spec.name}}`);
  }

  #tell(type: EventType, reason: string, message: string, fieldPath?: string): void {
    this.#parts.recorder.record({ ...this.#pod, kind: 'Pod', apiVersion: 'v1' }, type, reason, message, fieldPath);
  }
}
