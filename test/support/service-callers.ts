// Starts callers of a Service as a program of their own, and reads what they tell.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ServiceLoad, Tally } from './service-load.ts';

const program = fileURLToPath(new URL('service-callers-main.ts', import.meta.url));

export function startServiceCallers(kubeconfig: string, name: string): ServiceLoad & { readonly kill: () => void } {
  const child = spawn(process.execPath, [program, kubeconfig, name], { stdio: ['pipe', 'pipe', 'inherit'] });
  let latest: Tally = { sync: 0, stream: 0, async: 0, failures: [] };
  createInterface({ input: child.stdout }).on('line', (line) => {
    latest = JSON.parse(line) as Tally;
  });
  const ended = once(child, 'close');
  return {
    now: () => latest,
    stop: async () => {
      child.stdin.end();
      const [code] = (await ended) as [number | null];
      if (code !== 0) throw new Error(`the callers ended with ${code}`);
      return latest;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
