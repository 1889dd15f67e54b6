// npm run demo shows all that it claims: the whole path from kubectl apply to a served model, with every program real.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { processesOfPod } from '../../dev/demo/processes.ts';

/** Another run of this file on the same machine has processes too. */
const run = (name: string) => `${name}-${process.pid}`;
const root = fileURLToPath(new URL('../..', import.meta.url));
const script = fileURLToPath(new URL('../../dev/demo/main.ts', import.meta.url));

async function demo(
  [program = '', ...args]: readonly string[],
  runName: string,
  onOutput: (output: string, kill: () => void) => void = () => {},
) {
  const child = spawn(program, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Inherited by every program of the demo, and so the way to find one that was left behind.
    env: { ...process.env, DEMO_RUN: runName },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      onOutput(output, () => child.kill('SIGINT'));
    });
  }
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once('close', resolve);
  return { exitCode: await promise, output };
}

test('every step shows what it claims', { timeout: 900_000 }, async () => {
  const { exitCode, output } = await demo(['npm', 'run', 'demo'], run('whole'));
  expect(output).not.toContain('✗');
  expect(output).toMatch(/\n14 steps in [\d.]+ s\.\n/);
  const summary = output.slice(output.indexOf('\nSummary\n'));
  expect(summary.match(/✓/g)).toHaveLength(14);
  expect(exitCode, output).toBe(0);
  expect(processesWith(`DEMO_RUN=${run('whole')}`)).toEqual([]);
  const podIPs = new Set([...output.matchAll(/http:\/\/([\d.]+):8080/g)].map((found) => found[1]!));
  expect(podIPs.size).toBeGreaterThan(0);
  expect([...podIPs].flatMap((podIP) => processesOfPod(podIP))).toEqual([]);
});

test('interrupted, it takes everything down and does not say that all is well', { timeout: 300_000 }, async () => {
  let isInterrupted = false;
  const { exitCode, output } = await demo(
    [process.execPath, script, '--keep'],
    run('interrupted'),
    (seen, interrupt) => {
      // In the middle of the first step: pods are starting.
      if (!isInterrupted && seen.includes('waiting for')) {
        isInterrupted = true;
        interrupt();
      }
    },
  );
  expect(exitCode, output).toBe(130);
  expect(output).toContain('taking everything down');
  expect(output).not.toContain('It stays up');
  expect(processesWith(`DEMO_RUN=${run('interrupted')}`)).toEqual([]);
});

function processesWith(variable: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(variable);
    } catch {
      return false;
    }
  });
}
