// One run of a container: a local process in a process group of its own. When the first process ends, the rest of the group is
// killed, as a container ends with its PID 1. It knows nothing of pods, probes or restarts.
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { constants as os } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Labels } from '../objects.ts';
import { ContainerLog } from './container-log.ts';

export type Exit = {
  readonly exitCode: number;
  readonly signal?: number;
  readonly reason: string;
  readonly at: string;
};

const running = new Set<ContainerProcess>();

export class ContainerProcess {
  readonly log = new ContainerLog();
  readonly startedAt = new Date().toISOString();
  readonly exited: Promise<Exit>;
  readonly pid: number;
  readonly #child: ChildProcess;
  #exit: Exit | undefined;
  #isOutOfMemory = false;

  constructor(command: readonly string[], env: Labels, cwd: string) {
    const [program = '', ...args] = withParentDeathSignal(command);
    this.#child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.pid = this.#child.pid ?? 0;
    for (const stream of ['stdout', 'stderr'] as const) {
      this.#child[stream]?.setEncoding('utf8').on('data', (chunk: string) => this.log.write(stream, chunk));
    }
    running.add(this);
    this.exited = new Promise((resolve) => {
      this.#child.on('error', () => resolve(this.#ended(128, null)));
      this.#child.on('exit', (code, signal) => resolve(this.#ended(code, signal)));
    });
    this.#child.on('close', () => this.log.close());
  }

  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** To the first process only, as a runtime's stop does: passing it on is the program's business. */
  signal(name: NodeJS.Signals): void {
    if (!this.#exit) this.#child.kill(name);
  }

  kill(): void {
    if (this.#exit) return;
    killGroup(this.pid);
  }

  /** What the kernel does to a container that uses more memory than its limit. */
  killForMemory(): void {
    this.#isOutOfMemory = true;
    this.kill();
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): Exit {
    killGroup(this.pid);
    running.delete(this);
    // A reader that left a pipe open in another group must not keep the log open for ever.
    setTimeout(() => this.log.close(), 1_000).unref();
    const number = signal ? os.signals[signal] : undefined;
    const exitCode = number === undefined ? (code ?? 128) : 128 + number;
    const reason = this.#isOutOfMemory ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error';
    // The runtime reports 128+n; a signal number of its own it leaves empty.
    this.#exit = { exitCode, reason, at: new Date().toISOString() };
    return this.#exit;
  }
}

function killGroup(pid: number): void {
  if (pid <= 1) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is empty already.
  }
}

/** For the end of the program that holds the agent: no container outlives it. */
export function killEverything(): void {
  for (const entry of running) entry.kill();
}

/** With util-linux's setpriv the kernel kills the container even when the agent itself is killed hard. */
function withParentDeathSignal(command: readonly string[]): readonly string[] {
  const setpriv = '/usr/bin/setpriv';
  return existsSync(setpriv) ? [setpriv, '--pdeathsig', 'KILL', '--', ...command] : command;
}

/** Whether the program can be started: containers fail with exit 128 (StartError) before anything of them runs. */
export function isExecutable(program: string, path: string, cwd: string): boolean {
  const candidates = program.includes('/')
    ? [program.startsWith('/') ? program : join(cwd, program)]
    : path.split(delimiter).map((dir) => join(dir, program));
  return candidates.some((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
