// What the API server refuses or fails to do: outages are ridden out, a denied permission is named, conflicts are tried again.
import { afterAll, beforeAll, expect } from 'vitest';
import { freePort } from '../../dev/tools/free-port.ts';
import { eventually } from '../support/eventually.ts';
import { echo, startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

const test = testThatNeeds('faults', 'no controllers');
let world: World;
beforeAll(async () => {
  world = await startWorld({ withoutControllers: true });
  await world.startOperator({ OPERATOR_LEASE_SECONDS: '60' });
});
afterAll(() => world?.close());

interface Request {
  readonly method: string;
  readonly path: string;
  readonly userAgent: string;
}
const writes = (to: string) => (request: Request) =>
  request.userAgent === 'inference-operator' && request.method === 'PATCH' && request.path.includes(to);
const isWell = (name: string) =>
  world.until(name, ({ status }) => status?.observedGeneration === 1 && status.conditions?.[1]?.status === 'True');

test.each([500, 503, 429, 409, 504, 'reset'] as const)(
  'writes answered %s are tried again until they hold',
  async (failure) => {
    const name = `try-${failure}`;
    world.api.faults.failNext(4, failure, writes(`/${name}`));
    await world.apply(echo(name));
    await isWell(name);
    await world.kubectl('get', `deployment/${name}`, `service/${name}`, `networkpolicy/${name}`);
  },
);

test('an API server that hangs for a while', async () => {
  await world.apply(echo('hang'));
  world.api.faults.pause();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  world.api.faults.resume();
  await isWell('hang');
});

test('a denied permission is named with verb and resource, the rest is made', async () => {
  world.api.faults.failNext(1_000, 403, writes('/networkpolicies/denied'));
  await world.apply(echo('denied'));
  const seen = await world.until('denied', ({ status }) => status?.conditions?.[1]?.reason === 'PermissionDenied');
  expect(seen.status?.conditions?.[1]?.message).toContain('grant verb "patch" on "networkpolicies.networking.k8s.io"');
  expect(seen.status?.waitingFor).toBe('Permission');
  await world.kubectl('get', 'deployment/denied', 'service/denied');
  expect(await world.kubectl('describe', 'infdep', 'denied')).toMatch(/Warning\s+PermissionDenied/);
  world.api.faults.clear();
  await world.kubectl('annotate', 'infdep', 'denied', 'look=again');
  await isWell('denied');
});

test('without the right to list pods it is not ready, and its log names verb and resource', async () => {
  world.api.faults.failNext(
    100_000,
    403,
    ({ method, path, userAgent }) =>
      userAgent === 'inference-operator' && method === 'GET' && /\/v1\/pods\b/.test(path),
  );
  const port = await freePort();
  const second = world.spawnOperator({ OPERATOR_ADMIN_PORT: `${port}`, OPERATOR_LOG_LEVEL: 'warn' });
  let log = '';
  second.stdout?.on('data', (chunk: Buffer) => {
    log += chunk;
  });
  const readiness = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
    return `${answer.status} ${await answer.text()}`;
  };
  await eventually(
    async () => expect(await readiness()).toMatch(/^503 not listed yet \(see the log for why\): pods$/m),
    {
      deadlineMs: 60_000,
    },
  );
  await eventually(() => expect(log).toContain('cannot list pods: '));
  expect(await (await fetch(`http://127.0.0.1:${port}/healthz`)).text()).toBe('ok\n');
  world.api.faults.clear();
  await eventually(async () => expect(await readiness()).toBe('200 ok\n'), { deadlineMs: 90_000 });
});
