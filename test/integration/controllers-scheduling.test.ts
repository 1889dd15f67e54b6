// Pods, scarce GPUs and nodes of the loopback cluster: who waits, what it is told, who is let in when a GPU falls free; cordon, drain.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conditionOf } from '../../dev/cluster/conditions.ts';
import { clusterTools } from '../../dev/tools/kubectl-and-helm.ts';
import { eventually } from '../support/eventually.ts';
import { fake, isReady, kinds, type Loopback, namespace, startLoopback } from '../support/loopback-node.ts';

let cluster: Loopback;
beforeAll(async () => {
  cluster = await startLoopback({ nodes: [{ gpus: { count: 1, product: 'NVIDIA-L40S' } }, { gpus: { count: 1 } }] });
});
afterAll(() => cluster.stop());

const gpu = { resources: { limits: { 'nvidia.com/gpu': 1 } } };
const remove = (name: string) => cluster.client.delete(kinds.pods, { namespace, name });
const scheduled = (name: string) => cluster.podUntil(name, (pod) => conditionOf(pod, 'PodScheduled') !== undefined);

describe('scarce GPUs', () => {
  it('are shared out one pod each; the third waits and is told why', async () => {
    await cluster.createPod('one', { containers: [fake('one', gpu)] });
    await cluster.createPod('two', { containers: [fake('two', gpu)] });
    const [one, two] = [await cluster.podUntil('one', isReady), await cluster.podUntil('two', isReady)];
    expect([one.spec.nodeName, two.spec.nodeName].sort()).toEqual(['node-1', 'node-2']);
    await cluster.createPod('three', { containers: [fake('three', gpu)] });
    const message =
      '0/2 nodes are available: 2 Insufficient nvidia.com/gpu. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.';
    expect(conditionOf(await scheduled('three'), 'PodScheduled')).toMatchObject({
      status: 'False',
      reason: 'Unschedulable',
      message,
    });
    await eventually(async () =>
      (await cluster.eventsOf('three')).some(
        (event) => event.reason === 'FailedScheduling' && event.message === message,
      ),
    );
  });

  it('go to the waiting pod only when the one before has gone for good', async () => {
    // Ready without a probe is ready from the start, before the program listens to signals.
    await cluster.happened('one', 'started');
    await remove('one');
    const three = await cluster.podUntil('three', isReady);
    const [ended, started] = [await cluster.happened('one', 'SIGTERM'), await cluster.happened('three', 'started')];
    expect(started.at).toBeGreaterThanOrEqual(ended.at);
    await eventually(async () =>
      (await cluster.eventsOf('three')).some(
        (event) => event.message === `Successfully assigned default/three to ${three.spec.nodeName}`,
      ),
    );
  });

  it('of another product do not do', async () => {
    await remove('two');
    await remove('three');
    await cluster.podGone('two');
    await cluster.createPod('picky', {
      nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-L40S' },
      containers: [fake('picky', gpu)],
    });
    expect((await cluster.podUntil('picky', isReady)).spec.nodeName).toBe('node-1');
    await remove('picky');
    await cluster.podGone('picky');
  });
});

describe('a node that is drained', () => {
  const { kubectl: program } = clusterTools();
  const kubectl = (...args: string[]) => promisify(execFile)(program, [...args, '--kubeconfig', cluster.kubeconfig]);

  it('keeps its last pod as long as a disruption budget says so, then lets it go elsewhere', async () => {
    await cluster.createDeployment({
      metadata: { name: 'served' },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'served' } },
        template: {
          metadata: { labels: { app: 'served' } },
          spec: { terminationGracePeriodSeconds: 3, containers: [fake('served')] },
        },
      },
    } as never);
    const spec = { minAvailable: 2, selector: { matchLabels: { app: 'served' } } };
    await cluster.client.create(kinds.disruptionBudgets, { namespace }, { metadata: { name: 'served' }, spec });
    const budget = () => cluster.client.get(kinds.disruptionBudgets, { namespace, name: 'served' });
    await eventually(async () => (await budget()).status?.currentHealthy === 2, { deadlineMs: 90_000 });
    expect((await budget()).status).toMatchObject({ disruptionsAllowed: 0, desiredHealthy: 2, expectedPods: 2 });
    const pods = (await cluster.pods()).filter((pod) => pod.metadata.labels?.app === 'served');
    const node = pods[0]?.spec.nodeName ?? '';
    const draining = spawn(program, ['drain', node, '--kubeconfig', cluster.kubeconfig], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const drained = once(draining, 'exit');
    let complaints = '';
    draining.stderr.on('data', (chunk: Buffer) => {
      complaints += chunk;
    });
    await eventually(() => expect(complaints).toMatch(/violate the pod's disruption budget/), { deadlineMs: 90_000 });
    expect(draining.exitCode).toBeNull();
    await cluster.client.patch(kinds.disruptionBudgets, { namespace, name: 'served' }, 'merge', {
      spec: { minAvailable: 1 },
    });
    await eventually(async () => (await budget()).status?.disruptionsAllowed === 1);
    // It asks again by itself.
    expect(await drained, complaints).toEqual([0, null]);
    await eventually(
      async () => {
        const now = (await cluster.pods()).filter((pod) => pod.metadata.labels?.app === 'served');
        return now.length === 2 && now.every((pod) => pod.spec.nodeName !== node && isReady(pod));
      },
      { deadlineMs: 90_000 },
    );
  });

  it('takes no new pod until it is uncordoned', async () => {
    const cordoned =
      (await cluster.client.list(kinds.nodes)).items.find((node) => node.spec?.unschedulable)?.metadata.name ?? '';
    await cluster.createPod('pinned', {
      nodeSelector: { 'kubernetes.io/hostname': cordoned },
      containers: [fake('pinned')],
    });
    expect(conditionOf(await scheduled('pinned'), 'PodScheduled')?.message).toContain('1 node(s) were unschedulable');
    await kubectl('uncordon', cordoned);
    await cluster.podUntil('pinned', isReady);
  });
});
