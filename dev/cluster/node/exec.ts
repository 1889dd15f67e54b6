// A command inside a running container, for exec probes and hooks: the same environment, directory and rewritten paths as the
// container's own process.
import { spawn } from 'node:child_process';
import type { RunContext } from './start-container.ts';

export type ExecResult = { readonly exitCode: number; readonly output: string };

export function execIn(
  context: RunContext | undefined,
  command: readonly string[],
  signal: AbortSignal,
): Promise<ExecResult> {
  if (!context) return Promise.reject(new Error('container not running'));
  const [program = '', ...args] = command.map((part) => context.translate(part));
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: context.cwd,
      env: context.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const end = (exitCode: number): void => {
      signal.removeEventListener('abort', kill);
      resolve({ exitCode, output });
    };
    const kill = (): void => {
      if (child.pid) {
        try {
          process.kill(-child.pid, 'SIGKILL');
        } catch {
          // It has ended by itself.
        }
      }
      end(137);
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        if (output.length < 10_240) output += chunk;
      });
    }
    child.on('error', () => {
      output = `exec: "${program}": executable file not found in $PATH: unknown`;
      end(126);
    });
    child.on('close', (code) => end(code ?? 137));
    if (signal.aborted) kill();
    else signal.addEventListener('abort', kill, { once: true });
  });
}
