// Which leaving pods get no newcomers any more, as a table: only where no pod is ready and a successor already has a line.
import { expect, test } from 'vitest';
import { labels } from '../../operator/api/names.ts';
import { withdrawnPods } from '../../operator/reconcile/withdrawal.ts';
import { pod, waiting } from '../support/pods.ts';

const deletionTimestamp = '2026-01-01T00:00:00Z';
const leaving = pod({ name: 'leaving', ready: false, deletionTimestamp });
const loading = pod({ name: 'loading', ready: false });
const starting = pod({ name: 'starting', ready: false, sidecar: waiting('PodInitializing') });
const ready = pod({ name: 'ready' });
const { [labels.appName]: _, ...others } = leaving.metadata.labels ?? {};
const withdrawn = { ...leaving, metadata: { ...leaving.metadata, labels: others } };

test.each([
  ['a successor loads', [leaving, loading], ['leaving']],
  ['the successor has no line yet', [leaving, starting], []],
  ['there is no successor', [leaving], []],
  ['another pod is ready, Kubernetes sees to it', [leaving, loading, ready], []],
  ['it is out already', [withdrawn, loading], []],
  ['the only one with a line is leaving too', [leaving, pod({ name: 'other', ready: false, deletionTimestamp })], []],
  ['nobody leaves', [loading, starting], []],
])('%s', (_, pods, names) => {
  expect(withdrawnPods(pods).map(({ metadata }) => metadata.name)).toEqual(names);
});
