// Bench "latency": what the proxy adds when it is not pressed: 1,000 requests/s offered, whatever the answers do.
import type { Bench } from './bench.ts';
import { atMostAbove } from './figure.ts';
import { runLoad } from './load-program.ts';
import { proxyKinds, startProxies } from './proxies.ts';
import { interleaved } from './rounds.ts';
import { startUpstream } from './upstream.ts';
import { warmUp } from './warm-up.ts';

const perSecond = 1000;
const connections = 16;

export const offeredRequests: Bench = {
  name: 'latency',
  title: `Plain requests, ${perSecond.toLocaleString('en')} a second offered on ${connections} connections`,
  packages: { nginx: 'nginx-light', haproxy: 'haproxy', wrk: 'wrk' },
  async run(context) {
    const upstream = await startUpstream(context);
    const proxies = await startProxies(context, proxyKinds, upstream.port);
    await warmUp(context, proxies);
    const { p50, p99 } = await interleaved({
      subjects: proxyKinds,
      measures: ['p50', 'p99'],
      rounds: context.rounds,
      progress: context.progress,
      measure: (kind) =>
        runLoad<{ p50: number; p99: number }>(
          context,
          'offered-load',
          proxies[kind].port,
          perSecond,
          context.seconds,
          connections,
        ),
    });
    return [
      {
        name: 'p50',
        unit: 'microseconds',
        values: p50,
        digits: 0,
        goals: [atMostAbove(p50, 'sidecar', 'direct', 300)],
      },
      {
        name: 'p99',
        unit: 'microseconds',
        values: p99,
        digits: 0,
        goals: [atMostAbove(p99, 'sidecar', 'direct', 2000)],
      },
    ];
  },
};
