// What the chaos tests share: processes that can be killed and started again at their place, clients that submit until they
// are told 202, and the final count of what became of every request.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { environmentName } from '../../runtime/settings.ts';
import { SETTINGS_PREFIX, type SidecarSettingName } from '../../sidecar/contract.ts';
import { eventually } from './eventually.ts';

const script = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A program that is started again with the same arguments after it was killed. */
export class Killable {
  readonly #args: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  kills = 0;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#args = args;
    this.#env = env;
  }

  start(): void {
    this.#child = spawn(process.execPath, this.#args, { env: { ...process.env, ...this.#env }, stdio: 'ignore' });
  }

  /** As if its node had died: no time to say goodbye. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    this.kills++;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async killAndStart(): Promise<void> {
    await this.kill();
    this.start();
  }
}

export function chaosModel(port: number, logFile: string): Killable {
  return new Killable([script('./chaos-model.ts'), String(port), logFile]);
}

export function chaosSidecar(settings: Partial<Record<SidecarSettingName, string | number>>): Killable {
  const all = { name: 'chaos', host: '127.0.0.1', healthPeriodSeconds: 1, logLevel: 'silent', ...settings };
  const env = Object.entries(all).map(([name, value]) => [environmentName(SETTINGS_PREFIX, name), String(value)]);
  return new Killable([script('../../sidecar/main.ts')], Object.fromEntries(env));
}

export interface ChaosRequest {
  readonly id: string;
  readonly text: string;
  readonly ms: number;
}

/** Submits through any of the sidecars until one says 202: the promise begins there. Repeats are safe: the id is ours. */
export async function submitUntilAccepted(urls: () => readonly string[], request: ChaosRequest): Promise<void> {
  const { id, ms, text } = request;
  await eventually(
    async () => {
      const response = await fetch(`${pick(urls())}/chaos/work`, {
        method: 'POST',
        headers: { prefer: 'respond-async', 'x-inference-id': id },
        body: JSON.stringify({ ms, text }),
        signal: AbortSignal.timeout(5000),
      });
      const words = await response.text();
      if (response.status !== 202) throw new Error(`${response.status} ${words}`);
    },
    { deadlineMs: 180_000, everyMs: 100 },
  );
}

export interface Tally {
  readonly answered: number;
  readonly failed: ReadonlyMap<string, number>;
  readonly executions: number;
  readonly executedMoreThanOnce: number;
  readonly words: ReadonlySet<string>;
}

interface StatusDocument {
  readonly Status: string;
  readonly Error: string | null;
  readonly Attempts: number;
}

/** Waits until every request is completed and holds each to its own answer, or to an error that is true. */
export async function settleAll(
  url: string,
  requests: readonly ChaosRequest[],
  logFile: string,
  deadlineMs: number,
): Promise<Tally> {
  const executions = new Map<string, number>();
  const words = new Set<string>();
  const failed = new Map<string, number>();
  const statuses = new Map<string, StatusDocument>();
  const get = (path: string, id: string): Promise<Response> =>
    fetch(`${url}/${path}/chaos`, { headers: { 'x-inference-id': id }, signal: AbortSignal.timeout(5000) });
  let answered = 0;
  for (const { id, text } of requests) {
    const status = await eventually(
      async () => {
        const response = await get('status', id);
        const document = (await response.json()) as StatusDocument;
        words.add(document.Status);
        if (response.status !== 200) throw new Error(`${id} is lost: ${response.status} ${document.Error}`);
        if (document.Status !== 'Completed') throw new Error(`${id} is stuck: ${JSON.stringify(document)}`);
        return document;
      },
      { deadlineMs, everyMs: 200 },
    );
    statuses.set(id, status);
    if (status.Error === null) {
      const result = await (await get('result', id)).text();
      if (result !== `answer to ${id}: ${text}`) throw new Error(`${id} has another answer: ${result}`);
      answered++;
    } else {
      const code = status.Error.split(':')[0] ?? '';
      failed.set(code, (failed.get(code) ?? 0) + 1);
    }
  }
  for (const id of readFileSync(logFile, 'utf8').split('\n')) {
    if (id !== '') executions.set(id, (executions.get(id) ?? 0) + 1);
  }
  const known = new Set(requests.map(({ id }) => id));
  for (const [id, count] of executions) {
    const attempts = statuses.get(id)?.Attempts ?? 0;
    if (!known.has(id)) throw new Error(`${id} was executed, but never submitted`);
    if (count > attempts) throw new Error(`${id} was executed ${count} times in ${attempts} attempts`);
  }
  return {
    answered,
    failed,
    executions: [...executions.values()].reduce((sum, count) => sum + count, 0),
    executedMoreThanOnce: [...executions.values()].filter((count) => count > 1).length,
    words,
  };
}

export function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T;
}

/**
 * Where its files lie: in memory, if there is such a place. SIGKILL takes nothing from the files of a process, wherever they
 * are, and a slow disk would be all that is measured.
 */
export const chaosParent = (): string => (existsSync('/dev/shm') ? '/dev/shm' : tmpdir());

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
