// Which leaving pods get no newcomers any more, as a table: only where no pod is ready, and a successor already has a line or it is done itself.
import { expect, test } from 'vitest';
import { labels } from '../../operator/api/names.ts';
import { withdrawnPods } from '../../operator/reconcile/withdrawal.ts';
import { pod, waiting } from '../support/pods.ts';

const deletionTimestamp = '2026-01-01T00:00:00Z';
const leaving = pod({ name: 'leaving', ready: false, deletionTimestamp });
const serving = pod({ name: 'serving', deletionTimestamp });
const loading = pod({ name: 'loading', ready: false });
const starting = pod({ name: 'starting', ready: false, sidecar: waiting('PodInitializing') });
const ready = pod({ name: 'ready' });
const { [labels.appName]: _, ...others } = leaving.metadata.labels ?? {};
const withdrawn = { ...leaving, metadata: { ...leaving.metadata, labels: others } };

test.each([
  ['a successor loads', [leaving, loading], ['leaving']],
  ['the successor has no line yet, and it still serves', [serving, starting], []],
  ['there is no successor, and it still serves', [serving], []],
  ['the successor has no line yet, but it has nothing more to do', [leaving, starting], ['leaving']],
  ['there is no successor, but it has nothing more to do', [leaving], ['leaving']],
  ['it still serves, but a successor loads', [serving, loading], ['serving']],
  ['another pod is ready, Kubernetes sees to it', [leaving, loading, ready], []],
  ['it is out already', [withdrawn, loading], []],
  ['the only one with a line is leaving too', [serving, pod({ name: 'other', deletionTimestamp })], []],
  ['nobody leaves', [loading, starting], []],
])('%s', (_, pods, names) => {
  expect(withdrawnPods(pods).map(({ metadata }) => metadata.name)).toEqual(names);
});
