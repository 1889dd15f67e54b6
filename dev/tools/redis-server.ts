// A real redis-server for the demo and for tests: found on PATH, else installed where we may, else one clear sentence.
// Started with the durability that the chart's own Redis has. Each one has a port and a directory of its own.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installDebianPackages, mayInstallDebianPackages } from './debian-packages.ts';
import { freePort } from './free-port.ts';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  /** Ends it and removes its directory. */
  stop(): Promise<void>;
}

export function hasRedisServer(): boolean {
  return spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Throws with the sentence to show if there is none and we may not install it. */
export function ensureRedisServer(say: (line: string) => void = () => {}): void {
  if (hasRedisServer()) return;
  if (mayInstallDebianPackages()) {
    say('installing redis-server with apt-get');
    installDebianPackages(['redis-server']);
  }
  if (!hasRedisServer()) {
    throw new Error('redis-server was not found: on Debian or Ubuntu, sudo apt-get install redis-server');
  }
}

export async function startRedisServer(host = '127.0.0.1'): Promise<RedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'redis-'));
  const port = await freePort(host);
  const settings = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction', '--save', ''];
  const child = spawn('redis-server', ['--bind', host, '--port', String(port), '--dir', directory, ...settings], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  child.once('close', () => end());
  await untilReady(child);
  return {
    url: `redis://${host}:${port}`,
    port,
    process: child,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function untilReady(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk;
    if (output.includes('Ready to accept connections')) resolve();
    if (output.length > 20_000) output = '';
  });
  child.once('error', reject);
  child.once('exit', (code) => reject(new Error(`redis-server ended with code ${code}:\n${output}`)));
  await promise;
}
