// A process on this machine has neither the pod's network nor its mounts. This file says what is rewritten in its environment and
// arguments so that it still means the same:
//   - `127.0.0.1`, `localhost`, `[::1]` (the pod's own loopback) and `0.0.0.0`, `[::]`, `::` (all its addresses) become the pod's address;
//   - a path at or below a volume's mountPath becomes the path of the real directory behind it;
//   - names of Services (`name.namespace.svc`) and ClusterIPs become an address where the Service answers (service-names.ts);
//   - names of the `hosts` table become the addresses of programs outside the cluster.
// A program that writes such an address or path in its own code is not helped: it has to take it from its environment. Pure.

export type Mounted = { readonly mountPath: string; readonly hostPath: string };
export type Translation = {
  readonly podIP: string;
  readonly mounts: readonly Mounted[];
  readonly hosts: { readonly [name: string]: string };
  readonly services?: (text: string) => string;
};

export function translate(text: string, by: Translation): string {
  const inside = withPodAddress(withMounts(text, by.mounts), by.podIP);
  return withHosts(by.services ? by.services(inside) : inside, by.hosts);
}

const loopback = /(?<![\w.-])(?:127\.0\.0\.1|0\.0\.0\.0|localhost|\[::1\]|\[::\])(?![\w-]|\.[\w])/g;

export function withPodAddress(text: string, podIP: string): string {
  return text === '::' || text === '::1' ? podIP : text.replace(loopback, podIP);
}

function withMounts(text: string, mounts: readonly Mounted[]): string {
  const longestFirst = [...mounts].sort((a, b) => b.mountPath.length - a.mountPath.length);
  const alternatives = longestFirst.map((mount) => literally(trimmed(mount.mountPath))).join('|');
  if (!alternatives) return text;
  // A path stands at the start, after a separator, or behind a scheme (`sqlite:///data/queue.db`): never inside a URL's own path.
  const pattern = new RegExp(`(?<=^|[\\s=:,'"]|:\\/\\/)(?:${alternatives})(?=$|[\\/\\s,:;'"?])`, 'g');
  return text.replace(
    pattern,
    (found) => longestFirst.find((mount) => trimmed(mount.mountPath) === found)?.hostPath ?? found,
  );
}

function withHosts(text: string, hosts: { readonly [name: string]: string }): string {
  let result = text;
  for (const [name, address] of Object.entries(hosts)) {
    result = result.replace(new RegExp(`(?<![\\w.-])${literally(name)}(?![\\w.-])`, 'g'), address);
  }
  return result;
}

/** Where a path inside the container is on this machine: under a mount, else under the container's own directory. */
export function hostPathOf(path: string, mounts: readonly Mounted[], containerDir: string): string {
  const longestFirst = [...mounts].sort((a, b) => b.mountPath.length - a.mountPath.length);
  const mount = longestFirst.find(
    ({ mountPath }) => path === trimmed(mountPath) || path.startsWith(`${trimmed(mountPath)}/`),
  );
  return mount
    ? mount.hostPath + path.slice(trimmed(mount.mountPath).length)
    : `${containerDir}/${path.replace(/^\/+/, '')}`;
}

const trimmed = (path: string): string => path.replace(/\/+$/, '');
const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
