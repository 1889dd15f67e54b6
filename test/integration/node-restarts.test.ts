// Containers that fail on the loopback cluster: probes that kill, hooks before the kill, crash loops with backoff, what status and
// events say about it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { ask, fake, isReady, type Loopback, startLoopback } from '../support/loopback-node.ts';

let cluster: Loopback;
beforeAll(async () => {
  cluster = await startLoopback();
});
afterAll(() => cluster.stop());

const told = async (pod: string, reason: string): Promise<string[]> =>
  (await cluster.eventsOf(pod)).filter((event) => event.reason === reason).map((event) => event.message);

describe('a liveness probe that fails', () => {
  it('runs preStop, ends the container with SIGTERM and starts it again', async () => {
    const model = fake('lively', {
      livenessProbe: { httpGet: { path: '/live', port: 8000 }, periodSeconds: 1, failureThreshold: 15 },
      lifecycle: { preStop: { httpGet: { path: '/drain', port: 8000 } } },
    });
    await cluster.createPod('liveness', { nodeName: 'node-1', containers: [model], terminationGracePeriodSeconds: 5 });
    await cluster.podUntil('liveness', isReady);
    await cluster.happened('lively', 'listening');
    await ask(await cluster.pod('liveness'), '/set?path=/live&status=500');
    await cluster.podUntil('liveness', (now) => now.status?.containerStatuses?.[0]?.restartCount === 1);
    const drained = await cluster.happened('lively', 'GET /drain');
    const terminated = await cluster.happened('lively', 'SIGTERM');
    expect(drained.at).toBeLessThanOrEqual(terminated.at);
    const pod = await cluster.podUntil('liveness', isReady);
    expect(pod.status?.containerStatuses?.[0]?.lastState.terminated).toMatchObject({
      exitCode: 0,
      reason: 'Completed',
    });
    await eventually(async () => (await told('liveness', 'Killing')).length > 0);
    expect(await told('liveness', 'Killing')).toEqual(['Container lively failed liveness probe, will be restarted']);
    expect(await told('liveness', 'Unhealthy')).toContain(
      'Liveness probe failed: HTTP probe failed with statuscode: 500',
    );
  });

  it('is not asked before the startup probe has succeeded, whose failure kills too', async () => {
    const slow = fake('starter', {
      startupProbe: { httpGet: { path: '/startup', port: 8000 }, periodSeconds: 1, failureThreshold: 2 },
      livenessProbe: { httpGet: { path: '/live', port: 8000 }, periodSeconds: 1, failureThreshold: 1 },
    });
    await cluster.createPod('startup', {
      nodeName: 'node-1',
      containers: [{ ...slow, startupProbe: { ...slow.startupProbe, httpGet: { path: '/', port: 1 } } }],
      terminationGracePeriodSeconds: 5,
    });
    await cluster.podUntil('startup', (pod) => (pod.status?.containerStatuses?.[0]?.restartCount ?? 0) >= 1);
    expect(cluster.journal().some((entry) => entry.name === 'starter' && entry.event === 'GET /live')).toBe(false);
    await eventually(async () => (await told('startup', 'Killing')).length > 0);
    expect((await told('startup', 'Killing'))[0]).toBe('Container starter failed startup probe, will be restarted');
    expect(
      (await told('startup', 'Unhealthy')).some((message) =>
        /^Startup probe failed: Get "http:\/\/127\.[0-9.]+:1\/": dial tcp 127\.[0-9.]+:1: connect: connection refused$/.test(
          message,
        ),
      ),
    ).toBe(true);
  });
});

