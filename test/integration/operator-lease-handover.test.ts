// Two operators: one works, the other watches. A killed leader is replaced once its Lease has run out, one that stops hands over
// at once, and one that cannot renew ends. At no time do two write.
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { echo, startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld({ withoutControllers: true });
});
afterEach(() => world?.close());

/** What is about its end should not take long. */
const short = { OPERATOR_LEASE_SECONDS: '3' };

interface Lease {
  readonly spec: { readonly holderIdentity?: string; readonly leaseTransitions: number; readonly renewTime: string };
}
const lease = () => world.json<Lease>('get', 'lease', 'inference-operator');
const holder = (name: string) =>
  eventually(async () => expect((await lease()).spec.holderIdentity).toBe(name), { deadlineMs: 60_000, everyMs: 100 });
const isMade = (name: string) =>
  eventually(() => world.kubectl('get', 'deployment', name), { deadlineMs: 60_000, everyMs: 200 });

test('a leader that is killed is replaced within its Lease, and the work goes on', async () => {
  const first = world.spawnOperator({ OPERATOR_IDENTITY: 'first', OPERATOR_LEASE_SECONDS: '6' });
  await holder('first');
  // It looks at its own pace and waits for the first one's time, whatever its own is.
  await world.startOperator({ OPERATOR_IDENTITY: 'second', OPERATOR_LEASE_SECONDS: '15' });
  first.kill('SIGKILL');
  const killedAt = performance.now();
  await world.apply(echo('made-by-second'));
  await isMade('made-by-second');
  expect(performance.now() - killedAt).toBeGreaterThan(1_500);
  expect((await lease()).spec).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 });
});

test('a leader that is told to stop hands over at once', async () => {
  const env = { OPERATOR_LEASE_SECONDS: '3600' };
  const first = await world.startOperator({ ...env, OPERATOR_IDENTITY: 'first' });
  await holder('first');
  await first.stop();
  expect((await lease()).spec.holderIdentity ?? '').toBe('');
  await world.startOperator({ ...env, OPERATOR_IDENTITY: 'second' });
  await holder('second');
});

test('the second writes nothing while the first leads', async () => {
  await world.startOperator({ OPERATOR_IDENTITY: 'first' });
  await holder('first');
  const second = await world.startOperator({ OPERATOR_IDENTITY: 'second' });
  await eventually(async () => expect((await second.get('/readyz')).status).toBe(200));
  await world.apply(echo('one'));
  await isMade('one');
  const metrics = await second.metrics();
  expect(metrics).toMatch(/^inference_operator_leader 0$/m);
  expect(metrics).toMatch(/inference_operator_api_calls_total\{verb="patch",code="2xx"\} 0/);
  expect(metrics).toMatch(/^inference_operator_deployments 1$/m);
});

testThatNeeds('faults')('a leader that cannot renew ends with exit code 1 before anyone else may lead', async () => {
  const operator = world.spawnOperator({ ...short, OPERATOR_IDENTITY: 'first' });
  const exited = once(operator, 'exit');
  await holder('first');
  const before = (await lease()).spec.renewTime;
  world.api.faults.failNext(10_000, 503, ({ path, method }) => path.includes('/leases') && method === 'PUT');
  const [code] = (await exited) as [number];
  expect(code).toBe(1);
  expect(Date.now() - Date.parse(before)).toBeLessThan(30_000);
});

test('a leader whose Lease was taken ends', async () => {
  const operator = world.spawnOperator({ OPERATOR_IDENTITY: 'first', OPERATOR_LEASE_SECONDS: '15' });
  const exited = once(operator, 'exit');
  await holder('first');
  await eventually(() =>
    world.kubectl('patch', 'lease', 'inference-operator', '--type=merge', '-p', '{"spec":{"holderIdentity":"thief"}}'),
  );
  const [code] = (await exited) as [number];
  expect(code).toBe(1);
  expect((await lease()).spec.holderIdentity).toBe('thief');
});
