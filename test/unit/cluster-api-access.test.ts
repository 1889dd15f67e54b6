// Access rules on loopback: a service account may do what its roles say and nothing else, and is told so in the real server's words.
import { beforeEach, expect, test } from 'vitest';
import { Access, type Attributes } from '../../dev/cluster/api/access.ts';
import { InProcessApi } from '../support/in-process-api.ts';

const USER = {
  name: 'system:serviceaccount:ops:operator',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:ops', 'system:authenticated'],
};
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
let access: Access;

function asks(verb: string, resource: string, more: Partial<Attributes> = {}): Attributes {
  return { verb, group: '', resource, subresource: '', name: '', namespace: 'team', ...more };
}

beforeEach(() => {
  const api = new InProcessApi();
  const rule = (apiGroups: string[], resources: string[], verbs: string[], resourceNames?: string[]) => ({
    apiGroups,
    resources,
    verbs,
    ...(resourceNames && { resourceNames }),
  });
  const rules = [
    rule([''], ['pods'], ['get', 'list']),
    rule(['apps'], ['deployments', 'deployments/status'], ['patch']),
    rule([''], ['secrets'], ['get'], ['store']),
  ];
  api.send('POST', '/api/v1/namespaces', { metadata: { name: 'team' } });
  api.send('POST', '/api/v1/namespaces', { metadata: { name: 'ops' } });
  api.send('POST', `${RBAC}/clusterroles`, { metadata: { name: 'operator' }, rules });
  const subjects = [{ kind: 'ServiceAccount', name: 'operator', namespace: 'ops' }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'operator' };
  expect(
    api.send('POST', `${RBAC}/namespaces/team/rolebindings`, { metadata: { name: 'operator' }, subjects, roleRef })
      .code,
  ).toBe(201);
  access = new Access(api.api.store);
});

test('verb, group, resource, subresource, name and namespace all count', () => {
  const rows: readonly (readonly [Attributes, boolean])[] = [
    [asks('get', 'pods'), true],
    [asks('delete', 'pods'), false],
    [asks('get', 'pods', { subresource: 'log' }), false],
    [asks('get', 'pods', { namespace: 'ops' }), false],
    [asks('list', 'pods', { namespace: '' }), false],
    [asks('patch', 'deployments', { group: 'apps' }), true],
    [asks('patch', 'deployments'), false],
    [asks('patch', 'deployments', { group: 'apps', subresource: 'status' }), true],
    [asks('get', 'secrets', { name: 'store' }), true],
    [asks('get', 'secrets', { name: 'other' }), false],
    [asks('create', 'selfsubjectaccessreviews', { group: 'authorization.k8s.io', namespace: '' }), true],
  ];
  expect(rows.map(([attributes]) => access.isAllowed(USER, attributes))).toEqual(
    rows.map(([, isAllowed]) => isAllowed),
  );
});

test('a refusal names user, verb, resource, group and scope', () => {
  const refusal = (attributes: Attributes) => {
    try {
      access.check(USER, attributes);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(refusal(asks('delete', 'deployments', { group: 'apps', name: 'web' }))).toBe(
    'deployments.apps "web" is forbidden: User "system:serviceaccount:ops:operator" cannot delete resource "deployments" in API group "apps" in the namespace "team"',
  );
  expect(refusal(asks('list', 'nodes', { namespace: '' }))).toBe(
    'nodes is forbidden: User "system:serviceaccount:ops:operator" cannot list resource "nodes" in API group "" at the cluster scope',
  );
});
