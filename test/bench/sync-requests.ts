// Bench "sync": the cost of a plain request. 300 bytes of JSON in, 1 KiB out, 16 and 64 connections as fast as they go.
import type { Bench, BenchContext } from './bench.ts';
import { atLeastTimes, atMostTimes, type Figure, type Goal } from './figure.ts';
import { type ProxyKind, proxyKinds, startProxies } from './proxies.ts';
import { interleaved } from './rounds.ts';
import { requestBody, startUpstream } from './upstream.ts';
import { warmUp } from './warm-up.ts';
import { wrk } from './wrk.ts';

export const syncRequests: Bench = {
  name: 'sync',
  title: 'Plain requests: POST 300 bytes of JSON, 1 KiB answer',
  packages: { nginx: 'nginx-light', haproxy: 'haproxy', wrk: 'wrk' },
  guardPackages: { nginx: 'nginx-light', wrk: 'wrk' },
  async run(context) {
    const upstream = await startUpstream(context);
    // Between two programs in JavaScript, how fast the machine compiles and runs it has no part in the ratio.
    const kinds: readonly ProxyKind[] = context.isGuard ? ['http-proxy', 'sidecar'] : proxyKinds;
    const proxies = await startProxies(context, kinds, upstream.port);
    const measure = async (kind: ProxyKind, connections: number) => {
      const { port, process } = proxies[kind];
      const before = process?.cpuSeconds() ?? 0;
      const { requests, seconds, failures } = await wrk(context, { port, connections, body: requestBody });
      if (failures > 0) throw new Error(`${failures} of ${requests} requests through ${kind} failed`);
      const cpu = (process?.cpuSeconds() ?? 0) - before;
      return { rate: requests / seconds, cpu: (cpu / requests) * 10_000 };
    };
    await warmUp(context, proxies);
    const few = await figures(context, kinds, 16, measure);
    return context.isGuard ? few : [...few, ...(await figures(context, kinds, 64, measure))];
  },
};

type Measure = (kind: ProxyKind, connections: number) => Promise<{ readonly rate: number; readonly cpu: number }>;

async function figures(
  context: BenchContext,
  kinds: readonly ProxyKind[],
  connections: number,
  measure: Measure,
): Promise<readonly Figure[]> {
  const { rate, cpu } = await interleaved({
    subjects: kinds,
    measures: ['rate', 'cpu'],
    rounds: context.rounds,
    progress: (line) => context.progress(`${connections} connections, ${line}`),
    measure: (kind) => measure(kind, connections),
  });
  const { direct: _, ...proxied } = cpu;
  const isHeldToGoals = connections === 16;
  const beside = (peer: ProxyKind, goal: () => Goal) => (kinds.includes(peer) ? [goal()] : []);
  return [
    {
      name: `requests/s, ${connections} connections`,
      unit: 'requests/s',
      values: rate,
      goals: isHeldToGoals
        ? [
            atLeastTimes(rate, 'sidecar', 'http-proxy', 2),
            ...beside('nginx', () => atLeastTimes(rate, 'sidecar', 'nginx', 0.45)),
          ]
        : [],
    },
    {
      name: `CPU of the proxy per 10,000 requests, ${connections} connections`,
      unit: 's',
      values: proxied,
      goals: isHeldToGoals
        ? [
            atMostTimes(proxied, 'sidecar', 'http-proxy', 0.5),
            ...beside('nginx', () => atMostTimes(proxied, 'sidecar', 'nginx', 2.2)),
          ]
        : [],
    },
  ];
}
