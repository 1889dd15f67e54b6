// What the sidecar must know and nobody else: the store's address in the deployment's own namespace, and the admin token.
import { childNames, secretKeys } from '../api/names.ts';
import { resources } from '../api/resources.ts';
import { childHead, type DesiredInput } from './input.ts';

export function secret({ owner, settings, adminToken }: DesiredInput) {
  const isShared = owner.spec.queue.store === 'redis';
  return {
    ...childHead(owner, resources.secrets, childNames.secret(owner.metadata.name)),
    type: 'Opaque',
    data: {
      [secretKeys.adminToken]: base64(adminToken),
      ...(isShared ? { [secretKeys.store]: base64(settings.storeUrl) } : {}),
      ...(isShared && settings.storePassword !== ''
        ? { [secretKeys.storePassword]: base64(settings.storePassword) }
        : {}),
      ...(isShared && settings.storeCa !== '' ? { [secretKeys.storeCa]: base64(settings.storeCa) } : {}),
    },
  };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
