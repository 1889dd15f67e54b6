// One watch: from a revision or from the present state, through a selector, with bookmarks, until its time is over.
// Speaks to a sink, so that faults and tests can end or pause it; the HTTP side is in http-listener.ts.

import { presented } from './lister.ts';
import type { Change, ObjectStore } from './object-store.ts';
import type { KubeObject } from './objects.ts';
import { groupVersion, type Resource } from './resource.ts';
import { type ObjectSelector, selectorOf } from './selectors.ts';
import { badRequest, expired, type StatusError } from './status-error.ts';

export interface WatchSink {
  readonly event: (type: string, object: unknown) => void;
  readonly close: () => void;
}

export interface WatchRequest {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly query: URLSearchParams;
}

/** Ends the watch; safe to call twice. */
export type StopWatch = () => void;

const BOOKMARK_PERIOD_MS = 60_000;

export function startWatch(
  store: ObjectStore,
  { resource, namespace, query }: WatchRequest,
  sink: WatchSink,
): StopWatch {
  const selector = selectorOf(resource, query);
  const isInScope = (object: KubeObject) => namespace === undefined || object.metadata.namespace === namespace;
  const forward = (change: Change) => {
    if (!isInScope(change.object)) return;
    const event = seenThrough(change, selector);
    if (event !== undefined) sink.event(event.type, presented(resource, event.object));
  };
  const fail = (error: StatusError) => {
    sink.event('ERROR', error.status);
    sink.close();
    return () => {};
  };
  const start = startingPoint(store, resource, query);
  if (start.kind === 'too-old') return fail(start.error);
  if (start.kind === 'present') sendPresent(store, resource, namespace, selector, query, sink);
  else for (const change of store.changesSince(resource.collection, start.revision)) forward(change);
  return follow(store, resource, query, forward, sink);
}

function follow(
  store: ObjectStore,
  resource: Resource,
  query: URLSearchParams,
  forward: (change: Change) => void,
  sink: WatchSink,
): StopWatch {
  const unsubscribe = store.subscribe(resource.collection, forward);
  const wantsBookmarks = isTrue(query.get('allowWatchBookmarks'));
  const bookmarks = wantsBookmarks
    ? setInterval(() => sink.event('BOOKMARK', bookmark(resource, store.revision)), BOOKMARK_PERIOD_MS)
    : undefined;
  const seconds = Number(query.get('timeoutSeconds') ?? 0);
  const stop = () => {
    unsubscribe();
    clearInterval(bookmarks);
    clearTimeout(deadline);
  };
  const end = () => {
    stop();
    sink.close();
  };
  const deadline = setTimeout(end, (seconds > 0 ? seconds : 1800) * 1000);
  return stop;
}

type StartingPoint =
  | { readonly kind: 'present' }
  | { readonly kind: 'revision'; readonly revision: number }
  | { readonly kind: 'too-old'; readonly error: StatusError };

function startingPoint(store: ObjectStore, resource: Resource, query: URLSearchParams): StartingPoint {
  const text = query.get('resourceVersion') ?? '';
  if (isTrue(query.get('sendInitialEvents'))) {
    if (query.get('resourceVersionMatch') !== 'NotOlderThan') {
      throw badRequest('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
    }
    return { kind: 'present' };
  }
  if (text === '' || text === '0') return { kind: 'present' };
  const revision = Number(text);
  if (!Number.isSafeInteger(revision) || revision < 0)
    throw badRequest(`resourceVersion: Invalid value: "${text}": invalid syntax`);
  const oldest = store.oldestRevision(resource.collection);
  if (revision >= oldest) return { kind: 'revision', revision };
  return { kind: 'too-old', error: expired(`too old resource version: ${revision} (${oldest})`) };
}

function sendPresent(
  store: ObjectStore,
  resource: Resource,
  namespace: string | undefined,
  selector: ObjectSelector | undefined,
  query: URLSearchParams,
  sink: WatchSink,
): void {
  for (const { object } of store.list(resource.collection, namespace)) {
    if (selector === undefined || selector(object)) sink.event('ADDED', presented(resource, object));
  }
  if (!isTrue(query.get('sendInitialEvents')) || !isTrue(query.get('allowWatchBookmarks'))) return;
  sink.event('BOOKMARK', bookmark(resource, store.revision, { 'k8s.io/initial-events-end': 'true' }));
}

/** What a client with a selector sees of a change: entering the selection is ADDED, leaving it is DELETED. */
function seenThrough(
  change: Change,
  selector: ObjectSelector | undefined,
): { type: string; object: KubeObject } | undefined {
  if (selector === undefined) return change;
  const was = change.previous !== undefined && selector(change.previous);
  const is = change.type !== 'DELETED' && selector(change.object);
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object: change.object };
  if (!was) return undefined;
  // The object as it was when it was last selected, under the revision at which it left.
  const object = {
    ...change.previous!,
    metadata: { ...change.previous!.metadata, resourceVersion: String(change.revision) },
  };
  return { type: 'DELETED', object };
}

function bookmark(resource: Resource, revision: number, annotations?: Record<string, string>): unknown {
  const metadata = { ...(annotations === undefined ? {} : { annotations }), resourceVersion: String(revision) };
  return { kind: resource.kind, apiVersion: groupVersion(resource), metadata };
}

export function isTrue(text: string | null): boolean {
  return text === 'true' || text === '1';
}
