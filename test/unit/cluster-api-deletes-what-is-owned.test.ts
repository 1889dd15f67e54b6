// Deletion on loopback: owners, propagation, finalizers, grace of pods, namespaces, preconditions.
import { beforeEach, expect, test } from 'vitest';
import { InProcessApi, MERGE } from '../support/in-process-api.ts';

type Json = Record<string, unknown>;
const MAPS = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';
let api: InProcessApi;

beforeEach(() => {
  api = new InProcessApi();
});

function make(
  name: string,
  owners: readonly { name: string; uid: string }[] = [],
  finalizers?: string[],
): { name: string; uid: string } {
  const ownerReferences = owners.map((owner) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    ...owner,
    blockOwnerDeletion: true,
  }));
  const reply = api.send('POST', MAPS, {
    metadata: { name, ownerReferences, ...(finalizers === undefined ? {} : { finalizers }) },
  });
  expect(reply.code).toBe(201);
  return { name, uid: String((reply.body.metadata as Json).uid) };
}

const exists = (name: string) => api.send('GET', `${MAPS}/${name}`).code === 200;

test('in the background, the owner goes at once and what it owns, however deep, soon after', async () => {
  const owner = make('owner');
  const child = make('child', [owner]);
  make('grandchild', [child]);
  make('stranger');
  api.send('DELETE', `${MAPS}/owner`);
  expect(exists('owner')).toBe(false);
  expect(exists('child')).toBe(true);
  await api.settle();
  expect([exists('child'), exists('grandchild'), exists('stranger')]).toEqual([false, false, true]);
});

test('what has a second living owner stays, without its reference to the dead one', async () => {
  const [first, second] = [make('first'), make('second')];
  make('shared', [first, second]);
  api.send('DELETE', `${MAPS}/first`);
  await api.settle();
  const left = (api.send('GET', `${MAPS}/shared`).body.metadata as { ownerReferences: Json[] }).ownerReferences;
  expect(left.map((owner) => owner.name)).toEqual(['second']);
});

test('in the foreground, the owner waits for what it owns', async () => {
  const owner = make('owner');
  make('child', [owner], ['example.dev/hold']);
  const reply = api.send('DELETE', `${MAPS}/owner`, { propagationPolicy: 'Foreground' });
  expect((reply.body.metadata as Json).finalizers).toEqual(['foregroundDeletion']);
  await api.settle();
  expect([exists('owner'), exists('child')]).toEqual([true, true]);
  api.send('PATCH', `${MAPS}/child`, { metadata: { finalizers: null } }, MERGE);
  await api.settle();
  expect([exists('owner'), exists('child')]).toEqual([false, false]);
});

test('orphaned dependents stay, without an owner', async () => {
  make('child', [make('owner')]);
  api.send('DELETE', `${MAPS}/owner?propagationPolicy=Orphan`);
  await api.settle();
  expect(exists('owner')).toBe(false);
  expect((api.send('GET', `${MAPS}/child`).body.metadata as Json).ownerReferences).toBeUndefined();
});

test('an object whose owner never was is collected', async () => {
  make('child', [{ name: 'ghost', uid: '00000000-0000-0000-0000-000000000000' }]);
  await api.settle();
  expect(exists('child')).toBe(false);
});

test('a pod on a node gets its grace and goes when the kubelet says so; a pending one goes at once', async () => {
  const pod = (name: string) => ({
    metadata: { name },
    spec: { containers: [{ name: 'a', image: 'i' }], terminationGracePeriodSeconds: 7 },
  });
  api.send('POST', PODS, pod('bound'));
  api.send('POST', PODS, pod('pending'));
  const bound = api.send('POST', `${PODS}/bound/binding`, {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'bound' },
    target: { kind: 'Node', name: 'n' },
  });
  expect(bound.code).toBe(201);
  expect(api.send('POST', `${PODS}/bound/binding`, { target: { name: 'm' } }).code, 'once bound is bound').toBe(409);
  expect((api.send('DELETE', `${PODS}/bound`).body.metadata as Json).deletionGracePeriodSeconds).toBe(7);
  api.send('DELETE', `${PODS}/pending`);
  expect([api.send('GET', `${PODS}/bound`).code, api.send('GET', `${PODS}/pending`).code]).toEqual([200, 404]);
  api.send('DELETE', `${PODS}/bound?gracePeriodSeconds=0`);
  expect(api.send('GET', `${PODS}/bound`).code).toBe(404);
});

test('an eviction that the budget does not allow is answered 429', () => {
  const metadata = { name: 'p', labels: { app: 'a' } };
  api.send('POST', PODS, { metadata, spec: { containers: [{ name: 'a', image: 'i' }] } });
  api.send('PATCH', `${PODS}/p/status`, { status: { phase: 'Running' } }, MERGE);
  const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
  api.send('POST', budgets, {
    metadata: { name: 'b' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'a' } } },
  });
  const evict = () =>
    api.send('POST', `${PODS}/p/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } });
  const refused = evict();
  expect(refused.code).toBe(429);
  expect(refused.body.message).toBe("Cannot evict pod as it would violate the pod's disruption budget.");
  api.send('PATCH', `${budgets}/b/status`, { status: { disruptionsAllowed: 1, observedGeneration: 1 } }, MERGE);
  expect(evict().code).toBe(201);
  expect(api.send('GET', `${PODS}/p`).code).toBe(404);
});

test('a namespace that is deleted is emptied first, takes nothing new meanwhile, and is then gone', async () => {
  api.send('POST', '/api/v1/namespaces', { metadata: { name: 'team' } });
  const maps = '/api/v1/namespaces/team/configmaps';
  api.send('POST', maps, { metadata: { name: 'held', finalizers: ['example.dev/hold'] } });
  api.send('POST', maps, { metadata: { name: 'free' } });
  api.send('DELETE', '/api/v1/namespaces/team');
  await api.settle();
  expect((api.send('GET', '/api/v1/namespaces/team').body.status as Json).phase).toBe('Terminating');
  expect(api.send('GET', `${maps}/free`).code).toBe(404);
  const refused = api.send('POST', maps, { metadata: { name: 'new' } });
  expect(refused.body.message).toBe(
    'configmaps "new" is forbidden: unable to create new content in namespace team because it is being terminated',
  );
  api.send('PATCH', `${maps}/held`, { metadata: { finalizers: null } }, MERGE);
  await api.settle();
  expect(api.send('GET', '/api/v1/namespaces/team').code).toBe(404);
  expect(api.send('POST', maps, { metadata: { name: 'new' } }).code).toBe(404);
});

test('a precondition on the resourceVersion that no longer holds is a conflict', () => {
  make('owner');
  const reply = api.send('DELETE', `${MAPS}/owner`, { preconditions: { resourceVersion: '1' } });
  expect(reply.code).toBe(409);
  expect(exists('owner')).toBe(true);
});
