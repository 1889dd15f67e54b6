// What a pod answers when it is asked for its figures. Whoever owns the pod can put any program there: what is long is not read, and
// what is not shaped as a sidecar's figures is no answer.
import type { SidecarStats } from '../../sidecar/contract.ts';

/** Figures take about 500 bytes. */
export const MAX_ANSWER_BYTES = 64 * 1024;
/** Longest text in an answer that is kept: it ends up in messages of status. */
const MAX_WORDS = 1024;

/** `undefined` where the text is not what a sidecar says; only the fields of the contract are taken. */
export function parseStats(text: string): SidecarStats | undefined {
  const answer = parse(text);
  if (!isRecord(answer) || !isRecord(answer.store)) return undefined;
  const { name, namespace, concurrency, inFlight, waiting, queue, container, store, draining } =
    answer as unknown as SidecarStats;
  const { containerAnswer, containerSaid } = answer as unknown as SidecarStats;
  const isOurs =
    [name, namespace].every(isText) &&
    [concurrency, inFlight, waiting].every(isCount) &&
    (queue === null || (isRecord(queue) && [queue.queued, queue.running, queue.oldestQueuedSeconds].every(isCount))) &&
    containers.has(container) &&
    [containerAnswer, containerSaid, store.error].every((words) => words === null || isText(words)) &&
    (store.kind === 'redis' || store.kind === 'sqlite') &&
    [store.ok, draining].every((flag) => typeof flag === 'boolean');
  if (!isOurs) return undefined;
  return {
    name: shortened(name),
    namespace: shortened(namespace),
    concurrency,
    inFlight,
    waiting,
    queue: queue && {
      queued: queue.queued,
      running: queue.running,
      oldestQueuedSeconds: queue.oldestQueuedSeconds,
    },
    container,
    containerAnswer: containerAnswer === null ? null : shortened(containerAnswer),
    containerSaid: containerSaid === null ? null : shortened(containerSaid),
    store: { kind: store.kind, ok: store.ok, error: store.error === null ? null : shortened(store.error) },
    draining,
  };
}

const containers: ReadonlySet<unknown> = new Set<SidecarStats['container']>([
  'starting',
  'healthy',
  'busy',
  'unhealthy',
  'unreachable',
]);
const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const shortened = (words: string): string => words.slice(0, MAX_WORDS);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
