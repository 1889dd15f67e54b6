// Server-side apply on loopback, beyond what the recorded exchanges show: lists, co-ownership, force, removal, unknown fields.
import { beforeEach, expect, test } from 'vitest';
import { InProcessApi, MERGE, STRATEGIC } from '../support/in-process-api.ts';

type Json = Record<string, unknown>;
const PATH = '/apis/apps/v1/namespaces/default/deployments/web';

function web(containers: Json[], more: Json = {}): Json {
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { selector: { matchLabels: { app: 'web' } }, template, ...more },
  };
}

const env = (...names: string[]) => names.map((name) => ({ name, value: name.toLowerCase() }));
const main = (fields: Json = {}) => ({ name: 'main', image: 'i:1', ...fields });
let api: InProcessApi;

beforeEach(() => {
  api = new InProcessApi();
});

function containers(body: Json): Json[] {
  return ((body.spec as Json).template as { spec: { containers: Json[] } }).spec.containers;
}

function names(list: unknown): unknown[] {
  return (list as Json[]).map((item) => item.name);
}

test('entries of keyed lists belong to whoever applied them, and go when he stops', () => {
  api.apply(PATH, 'op', web([main({ env: env('A', 'B') })]));
  const other = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { template: { spec: { containers: [{ name: 'main', env: env('C') }] } } },
  };
  expect(names(containers(api.apply(PATH, 'other', other).body)[0]!.env)).toEqual(['A', 'B', 'C']);
  const less = api.apply(PATH, 'op', web([main({ env: env('B') })]));
  expect(less.code).toBe(200);
  expect(names(containers(less.body)[0]!.env)).toEqual(['B', 'C']);
});

test('what two managers apply alike stays until both have let go', () => {
  api.apply(PATH, 'one', web([main()], { replicas: 2 }));
  expect(api.apply(PATH, 'two', web([main()], { replicas: 2 })).code).toBe(200);
  const first = api.apply(PATH, 'one', web([main()]));
  expect((first.body.spec as Json).replicas).toBe(2);
  const second = api.apply(PATH, 'two', web([main()]));
  expect((second.body.spec as Json).replicas, 'the default is back').toBe(1);
});

test('a conflict names manager and field, and force takes the field over', () => {
  api.apply(PATH, 'op', web([main()]));
  api.send('PATCH', `${PATH}?fieldManager=kubectl-edit`, { spec: { replicas: 5 } }, MERGE);
  const refused = api.apply(PATH, 'op', web([main()], { replicas: 1 }));
  expect(refused.code).toBe(409);
  expect(refused.body.message).toBe(
    'Apply failed with 1 conflict: conflict with "kubectl-edit" using apps/v1: .spec.replicas',
  );
  const forced = api.apply(PATH, 'op', web([main()], { replicas: 1 }), '&force=true');
  expect(forced.code).toBe(200);
  expect(JSON.stringify((forced.body.metadata as Json).managedFields)).not.toContain('kubectl-edit');
});

test('leaving out a whole object takes its defaults away with it', () => {
  const readinessProbe = { httpGet: { path: '/r', port: 1 } };
  const before = api.apply(PATH, 'op', web([main({ readinessProbe })]));
  expect(containers(before.body)[0]!.readinessProbe).toMatchObject({ failureThreshold: 3 });
  expect(containers(api.apply(PATH, 'op', web([main()])).body)[0]).not.toHaveProperty('readinessProbe');
});

test('applying the same again writes nothing, whatever the server has defaulted', () => {
  const config = web([
    main({ ports: [{ containerPort: 80 }], resources: { limits: { 'nvidia.com/gpu': 1 } }, env: env('A') }),
  ]);
  const first = api.apply(PATH, 'op', config);
  const again = api.apply(PATH, 'op', config);
  expect((again.body.metadata as Json).resourceVersion).toBe((first.body.metadata as Json).resourceVersion);
  expect(again.body).toEqual(first.body);
});

test('an order of entries that the configuration changes is changed', () => {
  api.apply(PATH, 'op', web([main(), { name: 'two', image: 'i:2' }]));
  const turned = api.apply(PATH, 'op', web([{ name: 'two', image: 'i:2' }, main()]));
  expect(names(containers(turned.body))).toEqual(['two', 'main']);
});

test('fields that the schema does not know and values of a wrong type are refused, also without strict validation', () => {
  const unknown = api.apply(PATH, 'op', web([main({ imagePullPolice: 'Always' })]), '&fieldValidation=Ignore');
  expect(unknown.code).toBe(500);
  expect(unknown.body.message).toBe(
    'failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="main"].imagePullPolice: field not declared in schema',
  );
  const mistyped = api.apply(PATH, 'op', web([main()], { replicas: 'two' }));
  expect(mistyped.body.message).toContain('.spec.replicas: expected numeric (int or float), got string');
});

test('strategic merge patch merges containers by name, deletes by directive and keeps the rest', () => {
  api.apply(PATH, 'op', web([main({ env: env('A', 'B') }), { name: 'two', image: 'i:2' }]));
  const patch = {
    spec: {
      template: {
        spec: {
          containers: [
            { name: 'main', env: [{ name: 'B', $patch: 'delete' }] },
            { name: 'two', image: 'i:3' },
          ],
        },
      },
    },
  };
  const patched = api.send('PATCH', PATH, patch, STRATEGIC);
  expect(patched.code).toBe(200);
  expect(names(containers(patched.body)[0]!.env)).toEqual(['A']);
  expect(containers(patched.body)[1]!.image).toBe('i:3');
});

test('a client that sends one empty entry of ownership wipes it; one that sends none changes nothing', () => {
  const made = api.apply(PATH, 'op', web([main()])).body as { metadata: Json };
  const { managedFields: _fields, ...metadata } = made.metadata;
  const kept = api.send('PUT', PATH, { ...made, metadata });
  expect(JSON.stringify((kept.body.metadata as Json).managedFields)).toContain('"op"');
  const wiped = api.send('PUT', PATH, {
    ...kept.body,
    metadata: { ...(kept.body.metadata as Json), managedFields: [{}] },
  });
  expect((wiped.body.metadata as Json).managedFields).toBeUndefined();
});
