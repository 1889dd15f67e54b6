// A change of the operator's own settings reaches the pods of a few deployments at a time; a change of spec never waits.
import { expect, test } from 'vitest';
import type { Deployment, KubernetesCondition } from '../../operator/api/kubernetes.ts';
import { annotations, childLabels } from '../../operator/api/names.ts';
import { inferenceDeployment } from '../support/inference-deployment.ts';
import { pod } from '../support/pods.ts';
import { ReconcileWorld } from '../support/reconcile-world.ts';

const names = ['alpha', 'beta', 'gamma'] as const;
type Name = (typeof names)[number];
const key = (name: Name) => `models/${name}`;
const NEW_IMAGE = { OPERATOR_SIDECAR_IMAGE: 'sidecar:2' };

class Fleet extends ReconcileWorld {
  /** All made with the first settings and at rest, each with a ready pod. */
  async settle(...ready: readonly Name[]): Promise<this> {
    for (const name of names) {
      this.has(inferenceDeployment({ name, uid: `uid-of-${name}` }));
      await this.reconcile(key(name));
      if (ready.includes(name)) this.has(podOf(name));
      this.progress(name, 'NewReplicaSetAvailable');
      await this.reconcile(key(name));
    }
    this.client.writes.length = 0;
    this.client.reads.length = 0;
    return this;
  }

  deployment(name: Name): Deployment {
    return this.view.deployment(key(name))!;
  }

  /** As its controller would tell it. */
  progress(name: Name, reason: string): void {
    const before = this.deployment(name);
    const { annotations: stamps, resourceVersion } = before.metadata;
    const condition: KubernetesCondition = { type: 'Progressing', status: 'True', reason };
    this.has({
      ...before,
      metadata: {
        ...before.metadata,
        generation: 2,
        annotations: { ...stamps, 'deployment.kubernetes.io/revision': '2' },
        resourceVersion: String(Number(resourceVersion) + 1_000_000),
      },
      status: { observedGeneration: 2, conditions: [condition] },
    } as Deployment);
  }

  image(name: Name): string | undefined {
    return this.deployment(name).spec.template.spec.initContainers?.[0]?.image;
  }
  images(): readonly (string | undefined)[] {
    return names.map((name) => this.image(name));
  }

  change(name: Name, spec: Record<string, unknown>): void {
    const before = this.view.owner(key(name))!;
    const after = inferenceDeployment({ name, uid: `uid-of-${name}`, generation: 2, spec });
    const resourceVersion = String(Number(before.metadata.resourceVersion) + 1_000_000);
    this.has({ ...after, status: before.status, metadata: { ...after.metadata, resourceVersion } } as typeof before);
  }
}

function podOf(name: Name) {
  const found = pod({ name: `${name}-1` });
  return { ...found, metadata: { ...found.metadata, labels: childLabels(name) } };
}

test('a new sidecar image reaches one deployment after the other, and status says who waits', async () => {
  const fleet = await new Fleet(1).settle(...names);
  for (const name of names) await fleet.reconcile(key(name), NEW_IMAGE);
  expect(fleet.images()).toEqual(['sidecar:2', 'sidecar:1', 'sidecar:1']);
  expect(fleet.said('Progressing')).toContain('True:WaitingForTurn: pods are to be replaced');
  expect(fleet.status).toMatchObject({ phase: 'Healthy', waitingFor: 'Turn' });

  fleet.progress('alpha', 'ReplicaSetUpdated');
  await fleet.reconcile(key('beta'), NEW_IMAGE);
  expect(fleet.image('beta')).toBe('sidecar:1');

  fleet.progress('alpha', 'NewReplicaSetAvailable');
  for (const name of names) await fleet.reconcile(key(name), NEW_IMAGE);
  expect(fleet.images()).toEqual(['sidecar:2', 'sidecar:2', 'sidecar:1']);
});

test('who waits looks again by itself, without a call', async () => {
  const fleet = await new Fleet(1).settle(...names);
  for (const name of names) await fleet.reconcile(key(name), NEW_IMAGE);
  fleet.client.reads.length = 0;
  fleet.client.writes.length = 0;
  expect(await fleet.reconcile(key('beta'), NEW_IMAGE)).toEqual({ kind: 'waiting', afterMs: 10_000 });
  expect([fleet.client.reads, fleet.client.writes]).toEqual([[], []]);
});

