// promtool on files of a temporary folder: its own words, also where it refuses.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export async function promtool(folder: string, ...parameters: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)('promtool', parameters, { cwd: folder }).catch((error) => {
    throw new Error(`${error.stdout}${error.stderr}`);
  });
  return stdout + stderr;
}
