// An upgrade that brings another sidecar image: as many deployments as the setting allows replace their pods at a time, the others
// serve on with the pods they have and say that they wait; in the end all have the new one.
import { afterAll, beforeAll, expect } from 'vitest';
import type { Deployment, List } from '../../operator/api/kubernetes.ts';
import { eventually } from '../support/eventually.ts';
import { echo, startWorld, type World } from '../support/operator-world.ts';
import { testThatNeeds } from '../support/world-api.ts';

const test = testThatNeeds('pods');
const names = ['one', 'two', 'three'];
const NEW_IMAGE = 'inference-operator/sidecar:next';
let world: World;
beforeAll(async () => {
  world = await startWorld({ nodes: [{ name: 'node-1' }] });
});
afterAll(() => world?.close());

/** Those that have replaced some of their pods, but not all. */
async function atIt(): Promise<readonly string[]> {
  const { items } = await world.json<List<Deployment>>('get', 'deployments');
  return items
    .filter(({ spec }) => spec.template.spec.initContainers?.[0]?.image === NEW_IMAGE)
    .filter(({ metadata, status, spec }) => {
      const isSeen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
      return !isSeen || status?.updatedReplicas !== spec.replicas || status?.availableReplicas !== status?.replicas;
    })
    .map(({ metadata }) => metadata.name);
}

test('a new sidecar image rolls through the deployments one at a time', async () => {
  const first = await world.startOperator({ OPERATOR_MAX_CONCURRENT_ROLLOUTS: '1' });
  for (const name of names) await world.apply(echo(name, { shutdownGraceSeconds: 2 }));
  for (const name of names) await world.until(name, ({ status }) => status?.phase === 'Healthy');
  await first.stop();

  await world.startOperator({ OPERATOR_MAX_CONCURRENT_ROLLOUTS: '1', OPERATOR_SIDECAR_IMAGE: NEW_IMAGE });
  const waiting = await eventually(
    async () => {
      const all = await Promise.all(names.map((name) => world.infdep(name)));
      const found = all.filter(({ status }) => status?.waitingFor === 'Turn');
      expect(found).toHaveLength(2);
      return found;
    },
    { deadlineMs: 60_000 },
  );
  for (const { status } of waiting) {
    expect(status).toMatchObject({ phase: 'Healthy', ready: '1/1' });
    expect(status?.conditions?.find(({ type }) => type === 'Progressing')?.reason).toBe('WaitingForTurn');
  }
  const most = { seen: 0 };
  await eventually(
    async () => {
      most.seen = Math.max(most.seen, (await atIt()).length);
      const { items } = await world.json<List<Deployment>>('get', 'deployments');
      expect(items.map(({ spec }) => spec.template.spec.initContainers?.[0]?.image)).toEqual(
        names.map(() => NEW_IMAGE),
      );
    },
    { deadlineMs: 150_000, everyMs: 100 },
  );
  for (const name of names) {
    await world.until(name, ({ status }) => status?.phase === 'Healthy' && status.waitingFor === undefined);
  }
  expect(most.seen).toBe(1);
});
