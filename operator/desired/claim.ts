// The volume of the embedded store. ReadWriteOncePod: two pods that write one SQLite file would ruin it.
import { childNames } from '../api/names.ts';
import { resources } from '../api/resources.ts';
import { childHead, type DesiredInput } from './input.ts';

export function claim({ owner }: DesiredInput) {
  const { persistence } = owner.spec.queue;
  if (persistence === undefined) return undefined;
  return {
    ...childHead(owner, resources.claims, childNames.claim(owner.metadata.name)),
    spec: {
      accessModes: ['ReadWriteOncePod'],
      ...(persistence.storageClassName === undefined ? {} : { storageClassName: persistence.storageClassName }),
      resources: { requests: { storage: String(persistence.size) } },
    },
  };
}
