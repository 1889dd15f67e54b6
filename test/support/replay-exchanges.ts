// Replays recorded exchanges with a real kube-apiserver against the one on loopback: maps what differs by nature (uids, revisions,
// names made by the server, times) from the recording to this run, and reduces both answers to what must be equal.
import { readFileSync } from 'node:fs';

export interface Exchange {
  readonly title: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Record<string, string>;
    readonly body: unknown;
  };
  readonly response: {
    readonly status: number;
    readonly contentType: string | null;
    readonly warning: string | null;
    readonly body?: unknown;
    readonly events?: readonly { readonly type: string; readonly object: unknown }[];
  };
}

export function recordedExchanges(): Exchange[] {
  const path = new URL('../fixtures/apiserver/exchanges.json', import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as Exchange[];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Learns which recorded uid, resourceVersion and generated name stands for which one of this run. */
export class Translation {
  readonly #known = new Map<string, string>();

  learn(recorded: unknown, actual: unknown): void {
    if (Array.isArray(recorded) && Array.isArray(actual)) {
      for (const [index, item] of recorded.entries()) this.learn(item, actual[index]);
      return;
    }
    if (!isObject(recorded) || !isObject(actual)) return;
    for (const [key, value] of Object.entries(recorded)) {
      const now = actual[key];
      if ((key === 'uid' || key === 'resourceVersion') && typeof value === 'string' && typeof now === 'string') {
        this.#known.set(`${key} ${value}`, now);
      } else this.learn(value, now);
    }
  }

  /** A request path or body of the recording, in the ids of this run. */
  request<T>(recorded: T): T {
    if (typeof recorded === 'string') return this.#path(recorded) as T;
    if (Array.isArray(recorded)) return recorded.map((item) => this.request(item as unknown)) as T;
    if (!isObject(recorded)) return recorded;
    const entries = Object.entries(recorded).map(([key, value]) => {
      const known = typeof value === 'string' ? this.#known.get(`${key} ${value}`) : undefined;
      return [key, known ?? (typeof value === 'string' ? value : this.request(value))];
    });
    return Object.fromEntries(entries) as T;
  }

  #path(path: string): string {
    return path.replace(/resourceVersion=(\d+)/, (whole, revision: string) => {
      const known = this.#known.get(`resourceVersion ${revision}`);
      return known === undefined ? whole : `resourceVersion=${known}`;
    });
  }
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;

function comparableText(key: string, value: string): string {
  if (key === 'resourceVersion' || key === 'continue') return value === '' ? '' : `<${key}>`;
  return value
    .replace(UUID, '<uid>')
    .replace(TIME, '<time>')
    .replace(/\b(gen-|one\.)[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '$1<suffix>')
    .replace(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-<suffix>')
    .replace(/10\.96\.\d+\.\d+/g, '<cluster-ip>')
    .replace(/^\d+s$/, '<age>')
    .replace(/too old resource version: \d+ \(\d+\)/, 'too old resource version: <revision>')
    .replace(/127\.0\.0\.1:\d+|10\.66\.0\.1:6443/, '<address>');
}

/** What must be equal: everything but ids, times, revisions and names that a server makes up. */
export function comparable(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return comparableText(key, value);
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item, key));
    // Sorted by time: which entry comes first depends on where a second ends.
    return key === 'managedFields'
      ? items.sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1))
      : items;
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .filter((name) => name !== 'storageVersionHash')
      .sort()
      .map((name) => [comparableText('', name), comparable(value[name], name)]),
  );
}
