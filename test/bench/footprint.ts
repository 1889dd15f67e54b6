// Bench "footprint": what each pod pays for having a proxy: memory idle and after load, and the time until it first answers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { imageNodeFlags } from '../../dev/bundle.ts';
import { eventually } from '../support/eventually.ts';
import { type Bench, type BenchContext, nodeCommand } from './bench.ts';
import { atMost } from './figure.ts';
import { answers, freePort } from './ports.ts';
import { proxyKinds, sidecarBundle, startProxies } from './proxies.ts';
import { interleaved } from './rounds.ts';
import { requestBody, startUpstream } from './upstream.ts';
import { wrk } from './wrk.ts';

const kinds = proxyKinds.filter((kind) => kind !== 'direct');

export const footprint: Bench = {
  name: 'footprint',
  title: 'Memory and start',
  packages: { nginx: 'nginx-light', haproxy: 'haproxy', wrk: 'wrk' },
  async run(context) {
    const upstream = await startUpstream(context);
    const started = await interleaved({
      subjects: ['sidecar'],
      measures: ['ms'],
      rounds: context.rounds,
      progress: (line) => context.progress(`start, ${line}`),
      measure: async () => ({ ms: await timeToFirstAnswer(context, upstream.port) }),
    });
    const proxies = await startProxies(context, kinds, upstream.port);
    await untilLevel(() => kinds.map((kind) => proxies[kind].process?.residentMiB() ?? 0));
    const idle = Object.fromEntries(kinds.map((kind) => [kind, [proxies[kind].process?.residentMiB() ?? 0]]));
    for (const kind of kinds) {
      context.progress(`load on ${kind}`);
      for (const connections of [16, 64]) {
        await wrk(context, { port: proxies[kind].port, connections, body: requestBody, seconds: context.seconds * 3 });
      }
    }
    const loaded = Object.fromEntries(kinds.map((kind) => [kind, [proxies[kind].process?.residentMiB() ?? 0]]));
    return [
      { name: 'resident memory, idle', unit: 'MiB', values: idle, digits: 0, goals: [atMost(idle, 'sidecar', 55)] },
      {
        name: 'resident memory, after load',
        unit: 'MiB',
        values: loaded,
        digits: 0,
        goals: [atMost(loaded, 'sidecar', 100)],
      },
      {
        name: 'start to first answered request',
        unit: 'ms',
        values: started.ms,
        digits: 0,
        goals: [atMost(started.ms, 'sidecar', 100)],
      },
    ];
  },
};

/** What a start leaves behind is collected when memory has not moved for two seconds. */
async function untilLevel(figuresMiB: () => readonly number[]): Promise<void> {
  let before = figuresMiB();
  let still = 0;
  await eventually(
    () => {
      const now = figuresMiB();
      still = now.every((figure, i) => Math.abs(figure - before[i]!) < 0.1) ? still + 1 : 0;
      before = now;
      return still >= 20;
    },
    { deadlineMs: 30_000, everyMs: 100 },
  );
}

async function timeToFirstAnswer(context: BenchContext, upstreamPort: number): Promise<number> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = await sidecarBundle(context);
  const flags = ['--name', 'bench', '--port', `${port}`, '--admin-port', `${adminPort}`];
  const data = [
    '--data-dir',
    join(context.folder, `start-${port}`),
    '--drain-seconds',
    '0',
    '--drain-quiet-seconds',
    '0',
  ];
  const command = nodeCommand(
    { ...context, profileDir: undefined },
    'start',
    imageNodeFlags.sidecar,
    file,
    ...flags,
    ...data,
  );
  const start = performance.now();
  const child = spawn(
    'taskset',
    ['-c', `${context.cores.measured}`, ...command, '--upstream', `http://127.0.0.1:${upstreamPort}`],
    { stdio: 'ignore', env: { PATH: process.env.PATH, NODE_ENV: 'production' } },
  );
  try {
    while (!(await answers(port, '/v1/models'))) {
      if (performance.now() - start > 20_000) throw new Error('the sidecar did not answer in 20 s');
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return performance.now() - start;
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
