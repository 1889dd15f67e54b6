// A pod with a native sidecar on the loopback cluster: who starts first, who is restarted alone, who goes last. The order of the end is
// the one measured on a real kubelet: /drain at the sidecar -> answered -> SIGTERM to the model -> SIGTERM to the sidecar.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, fake, isReady, kinds, type Loopback, namespace, startLoopback } from '../support/loopback-node.ts';

let cluster: Loopback;
beforeAll(async () => {
  cluster = await startLoopback();
});
afterAll(() => cluster.stop());

const sidecar = fake(
  'sidecar',
  {
    restartPolicy: 'Always',
    ports: [{ name: 'admin', containerPort: 9090 }],
    startupProbe: { httpGet: { path: '/healthz', port: 9090 }, periodSeconds: 1, failureThreshold: 300 },
  },
  { PORT: '9090' },
);
const model = fake('model', {
  readinessProbe: { httpGet: { path: '/ready', port: 9090 }, periodSeconds: 1, failureThreshold: 1 },
  lifecycle: { preStop: { httpGet: { path: '/drain', port: 9090 } } },
});

describe('a native sidecar', () => {
  it('has started before the model container begins', async () => {
    await cluster.createPod('pair', { nodeName: 'node-1', initContainers: [sidecar], containers: [model] });
    const pod = await cluster.podUntil('pair', isReady);
    const probed = await cluster.happened('sidecar', 'answered /healthz');
    const started = await cluster.happened('model', 'started');
    expect(probed.at).toBeLessThanOrEqual(started.at);
    expect(pod.status?.initContainerStatuses?.[0]).toMatchObject({
      name: 'sidecar',
      ready: true,
      started: true,
      restartCount: 0,
    });
    expect(pod.status?.conditions?.map((condition) => condition.type)).toContain('Initialized');
  });

  it('is restarted alone when it dies', async () => {
    const before = await cluster.pod('pair');
    cluster.node.container('default', 'pair', 'sidecar')?.kill('SIGKILL');
    const after = await cluster.podUntil(
      'pair',
      (pod) => pod.status?.initContainerStatuses?.[0]?.restartCount === 1 && isReady(pod),
    );
    expect(after.status?.initContainerStatuses?.[0]?.lastState.terminated).toMatchObject({
      exitCode: 137,
      reason: 'Error',
    });
    expect(after.status?.containerStatuses?.[0]?.containerID).toBe(before.status?.containerStatuses?.[0]?.containerID);
    expect(after.status?.phase).toBe('Running');
  });

  it('serves the preStop of the model container and ends after it', async () => {
    const pod = await cluster.pod('pair');
    await ask(pod, '/set?path=/drain&status=200&afterMs=600', 9090);
    await cluster.client.delete(kinds.pods, { namespace, name: 'pair' });
    await cluster.podGone('pair');
    const at = async (name: string, event: string) => (await cluster.happened(name, event)).at;
    const order = [
      await at('sidecar', 'GET /drain'),
      await at('sidecar', 'answered /drain'),
      await at('model', 'SIGTERM'),
      await at('sidecar', 'SIGTERM'),
    ];
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect((order[1] ?? 0) - (order[0] ?? 0)).toBeGreaterThanOrEqual(550);
    expect(cluster.errors).toEqual([]);
  });

  it('gets SIGTERM only when the model container has ended, however long that takes', async () => {
    const slow = fake('slow-model', {}, { TERM_MS: '700', PORT: '8001' });
    const waiting = fake('waiting-sidecar', { restartPolicy: 'Always' }, { PORT: '9091' });
    await cluster.createPod('slow', { nodeName: 'node-1', initContainers: [waiting], containers: [slow] });
    await cluster.podUntil('slow', isReady);
    await cluster.happened('slow-model', 'listening');
    await cluster.client.delete(kinds.pods, { namespace, name: 'slow' });
    await cluster.podGone('slow');
    expect((await cluster.happened('waiting-sidecar', 'SIGTERM')).at).toBeGreaterThanOrEqual(
      (await cluster.happened('slow-model', 'exit')).at,
    );
  });
});

describe('the address of a pod', () => {
  it('is told when the first container has started, its postStart over', async () => {
    const note = '{"at":0,"name":"slow-start","event":"postStart over","pid":0}';
    const exec = { command: ['sh', '-c', `sleep 1; echo '${note}' >> $JOURNAL`] };
    const slow = fake('slow-start', { lifecycle: { postStart: { exec } }, restartPolicy: 'Always' });
    const containers = [fake('behind', {}, { PORT: '8001' })];
    await cluster.createPod('told-late', { nodeName: 'node-1', initContainers: [slow], containers });
    await cluster.podUntil('told-late', (pod) => pod.status?.podIP !== undefined);
    expect(cluster.journal().map(({ event }) => event)).toContain('postStart over');
  });
});
