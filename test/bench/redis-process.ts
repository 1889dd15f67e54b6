// A redis-server on the core of the load, with an append-only file of one of the two durable kinds.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext } from './bench.ts';
import { PinnedProcess } from './pinned-process.ts';
import { freePort } from './ports.ts';

export type Fsync = 'everysec' | 'always';

export interface RedisProcess {
  readonly url: string;
  readonly process: PinnedProcess;
}

export async function startRedis(context: BenchContext, fsync: Fsync): Promise<RedisProcess> {
  const port = await freePort();
  const dir = join(context.folder, `redis-${fsync}`);
  mkdirSync(dir, { recursive: true });
  const settings = ['--appendonly', 'yes', '--appendfsync', fsync, '--maxmemory-policy', 'noeviction', '--save', ''];
  // Each 64 MiB Redis would fork and write its file anew, on the core where it is measured, in some windows and not in others.
  settings.push('--auto-aof-rewrite-percentage', '0');
  const command = ['redis-server', '--bind', '127.0.0.1', '--port', `${port}`, '--dir', dir, ...settings];
  const process = context.use(new PinnedProcess(`redis ${fsync}`, context.cores.around, command));
  await process.printed('Ready to accept connections');
  return { url: `redis://127.0.0.1:${port}`, process };
}
