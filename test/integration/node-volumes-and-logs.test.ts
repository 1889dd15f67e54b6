// What a container of the loopback cluster sees of its volumes, its own file system and its arguments, and what it wrote.
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { ask, fake, isReady, kinds, type Loopback, namespace, startLoopback } from '../support/loopback-node.ts';

let cluster: Loopback;
beforeAll(async () => {
  cluster = await startLoopback();
});
afterAll(() => cluster.stop());

async function run(name: string, container: ReturnType<typeof fake>, volumes: object[] = []) {
  await cluster.createPod(name, { nodeName: 'node-1', containers: [container], volumes: volumes as never });
  const pod = await cluster.podUntil(name, isReady);
  await cluster.happened(container.name, 'listening');
  return pod;
}
const restarted = async (name: string, container: string) => {
  cluster.node.container('default', name, container)?.kill('SIGKILL');
  await cluster.podUntil(name, (pod) => pod.status?.containerStatuses?.[0]?.restartCount === 1);
  await eventually(
    () => cluster.journal().filter((entry) => entry.name === container && entry.event === 'listening').length === 2,
  );
};
const base64 = (value: string) => Buffer.from(value).toString('base64');

describe('volumes', () => {
  it('a Secret is files behind mountPath, and they change with it', async () => {
    await cluster.client.create(
      kinds.secrets,
      { namespace },
      { metadata: { name: 'keys' }, data: { a: base64('one') } },
    );
    const mounts = { volumeMounts: [{ name: 'keys', mountPath: '/etc/keys' }] };
    const pod = await run('secret', fake('s', mounts, { KEYS: '/etc/keys' }), [
      { name: 'keys', secret: { secretName: 'keys' } },
    ]);
    const { KEYS } = JSON.parse(await ask(pod, '/env'));
    const read = (key: string) => ask(pod, `/file?path=${KEYS}/${key}`);
    expect(await read('a')).toBe('one');
    await cluster.client.patch(kinds.secrets, { namespace, name: 'keys' }, 'merge', {
      data: { a: base64('two'), b: base64('new') },
    });
    await eventually(async () => (await read('a')) === 'two' && (await read('b')) === 'new');
  });

  it('an emptyDir outlives a restart of the container, its own directory does not', async () => {
    const mounts = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
    const pod = await run('empty', fake('e', mounts, { DATA: '/data/kept' }), [{ name: 'data', emptyDir: {} }]);
    const { DATA } = JSON.parse(await ask(pod, '/env'));
    const own = `${await ask(pod, '/cwd')}/lost`;
    await ask(pod, `/write?path=${DATA}&text=kept`);
    await ask(pod, `/write?path=${own}&text=lost`);
    await restarted('empty', 'e');
    expect(await ask(pod, `/file?path=${DATA}`)).toBe('kept');
    await expect(ask(pod, `/file?path=${own}`)).rejects.toThrow();
  });

  it('a claim outlives its pod', async () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    await cluster.client.create(kinds.claims, { namespace }, { metadata: { name: 'disk' }, spec });
    const volumes = [{ name: 'disk', persistentVolumeClaim: { claimName: 'disk' } }];
    const mounts = { volumeMounts: [{ name: 'disk', mountPath: '/disk' }] };
    const first = await run('claim-1', fake('c1', mounts, { FILE: '/disk/file' }), volumes);
    await ask(first, `/write?path=${JSON.parse(await ask(first, '/env')).FILE}&text=kept`);
    await cluster.client.delete(kinds.pods, { namespace, name: 'claim-1' });
    await cluster.podGone('claim-1');
    const second = await run('claim-2', fake('c2', mounts, { FILE: '/disk/file' }), volumes);
    expect(await ask(second, `/file?path=${JSON.parse(await ask(second, '/env')).FILE}`)).toBe('kept');
  });
});

describe('the command line', () => {
  it('args replace the image’s own arguments and speak of the pod', async () => {
    const pod = await run('args', fake('a', { args: ['--upstream', 'http://127.0.0.1:8000', '--name', '$(NAME)'] }));
    expect(JSON.parse(await ask(pod, '/args'))).toEqual([
      '--upstream',
      `http://${pod.status?.podIP}:8000`,
      '--name',
      'a',
    ]);
  });

  it('pods have the same port side by side, each at its own address', async () => {
    const [one, two] = [await run('side-1', fake('s1')), await run('side-2', fake('s2'))];
    expect(one.status?.podIP).not.toBe(two.status?.podIP);
    expect([JSON.parse(await ask(one, '/env')).NAME, JSON.parse(await ask(two, '/env')).NAME]).toEqual(['s1', 's2']);
  });

  it('a container that was granted a GPU sees that one, others none', async () => {
    const with1 = await run('gpu', fake('g', { resources: { limits: { 'nvidia.com/gpu': 1 } } }));
    expect(JSON.parse(await ask(with1, '/env')).NVIDIA_VISIBLE_DEVICES).toMatch(/^GPU-/);
    const without = await run('no-gpu', fake('n'));
    expect(JSON.parse(await ask(without, '/env')).NVIDIA_VISIBLE_DEVICES).toBe('void');
  });
});

describe('logs', () => {
  const read = async (pod: string, options = {}) => {
    const answer = cluster.node.readLog('default', pod, undefined, options);
    return answer?.ok ? await text(answer.stream) : answer?.message;
  };

  it('are of the present run, of the one before, in part and with times', async () => {
    const pod = await run('log', fake('logger'));
    const line = `logger listens on ${pod.status?.podIP}:8000\n`;
    await eventually(async () => (await read('log')) === line);
    expect(await read('log', { previous: true })).toBe('previous terminated container "logger" in pod "log" not found');
    expect(await read('log', { timestamps: true })).toMatch(/^\d{4}-\d\d-\d\dT[0-9:.]+Z logger listens/);
    expect(await read('log', { limitBytes: 6 })).toBe('logger');
    expect(await read('log', { tailLines: 0 })).toBe('');
    await restarted('log', 'logger');
    expect(await read('log', { previous: true })).toBe(line);
  });

  it('follow what is written until the container ends', async () => {
    await run('follow', fake('follower'));
    const answer = cluster.node.readLog('default', 'follow', 'follower', { follow: true });
    const all = answer?.ok ? text(answer.stream) : Promise.resolve('');
    await cluster.client.delete(kinds.pods, { namespace, name: 'follow' });
    expect(await all).toContain('told to end\n');
  });

  it('of a container that has not begun are refused with its reason', async () => {
    await cluster.createPod('waiting', { nodeName: 'node-1', containers: [{ name: 'w', image: 'none/such:1' }] });
    await cluster.podUntil(
      'waiting',
      (pod) => pod.status?.containerStatuses?.[0]?.state.waiting?.reason === 'ImagePullBackOff',
    );
    expect(await read('waiting')).toBe(
      'container "w" in pod "waiting" is waiting to start: trying and failing to pull image',
    );
  });
});
