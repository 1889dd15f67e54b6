// What is served, as clients ask for it: the legacy lists, the aggregated document that kubectl prefers, and /version.
import { createHash } from 'node:crypto';
import type { ResourceRegistry } from './registry.ts';
import { groupVersion, type Resource } from './resource.ts';

const UPDATE_VERBS = ['get', 'patch', 'update'];
const CUSTOM_VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];

export const VERSION = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: 'v1.36.0+loopback',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2026-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'none',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
};

interface Subresource {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly isForeign: boolean;
}

/** Built-in kinds list their subresources by name, custom resources status before scale. */
export function subresourcesOf(resource: Resource): Subresource[] {
  const { group, version, kind } = resource;
  const status = { name: 'status', group, version, kind, verbs: UPDATE_VERBS, isForeign: false };
  const scale = {
    name: 'scale',
    group: 'autoscaling',
    version: 'v1',
    kind: 'Scale',
    verbs: UPDATE_VERBS,
    isForeign: true,
  };
  const found: Subresource[] = [
    ...(resource.hasStatus ? [status] : []),
    ...(resource.scale === undefined ? [] : [scale]),
    ...resource.actions.map((action) => ({
      ...action,
      isForeign: action.group !== group || action.version !== version,
    })),
  ];
  return resource.isCustom ? found : found.sort((left, right) => (left.name < right.name ? -1 : 1));
}

export function apiVersions(address: string): unknown {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
  };
}

function groupOf(name: string, versions: readonly string[]) {
  const list = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: list, preferredVersion: list[0] };
}

export function apiGroups(registry: ResourceRegistry): unknown {
  const groups = [...registry.groups()]
    .filter(([name]) => name !== '')
    .map(([name, versions]) => groupOf(name, versions));
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}

export function apiGroup(registry: ResourceRegistry, name: string): unknown {
  const versions = registry.groups().get(name);
  return versions === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(name, versions) };
}

export function apiResources(registry: ResourceRegistry, group: string, version: string): unknown {
  const resources = byName(registry.inGroupVersion(group, version));
  if (resources.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: groupVersion({ group, version }),
    resources: resources.flatMap((resource) => [entryOf(resource), ...subentriesOf(resource)]),
  };
}

function byName(resources: Resource[]): Resource[] {
  return resources.sort((left, right) => (left.plural < right.plural ? -1 : 1));
}

function entryOf(resource: Resource): unknown {
  return {
    name: resource.plural,
    singularName: resource.singular,
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: resource.isCustom ? CUSTOM_VERBS : resource.verbs,
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
    ...(resource.verbs.length > 1 ? { storageVersionHash: storageHash(resource) } : {}),
  };
}

function storageHash(resource: Resource): string {
  const text = `${resource.group}/${resource.version}/${resource.kind}`;
  return createHash('sha256').update(text).digest().subarray(0, 8).toString('base64');
}

function subentriesOf(resource: Resource): unknown[] {
  return subresourcesOf(resource).map((one) => ({
    name: `${resource.plural}/${one.name}`,
    singularName: '',
    namespaced: resource.namespaced,
    ...(one.isForeign ? { group: one.group, version: one.version } : {}),
    kind: one.kind,
    verbs: one.verbs,
  }));
}

/** The aggregated document of /api (the core group) or /apis (all others). */
export function aggregatedDiscovery(registry: ResourceRegistry, isCore: boolean): unknown {
  const items = [...registry.groups()]
    .filter(([name]) => (name === '') === isCore)
    .map(([name, versions]) => ({
      metadata: name === '' ? {} : { name },
      versions: versions.map((version) => ({
        version,
        resources: byName(registry.inGroupVersion(name, version)).map(aggregatedEntry),
        freshness: 'Current',
      })),
    }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

function aggregatedEntry(resource: Resource): unknown {
  const { group, version, kind } = resource;
  const subresources = subresourcesOf(resource).map((one) => ({
    subresource: one.name,
    responseKind:
      one.isForeign || resource.isCustom
        ? { group: one.group, version: one.version, kind: one.kind }
        : { group: '', version: '', kind: one.kind },
    verbs: one.verbs,
  }));
  return {
    resource: resource.plural,
    // Built-in groups leave the group of their own kinds out.
    responseKind: resource.isCustom ? { group, version, kind } : { group: '', version: '', kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.isCustom ? CUSTOM_VERBS : resource.verbs,
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}
