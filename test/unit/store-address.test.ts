// Addresses of a Redis as people write them.
import { expect, it } from 'vitest';
import { readRedisAddress } from '../../runtime/redis-address.ts';

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
  ['http://:S3CRET@cache', /^look like/],
  ['redis://', /host or host:port/],
  ['redis://a,b', /redis\+cluster/],
  ['redis://a/S3CRET', /whole number as its database/],
  ['redis+cluster://a/1', /no database but 0/],
  ['redis://:abc@S3CRET@h', /percent-encoded/],
  ['redis://:abc/S3CRET@h', /percent-encoded/],
  ['redis://:abc#S3CRET@h', /percent-encoded/],
  ['redis://:abc?S3CRET@h', /percent-encoded/],
  ['redis://:S3CRET%@h', /%25/],
  ['redis://:S3CRET', /host or host:port/],
  ['redis://user:S3CRET:6379', /host or host:port/],
  ['redis://S3CRET h', /host or host:port/],
  ['redis://h:0', /host or host:port/],
  ['redis://h:65536', /host or host:port/],
  ['redis://h/0/S3CRET', /nothing behind/],
  ['redis+sentinel://h/main/0/S3CRET', /nothing behind/],
  ['redis://h/0?password=S3CRET', /no effect/],
  ['rediss://h?tls=false', /no effect/],
  ['redis+cluster://h#S3CRET', /no effect/],
])('%s is refused with a sentence that shows nothing of it', (url, sentence) => {
  expect(() => readRedisAddress(url)).toThrow(sentence);
  expect(() => readRedisAddress(url)).not.toThrow(/S3CRET/);
});
