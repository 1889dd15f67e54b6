// Writes Kubernetes events as the real components do: the same words about the same object count up one event instead of making
// another. Writing never holds up nor fails the work that is reported on.
import type { ClusterClient } from './client.ts';
import { isNotFound } from './client.ts';
import type { KubeObject } from './objects.ts';
import { events } from './resources.ts';

export type EventType = 'Normal' | 'Warning';
export type Subject = KubeObject & { readonly fieldPath?: string };
export type Recorder = {
  readonly record: (about: KubeObject, type: EventType, reason: string, message: string, fieldPath?: string) => void;
  /** Resolves when everything recorded so far has been written. */
  readonly flush: () => Promise<void>;
};

type Written = { readonly name: string; readonly namespace: string; count: number };

/** `kind` and `apiVersion` of the subject must be set: lists leave them out, so callers pass them along. */
export function eventRecorder(client: ClusterClient, component: string, host?: string): Recorder {
  const written = new Map<string, Written>();
  let queue: Promise<void> = Promise.resolve();
  let serial = 0;

  async function write(about: KubeObject, type: EventType, reason: string, message: string, fieldPath?: string) {
    const key = [about.metadata.uid, type, reason, message, fieldPath].join('\n');
    const now = `${new Date().toISOString().slice(0, 19)}Z`;
    const known = written.get(key);
    if (known) {
      known.count += 1;
      const at = { namespace: known.namespace, name: known.name };
      try {
        await client.patch(events, at, 'merge', { count: known.count, lastTimestamp: now });
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    const namespace = about.metadata.namespace ?? 'default';
    serial += 1;
    const name = `${about.metadata.name}.${(BigInt(Date.now()) * 1_000_000n + BigInt(serial % 1_000_000)).toString(16)}`;
    await client.create(
      events,
      { namespace },
      {
        metadata: { name, namespace },
        involvedObject: {
          kind: about.kind,
          apiVersion: about.apiVersion,
          namespace: about.metadata.namespace,
          name: about.metadata.name,
          uid: about.metadata.uid,
          resourceVersion: about.metadata.resourceVersion,
          ...(fieldPath ? { fieldPath } : {}),
        },
        reason,
        message,
        type,
        source: { component, ...(host ? { host } : {}) },
        firstTimestamp: now,
        lastTimestamp: now,
        count: 1,
        reportingComponent: component,
        reportingInstance: host ?? '',
      },
    );
    written.set(key, { name, namespace, count: 1 });
    if (written.size > 5_000) written.delete(written.keys().next().value ?? '');
  }

  return {
    record: (about, type, reason, message, fieldPath) => {
      // An event about something that is gone, or to a server that is away, is lost: so it is in a real cluster.
      queue = queue.then(() => write(about, type, reason, message, fieldPath)).catch(() => {});
    },
    flush: () => queue,
  };
}
