// The process that holds one queue and loads it (programs/queue-load.ts): started once for all its windows, on the core of the
// measured, because the program that holds the queue is what is measured.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { imageNodeFlags } from '../../../dev/bundle.ts';
import { type BenchContext, nodeCommand } from '../bench.ts';

export interface Window {
  readonly seconds: number;
  /** Requests that wait already. */
  readonly waiting: number;
  /** Measured is what comes after so many. */
  readonly after: number;
}

export interface QueueFigures {
  readonly perSecond: number;
  readonly acceptP50Ms: number;
  readonly acceptP99Ms: number;
  readonly cpuPer10000: number;
  /** 0 where no Redis is asked. */
  readonly redisCpuPer10000: number;
}

export type LoadMode = 'accept' | 'trip';

export class LoadProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  /** Rejects as soon as the process has ended. */
  readonly #ended: Promise<never>;

  constructor(context: BenchContext, subject: string, address: string, mode: LoadMode, redisPid: number) {
    const file = fileURLToPath(new URL('../programs/queue-load.ts', import.meta.url));
    const profileName = `queue-${mode}-${subject}-${redisPid}`;
    // The memory limit of our image is not BullMQ's: it runs as Node does by itself.
    const nodeFlags = subject === 'bullmq' ? [] : imageNodeFlags.sidecar;
    const command = nodeCommand(context, profileName, nodeFlags, file, subject, address, mode, String(redisPid));
    this.#child = spawn('taskset', ['-c', String(context.cores.measured), ...command], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#ended = once(this.#child, 'exit').then(() => {
      throw new Error(`the load of ${subject} (${mode}) ended`);
    });
    this.#ended.catch(() => undefined);
  }

  async measure(window: Window): Promise<QueueFigures> {
    const answer = once(this.#lines, 'line');
    this.#child.stdin.write(`${JSON.stringify(window)}\n`);
    const [line] = (await Promise.race([answer, this.#ended])) as [string];
    return JSON.parse(line) as QueueFigures;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin.end();
    const force = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await this.#ended.catch(() => undefined);
    clearTimeout(force);
  }
}