test('several workers at once do not take more turns than there are', async () => {
  const fleet = await new Fleet(2).settle(...names);
  await Promise.all(names.map((name) => fleet.reconcile(key(name), NEW_IMAGE)));
  expect(fleet.images().toSorted()).toEqual(['sidecar:1', 'sidecar:2', 'sidecar:2']);
});

test('a restarted operator goes on where the other was', async () => {
  const before = await new Fleet(1).settle(...names);
  for (const name of names) await before.reconcile(key(name), NEW_IMAGE);
  const after = new Fleet(1).has(...before.client.objects.values());
  for (const name of names) await after.reconcile(key(name), NEW_IMAGE);
  expect(after.images()).toEqual(['sidecar:2', 'sidecar:1', 'sidecar:1']);
});

test('0 is no limit', async () => {
  const fleet = await new Fleet(0).settle(...names);
  for (const name of names) await fleet.reconcile(key(name), NEW_IMAGE);
  expect(fleet.images()).toEqual(['sidecar:2', 'sidecar:2', 'sidecar:2']);
});

test('a turn that cannot be written is given back', async () => {
  const fleet = await new Fleet(1).settle(...names);
  fleet.client.refusals.set('patch Deployment', { status: 503, message: 'unavailable' });
  await fleet.reconcile(key('alpha'), NEW_IMAGE);
  fleet.client.refusals.clear();
  await fleet.reconcile(key('beta'), NEW_IMAGE);
  expect(fleet.images()).toEqual(['sidecar:1', 'sidecar:2', 'sidecar:1']);
});

test('a rollout past its deadline is passed over', async () => {
  const fleet = await new Fleet(1).settle(...names);
  await fleet.reconcile(key('alpha'), NEW_IMAGE);
  fleet.progress('alpha', 'ProgressDeadlineExceeded');
  await fleet.reconcile(key('beta'), NEW_IMAGE);
  expect(fleet.image('beta')).toBe('sidecar:2');
});

test('while it waits it is scaled, and keeps its pods', async () => {
  const fleet = await new Fleet(1).settle(...names);
  await fleet.reconcile(key('alpha'), NEW_IMAGE);
  fleet.client.writes.length = 0;
  fleet.change('beta', { replicas: 3 });
  await fleet.reconcile(key('beta'), NEW_IMAGE);
  const written = fleet.client.writes.find(({ what }) => what === 'Deployment/beta');
  expect(written?.body).toEqual({ metadata: { uid: expect.stringMatching(/^uid-/) }, spec: { replicas: 3 } });
});

test('a change of spec does not wait, and takes nobody’s turn', async () => {
  const fleet = await new Fleet(1).settle(...names);
  await fleet.reconcile(key('alpha'), NEW_IMAGE);
  fleet.change('beta', { concurrency: 7 });
  await fleet.reconcile(key('beta'), NEW_IMAGE);
  expect(fleet.image('beta')).toBe('sidecar:2');
  expect(fleet.deployment('beta').metadata.annotations).not.toHaveProperty([annotations.turn]);
  fleet.progress('alpha', 'NewReplicaSetAvailable');
  await fleet.reconcile(key('gamma'), NEW_IMAGE);
  expect(fleet.image('gamma')).toBe('sidecar:2');
});

test('one that serves nobody does not wait, and takes nobody’s turn', async () => {
  const fleet = await new Fleet(1).settle('beta', 'gamma');
  await fleet.reconcile(key('alpha'), NEW_IMAGE);
  await fleet.reconcile(key('beta'), NEW_IMAGE);
  expect(fleet.images()).toEqual(['sidecar:2', 'sidecar:2', 'sidecar:1']);
});

test('another store does not wait: pods that know only the old one refuse async requests', async () => {
  const fleet = await new Fleet(1).settle(...names);
  const elsewhere = { OPERATOR_STORE_URL: 'redis://elsewhere:6379/0', ...NEW_IMAGE };
  for (const name of names) await fleet.reconcile(key(name), elsewhere);
  expect(fleet.images()).toEqual(['sidecar:2', 'sidecar:2', 'sidecar:2']);
});
