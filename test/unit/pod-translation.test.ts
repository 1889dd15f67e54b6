// What a pod's addresses and paths become for a process on this machine, and what is left alone.
import { describe, expect, it } from 'vitest';
import { translate } from '../../dev/cluster/node/translation.ts';

const by = {
  podIP: '127.9.9.9',
  mounts: [
    { mountPath: '/data', hostPath: '/tmp/pod/data' },
    { mountPath: '/data/models', hostPath: '/tmp/pod/models' },
  ],
  hosts: { 'redis.host': '127.0.0.1' },
};

describe('addresses', () => {
  it.each([
    ['http://127.0.0.1:8000', 'http://127.9.9.9:8000'],
    ['http://localhost:8000/v1', 'http://127.9.9.9:8000/v1'],
    ['0.0.0.0', '127.9.9.9'],
    ['::', '127.9.9.9'],
    ['http://[::1]:80', 'http://127.9.9.9:80'],
    ['--host=0.0.0.0', '--host=127.9.9.9'],
  ])('%s becomes %s', (before, after) => expect(translate(before, by)).toBe(after));

  it.each(['127.0.0.11', 'my-localhost', 'localhost.example.com', '10.0.0.0.1', 'http://127.0.0.10:80'])(
    '%s stays',
    (text) => {
      expect(translate(text, by)).toBe(text);
    },
  );

  it('a name of the hosts table is reached outside the pod', () => {
    expect(translate('redis://redis.host:6379', by)).toBe('redis://127.0.0.1:6379');
    expect(translate('redis://my-redis.host:6379', by)).toBe('redis://my-redis.host:6379');
  });
});

describe('paths', () => {
  it.each([
    ['/data', '/tmp/pod/data'],
    ['/data/x.db', '/tmp/pod/data/x.db'],
    ['/data/models/a', '/tmp/pod/models/a'],
    ['sqlite:///data/queue.db', 'sqlite:///tmp/pod/data/queue.db'],
    ['--dir=/data', '--dir=/tmp/pod/data'],
    ['/usr/bin:/data/bin', '/usr/bin:/tmp/pod/data/bin'],
  ])('%s becomes %s', (before, after) => expect(translate(before, by)).toBe(after));

  it.each(['/database', 'https://example.com/data/x', '/var/data', 'data/x'])('%s stays', (text) => {
    expect(translate(text, by)).toBe(text);
  });
});
