// The life of one pod on its node, from admission to the last DELETE: volumes, address, containers by plan, then the end in order. It
// works serially, as the kubelet's pod worker does: while a hook or a pull of one container lasts, the others' restarts wait.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isConflict, isNotFound } from '../client.ts';
import { now } from '../conditions.ts';
import type { EventType } from '../event-recorder.ts';
import type { Pod } from '../pod.ts';
import { pods as podResource } from '../resources.ts';
import { keyOf } from '../watch-cache.ts';
import { type ContainerRecord, endOf, viewOf } from './container.ts';
import type { Rejection } from './devices.ts';
import type { PodFacts } from './environment.ts';
import type { NodeParts } from './node-parts.ts';
import { plan, restartPolicyOf } from './plan.ts';
import { PodContainers } from './pod-containers.ts';
import { podStatus } from './pod-status.ts';
import { RetryDelay } from './retry-delay.ts';
import { StatusWriter } from './status-writer.ts';
import { MountError, setUpVolumes } from './volumes.ts';

export class PodWorker {
  readonly #parts: NodeParts;
  readonly #dir: string;
  readonly #containers: PodContainers;
  readonly #status: StatusWriter;
  readonly #mountDelay: RetryDelay;
  readonly #startTime = now();
  #pod: Pod;
  #podIP: string | undefined;
  #rejected: Rejection | undefined;
  #isMounted = false;
  /** Known to itself from the start, told after a round that started containers, hooks included, and at the latest when all are up. */
  #isAddressTold = false;
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
    this.#containers = new PodContainers(parts, {
      pod: () => this.#pod,
      podDir: this.#dir,
      facts: () => this.#facts(),
      graceSeconds: () => this.#graceSeconds(),
      isTerminating: () => this.#isTerminating(),
      signal: () => this.#abort.signal,
      changed: () => {
        this.#report();
        this.wake();
      },
    });
  }

  get pod(): Pod {
    return this.#pod;
  }

  get records(): readonly ContainerRecord[] {
    return this.#containers.records;
  }

  /** A newer version of the object; a deletion or a shorter grace period interrupts whatever is going on. */
  update(pod: Pod): void {
    const [before, after] = [this.#pod, pod].map(
      (entry) => entry.metadata.deletionGracePeriodSeconds ?? Number.POSITIVE_INFINITY,
    );
    this.#pod = pod;
    this.#containers.adopt(pod);
    if ((after ?? 0) < (before ?? 0)) this.#abort.abort();
    this.wake();
  }

  /** The object is gone (force delete): what runs has the shortest grace there is. */
  removed(): void {
    this.#isObjectGone = true;
    this.#abort.abort();
    this.wake();
  }

  wake(): void {
    this.#wake.resolve();
  }

  async run(): Promise<void> {
    this.#rejected = this.#parts.devices.admit(this.#pod);
    if (this.#rejected) this.#tell('Warning', this.#rejected.reason, this.#rejected.message);
    else this.#containers.startProbes();
    this.wake();
    while (!this.#isTerminating()) {
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
      this.#abort = new AbortController();
      if (!this.#isTerminating()) await this.#sync().catch((error) => this.#failed(error));
    }
    await this.#terminate();
  }

  /** The machine goes off: nothing is told to anyone. */
  async powerOff(): Promise<void> {
    for (const record of this.records) record.process?.kill();
    this.removed();
    await Promise.all(this.records.map((record) => record.process?.exited));
  }

  async #sync(): Promise<void> {
    if (!this.#rejected && !this.#isOver && this.#prepare()) {
      await this.#advance();
      this.#isAddressTold ||= this.records.some(({ runs }) => runs > 0);
    }
    this.#report();
  }

  /** Volumes first, then the network: only then can a container be made. */
  #prepare(): boolean {
    const { lookup, claimDir, addresses } = this.#parts;
    try {
      setUpVolumes(this.#pod, this.#dir, { ...lookup(this.#pod), claim: claimDir(this.#pod), facts: this.#facts() });
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
    this.#podIP ??= addresses.take();
    return true;
  }

  async #advance(): Promise<void> {
    const { kill, start, isOver } = plan(this.records.map(viewOf), restartPolicyOf(this.#pod));
    this.#report();
    for (const step of kill) {
      await this.#containers.kill(step);
      this.#report();
      if (this.#abort.signal.aborted) return;
    }
    if (isOver) return await this.#finish();
    const killed = new Set(kill.map((step) => step.name));
    for (const name of start) {
      const retryAt = await this.#containers.start(name, killed.has(name));
      if (retryAt !== undefined) this.#wakeAt(retryAt);
      this.#report();
      if (this.#abort.signal.aborted) return;
    }
  }

  /** Nothing will run again: the sidecars go, the GPUs are free, the object stays with its last words. */
  async #finish(): Promise<void> {
    await this.#containers.killAll(this.#graceSeconds());
    this.#isOver = this.#containers.areAllStopped;
    if (this.#isOver) this.#parts.devices.release(this.#pod.metadata.uid);
  }

  async #terminate(): Promise<void> {
    clearTimeout(this.#timer);
    while (!this.#containers.areAllStopped) {
      this.#abort = new AbortController();
      await this.#containers.killAll(Math.max(1, this.#isObjectGone ? 0 : this.#graceSeconds()));
    }
    this.#isOver = true;
    this.#isEnded = true;
    this.#containers.stopProbes();
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
    for (let attempt = 1; !this.#isObjectGone; attempt += 1) {
      try {
        await this.#parts.client.delete(
          podResource,
          { namespace, name },
          { gracePeriodSeconds: 0, preconditions: { uid } },
        );
        return;
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) return;
        this.#parts.onError(keyOf(this.#pod), error);
        await new Promise((resolve) => setTimeout(resolve, Math.min(100 * attempt, 2_000)));
      }
    }
  }

  #facts(): PodFacts {
    return { podIP: this.#podIP ?? '', hostIP: this.#parts.addresses.hostIP, nodeName: this.#parts.nodeName };
  }

  #report(): void {
    if (this.#isObjectGone) return;
    this.#isAddressTold ||= this.records.every((record) => record.role !== 'main' || record.isUp);
    const isDone = (record: ContainerRecord): boolean => record.role !== 'main' || endOf(record) !== undefined;
    const view = {
      pod: this.#parts.pods.get(keyOf(this.#pod)) ?? this.#pod,
      records: this.records,
      podIP: this.#isAddressTold ? this.#podIP : undefined,
      hostIP: this.#parts.addresses.hostIP,
      startTime: this.#startTime,
      hasNetwork: this.#podIP !== undefined && !this.#isEnded,
      rejected: this.#rejected,
      isOver: this.#isOver && (this.#isEnded || this.records.every(isDone)),
    };
    this.#status.write(podStatus(view, now()));
  }

  #graceSeconds(): number {
    return this.#pod.metadata.deletionGracePeriodSeconds ?? this.#pod.spec.terminationGracePeriodSeconds ?? 30;
  }

  #isTerminating(): boolean {
    return this.#isObjectGone || this.#pod.metadata.deletionTimestamp !== undefined;
  }

  /** At the latest then: of several containers that wait, the one whose turn comes first decides. */
  #wakeAt(atMs: number): void {
    if (atMs >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = atMs;
    const due = (): void => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.wake();
    };
    this.#timer = setTimeout(due, Math.max(1, atMs - Date.now()));
  }

  #failed(error: unknown): void {
    if (this.#abort.signal.aborted) return;
    this.#parts.onError(keyOf(this.#pod), error);
    this.#wakeAt(Date.now() + 1_000);
  }

  #tell(type: EventType, reason: string, message: string): void {
    this.#parts.recorder.record({ ...this.#pod, kind: 'Pod', apiVersion: 'v1' }, type, reason, message);
  }
}
