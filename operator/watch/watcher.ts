// One supervised list-and-watch: it survives resets, 5xx, 429, 410 and silence, and never gives up until it is stopped.
// It fills an ObjectStore and says which objects changed; it knows nothing of what they mean.
import type { Readable } from 'node:stream';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { KubernetesObject, StatusBody } from '../api/kubernetes.ts';
import { keyOf } from '../api/names.ts';
import type { Resource } from '../api/resources.ts';
import { ApiError, isNotFound, isStatus } from '../cluster/api-error.ts';
import type { KubernetesClient, Target } from '../cluster/client.ts';
import { jsonLines } from './json-lines.ts';
import type { ObjectStore } from './object-store.ts';
import { pause } from './pause.ts';

const WATCH_SECONDS = 300;
/** The server sends a bookmark each minute; silence past its own timeout is a dead connection. */
const SILENCE_MARGIN_MS = 30_000;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;

export interface WatcherParts<T extends KubernetesObject> {
  readonly client: Pick<KubernetesClient, 'list' | 'watch'>;
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly labelSelector: string | undefined;
  readonly store: ObjectStore<T>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly relistMs: number;
  /** Must not throw and not block: it only enqueues keys. */
  readonly onChange: (object: T) => void;
  /** Once, when all there is has been seen. */
  readonly onSynced?: () => void;
  /** The API appeared or vanished (a CRD of somebody else). */
  readonly onServed?: (isServed: boolean) => void;
}

interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

export class Watcher<T extends KubernetesObject = KubernetesObject> {
  readonly #parts: WatcherParts<T>;
  readonly #target: Target;
  #resourceVersion = '';
  #listedAtMs = 0;
  #contactAtMs: number;
  #backoffMs = 0;
  #hasSynced = false;
  interruptions = 0;

  constructor(parts: WatcherParts<T>) {
    this.#parts = parts;
    const { resource, namespace, labelSelector } = parts;
    this.#target = { resource, namespace, query: { labelSelector } };
    this.#contactAtMs = parts.clock.monotonicMs();
  }

  get name(): string {
    return this.#parts.resource.plural + (this.#parts.namespace === undefined ? '' : `@${this.#parts.namespace}`);
  }
  covers(namespace: string | undefined): boolean {
    return this.#parts.namespace === undefined || this.#parts.namespace === namespace;
  }
  /** Has listed once; from then on the store tells the truth, if a late one. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }
  /** Seconds since the server last said anything. */
  stalenessSeconds(): number {
    return (this.#parts.clock.monotonicMs() - this.#contactAtMs) / 1000;
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#mustList()) await this.#list(signal);
        const openedAtMs = this.#parts.clock.monotonicMs();
        await this.#follow(signal);
        // Something between us and the server may end every watch at once: that must not become a busy loop.
        if (this.#parts.clock.monotonicMs() - openedAtMs < FIRST_BACKOFF_MS) {
          await pause(this.#parts.clock, FIRST_BACKOFF_MS, signal);
        }
      } catch (error) {
        if (signal.aborted) return;
        await this.#recover(error, signal);
      }
    }
  }

  #mustList(): boolean {
    return this.#resourceVersion === '' || this.#parts.clock.monotonicMs() - this.#listedAtMs >= this.#parts.relistMs;
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { items, resourceVersion } = await this.#parts.client.list<T>(this.#target, signal);
    const { apiVersion, kind } = this.#parts.resource;
    // Items of a list come without their kind.
    const whole = items.map((item) => ({ ...item, apiVersion, kind }));
    this.#listedAtMs = this.#parts.clock.monotonicMs();
    this.#resourceVersion = resourceVersion;
    this.#hadContact();
    const changed = this.#parts.store.replace(whole, this.#parts.namespace);
    this.#parts.onServed?.(true);
    this.#synced();
    for (const object of changed) this.#parts.onChange(object);
  }

  /** One watch, until the server closes it, the next list is due, or nothing has been heard for too long. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { client, clock, relistMs } = this.#parts;
    const untilRelistMs = relistMs - (clock.monotonicMs() - this.#listedAtMs);
    const timeoutSeconds = Math.max(1, Math.min(WATCH_SECONDS, Math.ceil(untilRelistMs / 1000)));
    const silence = new AbortController();
    const stop = AbortSignal.any([signal, silence.signal]);
    const query = {
      ...this.#target.query,
      resourceVersion: this.#resourceVersion,
      allowWatchBookmarks: true,
      timeoutSeconds,
    };
    const arm = () =>
      clock.after(timeoutSeconds * 1000 + SILENCE_MARGIN_MS, () => silence.abort(new Error('the watch went silent')));
    let timer = arm();
    try {
      const body: Readable = await client.watch({ ...this.#target, query }, stop);
      this.#hadContact();
      this.#backoffMs = 0;
      for await (const event of jsonLines<WatchEvent<T>>(body)) {
        timer.cancel();
        timer = arm();
        this.#hadContact();
        this.#take(event);
      }
      this.#hadContact();
    } finally {
      timer.cancel();
    }
  }

  #take({ type, object }: WatchEvent<T>): void {
    if (type === 'ERROR') {
      const status = object as unknown as StatusBody;
      throw new ApiError({ verb: 'watch', resource: this.name }, status.code ?? 500, status);
    }
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion;
    if (type === 'BOOKMARK') return;
    const { store, onChange } = this.#parts;
    if (type === 'DELETED') {
      store.remove(keyOf(object));
      onChange(object);
    } else if (store.put(object)) {
      onChange(object);
    }
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    if (isStatus(error, 410)) {
      // Our place in history is gone: list anew, at once, unless that is what we just did.
      this.#resourceVersion = '';
      if (this.#parts.clock.monotonicMs() - this.#listedAtMs > MAX_BACKOFF_MS) return;
    }
    if (isNotFound(error) && this.#parts.onServed !== undefined) {
      this.#parts.onServed(false);
      this.#resourceVersion = '';
      this.#hadContact();
      this.#synced();
      await pause(this.#parts.clock, this.#parts.relistMs, signal);
      return;
    }
    this.interruptions++;
    this.#backoffMs = Math.min(MAX_BACKOFF_MS, Math.max(FIRST_BACKOFF_MS, this.#backoffMs * 2));
    const asked = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    const waitMs = Math.max(asked, this.#backoffMs * (0.5 + Math.random() / 2));
    this.#parts.log.warn(
      { err: error, watch: this.name, waitMs: Math.round(waitMs) },
      'watch interrupted; trying again',
    );
    await pause(this.#parts.clock, waitMs, signal);
  }

  #synced(): void {
    if (this.#hasSynced) return;
    this.#hasSynced = true;
    this.#parts.onSynced?.();
  }
  #hadContact(): void {
    this.#contactAtMs = this.#parts.clock.monotonicMs();
  }
}