describe('a readiness probe that fails', () => {
  it('takes the pod out and nothing else, and back in when it recovers', async () => {
    const model = fake('ready', {
      readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1, failureThreshold: 2 },
      ports: [{ name: 'http', containerPort: 8000 }],
    });
    await cluster.createPod('readiness', { nodeName: 'node-1', containers: [model] });
    const pod = await cluster.podUntil('readiness', isReady);
    await ask(pod, '/set?path=/ready&status=503');
    const unready = await cluster.podUntil('readiness', (now) => !isReady(now));
    expect(unready.status?.conditions?.find((condition) => condition.type === 'Ready')).toMatchObject({
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [ready]',
    });
    await ask(pod, '/set?path=/ready&status=200');
    expect((await cluster.podUntil('readiness', isReady)).status?.containerStatuses?.[0]?.restartCount).toBe(0);
  });

  it('looks a named port up in its own container and nowhere else', async () => {
    const stranger = fake('stranger', { readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 } });
    const owner = fake('owner', { ports: [{ name: 'http', containerPort: 8001 }] }, { PORT: '8001' });
    await cluster.createPod('named-port', { nodeName: 'node-1', containers: [stranger, owner] });
    await eventually(async () =>
      (await told('named-port', 'Unhealthy')).includes(
        'Readiness probe errored and resulted in unknown state: strconv.Atoi: parsing "http": invalid syntax',
      ),
    );
    expect(isReady(await cluster.pod('named-port'))).toBe(false);
  });

  it('has its time for an answer in real seconds, also where periods are short', async () => {
    const readinessProbe = {
      httpGet: { path: '/', port: 8000 },
      periodSeconds: 1,
      timeoutSeconds: 1,
      failureThreshold: 1,
    };
    const model = fake('thoughtful', { readinessProbe }, { ANSWER_AFTER_MS: '500' });
    await cluster.createPod('thoughtful', { nodeName: 'node-1', containers: [model] });
    await cluster.podUntil('thoughtful', isReady);
  });

  it('counts a slow answer as a failure', async () => {
    const model = fake('slow', {
      readinessProbe: {
        httpGet: { path: '/slow', port: 8000 },
        periodSeconds: 1,
        timeoutSeconds: 1,
        failureThreshold: 1,
      },
    });
    await cluster.createPod('timeout', { nodeName: 'node-1', containers: [model] });
    await ask(await cluster.podUntil('timeout', isReady), '/set?path=/slow&status=200&afterMs=5000');
    await cluster.podUntil('timeout', (pod) => !isReady(pod));
    const message = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
    await eventually(async () => (await told('timeout', 'Unhealthy')).some((text) => text.includes(message)));
  });
});

describe('a container that keeps crashing', () => {
  it('restarts at once, then waits longer and longer: CrashLoopBackOff', async () => {
    await cluster.createPod('crash', {
      nodeName: 'node-1',
      containers: [fake('crasher', {}, { EXIT_AFTER_MS: '1', EXIT_CODE: '3' })],
    });
    const pod = await cluster.podUntil(
      'crash',
      (now) => now.status?.containerStatuses?.[0]?.state.waiting?.reason === 'CrashLoopBackOff',
    );
    const status = pod.status?.containerStatuses?.[0];
    expect(status?.restartCount).toBeGreaterThanOrEqual(1);
    expect(status?.state.waiting?.message).toMatch(
      /^back-off [0-9a-z.]+ restarting failed container=crasher pod=crash_default\([0-9a-f-]+\)$/,
    );
    expect(status?.lastState.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect(pod.status?.phase).toBe('Running');
    const starts = await eventually(() => {
      const all = cluster.journal().filter((entry) => entry.name === 'crasher' && entry.event === 'started');
      return all.length >= 5 ? all.map((entry) => entry.at) : Promise.reject(new Error(`${all.length} starts`));
    });
    const gaps = starts.slice(1).map((at, index) => at - (starts[index] ?? 0));
    // 0, 300, 600, 1200 ms and the time a start takes.
    expect(gaps[2]).toBeGreaterThanOrEqual(600);
    expect(gaps[3]).toBeGreaterThanOrEqual(1_200);
    expect((await told('crash', 'BackOff'))[0]).toMatch(
      /^Back-off restarting failed container crasher in pod crash_default\(/,
    );
  });

  it('says OOMKilled and 137 where the kernel took it', async () => {
    await cluster.createPod('oom', { nodeName: 'node-1', containers: [fake('eater')] });
    await cluster.podUntil('oom', isReady);
    cluster.node.container('default', 'oom', 'eater')?.killForMemory();
    const pod = await cluster.podUntil('oom', (now) => now.status?.containerStatuses?.[0]?.restartCount === 1);
    expect(pod.status?.containerStatuses?.[0]?.lastState.terminated).toMatchObject({
      exitCode: 137,
      reason: 'OOMKilled',
    });
  });

  it('ends in phase Failed or Succeeded where it may not restart', async () => {
    const once = (name: string, code: string) =>
      cluster.createPod(name, {
        nodeName: 'node-1',
        restartPolicy: 'Never',
        containers: [fake(name, {}, { EXIT_AFTER_MS: '1', EXIT_CODE: code })],
      });
    await once('bad', '1');
    await once('good', '0');
    expect(
      (await cluster.podUntil('bad', (pod) => pod.status?.phase === 'Failed')).status?.containerStatuses?.[0]?.state
        .terminated?.exitCode,
    ).toBe(1);
    expect(
      (await cluster.podUntil('good', (pod) => pod.status?.phase === 'Succeeded')).status?.containerStatuses?.[0]?.state
        .terminated?.reason,
    ).toBe('Completed');
  });
});
