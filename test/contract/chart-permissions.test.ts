// The chart grants exactly what the operator's table of resources and its code ask for, cluster-wide or in the namespaces named.
// That real requests stay within it is shown by test/integration/operator-stays-within-its-rights.test.ts.
import { expect, it } from 'vitest';
import { childResources, resources } from '../../operator/api/resources.ts';
import { find, type Rendered, render } from '../support/chart.ts';
import { grantedRights } from '../support/rights.ts';

const asRbac = ({ apiVersion, plural }: { readonly apiVersion: string; readonly plural: string }): string =>
  apiVersion.includes('/') ? `${plural}.${apiVersion.split('/')[0]}` : plural;
const rights = (verbs: string, ...names: readonly (keyof typeof resources)[]): readonly string[] =>
  names.flatMap((name) => verbs.split(' ').map((verb) => `${verb} ${asRbac(resources[name])}`));

/** What each part of the operator does, beside the name of the file that does it. */
const inNamespaces = [
  ...rights('get list watch create patch delete', ...childResources), // watch/, cluster/children.ts
  ...rights('create', 'secrets'), // cluster/children.ts
  ...rights('list watch', 'inferenceDeployments', 'replicaSets', 'pods'), // watch/cluster-view.ts
  `patch ${asRbac(resources.inferenceDeployments)}/status`, // cluster/patch-status.ts
  `update ${asRbac(resources.inferenceDeployments)}/finalizers`, // blockOwnerDeletion of api/names.ts
  ...rights('patch', 'pods'), // cluster/deletion-cost.ts
  ...rights('list create patch', 'events'), // reconcile/observe.ts, cluster/events.ts
];
const everywhere = rights('list', 'nodes'); // cluster/gpu-figures.ts
const own = rights('get create update', 'leases'); // cluster/lease.ts

const sorted = (all: Iterable<string>): readonly string[] => [...new Set(all)].sort();
const operatorRoles = (objects: readonly Rendered[], kind: string) =>
  objects.filter((object) => object.kind === kind && !/-(edit|view|leader)$/.test(object.metadata.name));

it('grants cluster-wide exactly what is used', async () => {
  const objects = await render();
  expect(sorted(grantedRights(operatorRoles(objects, 'ClusterRole')))).toEqual(
    sorted([...everywhere, ...inNamespaces]),
  );
  expect(operatorRoles(objects, 'Role')).toEqual([]);
});

it('grants in each of the namespaces exactly what is used there, and only nodes beyond', async () => {
  const objects = await render({ values: { watchNamespaces: ['a', 'b'] } });
  expect(sorted(grantedRights(operatorRoles(objects, 'ClusterRole')))).toEqual(sorted(everywhere));
  for (const namespace of ['a', 'b']) {
    const [role, ...others] = operatorRoles(objects, 'Role').filter(({ metadata }) => metadata.namespace === namespace);
    expect(others).toEqual([]);
    expect(sorted(grantedRights([role]))).toEqual(sorted(inNamespaces));
    const bound = objects.find(({ kind, metadata }) => kind === 'RoleBinding' && metadata.namespace === namespace);
    expect(bound?.subjects).toEqual([
      { kind: 'ServiceAccount', name: 'demo-inference-operator', namespace: 'inference-system' },
    ]);
  }
});

it('grants the Lease in its own namespace only, by name where RBAC can', async () => {
  const role = find(await render(), 'Role', '-leader');
  expect(role.metadata.namespace).toBe('inference-system');
  expect(sorted(grantedRights([role]))).toEqual(sorted(own));
  for (const rule of role.rules.filter(({ verbs }: Rendered) => !verbs.includes('create'))) {
    expect(rule.resourceNames).toEqual(['demo-inference-operator']);
  }
});

it('asks for no PodMonitors where none are to be made', async () => {
  const objects = await render({ values: { deployments: { podMonitors: false } } });
  const granted = sorted(grantedRights(operatorRoles(objects, 'ClusterRole')));
  expect(granted.filter((right) => right.includes('podmonitors'))).toEqual([]);
});

it('has no wildcard anywhere', async () => {
  for (const { kind, rules } of await render()) {
    if (!/Role$/.test(kind)) continue;
    expect(JSON.stringify(rules), kind).not.toContain('*');
  }
});

it('binds every role to the service account that the operator runs as', async () => {
  for (const values of [{}, { watchNamespaces: ['a'] }, { serviceAccount: { name: 'other' } }]) {
    const objects = await render({ values });
    const name = find(objects, 'Deployment').spec.template.spec.serviceAccountName;
    const bindings = objects.filter(({ kind }) => /Binding$/.test(kind));
    expect(bindings.length).toBeGreaterThanOrEqual(2);
    for (const { subjects } of bindings) {
      expect(subjects).toEqual([{ kind: 'ServiceAccount', name, namespace: 'inference-system' }]);
    }
  }
});
