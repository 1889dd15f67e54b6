// A node of the loopback cluster that goes off without a word: it is given up, its pods are no longer ready and are deleted, others take
// their place elsewhere. And an agent that is killed hard takes its pods' processes with it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { conditionOf } from '../../dev/cluster/conditions.ts';
import { eventually } from '../support/eventually.ts';
import { fake, isAlive, isReady, kinds, startLoopback } from '../support/loopback-node.ts';

it('its pods move to another node once their patience is over', async () => {
  const cluster = await startLoopback({
    nodes: [{}, {}],
    timings: { leaseRenewMs: 100 },
    // Long enough that the other node is not given up while the machine is held up.
    nodeMonitor: { periodMs: 100, graceMs: 6_000 },
  });
  try {
    const tolerations = [
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1 },
    ];
    await cluster.createDeployment({
      metadata: { name: 'moving' },
      spec: {
        selector: { matchLabels: { app: 'moving' } },
        template: { metadata: { labels: { app: 'moving' } }, spec: { tolerations, containers: [fake('moving')] } },
      },
    } as never);
    const before = await eventually(
      async () => (await cluster.pods()).find(isReady) ?? Promise.reject(new Error('none ready')),
      { deadlineMs: 90_000 },
    );
    const lost = cluster.nodes.find((node) => node.name === before.spec.nodeName);
    await lost?.stop();
    await eventually(
      async () =>
        conditionOf(await cluster.client.get(kinds.nodes, { name: lost?.name ?? '' }), 'Ready')?.status === 'Unknown',
    );
    const after = await eventually(
      async () =>
        (await cluster.pods()).find((pod) => pod.metadata.uid !== before.metadata.uid && isReady(pod)) ??
        Promise.reject(new Error('none')),
      { deadlineMs: 90_000 },
    );
    expect(after.spec.nodeName).not.toBe(before.spec.nodeName);
    const old = await cluster.pod(before.metadata.name);
    expect(isReady(old)).toBe(false);
    expect(old.metadata.deletionTimestamp).toBeDefined();
    expect(
      (await cluster.client.get(kinds.nodes, { name: lost?.name ?? '' })).spec?.taints?.map((taint) => taint.key),
    ).toContain('node.kubernetes.io/unreachable');
    expect(
      (await cluster.client.list(kinds.nodes)).items.filter((node) => conditionOf(node, 'Ready')?.status === 'True'),
    ).toHaveLength(1);
  } finally {
    await cluster.stop();
  }
});

it('SIGKILL of the program that holds the cluster leaves no container behind', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'killed-hard-'));
  const support = fileURLToPath(new URL('../support/loopback-node.ts', import.meta.url));
  const script = join(dir, 'hold.mjs');
  writeFileSync(
    script,
    `import { startLoopback, fake, isReady } from ${JSON.stringify(support)};
     const cluster = await startLoopback();
     await cluster.createPod('held', { nodeName: 'node-1', containers: [fake('held', {}, { TERM_MS: 'never' })] });
     await cluster.podUntil('held', isReady);
     console.log((await cluster.happened('held', 'listening')).pid);`,
  );
  const holder = spawn(process.execPath, [script], {
    env: { ...process.env, TMPDIR: dir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = Number(await new Promise<string>((resolve) => holder.stdout.setEncoding('utf8').once('data', resolve)));
  expect(isAlive(pid)).toBe(true);
  holder.kill('SIGKILL');
  await eventually(() => !isAlive(pid));
  rmSync(dir, { recursive: true, force: true });
});
