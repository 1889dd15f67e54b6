// What the sidecar must know and nobody else: the store's address in the deployment's own namespace, and the admin token.
// A Secret is created and never read or changed, so that the operator needs no right to see any: what it holds is part of its name.
import { scryptSync } from 'node:crypto';
import { hashOf } from '../api/hash.ts';
import type { KubernetesObject } from '../api/kubernetes.ts';
import { childNames, secretKeys } from '../api/names.ts';
import { resources } from '../api/resources.ts';
import type { OperatorSettings } from '../config.ts';
import { childHead, type DesiredInput } from './input.ts';

type Store = Pick<OperatorSettings, 'storeUrl' | 'storePassword' | 'storeCa'>;

/**
 * Tells one store from another. It stands in pods, which many may read, so it must not help to guess the password: scrypt (RFC 7914)
 * makes each guess cost some 50 ms, which is also what this call takes.
 */
export function storeFingerprint({ storeUrl, storePassword, storeCa }: Store): string {
  return scryptSync(JSON.stringify([storeUrl, storePassword, storeCa]), 'inference-operator', 8).toString('hex');
}

/** Nobody can take the name before the InferenceDeployment is there: its uid is in it. */
export function secretName({ owner, settings }: Pick<DesiredInput, 'owner' | 'settings'>): string {
  const { name, uid } = owner.metadata;
  const content = owner.spec.queue.store === 'redis' ? settings.storeFingerprint : '';
  return childNames.secret(name, hashOf([uid, content], 10));
}

/** `adminToken`: a new one for each call; the first Secret that is made stays. */
export function secret(input: Pick<DesiredInput, 'owner' | 'settings'>, adminToken: string): KubernetesObject {
  const { owner, settings } = input;
  const isShared = owner.spec.queue.store === 'redis';
  const child = {
    ...childHead(owner, resources.secrets, secretName(input)),
    type: 'Opaque',
    immutable: true,
    data: {
      [secretKeys.adminToken]: base64(adminToken),
      ...(isShared ? { [secretKeys.store]: base64(settings.storeUrl) } : {}),
      ...(isShared && settings.storePassword !== ''
        ? { [secretKeys.storePassword]: base64(settings.storePassword) }
        : {}),
      ...(isShared && settings.storeCa !== '' ? { [secretKeys.storeCa]: base64(settings.storeCa) } : {}),
    },
  };
  return child;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
