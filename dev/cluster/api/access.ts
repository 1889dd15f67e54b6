// Who may do what: RBAC over the stored roles and bindings, as a real server evaluates them, and the refusals in its words.
// Members of system:masters may do everything; everyone may look at discovery and ask about themselves.

import type { ObjectStore } from './object-store.ts';
import { type Fields, fieldsAt, type KubeObject, listAt } from './objects.ts';
import type { ApiPath, ApiRequest, User } from './request.ts';
import { forbidden, StatusError } from './status-error.ts';
import { isTrue } from './watcher.ts';

export interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly namespace: string;
}

const RBAC = 'rbac.authorization.k8s.io';

export function verbOf({ method, query }: Pick<ApiRequest, 'method' | 'query'>, name: string | undefined): string {
  switch (method) {
    case 'GET':
      return isTrue(query.get('watch')) ? 'watch' : name === undefined ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'DELETE':
      return name === undefined ? 'deletecollection' : 'delete';
    default:
      return method.toLowerCase();
  }
}

export function attributesOf(request: ApiRequest, path: ApiPath): Attributes {
  const { group, plural, subresource, name, namespace } = path;
  const verb = verbOf(request, name);
  return {
    verb,
    group,
    resource: plural,
    subresource: subresource ?? '',
    name: name ?? '',
    namespace: namespace ?? '',
  };
}

export class Access {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  isAllowed(user: User, attributes: Attributes): boolean {
    if (user.groups.includes('system:masters')) return true;
    if (isAboutOneself(attributes)) return user.groups.includes('system:authenticated');
    return this.#rules(user, attributes.namespace).some((rule) => covers(rule, attributes));
  }

  check(user: User, attributes: Attributes): void {
    if (this.isAllowed(user, attributes)) return;
    const resource =
      attributes.subresource === '' ? attributes.resource : `${attributes.resource}/${attributes.subresource}`;
    const where = attributes.namespace === '' ? 'at the cluster scope' : `in the namespace "${attributes.namespace}"`;
    const why = `User "${user.name}" cannot ${attributes.verb} resource "${resource}" in API group "${attributes.group}" ${where}`;
    throw forbidden({ group: attributes.group, plural: attributes.resource }, attributes.name, why);
  }

  checkPath(user: User, verb: string, pathname: string): void {
    const isPublic = /^\/(version|healthz|livez|readyz)\/?$/.test(pathname);
    const isDiscovery = /^\/(api|apis|openapi)(\/|$)/.test(pathname);
    if (
      isPublic ||
      (isDiscovery && user.groups.includes('system:authenticated')) ||
      user.groups.includes('system:masters')
    )
      return;
    const rules = this.#rules(user, '').flatMap((rule) => (Array.isArray(rule.nonResourceURLs) ? [rule] : []));
    if (
      rules.some(
        (rule) =>
          has(rule.verbs, verb.toLowerCase()) &&
          (rule.nonResourceURLs as string[]).some((one) => pathMatches(one, pathname)),
      )
    )
      return;
    throw new StatusError(403, `forbidden: User "${user.name}" cannot ${verb.toLowerCase()} path "${pathname}"`, {
      reason: 'Forbidden',
      details: {},
    });
  }

  #rules(user: User, namespace: string): Fields[] {
    const cluster = this.#store.list(`clusterrolebindings.${RBAC}`).map(({ object }) => object);
    const local =
      namespace === '' ? [] : this.#store.list(`rolebindings.${RBAC}`, namespace).map(({ object }) => object);
    return [...cluster, ...local]
      .filter((binding) => bindsTo(binding, user))
      .flatMap((binding) => this.#rulesOf(binding));
  }

  #rulesOf(binding: KubeObject): Fields[] {
    const ref = fieldsAt(binding, 'roleRef') ?? {};
    const isCluster = ref.kind === 'ClusterRole';
    const key = isCluster ? String(ref.name) : `${binding.metadata.namespace}/${String(ref.name)}`;
    const role = this.#store.get(`${isCluster ? 'clusterroles' : 'roles'}.${RBAC}`, key);
    return role === undefined ? [] : listAt(role, 'rules');
  }
}

function isAboutOneself({ verb, group, resource }: Attributes): boolean {
  return verb === 'create' && /^auth(entication|orization)\.k8s\.io$/.test(group) && resource.startsWith('selfsubject');
}

function bindsTo(binding: KubeObject, user: User): boolean {
  return listAt(binding, 'subjects').some((subject) => {
    if (subject.kind === 'User') return subject.name === user.name;
    if (subject.kind === 'Group') return user.groups.includes(String(subject.name));
    const namespace = subject.namespace ?? binding.metadata.namespace;
    return user.name === `system:serviceaccount:${String(namespace)}:${String(subject.name)}`;
  });
}

function has(list: unknown, value: string): boolean {
  return Array.isArray(list) && (list.includes('*') || list.includes(value));
}

function pathMatches(pattern: string, pathname: string): boolean {
  return (
    pattern === '*' || pattern === pathname || (pattern.endsWith('*') && pathname.startsWith(pattern.slice(0, -1)))
  );
}

function covers(rule: Fields, { verb, group, resource, subresource, name }: Attributes): boolean {
  if (!has(rule.verbs, verb) || !has(rule.apiGroups, group)) return false;
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  const resources = Array.isArray(rule.resources) ? (rule.resources as string[]) : [];
  const isNamed =
    resources.includes('*') ||
    resources.includes(full) ||
    (subresource !== '' && resources.includes(`*/${subresource}`));
  if (!isNamed) return false;
  const names = Array.isArray(rule.resourceNames) ? (rule.resourceNames as string[]) : [];
  return names.length === 0 || names.includes(name);
}
