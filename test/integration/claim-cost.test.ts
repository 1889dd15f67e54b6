// A claim costs the same whether a hundred or a million requests wait, on both stores; printed, with the memory of a
// waiting one. They are written by a fast path (one script, one statement), which makes the same records as submit does.
// WAITING=... changes the number.
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Database } from '../../sidecar/store/sqlite/database.ts';
import type { Store } from '../../sidecar/store/store.ts';
import { TestRedis } from '../support/redis.ts';
import { leaseMs, StoreKit, submission } from '../support/stores.ts';

const many = Number(process.env.WAITING ?? 1_000_000);
const few = 100;
const rounds = 300;
const tries = 3;
/** Times as much among many as among few. */
const tolerated = 1.5;
const kits: StoreKit[] = [];
let redis: TestRedis;

beforeAll(async () => {
  redis = await TestRedis.start({});
});
afterAll(async () => {
  for (const kit of kits) await kit.close();
  await redis.stop();
});

function kitOf(kind: 'sqlite' | 'redis'): StoreKit {
  const kit = new StoreKit(kind, kind === 'redis' ? redis.url : '');
  kits.push(kit);
  return kit;
}

it('Redis', { timeout: 900_000 }, async () => {
  const [small, large] = [kitOf('redis'), kitOf('redis')];
  const [a, b] = [await small.open({ maxQueue: 1e9 }), await large.open({ maxQueue: 1e9 })];
  await b.submit(submission({ id: 'like-this' }));
  const before = usedMemory();
  const script = `
    local base, n, from = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
    local record = redis.call('GET', base .. ':r:like-this')
    local ends = redis.call('PTTL', base .. ':r:like-this')
    local deadline = redis.call('ZSCORE', base .. ':deadlines', 'like-this')
    local place = redis.call('ZSCORE', base .. ':waiting', 'like-this')
    for i = 1, n do
      local seq = from + i
      local id = string.format('00000000-0000-4000-8000-%012d', seq)
      redis.call('SET', base .. ':r:' .. id, record, 'PX', ends)
      redis.call('ZADD', base .. ':waiting', string.format('%d', place + seq), id)
      redis.call('ZADD', base .. ':deadlines', deadline, id)
    end
    redis.call('HINCRBY', base, 'seq', n)
    return 1`;
  for (let from = 1; from <= many; from += 20_000) {
    redis.cli('EVAL', script, '1', large.keyPrefix, String(Math.min(20_000, many - from + 1)), String(from));
  }
  const bytesEach = (usedMemory() - before) / many;
  expect((await b.figures()).queued).toBe(many + 1);
  report('Redis', await compare(a, b), `${Math.round(bytesEach)} bytes of Redis memory`);
});

it('SQLite', { timeout: 900_000 }, async () => {
  const [small, large] = [kitOf('sqlite'), kitOf('sqlite')];
  const first = await large.open({ maxQueue: 1e9 });
  await first.submit(submission({ id: 'like-this' }));
  await first.close();
  const path = `${large.directory}/${large.name}.db`;
  const database = Database.open(path, `default/${large.name}`);
  const columns = database.all<{ name: string }>(`SELECT name FROM pragma_table_info('requests')`);
  const others = columns.flatMap(({ name }) => (name === 'seq' || name === 'id' ? [] : name)).join();
  database.exec(`
    BEGIN;
    WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= ${many})
    INSERT INTO requests (seq, id, ${others})
    SELECT i, printf('00000000-0000-4000-8000-%012d', i), ${others} FROM n, (SELECT * FROM requests WHERE seq = 1);
    INSERT INTO payloads (seq, bytes) SELECT r.seq, p.bytes FROM requests r, (SELECT bytes FROM payloads WHERE seq = 1) p
      WHERE r.seq > 1;
    COMMIT`);
  const { bytes = 0 } = database.get<{ bytes: number }>(
    'SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size',
  ) ?? { bytes: 0 };
  database.close();
  const [a, b] = [await small.open({ maxQueue: 1e9 }), await large.open({ maxQueue: 1e9 })];
  expect((await b.figures()).queued).toBe(many + 1);
  report('SQLite', await compare(a, b), `${Math.round(bytes / many)} bytes of file`);
  for (const kit of [small, large]) rmSync(kit.directory, { recursive: true, force: true });
});

interface Cost {
  readonly few: number;
  readonly many: number;
}

/** The best of three: a claim that costs more among many does so each time, a neighbour's work is over at the next. */
async function compare(small: Store, large: Store): Promise<Cost & { readonly position: number }> {
  for (let i = 0; i < few; i++) await small.submit(submission());
  const costs = [await inTurn(small, large)];
  while (costs.length < tries && ratioOf(costs.at(-1) as Cost) >= tolerated) costs.push(await inTurn(small, large));
  const best = costs.sort((a, b) => ratioOf(a) - ratioOf(b))[0] as Cost;
  const last = submission();
  await large.submit(last);
  const position = await timed(async () => {
    expect((await large.status(last.id))?.position).toBeGreaterThan(many - costs.length * rounds - 5);
  });
  return { ...best, position };
}

/** Claims one by one from both in turn, so that whatever else the machine does hits both alike. Medians in microseconds. */
async function inTurn(small: Store, large: Store): Promise<Cost> {
  const times: { few: number[]; many: number[] } = { few: [], many: [] };
  for (let i = 0; i < rounds; i++) {
    times.few.push(await timed(() => claim(small)));
    times.many.push(await timed(() => claim(large)));
    await small.submit(submission());
  }
  return { few: median(times.few), many: median(times.many) };
}

const ratioOf = (cost: Cost): number => cost.many / cost.few;

async function claim(store: Store): Promise<void> {
  const { claims } = await store.claim({ max: 1, worker: 'test', leaseMs });
  expect(claims).toHaveLength(1);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) * 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function report(store: string, cost: { few: number; many: number; position: number }, memory: string): void {
  const ratio = ratioOf(cost);
  console.log(
    `${store}: a claim takes ${cost.few.toFixed(0)} us with ${few} waiting, ${cost.many.toFixed(0)} us with ${many} ` +
      `(${ratio.toFixed(2)} times); position of the last ${cost.position.toFixed(0)} us; a waiting request takes ${memory}`,
  );
  expect(ratio).toBeLessThan(tolerated);
}

function usedMemory(): number {
  return Number(/used_memory:(\d+)/.exec(redis.cli('INFO', 'memory'))?.[1]);
}
