// What this Redis promises, by its own settings: told once per connection, not decided here.
import type { Cluster } from 'ioredis';
import { StoreError } from '../store.ts';
import type { RedisClient } from './connection.ts';

const oldest = [6, 2] as const;

export interface Durability {
  /** What it cannot promise: sentences for the log. */
  readonly warnings: readonly string[];
  /** Waits for its disk before it replies. */
  readonly isSyncedAlways: boolean;
}

/** Throws StoreError where the server is too old for the steps. */
export async function readDurability(client: RedisClient): Promise<Durability> {
  const node = 'nodes' in client ? client.nodes('master')[0] : client;
  if (node === undefined) return { warnings: [], isSyncedAlways: false };
  const info = parseInfo(await node.info());
  const version = info.get('redis_version') ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    throw new StoreError(`Redis ${version} is too old: 6.2 or newer, or Valkey, is needed`);
  }
  const warnings: string[] = [];
  const policy = info.get('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction') {
    warnings.push(`maxmemory-policy is ${policy}: Redis may drop accepted requests; set it to noeviction`);
  }
  if (info.get('aof_enabled') === '0') {
    warnings.push('appendonly is off: accepted requests are lost when Redis restarts; set appendonly yes');
    return { warnings, isSyncedAlways: false };
  }
  const fsync = await readSetting(node, 'appendfsync');
  if (fsync === 'everysec')
    warnings.push('appendfsync is everysec: up to two seconds of accepted requests may be lost');
  if (fsync === 'no') warnings.push('appendfsync is no: what the operating system has not written may be lost');
  return { warnings, isSyncedAlways: fsync === 'always' };
}

/** Undefined where CONFIG is forbidden, as managed services do. */
async function readSetting(node: Exclude<RedisClient, Cluster>, name: string): Promise<string | undefined> {
  try {
    const reply = await node.call('CONFIG', 'GET', name);
    const values = Array.isArray(reply) ? reply : Object.entries(reply as object).flat();
    return values[1] === undefined ? undefined : String(values[1]);
  } catch {
    return undefined;
  }
}

function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}
