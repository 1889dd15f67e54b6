// Bench "sync": the cost of a plain request. 300 bytes of JSON in, 1 KiB out, 16 and 64 connections as fast as they go.
import type { Bench, BenchContext } from './bench.ts';
import { atLeastTimes, atMostTimes, type Figure } from './figure.ts';
import { type ProxyKind, proxyKinds, startProxies } from './proxies.ts';
import { interleaved } from './rounds.ts';
import { startUpstream } from './upstream.ts';
import { wrk } from './wrk.ts';

export const requestBody = JSON.stringify({ model: 'echo', prompt: 'x'.repeat(300 - 28) });

export const syncRequests: Bench = {
  name: 'sync',
  title: 'Plain requests: POST 300 bytes of JSON, 1 KiB answer',
  packages: { nginx: 'nginx-light', haproxy: 'haproxy', wrk: 'wrk' },
  async run(context) {
    const upstream = await startUpstream(context);
    const proxies = await startProxies(context, proxyKinds, upstream.port);
    const measure = async (kind: ProxyKind, connections: number) => {
      const { port, process } = proxies[kind];
      const before = process?.cpuSeconds() ?? 0;
      const { requests, seconds, failures } = await wrk(context, { port, connections, body: requestBody });
      if (failures > 0) throw new Error(`${failures} of ${requests} requests through ${kind} failed`);
      const cpu = (process?.cpuSeconds() ?? 0) - before;
      return { rate: requests / seconds, cpu: (cpu / requests) * 10_000 };
    };
    for (const kind of proxyKinds) await measure(kind, 16); // Warm: the JIT has seen the path.
    return [...(await figures(context, 16, measure)), ...(await figures(context, 64, measure))];
  },
};

type Measure = (kind: ProxyKind, connections: number) => Promise<{ readonly rate: number; readonly cpu: number }>;

async function figures(context: BenchContext, connections: number, measure: Measure): Promise<readonly Figure[]> {
  const { rate, cpu } = await interleaved({
    subjects: proxyKinds,
    measures: ['rate', 'cpu'],
    rounds: context.rounds,
    progress: (line) => context.progress(`${connections} connections, ${line}`),
    measure: (kind) => measure(kind, connections),
  });
  const { direct: _, ...proxied } = cpu;
  const isHeldToGoals = connections === 16;
  return [
    {
      name: `requests/s, ${connections} connections`,
      unit: 'requests/s',
      values: rate,
      goals: isHeldToGoals
        ? [atLeastTimes(rate, 'sidecar', 'http-proxy', 2), atLeastTimes(rate, 'sidecar', 'nginx', 0.45)]
        : [],
    },
    {
      name: `CPU of the proxy per 10,000 requests, ${connections} connections`,
      unit: 's',
      values: proxied,
      goals: isHeldToGoals
        ? [atMostTimes(proxied, 'sidecar', 'http-proxy', 0.5), atMostTimes(proxied, 'sidecar', 'nginx', 2.2)]
        : [],
    },
  ];
}
