// Bench "queue": the store without HTTP, beside BullMQ on the same Redis: accepted requests a second, and whole trips (accepted,
// claimed, completed with a kept result).
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, BenchContext } from './bench.ts';
import { atLeastTimes, atMostTimes, type Figure } from './figure.ts';
import { runLoad } from './load-program.ts';
import { type Fsync, type RedisProcess, startRedis } from './redis-process.ts';
import { interleaved } from './rounds.ts';

const subjects = ['redis everysec', 'redis always', 'sqlite full', 'bullmq everysec', 'bullmq always'] as const;
type Subject = (typeof subjects)[number];
type Servers = Readonly<Record<Fsync, RedisProcess>>;

interface QueueFigures {
  readonly perSecond: number;
  readonly acceptP50Ms: number;
  readonly acceptP99Ms: number;
  readonly cpuPer10000: number;
}

export const queueStore: Bench = {
  name: 'queue',
  title: 'The queue at its own interface: 16 submitters, 32 workers that do nothing, 300 bytes in, 1 KiB of result',
  packages: { 'redis-server': 'redis-server', 'redis-cli': 'redis-tools' },
  guardPackages: { 'redis-server': 'redis-server' },
  async run(context) {
    const servers = { everysec: await startRedis(context, 'everysec'), always: await startRedis(context, 'always') };
    const figures = [...(await accepts(context, servers)), ...(await trips(context, servers))];
    return context.isGuard ? figures : [...figures, ...(await acceptsWithWaiting(context, servers))];
  },
};

/** Redis everysec alone does not wait for the disk. */
const chosen = ({ isGuard }: BenchContext): readonly Subject[] =>
  isGuard ? ['redis everysec', 'bullmq everysec'] : subjects;

async function accepts(context: BenchContext, servers: Servers): Promise<readonly Figure[]> {
  const { perSecond, cpuPer10000 } = await measured(context, servers, chosen(context), 'accept');
  const goals = [
    atLeastTimes(perSecond, 'redis everysec', 'bullmq everysec', 2),
    ...(context.isGuard ? [] : [atLeastTimes(perSecond, 'redis always', 'bullmq always', 2)]),
  ];
  return [
    { name: 'accepted', unit: 'requests/s', values: perSecond, digits: 0, goals },
    { name: 'Node CPU per 10,000 accepted', unit: 's', values: cpuPer10000, goals: cpuGoals(context, cpuPer10000) },
  ];
}

async function trips(context: BenchContext, servers: Servers): Promise<readonly Figure[]> {
  const { perSecond, acceptP99Ms, cpuPer10000 } = await measured(context, servers, chosen(context), 'trip');
  const goals = [
    atLeastTimes(perSecond, 'redis everysec', 'bullmq everysec', 2.5),
    ...(context.isGuard ? [] : goalsOnDisk(perSecond)),
  ];
  return [
    { name: 'accepted, claimed and completed', unit: 'requests/s', values: perSecond, digits: 0, goals },
    { name: 'accepting under that load, p99', unit: 'ms', values: acceptP99Ms, goals: [] },
    { name: 'Node CPU per 10,000 trips', unit: 's', values: cpuPer10000, goals: cpuGoals(context, cpuPer10000) },
  ];
}

/** For the guard: CPU is accounted alike however busy the machine is. */
const cpuGoals = ({ isGuard }: BenchContext, cpu: Figure['values']) =>
  isGuard ? [atMostTimes(cpu, 'redis everysec', 'bullmq everysec', 0.75)] : [];

const goalsOnDisk = (perSecond: Figure['values']) => [
  atLeastTimes(perSecond, 'redis always', 'bullmq always', 2.5),
  atLeastTimes(perSecond, 'sqlite full', 'bullmq everysec', 3.5),
];

/** The same whatever waits already: what is slow with a long line fails when it is needed most. */
async function acceptsWithWaiting(context: BenchContext, servers: Servers): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const waiting of [10, 10_000, 100_000]) {
    const few = { ...context, rounds: Math.min(3, context.rounds) };
    const chosen = ['redis everysec', 'sqlite full', 'bullmq everysec'] as const;
    const { acceptP50Ms, acceptP99Ms } = await measured(few, servers, chosen, 'accept', waiting);
    const among = `with ${waiting.toLocaleString('en')} waiting`;
    figures.push({ name: `accepting ${among}, p50`, unit: 'ms', values: acceptP50Ms, goals: [] });
    figures.push({ name: `accepting ${among}, p99`, unit: 'ms', values: acceptP99Ms, goals: [] });
  }
  return figures;
}

function measured(
  context: BenchContext,
  servers: Servers,
  chosen: readonly Subject[],
  mode: 'accept' | 'trip',
  waiting = 0,
) {
  return interleaved({
    subjects: chosen,
    measures: ['perSecond', 'acceptP50Ms', 'acceptP99Ms', 'cpuPer10000'],
    rounds: context.rounds,
    progress: (line) => context.progress(`${mode}${waiting > 0 ? ` with ${waiting} waiting` : ''}, ${line}`),
    measure: async (subject) => {
      const [kind = '', fsync = ''] = subject.split(' ');
      const address = kind === 'sqlite' ? mkdtempSync(join(context.folder, 'sqlite-')) : servers[fsync as Fsync].url;
      // The program that holds the queue is what is measured: it gets the core of the measured.
      const turned = { ...context, cores: { measured: context.cores.around, around: context.cores.measured } };
      const figures = await runLoad<QueueFigures>(turned, 'queue-load', kind, address, mode, context.seconds, waiting);
      if (kind !== 'sqlite') await emptied(servers[fsync as Fsync]);
      return { ...figures };
    },
  });
}

async function emptied({ url }: RedisProcess): Promise<void> {
  const { Redis } = await import('ioredis');
  const redis = new Redis(url);
  await redis.flushall();
  redis.disconnect();
}
