// Events have two faces, core/v1 and events.k8s.io/v1, over one stored object: this maps the field names between them.
import type { Fields, KubeObject } from './objects.ts';
import type { Conversion } from './resource.ts';

const PAIRS: readonly (readonly [events: string, core: string])[] = [
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['reportingController', 'reportingComponent'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
];

function rename(object: KubeObject, apiVersion: string, from: 0 | 1, to: 0 | 1): KubeObject {
  const names = new Map(PAIRS.map((pair) => [pair[from], pair[to]]));
  const result: Fields = {};
  for (const [key, value] of Object.entries(object)) result[names.get(key) ?? key] = value;
  return { ...result, apiVersion, kind: object.kind, metadata: object.metadata };
}

export const eventConversion: Conversion = {
  toStorage: (object) => rename(object, 'v1', 0, 1),
  fromStorage: (object) => rename(object, 'events.k8s.io/v1', 1, 0),
};
