// Bench "queue": the store without HTTP, beside BullMQ on the same Redis: accepted requests a second, and whole trips (accepted,
// claimed, completed with a kept result).
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Bench, BenchContext } from './bench.ts';
import { atLeastTimes, atMostTimes, type Figure } from './figure.ts';
import { type LoadMode, LoadProcess } from './queues/load-process.ts';
import { type Fsync, type RedisProcess, startRedis } from './redis-process.ts';
import { interleaved } from './rounds.ts';

const subjects = ['redis everysec', 'redis always', 'sqlite full', 'bullmq everysec', 'bullmq always'] as const;
type Subject = (typeof subjects)[number];
type Servers = Readonly<Record<Fsync, RedisProcess>>;
type Loads = Readonly<Partial<Record<Subject, LoadProcess>>>;

/**
 * Node's compilers are done with a queue's path after about as many requests, on a slow machine too; the guard has a minute for
 * everything. A window after that begins as soon as its queue is under load.
 */
const warmAfter = { bench: 60_000, guard: 15_000 } as const;
const loadedAfter = 500;

export const queueStore: Bench = {
  name: 'queue',
  title: 'The queue at its own interface: 16 submitters, 32 workers that do nothing, 300 bytes in, 1 KiB of result',
  packages: { 'redis-server': 'redis-server', 'redis-cli': 'redis-tools' },
  guardPackages: { 'redis-server': 'redis-server' },
  async run(context) {
    const servers = { everysec: await startRedis(context, 'everysec'), always: await startRedis(context, 'always') };
    const accepting = await started(context, servers, 'accept');
    const figures = [...(await accepts(context, servers, accepting))];
    if (!context.isGuard) figures.push(...(await acceptsWithWaiting(context, servers, accepting)));
    for (const load of Object.values(accepting)) await load.stop();
    return [...figures, ...(await trips(context, servers, await started(context, servers, 'trip')))];
  },
};

/** Redis everysec alone does not wait for the disk. */
const chosen = ({ isGuard }: BenchContext): readonly Subject[] =>
  isGuard ? ['redis everysec', 'bullmq everysec'] : subjects;

async function accepts(context: BenchContext, servers: Servers, loads: Loads): Promise<readonly Figure[]> {
  const { perSecond, cpuPer10000, redisCpuPer10000 } = await measured(
    context,
    servers,
    loads,
    chosen(context),
    'accept',
  );
  const goals = [
    atLeastTimes(perSecond, 'redis everysec', 'bullmq everysec', 2),
    ...(context.isGuard ? [] : [atLeastTimes(perSecond, 'redis always', 'bullmq always', 2)]),
  ];
  return [
    { name: 'accepted', unit: 'requests/s', values: perSecond, digits: 0, goals },
    { name: 'Node CPU per 10,000 accepted', unit: 's', values: cpuPer10000, goals: cpuGoals(context, cpuPer10000) },
    { name: 'Redis CPU per 10,000 accepted', unit: 's', values: ofRedis(redisCpuPer10000), goals: [] },
  ];
}

async function trips(context: BenchContext, servers: Servers, loads: Loads): Promise<readonly Figure[]> {
  const values = await measured(context, servers, loads, chosen(context), 'trip');
  const { perSecond, acceptP99Ms, cpuPer10000, redisCpuPer10000 } = values;
  const goals = [
    atLeastTimes(perSecond, 'redis everysec', 'bullmq everysec', 2.5),
    ...(context.isGuard ? [] : goalsOnDisk(perSecond)),
  ];
  return [
    { name: 'accepted, claimed and completed', unit: 'requests/s', values: perSecond, digits: 0, goals },
    { name: 'accepting under that load, p99', unit: 'ms', values: acceptP99Ms, goals: [] },
    { name: 'Node CPU per 10,000 trips', unit: 's', values: cpuPer10000, goals: cpuGoals(context, cpuPer10000) },
    { name: 'Redis CPU per 10,000 trips', unit: 's', values: ofRedis(redisCpuPer10000), goals: [] },
  ];
}

