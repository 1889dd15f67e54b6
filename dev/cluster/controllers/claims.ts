// PersistentVolumeClaim -> Bound: stands for the volume controller and a provisioner that always has room. The data is a directory
// that the node agents keep (node/start.ts); there are no PersistentVolume objects.
import type { ClusterClient } from '../client.ts';
import type { PersistentVolumeClaim } from '../objects.ts';
import { claims } from '../resources.ts';
import type { WatchCache } from '../watch-cache.ts';

export async function bindClaim(
  client: ClusterClient,
  known: WatchCache<PersistentVolumeClaim>,
  key: string,
): Promise<undefined> {
  const claim = known.get(key);
  if (!claim || claim.status?.phase === 'Bound' || claim.metadata.deletionTimestamp) return undefined;
  const at = { namespace: claim.metadata.namespace ?? '', name: claim.metadata.name, subresource: 'status' };
  const { accessModes, resources } = claim.spec ?? {};
  const status = { phase: 'Bound', accessModes, capacity: { storage: resources?.requests?.storage } };
  known.observe(await client.patch(claims, at, 'merge', { status }));
  return undefined;
}
