// The latest figures of every sidecar, asked for over HTTP each few seconds. It tells which deployments' figures changed,
// so that idle ones cause nothing; the leader alone asks.
import { type Dispatcher, request } from 'undici';
import type { Clock } from '../../runtime/clock.ts';
import { adminPaths, type SidecarStats, sidecarPorts } from '../../sidecar/contract.ts';
import { readAtMost } from '../api/bounded-text.ts';
import type { Pod } from '../api/kubernetes.ts';
import type { Key } from '../api/names.ts';
import { deploymentKey } from '../watch/enqueue.ts';
import { pause } from '../watch/pause.ts';
import { MAX_ANSWER_BYTES, parseStats } from './sidecar-answer.ts';

const ANSWER_MS = 2_000;
const AT_A_TIME = 16;
/** Ages grow by themselves: only such a step is a change worth a status write. */
const AGE_STEP_SECONDS = 30;

export interface StatsBoardParts {
  readonly clock: Clock;
  readonly dispatcher: Dispatcher;
  readonly periodMs: number;
  readonly pods: () => Iterable<Pod>;
  readonly changed: (key: Key) => void;
  readonly failed: () => void;
}

export class StatsBoard {
  readonly #parts: StatsBoardParts;
  readonly #byPod = new Map<string, SidecarStats>();

  constructor(parts: StatsBoardParts) {
    this.#parts = parts;
  }

  of(pods: readonly Pod[]): ReadonlyMap<string, SidecarStats> {
    return new Map(pods.flatMap((pod) => entry(pod.metadata.uid, this.#byPod.get(pod.metadata.uid ?? ''))));
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, periodMs } = this.#parts;
    while (!signal.aborted) {
      await this.#round(signal);
      await pause(clock, periodMs, signal);
    }
  }

  /** Asks these pods now, for a decision that must not rest on old figures. */
  async refresh(pods: readonly Pod[]): Promise<void> {
    await Promise.all(pods.filter(canAnswer).map((pod) => this.#ask(pod)));
  }

  async #round(signal: AbortSignal): Promise<void> {
    const pods = [...this.#parts.pods()].filter(canAnswer);
    const present = new Set(pods.map((pod) => pod.metadata.uid));
    for (const uid of this.#byPod.keys()) if (!present.has(uid)) this.#byPod.delete(uid);
    const changed = new Set<Key>();
    const queue = pods.values();
    const lane = async () => {
      for (const pod of queue) {
        if (signal.aborted) return;
        const key = deploymentKey(pod);
        if ((await this.#ask(pod)) && key !== undefined) changed.add(key);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, lane));
    for (const key of changed) this.#parts.changed(key);
  }

  /** True if the figures are others than before. */
  async #ask(pod: Pod): Promise<boolean> {
    const uid = pod.metadata.uid ?? '';
    const before = this.#byPod.get(uid);
    const now = await this.#read(pod);
    if (now === undefined) {
      this.#parts.failed();
      return this.#byPod.delete(uid);
    }
    this.#byPod.set(uid, now);
    return before === undefined || essence(before) !== essence(now);
  }

  async #read(pod: Pod): Promise<SidecarStats | undefined> {
    const ip = pod.status?.podIP ?? '';
    const host = ip.includes(':') ? `[${ip}]` : ip;
    try {
      const { statusCode, body } = await request(`http://${host}:${sidecarPorts.admin}${adminPaths.stats}`, {
        dispatcher: this.#parts.dispatcher,
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const text = await readAtMost(body, MAX_ANSWER_BYTES);
      if (statusCode === 200) return parseStats(text);
    } catch {
      // Not listening yet, gone, or answering without end: the pod's own state says more.
    }
    return undefined;
  }
}

/** The sidecar runs, whether or not the model does. */
function canAnswer(pod: Pod): boolean {
  return (
    pod.status?.podIP !== undefined && (pod.status.initContainerStatuses ?? []).some((status) => status.state?.running)
  );
}

function essence(stats: SidecarStats): string {
  const age = Math.floor((stats.queue?.oldestQueuedSeconds ?? 0) / AGE_STEP_SECONDS);
  return JSON.stringify({ ...stats, queue: stats.queue && { ...stats.queue, oldestQueuedSeconds: age } });
}

function entry(uid: string | undefined, stats: SidecarStats | undefined): [string, SidecarStats][] {
  return uid === undefined || stats === undefined ? [] : [[uid, stats]];
}
