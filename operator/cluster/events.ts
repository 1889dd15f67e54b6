// Events on an InferenceDeployment, for `kubectl describe`. One that was said a moment ago is counted, not repeated.
// An event that cannot be written is logged and forgotten: it must never hold up a reconcile.
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { InferenceDeployment } from '../api/inference-deployment.ts';
import { API_VERSION, fieldManagers, KIND, OPERATOR } from '../api/names.ts';
import { resources } from '../api/resources.ts';
import { isNotFound } from './api-error.ts';
import type { KubernetesClient } from './client.ts';

export interface EventText {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

const SAME_EVENT_MS = 10 * 60_000;
const MAX_MESSAGE = 1024;
const REMEMBERED = 4096;

interface Said {
  readonly name: string;
  readonly count: number;
  readonly atMs: number;
}

export class EventRecorder {
  readonly #client: KubernetesClient;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #said = new Map<string, Said>();

  constructor(client: KubernetesClient, clock: Clock, log: Logger) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
  }

  async record(about: InferenceDeployment, event: EventText): Promise<void> {
    const identity = [about.metadata.uid, event.type, event.reason, event.message].join('\n');
    try {
      const before = this.#said.get(identity);
      const isFresh = before === undefined || this.#clock.nowMs() - before.atMs > SAME_EVENT_MS;
      const said = isFresh ? await this.#create(about, event) : await this.#count(about, event, before);
      this.#said.delete(identity);
      this.#said.set(identity, said);
      if (this.#said.size > REMEMBERED) this.#said.delete(this.#said.keys().next().value ?? '');
    } catch (error) {
      this.#log.warn({ err: error, reason: event.reason }, 'event not written');
    }
  }

  async #create(about: InferenceDeployment, { type, reason, message }: EventText): Promise<Said> {
    const { name, namespace, uid, resourceVersion } = about.metadata;
    const atMs = this.#clock.nowMs();
    const time = wholeSeconds(atMs);
    const eventName = `${name}.${atMs.toString(16)}${Math.floor(Math.random() * 0xffff)
      .toString(16)
      .padStart(4, '0')}`;
    await this.#client.create(
      { resource: resources.events, namespace, query: { fieldManager: fieldManagers.children } },
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: eventName, namespace },
        involvedObject: { apiVersion: API_VERSION, kind: KIND, name, namespace, uid, resourceVersion },
        type,
        reason,
        message: message.slice(0, MAX_MESSAGE),
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
        source: { component: OPERATOR },
        reportingComponent: OPERATOR,
      },
    );
    return { name: eventName, count: 1, atMs };
  }

  async #count(about: InferenceDeployment, event: EventText, before: Said): Promise<Said> {
    const atMs = this.#clock.nowMs();
    const target = { resource: resources.events, namespace: about.metadata.namespace, name: before.name };
    try {
      await this.#client.patch(target, 'application/merge-patch+json', {
        count: before.count + 1,
        lastTimestamp: wholeSeconds(atMs),
      });
      return { name: before.name, count: before.count + 1, atMs };
    } catch (error) {
      if (isNotFound(error)) return this.#create(about, event);
      throw error;
    }
  }
}

/** Times of core events have no fraction. */
const wholeSeconds = (atMs: number): string => new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
