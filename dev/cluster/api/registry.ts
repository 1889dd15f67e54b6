// Which resources are served at this moment: the built-in ones for good, custom ones while their definition is established.
import type { Resource } from './resource.ts';
import { groupVersion } from './resource.ts';

export class ResourceRegistry {
  readonly #resources = new Map<string, Resource>();

  add(resource: Resource): void {
    this.#resources.set(`${groupVersion(resource)}/${resource.plural}`, resource);
  }

  remove(resource: Resource): void {
    this.#resources.delete(`${groupVersion(resource)}/${resource.plural}`);
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.#resources.get(`${groupVersion({ group, version })}/${plural}`);
  }

  ofKind(apiVersion: string, kind: string): Resource | undefined {
    return this.all().find((one) => one.kind === kind && groupVersion(one) === apiVersion && one.verbs.includes('get'));
  }

  /** The served version through which the server itself touches a stored collection. */
  ofCollection(collection: string): Resource | undefined {
    return this.all().find((one) => one.collection === collection && one.conversion === undefined);
  }

  all(): Resource[] {
    return [...this.#resources.values()];
  }

  inGroupVersion(group: string, version: string): Resource[] {
    return this.all().filter((one) => one.group === group && one.version === version);
  }

  /** Group -> versions, in the order in which they were added; the core group is ''. */
  groups(): Map<string, string[]> {
    const result = new Map<string, string[]>();
    for (const { group, version } of this.all()) {
      const versions = result.get(group) ?? [];
      if (!versions.includes(version)) versions.push(version);
      result.set(group, versions);
    }
    return result;
  }
}
