// The volume of the embedded store. ReadWriteOncePod unless spec says otherwise: two pods that write one SQLite file would ruin it.
import { childNames } from '../api/names.ts';
import { resources } from '../api/resources.ts';
import { childHead, type DesiredInput } from './input.ts';

export function claim({ owner }: DesiredInput) {
  const { persistence } = owner.spec.queue;
  if (persistence === undefined) return undefined;
  const { accessMode, volumeName, storageClassName = volumeName === undefined ? undefined : NO_CLASS } = persistence;
  return {
    ...childHead(owner, resources.claims, childNames.claim(owner.metadata.name)),
    spec: {
      accessModes: [accessMode],
      ...(storageClassName === undefined ? {} : { storageClassName }),
      ...(volumeName === undefined ? {} : { volumeName }),
      resources: { requests: { storage: String(persistence.size) } },
    },
  };
}

/** Left out, the default class would be written in, to which a volume made by hand does not belong. */
const NO_CLASS = '';
