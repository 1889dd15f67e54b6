// The Python that has what the tests' clients need. Debian's own first: its packages are invisible to one in /usr/local.
import { spawn, spawnSync } from 'node:child_process';

export function findPython(): string {
  const works = (python: string) =>
    spawnSync(python, ['-c', 'import requests, dataclasses_json'], { stdio: 'ignore' }).status === 0;
  const python = ['/usr/bin/python3', 'python3'].find(works);
  if (python === undefined) {
    throw new Error(
      'no Python with requests and dataclasses_json: apt-get install python3-requests python3-dataclasses-json',
    );
  }
  return python;
}

export interface PythonRun {
  /** Each piece of standard output with the time it arrived (epoch milliseconds). */
  readonly pieces: readonly { readonly text: string; readonly atMs: number }[];
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
}

/** Runs a script given as text or file; `onOutput` sees all of standard output so far whenever there is more. */
export async function runPython(
  argv: readonly string[],
  { env = {}, onOutput = () => {} }: { env?: Record<string, string>; onOutput?: (stdout: string) => void } = {},
): Promise<PythonRun> {
  const child = spawn(findPython(), [...argv], {
    env: { ...process.env, NO_PROXY: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pieces: { text: string; atMs: number }[] = [];
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    pieces.push({ text: chunk.toString(), atMs: Date.now() });
    stdout += chunk;
    onOutput(stdout);
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk));
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  const exitCode = await promise;
  return { pieces, stdout, stderr, exitCode };
}
