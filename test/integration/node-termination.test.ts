// The end of a pod on the loopback cluster: one grace period pays for preStop and SIGTERM, then comes SIGKILL; nothing stays behind.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import {
  ask,
  fake,
  isAlive,
  isReady,
  kinds,
  type Loopback,
  namespace,
  startLoopback,
} from '../support/loopback-node.ts';

let cluster: Loopback;
beforeAll(async () => {
  cluster = await startLoopback();
});
afterAll(() => cluster.stop());

async function begin(name: string, container: ReturnType<typeof fake>, graceSeconds: number) {
  await cluster.createPod(name, {
    nodeName: 'node-1',
    containers: [container],
    terminationGracePeriodSeconds: graceSeconds,
  });
  const pod = await cluster.podUntil(name, isReady);
  const { pid } = await cluster.happened(container.name, 'listening');
  return { pod, pid };
}
const remove = (name: string, options = {}) => cluster.client.delete(kinds.pods, { namespace, name }, options);

describe('a pod that is deleted', () => {
  it('is marked, told with SIGTERM, and gone only when its container has ended', async () => {
    const { pod, pid } = await begin('polite', fake('polite', {}, { TERM_MS: 'never' }), 120);
    const marked = await remove('polite');
    expect(marked?.metadata).toMatchObject({ deletionGracePeriodSeconds: 120 });
    await cluster.happened('polite', 'SIGTERM');
    expect((await cluster.pod('polite')).metadata.deletionTimestamp).toBeDefined();
    await ask(pod, '/exit?code=0').catch(() => undefined);
    await cluster.podGone('polite');
    expect(cluster.journal().some((entry) => entry.name === 'polite' && entry.event === 'exit')).toBe(true);
    expect(isAlive(pid)).toBe(false);
    expect((await cluster.eventsOf('polite')).map((event) => event.message)).toContain('Stopping container polite');
  });

  it('is killed when its grace is over', async () => {
    const { pid } = await begin('stubborn', fake('stubborn', {}, { TERM_MS: 'never' }), 2);
    await remove('stubborn');
    const told = await cluster.happened('stubborn', 'SIGTERM');
    await cluster.podGone('stubborn');
    expect(Date.now() - told.at).toBeGreaterThanOrEqual(1_900);
    expect(isAlive(pid)).toBe(false);
  });

  it('has only what preStop left of its grace for SIGTERM, two seconds at the least', async () => {
    const hook = { preStop: { httpGet: { path: '/drain', port: 8000 } } };
    const { pod } = await begin('drained', fake('drained', { lifecycle: hook }, { TERM_MS: 'never' }), 7);
    await ask(pod, '/set?path=/drain&status=200&afterMs=60000');
    await remove('drained');
    const asked = await cluster.happened('drained', 'GET /drain');
    const told = await cluster.happened('drained', 'SIGTERM');
    await cluster.podGone('drained');
    const killedAfterMs = Date.now() - told.at;
    expect(told.at - asked.at).toBeGreaterThanOrEqual(6_800);
    expect(killedAfterMs).toBeGreaterThanOrEqual(1_900);
    // A whole grace for SIGTERM would be seven seconds; what is above two is the machine's.
    expect(killedAfterMs).toBeLessThan(6_900);
    expect((await cluster.eventsOf('drained')).map((event) => event.reason)).toContain('FailedPreStopHook');
  });

  it('is hurried by a second deletion with a shorter grace', async () => {
    const { pid } = await begin('hurried', fake('hurried', {}, { TERM_MS: 'never' }), 600);
    await remove('hurried');
    await cluster.happened('hurried', 'SIGTERM');
    await remove('hurried', { gracePeriodSeconds: 1 });
    await cluster.podGone('hurried');
    expect(isAlive(pid)).toBe(false);
  });

  it('leaves the API at once when forced, its process soon after', async () => {
    const { pid } = await begin('forced', fake('forced', {}, { TERM_MS: 'never' }), 600);
    await remove('forced', { gracePeriodSeconds: 0 });
    await cluster.podGone('forced');
    await eventually(() => !isAlive(pid));
  });

  it('takes children of its containers with it', async () => {
    await begin('parent', fake('parent', {}, { CHILD: '1' }), 5);
    const child = Number(
      cluster
        .journal()
        .find((entry) => entry.name === 'parent' && entry.event.startsWith('child'))
        ?.event.split(' ')[1],
    );
    expect(isAlive(child)).toBe(true);
    await remove('parent');
    await cluster.podGone('parent');
    await eventually(() => !isAlive(child));
  });

  it('goes on answering readiness probes while it drains', async () => {
    const container = fake('draining', {
      readinessProbe: { httpGet: { path: '/ready', port: 8000 }, periodSeconds: 1, failureThreshold: 1 },
      lifecycle: { preStop: { httpGet: { path: '/drain', port: 8000 } } },
    });
    const { pod } = await begin('draining', container, 120);
    await ask(pod, '/set?path=/drain&held=1');
    await remove('draining');
    await cluster.happened('draining', 'GET /drain');
    await ask(pod, '/set?path=/ready&status=503');
    const unready = await cluster.podUntil('draining', (now) => !isReady(now));
    expect(unready.metadata.deletionTimestamp).toBeDefined();
    await ask(pod, '/release?path=/drain');
    await cluster.podGone('draining');
  });
});

it('a node that goes off takes every process with it', async () => {
  const other = await startLoopback();
  await other.createPod('left', {
    nodeName: 'node-1',
    containers: [fake('left', {}, { TERM_MS: 'never', CHILD: '1' })],
  });
  await other.podUntil('left', isReady);
  const { pid } = await other.happened('left', 'listening');
  await other.stop();
  expect(isAlive(pid)).toBe(false);
});
