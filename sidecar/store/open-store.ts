// From the address of a store to the store. The only file that knows both kinds.
import { type RedisAddress, readRedisAddress } from '../../runtime/redis-address.ts';
import { storeKeyPrefix } from '../contract.ts';
import type { StoreLimits } from './limits.ts';
import { type Store, StoreError } from './store.ts';

export interface StoreAddress {
  /** As SIDECAR_STORE; empty: a file in the data directory. */
  readonly url: string;
  readonly password: string;
  /** PEM certificates that a TLS store is trusted by; empty: those of public authorities. */
  readonly ca?: string;
  readonly dataDir: string;
  readonly namespace: string;
  readonly name: string;
}

/** Longest wait for Redis' answer to one step; a sync caller must not wait on a dead store for long. */
const stepTimeoutMs = 5000;

/** Makes the store without connecting it. Each kind is loaded only when it is wanted. */
export async function createStore(address: StoreAddress, limits: StoreLimits): Promise<Store> {
  const { url, namespace, name } = address;
  if (url === '' || url.startsWith('sqlite:')) {
    const { SqliteStore } = await import('./sqlite/sqlite-store.ts');
    return new SqliteStore(sqlitePath(address), `${namespace}/${name}`, limits);
  }
  const { connect } = await import('./redis/connection.ts');
  const { RedisStore } = await import('./redis/redis-store.ts');
  return new RedisStore(
    connect(readAddress(address), stepTimeoutMs, address.ca),
    storeKeyPrefix(namespace, name),
    limits,
  );
}

function readAddress({ url, password, ca = '' }: StoreAddress): RedisAddress {
  try {
    const address = readRedisAddress(url, password);
    if (address.username !== '' && address.password === '') throw new Error('have a password for its user, or neither');
    if (ca !== '' && !address.isTls) throw new Error('begin with rediss: where certificates to trust it by are given');
    return address;
  } catch (error) {
    throw new StoreError(`the address of the store must ${error instanceof Error ? error.message : String(error)}`);
  }
}

function sqlitePath({ url, dataDir, name }: StoreAddress): string {
  if (url === '') return `${dataDir}/${name}.db`;
  return decodeURIComponent(url.replace(/^sqlite:\/\//, ''));
}
