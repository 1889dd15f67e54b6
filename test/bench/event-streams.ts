// Bench "stream": tokens on their way. 1, 32 and 100 event streams of 50 events a second through each proxy.
import { fileURLToPath } from 'node:url';
import type { Bench, BenchContext } from './bench.ts';
import { atMostAbove, atMostTimes, type Figure } from './figure.ts';
import { runLoad } from './load-program.ts';
import { PinnedProcess } from './pinned-process.ts';
import { freePort, untilAnswering } from './ports.ts';
import { type ProxyKind, type StartedProxy, startProxies } from './proxies.ts';
import { interleaved } from './rounds.ts';
import { warmUpStreams } from './warm-up.ts';

const kinds = ['direct', 'nginx', 'haproxy', 'http-proxy', 'sidecar'] as const satisfies readonly ProxyKind[];
type Proxies = Readonly<Record<(typeof kinds)[number], StartedProxy>>;
const everyMs = 20;
/** Of each kind of load, behind the warm-up of all. */
const WARM_UP_ROUNDS = 1;

export const eventStreams: Bench = {
  name: 'stream',
  title: 'Event streams: 150-byte events, one each 20 ms on every stream',
  packages: { nginx: 'nginx-light', haproxy: 'haproxy' },
  async run(context) {
    const port = await startEventUpstream(context);
    const proxies = await startProxies(context, kinds, port);
    await warmUpStreams(context, proxies, 100);
    const figures = [...(await firstEvent(context, proxies))];
    for (const streams of [1, 32, 100]) figures.push(...(await steady(context, proxies, streams)));
    return figures;
  },
};

async function startEventUpstream(context: BenchContext): Promise<number> {
  const port = await freePort();
  const file = fileURLToPath(new URL('./programs/event-upstream.ts', import.meta.url));
  context.use(new PinnedProcess('event-upstream', context.cores.around, [process.execPath, file, String(port)]));
  await untilAnswering(port);
  return port;
}

async function firstEvent(context: BenchContext, proxies: Proxies): Promise<readonly Figure[]> {
  const { p50, p99 } = await interleaved({
    subjects: kinds,
    measures: ['p50', 'p99'],
    rounds: context.rounds,
    warmUpRounds: WARM_UP_ROUNDS,
    progress: (line) => context.progress(`first event, ${line}`),
    measure: (kind) => runLoad<{ p50: number; p99: number }>(context, 'first-event-load', proxies[kind].port, 200),
  });
  return [
    { name: 'time to first event, p50', unit: 'microseconds', values: p50, digits: 0, goals: [] },
    { name: 'time to first event, p99', unit: 'microseconds', values: p99, digits: 0, goals: [] },
  ];
}

interface EventTimes {
  readonly events: number;
  readonly merged: number;
  readonly p50: number;
  readonly p99: number;
}

async function steady(context: BenchContext, proxies: Proxies, streams: number): Promise<readonly Figure[]> {
  const events = Math.ceil((context.seconds * 1000) / everyMs);
  const { p50, p99, cpu, merged } = await interleaved({
    subjects: kinds,
    measures: ['p50', 'p99', 'cpu', 'merged'],
    rounds: context.rounds,
    warmUpRounds: WARM_UP_ROUNDS,
    progress: (line) => context.progress(`${streams} streams, ${line}`),
    measure: async (kind) => {
      const { port, process } = proxies[kind];
      const before = process?.cpuSeconds() ?? 0;
      const times = await runLoad<EventTimes>(context, 'event-load', port, streams, everyMs, events);
      return { ...times, cpu: (((process?.cpuSeconds() ?? 0) - before) / times.events) * 100_000 };
    },
  });
  const { direct: _, ...proxied } = cpu;
  const isHeldToGoals = streams === 100;
  return [
    { name: `time of an event, p50, ${streams} streams`, unit: 'microseconds', values: p50, digits: 0, goals: [] },
    {
      name: `time of an event, p99, ${streams} streams`,
      unit: 'microseconds',
      values: p99,
      digits: 0,
      goals: isHeldToGoals ? [atMostAbove(p99, 'sidecar', 'nginx', 1000)] : [],
    },
    {
      name: `CPU of the proxy per 100,000 events, ${streams} streams`,
      unit: 's',
      values: proxied,
      goals: isHeldToGoals ? [atMostTimes(proxied, 'sidecar', 'nginx', 1.4)] : [],
    },
    { name: `chunks with several events, ${streams} streams`, unit: 'chunks', values: merged, digits: 0, goals: [] },
  ];
}
