// Bench "async": the queue over HTTP. How many requests a sidecar accepts a second beside its own plain ones, and how many it takes
// from acceptance to a kept result.
import { fileURLToPath } from 'node:url';
import type { Bench, BenchContext } from './bench.ts';
import { atLeastTimes } from './figure.ts';
import { PinnedProcess } from './pinned-process.ts';
import { freePort, untilAnswering } from './ports.ts';
import { startSidecar } from './proxies.ts';
import { startRedis } from './redis-process.ts';
import { interleaved } from './rounds.ts';
import { requestBody, startUpstream } from './upstream.ts';
import { warmUp } from './warm-up.ts';
import { wrk } from './wrk.ts';

const subjects = [
  'sync',
  'accepted, redis always',
  'accepted, redis everysec',
  'accepted, sqlite',
  'end to end, redis always',
  'end to end, sqlite',
] as const;
const flags = ['--max-queue', '10000000', '--request-ttl-seconds', '86400'];

export const asyncRequests: Bench = {
  name: 'async',
  title: 'Asynchronous requests over HTTP, 16 connections, Redis with appendfsync always or everysec',
  packages: { nginx: 'nginx-light', wrk: 'wrk', 'redis-server': 'redis-server' },
  async run(context) {
    const upstream = await startUpstream(context);
    const holding = await startHolding(context);
    const always = await startRedis(context, 'always');
    const everysec = await startRedis(context, 'everysec');
    const start = (name: string, port: number, store = '') =>
      startSidecar(context, port, { name, flags, ...(store === '' ? {} : { store }) });
    const sidecars = {
      sync: await start('sync', upstream.port),
      'accepted, redis always': await start('accepting-always', holding, `${always.url}/0`),
      'accepted, redis everysec': await start('accepting-everysec', holding, `${everysec.url}/0`),
      'accepted, sqlite': await start('accepting-sqlite', holding),
      'end to end, redis always': await start('whole-redis', upstream.port, `${always.url}/1`),
      'end to end, sqlite': await start('whole-sqlite', upstream.port),
    };
    const headersOf = (subject: string): Record<string, string> =>
      subject === 'sync' ? {} : { Prefer: 'respond-async' };
    await warmUp(context, sidecars, headersOf);
    const { rate, p99, cpu } = await interleaved({
      subjects,
      measures: ['rate', 'p99', 'cpu'],
      rounds: context.rounds,
      progress: context.progress,
      measure: async (subject) => {
        const { port, adminPort, process } = sidecars[subject];
        const [cpuBefore, doneBefore] = [process?.cpuSeconds() ?? 0, await completed(adminPort)];
        const load = await wrk(context, { port, connections: 16, body: requestBody, headers: headersOf(subject) });
        if (load.failures > 0) throw new Error(`${load.failures} of ${load.requests} requests (${subject}) failed`);
        const done = subject.startsWith('end') ? (await completed(adminPort)) - doneBefore : load.requests;
        const used = (process?.cpuSeconds() ?? 0) - cpuBefore;
        return { rate: done / load.seconds, p99: load.p99Ms, cpu: (used / done) * 10_000 };
      },
    });
    const { sync: _, ...accepting } = p99;
    return [
      {
        name: 'requests',
        unit: 'requests/s',
        values: rate,
        digits: 0,
        goals: [
          atLeastTimes(rate, 'accepted, redis always', 'sync', 0.8),
          atLeastTimes(rate, 'accepted, redis everysec', 'sync', 0.8),
        ],
      },
      { name: 'time of acceptance, p99', unit: 'ms', values: accepting, goals: [] },
      { name: 'CPU of the sidecar per 10,000', unit: 's', values: cpu, goals: [] },
    ];
  },
};

async function startHolding(context: BenchContext): Promise<number> {
  const port = await freePort();
  const file = fileURLToPath(new URL('./programs/holding-upstream.ts', import.meta.url));
  context.use(new PinnedProcess('holding-upstream', context.cores.around, [process.execPath, file, String(port)]));
  await untilAnswering(port);
  return port;
}

async function completed(adminPort: number | undefined): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const counts = [...text.matchAll(/^inference_async_completed_total\{[^}]*\} (\d+)/gm)].map(([, count]) =>
    Number(count),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
