// Runs one of our load programs on the core of the load and takes the JSON that it prints.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BenchContext } from './bench.ts';

export async function runLoad<T>(
  context: BenchContext,
  program: string,
  ...parameters: readonly (string | number)[]
): Promise<T> {
  const file = fileURLToPath(new URL(`./programs/${program}.ts`, import.meta.url));
  const command = ['-c', String(context.cores.around), process.execPath, file, ...parameters.map(String)];
  const { stdout } = await promisify(execFile)('taskset', command, { maxBuffer: 16 << 20 });
  return JSON.parse(stdout) as T;
}
