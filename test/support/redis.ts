// A real redis-server for one test file: on a free port, with a directory of its own, that can be killed and started again.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, isFree } from '../../dev/tools/free-port.ts';

/** As on the command line, without the dashes. */
export type RedisSettings = Readonly<Record<string, string>>;

export const durableRedis: RedisSettings = { appendonly: 'yes', appendfsync: 'always' };

export class TestRedis {
  readonly port: number;
  readonly directory: string;
  readonly #settings: RedisSettings;
  readonly #arguments: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, settings: RedisSettings, extra: readonly string[], parent: string) {
    this.port = port;
    this.#settings = settings;
    this.#arguments = extra;
    this.directory = mkdtempSync(join(parent, 'test-redis-'));
  }

  /** `extra`: further arguments of redis-server, for example `--sentinel`. `parent`: where its files lie. */
  static async start(
    settings: RedisSettings = durableRedis,
    extra: readonly string[] = [],
    parent = tmpdir(),
  ): Promise<TestRedis> {
    const port = settings['cluster-enabled'] === 'yes' ? await clusterPort() : await freePort();
    const redis = new TestRedis(port, settings, extra, parent);
    await redis.startAgain();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async startAgain(): Promise<void> {
    // A file, not arguments: a sentinel insists on a file that it can write to.
    const file = join(this.directory, 'redis.conf');
    const base = {
      port: String(this.port),
      bind: '127.0.0.1',
      dir: this.directory,
      save: '""',
      'protected-mode': 'no',
    };
    const lines = Object.entries({ ...base, ...this.#settings }).map(([name, value]) => `${name} ${value}`);
    if (this.#process === undefined) writeFileSync(file, `${lines.join('\n')}\n`);
    const child = spawn('redis-server', [file, ...this.#arguments], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = child;
    await untilSaid(child, /Ready to accept connections|Sentinel ID is/);
  }

  /** As if the node had died. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await exited;
  }

  /** Holds from the next start. */
  configure(name: string, value: string): void {
    appendFileSync(join(this.directory, 'redis.conf'), `${name} ${value}\n`);
  }

  /** Runs redis-cli; throws where Redis answers with an error. */
  cli(...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync('redis-cli', ['-p', String(this.port), '-e', ...args], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`redis-cli ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout.trim();
  }

  /** A user with exactly these rules of an ACL; what it had before is gone. Returns the address it comes by. */
  user(name: string, password: string, ...rules: readonly string[]): string {
    this.cli('ACL', 'SETUSER', name, 'reset', 'on', `>${password}`, ...rules);
    return `redis://${name}:${password}@127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    await this.kill('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The nodes of a cluster speak to one another on a second port, 10,000 above. */
async function clusterPort(): Promise<number> {
  const port = await freePort('127.0.0.1', 22_000);
  return (await isFree(port + 10_000, '127.0.0.1')) ? port : clusterPort();
}

async function untilSaid(child: ChildProcess, words: RegExp): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output = (output + chunk).slice(-20_000);
    if (words.test(output)) resolve();
  });
  child.once('error', reject);
  child.once('exit', (code) => reject(new Error(`redis-server ended with code ${code}:\n${output}`)));
  await promise;
}

export { freePort };
