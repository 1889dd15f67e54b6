// A process on one core of its own, and what it costs: CPU seconds by the scheduler's account, resident memory.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

export interface Cores {
  /** Of the thing measured. */
  readonly measured: number;
  /** Of load, upstream and stores. */
  readonly around: number;
}

/** The first two cores that we may use. */
export function chooseCores(): Cores {
  const allowed = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  const cores = allowed.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  const [measured, around] = cores;
  if (measured === undefined || around === undefined) {
    throw new Error(`the bench needs two cores, one for what is measured and one for the load; it has ${cores.length}`);
  }
  return { measured, around };
}

/** CPU seconds of all threads so far, to the nanosecond where /proc/<pid>/stat counts in hundredths of a second. */
export function cpuSecondsOf(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const nanoseconds = readdirSync(tasks).map((task) => {
    try {
      return Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      return 0; // The thread ended meanwhile.
    }
  });
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e9;
}

export class PinnedProcess {
  readonly child: ChildProcess;
  readonly name: string;
  readonly #ended: Promise<unknown>;
  #output = '';

  constructor(name: string, core: number, command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.name = name;
    this.child = spawn('taskset', ['-c', String(core), ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, ...env },
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk).slice(-20_000);
      });
    }
    this.#ended = once(this.child, 'exit');
  }

  get pid(): number {
    if (this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null) {
      throw new Error(`${this.name} is not running: ${this.#output}`);
    }
    return this.child.pid;
  }
  get output(): string {
    return this.#output;
  }

  /** Resolves when the process has printed this. */
  async printed(text: string, timeoutMs = 30_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!this.#output.includes(text)) {
      if (performance.now() > end)
        throw new Error(`${this.name} did not print ${JSON.stringify(text)}: ${this.#output}`);
      if (this.child.exitCode !== null) throw new Error(`${this.name} ended: ${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  cpuSeconds(): number {
    return cpuSecondsOf(this.pid);
  }

  residentMiB(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill(signal);
    const force = setTimeout(() => this.child.kill('SIGKILL'), 5000);
    await this.#ended;
    clearTimeout(force);
  }
}
