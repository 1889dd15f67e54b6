// Watches survive whatever the API server does to them: cut, ended, refused, compacted, away for a while. Nothing is lost,
// and taking a watch up again rewrites nothing.
import { afterAll, beforeAll, expect } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { echo, startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

const test = testThatNeeds('faults', 'request log');
let world: World;
beforeAll(async () => {
  world = await startWorld({ withoutControllers: true });
  await world.startOperator();
  await world.apply(echo('first'));
  await isMade('first');
});
afterAll(() => world?.close());

const isMade = (name: string) =>
  eventually(() => world.kubectl('get', 'deployment', name), { deadlineMs: 60_000, everyMs: 200 });
const fromOperator = ({ userAgent }: { readonly userAgent: string }) => userAgent === 'inference-operator';
const isOperatorsWatch = (request: { readonly isWatch: boolean; readonly userAgent: string }) =>
  request.isWatch && fromOperator(request);
const writes = () => world.api.requests.writes((entry) => fromOperator(entry) && !entry.path.includes('/leases'));
let count = 0;

/** After the trouble the operator sees a new object, and has written nothing to the old one. */
async function stillWorks(): Promise<void> {
  const name = `after-${++count}`;
  await world.apply(echo(name));
  await isMade(name);
  expect(writes().filter(({ path }) => path.includes('/first'))).toEqual([]);
}

test.each(['cut', 'end'] as const)('all watches are %s', async (how) => {
  world.api.requests.clear();
  await eventually(() => expect(world.api.faults.openWatches).toBeGreaterThan(8), { deadlineMs: 60_000 });
  expect(world.api.faults.dropWatches(how)).toBeGreaterThan(8);
  await stillWorks();
});

test.each([500, 503, 429, 'reset', 401, 403] as const)('watches are answered %s for a while', async (failure) => {
  world.api.requests.clear();
  world.api.faults.failNext(20, failure, isOperatorsWatch);
  world.api.faults.dropWatches();
  await stillWorks();
});

test('the history is compacted while watches are down: 410, a new list, and no rewrite', async () => {
  world.api.requests.clear();
  world.api.faults.failNext(12, 503, isOperatorsWatch);
  world.api.faults.dropWatches();
  await world.apply(echo('meanwhile'));
  world.api.compact();
  await isMade('meanwhile');
  await stillWorks();
});

test('lists fail as well', async () => {
  world.api.requests.clear();
  world.api.faults.failNext(
    20,
    500,
    (request) => fromOperator(request) && request.method === 'GET' && !request.path.includes('/leases'),
  );
  world.api.compact();
  world.api.faults.dropWatches();
  await stillWorks();
});

test('what was deleted while watches were down is known to be gone', async () => {
  world.api.faults.failNext(12, 503, isOperatorsWatch);
  world.api.faults.dropWatches();
  await world.kubectl('delete', 'service', 'first');
  await eventually(() => world.kubectl('get', 'service', 'first'), { deadlineMs: 60_000, everyMs: 200 });
});