const ofRedis = (values: Figure['values']): Figure['values'] =>
  Object.fromEntries(Object.entries(values).filter(([subject]) => !subject.startsWith('sqlite')));

/** For the guard: CPU is accounted alike however busy the machine is. */
const cpuGoals = ({ isGuard }: BenchContext, cpu: Figure['values']) =>
  isGuard ? [atMostTimes(cpu, 'redis everysec', 'bullmq everysec', 0.75)] : [];

const goalsOnDisk = (perSecond: Figure['values']) => [
  atLeastTimes(perSecond, 'redis always', 'bullmq always', 2.5),
  atLeastTimes(perSecond, 'sqlite full', 'bullmq everysec', 3.5),
];

/** The same whatever waits already: what is slow with a long line fails when it is needed most. */
async function acceptsWithWaiting(context: BenchContext, servers: Servers, loads: Loads): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const waiting of [10, 10_000, 1_000_000]) {
    // A million takes each of them half a minute to accept.
    const few = { ...context, rounds: Math.min(waiting > 10_000 ? 2 : 3, context.rounds) };
    const some = ['redis everysec', 'sqlite full', 'bullmq everysec'] as const;
    const { acceptP50Ms, acceptP99Ms } = await measured(few, servers, loads, some, 'accept', waiting);
    const among = `with ${waiting.toLocaleString('en')} waiting`;
    figures.push({ name: `accepting ${among}, p50`, unit: 'ms', values: acceptP50Ms, goals: [] });
    figures.push({ name: `accepting ${among}, p99`, unit: 'ms', values: acceptP99Ms, goals: [] });
  }
  return figures;
}

/** A process for each subject, warm. */
async function started(context: BenchContext, servers: Servers, mode: LoadMode): Promise<Loads> {
  const loads: Partial<Record<Subject, LoadProcess>> = {};
  for (const subject of chosen(context)) {
    context.progress(`${mode}, warming up: ${subject}`);
    const { kind, server } = partsOf(subject, servers);
    const address = kind === 'sqlite' ? mkdtempSync(join(context.folder, 'sqlite-')) : server.url;
    const load = context.use(new LoadProcess(context, kind, address, mode, kind === 'sqlite' ? 0 : server.process.pid));
    const after = context.isGuard ? warmAfter.guard : warmAfter.bench;
    await load.measure({ seconds: 0.5, waiting: 0, after });
    await emptied(server);
    loads[subject] = load;
  }
  return loads;
}

function measured(
  context: BenchContext,
  servers: Servers,
  loads: Loads,
  some: readonly Subject[],
  mode: LoadMode,
  waiting = 0,
) {
  return interleaved({
    subjects: some,
    measures: ['perSecond', 'acceptP50Ms', 'acceptP99Ms', 'cpuPer10000', 'redisCpuPer10000'],
    rounds: context.rounds,
    progress: (line) => context.progress(`${mode}${waiting > 0 ? ` with ${waiting} waiting` : ''}, ${line}`),
    measure: async (subject) => {
      const figures = await loads[subject]?.measure({ seconds: context.seconds, waiting, after: loadedAfter });
      if (figures === undefined) throw new Error(`${subject} was not started`);
      await emptied(partsOf(subject, servers).server);
      return { ...figures };
    },
  });
}

/** SQLite has no server; to empty one does it no harm. */
function partsOf(subject: Subject, servers: Servers): { readonly kind: string; readonly server: RedisProcess } {
  const [kind = '', fsync = ''] = subject.split(' ');
  return { kind, server: servers[fsync === 'always' ? 'always' : 'everysec'] };
}

/** With an append-only file that begins anew: it is not rewritten by itself meanwhile (redis-process.ts). */
async function emptied({ url }: RedisProcess): Promise<void> {
  const redis = new Redis(url);
  await redis.flushall();
  await redis.bgrewriteaof();
  while (/aof_rewrite_in_progress:1|aof_rewrite_scheduled:1/.test(await redis.info('persistence'))) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  redis.disconnect();
}
