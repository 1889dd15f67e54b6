// The other forms of Redis: a cluster of three masters, a sentinel that fails over, TLS. Each does a whole trip.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { afterEach, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { echo, type Replica, startReplica, stopReplicas } from '../support/queue-replica.ts';
import { durableRedis, freePort, type RedisSettings, TestRedis } from '../support/redis.ts';
import { submission } from '../support/stores.ts';

const servers: TestRedis[] = [];
afterEach(async () => {
  await stopReplicas();
  for (const server of servers.splice(0)) await server.stop();
});

async function startRedis(settings: RedisSettings = durableRedis, extra: readonly string[] = []): Promise<TestRedis> {
  const redis = await TestRedis.start(settings, extra);
  servers.push(redis);
  return redis;
}

/** Accepted, claimed, answered, looked up, followed, canceled: every kind of step. */
async function wholeTrip(replica: Replica): Promise<void> {
  const { queue } = replica;
  const requests = Array.from({ length: 5 }, () => submission());
  await eventually(async () => (await queue.submit(requests[0] as (typeof requests)[0])).kind !== 'full');
  await Promise.all(requests.map((request) => queue.submit(request)));
  for (const { id } of requests) {
    await eventually(async () => {
      await queue.waitUntilDone(id, 5000, new AbortController().signal);
      return (await queue.status(id))?.outcome === 'answered';
    });
    expect(await queue.result(id)).toMatchObject({ kind: 'answered' });
    expect(await queue.cancel(id)).toBe('deleted');
  }
}

it('a Redis Cluster: all keys of a deployment lie in one slot, wake-ups cross nodes', async () => {
  const nodes: TestRedis[] = [];
  for (let i = 0; i < 3; i++) nodes.push(await startRedis({ ...durableRedis, 'cluster-enabled': 'yes' }));
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  const made = spawnSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'], { encoding: 'utf8' });
  expect(made.status, made.stdout + made.stderr).toBe(0);
  await eventually(() => nodes.every((node) => node.cli('CLUSTER', 'INFO').includes('cluster_state:ok')));
  const store = `redis+cluster://${addresses.join(',')}`;
  // Several names, so that the deployments lie on different nodes.
  for (const name of ['alpha', 'beta', 'gamma', 'delta']) {
    await wholeTrip(await startReplica({ call: echo, store, name, times: { safetyPollMs: 60_000 } }));
  }
});

it('a sentinel: the address leads to the master, also after a fail-over', async () => {
  const master = await startRedis({ ...durableRedis });
  const standby = await startRedis({ ...durableRedis, replicaof: `127.0.0.1 ${master.port}` });
  const sentinel = await startRedis(
    {
      'sentinel monitor': `mymaster 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds': 'mymaster 2500',
      'sentinel failover-timeout': 'mymaster 10000',
    },
    ['--sentinel'],
  );
  await eventually(() => standby.cli('INFO', 'replication').includes('master_link_status:up'));
  await eventually(() => sentinel.cli('SENTINEL', 'REPLICAS', 'mymaster').includes(String(standby.port)));
  const replica = await startReplica({ call: echo, store: `redis+sentinel://127.0.0.1:${sentinel.port}/mymaster` });
  await wholeTrip(replica);
  expect(master.cli('WAIT', '1', '30000')).toBe('1');
  await master.kill();
  await eventually(() => standby.cli('INFO', 'replication').includes('role:master'), { deadlineMs: 40_000 });
  await wholeTrip(replica);
});

it('TLS: rediss:// with a certificate that is trusted; one that is not is refused and said', async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  const port = await freePort();
  const redis = await startRedis(durableRedis);
  writeFileSync(join(redis.directory, 'key.pem'), key);
  writeFileSync(join(redis.directory, 'cert.pem'), cert);
  await redis.kill();
  for (const [name, value] of [
    ['tls-port', String(port)],
    ['tls-cert-file', join(redis.directory, 'cert.pem')],
    ['tls-key-file', join(redis.directory, 'key.pem')],
    ['tls-auth-clients', 'no'],
  ] as const) {
    redis.configure(name, value);
  }
  await redis.startAgain();
  const store = `rediss://localhost:${port}`;
  const stranger = await startReplica({ call: echo, store });
  await expect(stranger.queue.submit(submission())).rejects.toThrow(/certificate/);
  const settings = { SIDECAR_STORE_CA: cert };
  await wholeTrip(await startReplica({ call: echo, store, settings }));
});
