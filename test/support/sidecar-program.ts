// The sidecar as the program that users run: a process with settings in its environment. For tests that look at it from
// outside only, as clients do; killing it is allowed.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../dev/tools/free-port.ts';
import { environmentName } from '../../runtime/settings.ts';
import { SETTINGS_PREFIX, type SidecarSettingName } from '../../sidecar/contract.ts';
import { eventually } from './eventually.ts';

export interface SidecarProgram {
  readonly url: string;
  readonly adminUrl: string;
  readonly process: ChildProcess;
  /** What it has logged so far. */
  log(): string;
  /** SIGTERM, and SIGKILL should it not go within ten seconds. */
  stop(): Promise<void>;
}

export interface ProgramOptions {
  /** Flags of Node itself. */
  readonly nodeOptions?: readonly string[];
  /** A channel to what those flags load into it. */
  readonly hasIpc?: boolean;
}

const script = fileURLToPath(new URL('../../sidecar/main.ts', import.meta.url));

export async function startSidecarProgram(
  settings: Partial<Record<SidecarSettingName, string | number>> & { readonly upstream: string },
  { nodeOptions = [], hasIpc = false }: ProgramOptions = {},
): Promise<SidecarProgram> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sidecar-'));
  const [port, adminPort] = [await freePort(), await freePort()];
  const given = { name: 'echo', host: '127.0.0.1', port, adminPort, dataDir, drainQuietSeconds: 0, ...settings };
  const child = spawn(process.execPath, [...nodeOptions, script], {
    env: { ...process.env, ...environment({ healthPeriodSeconds: 1, logLevel: 'warn', ...given }) },
    stdio: ['ignore', 'pipe', 'pipe', hasIpc ? 'ipc' : 'ignore'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (log += chunk));
  const ended = once(child, 'exit');
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const stop = async () => {
    child.kill('SIGTERM');
    const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(impatience);
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    await Promise.race([
      // As long as a test's hook may take: on a busy machine a process needs seconds to start.
      eventually(() => untilReady(adminUrl), { deadlineMs: 50_000, everyMs: 50 }),
      ended.then(([code]) => Promise.reject(new Error(`it ended with code ${code}`))),
    ]);
  } catch (error) {
    await stop();
    throw new Error(`the sidecar did not become ready: ${error}\n${log}`, { cause: error });
  }
  return { url: `http://127.0.0.1:${port}`, adminUrl, process: child, log: () => log, stop };
}

async function untilReady(adminUrl: string): Promise<void> {
  const answer = await fetch(`${adminUrl}/ready`);
  if (answer.status !== 200) throw new Error(`/ready says ${answer.status} ${await answer.text()}`);
}

function environment(settings: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [environmentName(SETTINGS_PREFIX, name), String(value)]),
  );
}
