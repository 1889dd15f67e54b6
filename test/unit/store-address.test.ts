// Addresses of a Redis as people write them.
import { expect, it } from 'vitest';
import { readRedisAddress } from '../../sidecar/store/redis/address.ts';

const plain = { form: 'single', isTls: false, username: '', password: '', database: 0, masterName: '' };

it.each([
  ['redis://cache', { ...plain, hosts: [{ host: 'cache', port: 6379 }] }],
  ['redis://cache:7000/3', { ...plain, hosts: [{ host: 'cache', port: 7000 }], database: 3 }],
  [
    'rediss://u:p%40ss@cache/',
    { ...plain, isTls: true, username: 'u', password: 'p@ss', hosts: [{ host: 'cache', port: 6379 }] },
  ],
  ['redis://:secret@[::1]:6380', { ...plain, password: 'secret', hosts: [{ host: '::1', port: 6380 }] }],
  [
    'redis+sentinel://a,b:1/main/2',
    {
      ...plain,
      form: 'sentinel',
      masterName: 'main',
      database: 2,
      hosts: [
        { host: 'a', port: 26379 },
        { host: 'b', port: 1 },
      ],
    },
  ],
  [
    'rediss+cluster://a:1,b:2',
    {
      ...plain,
      form: 'cluster',
      isTls: true,
      hosts: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
    },
  ],
])('%s', (url, address) => {
  expect(readRedisAddress(url)).toEqual(address);
});

it('takes the password given beside the address where it has none', () => {
  expect(readRedisAddress('redis://u@cache', 'beside')).toMatchObject({ username: 'u', password: 'beside' });
  expect(readRedisAddress('redis://u:own@cache', 'beside')).toMatchObject({ password: 'own' });
});

it.each([
  ['http://cache', /must look like/],
  ['redis://', /host or host:port/],
  ['redis://a,b', /redis\+cluster/],
  ['redis://a/x', /must be a number/],
  ['redis+cluster://a/1', /no databases/],
])('%s is refused with a sentence', (url, sentence) => {
  expect(() => readRedisAddress(url)).toThrow(sentence);
});
