// A program of the demo's stage as a child process of its own, its output in a log file: the operator, the cluster.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export class Program {
  readonly name: string;
  readonly logFile: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  constructor(name: string, script: string, argv: readonly string[], env: NodeJS.ProcessEnv, logFile: string) {
    this.name = name;
    this.logFile = logFile;
    const log = openSync(logFile, 'a');
    this.#child = spawn(process.execPath, [script, ...argv], {
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
      // A group of its own: Ctrl-C reaches only the demo, which then stops its programs in order.
      detached: true,
    });
    closeSync(log);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    this.#child.once('exit', () => resolve());
    this.#child.once('error', () => resolve());
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined;
  }

  /** The last lines it wrote, for a person who wants to know why it ended. */
  lastWords(lines = 8): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }

  async stop(graceMs: number): Promise<void> {
    if (!this.isRunning) return;
    this.#child.kill('SIGTERM');
    const impatience = setTimeout(() => this.#child.kill('SIGKILL'), graceMs);
    await this.#ended;
    clearTimeout(impatience);
  }
}
