// Where a webhook may go: listed hosts, and of their addresses only public ones unless the address itself is listed.
import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from 'vitest';
import {
  ForbiddenDestination,
  guardedLookup,
  isAllowedAddress,
  isPublicAddress,
  readDestination,
} from '../../sidecar/queue/webhook/destination.ts';

describe('public addresses', () => {
  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111'])('%s is one', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ...['127.0.0.1', '127.9.9.9', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254'],
    ...['0.0.0.0', '100.64.0.1', '224.0.0.1', '255.255.255.255', '192.0.2.1', '198.18.0.1'],
    ...[
      '::',
      '::1',
      'fe80::1',
      'fc00::1',
      'fd12::1',
      'ff02::1',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '64:ff9b::a00:1',
    ],
    ...['2002:7f00:1::', '2001::1', '2001:db8::1', 'not an address'],
  ])('%s is none', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('allowed addresses', () => {
  it('a listed public name may not lead to a private address, unless the address is listed too', () => {
    expect(isAllowedAddress('hooks.example.com', '10.0.0.1', ['hooks.example.com'])).toBe(false);
    expect(isAllowedAddress('hooks.example.com', '10.0.0.1', ['hooks.example.com', '10.0.0.1'])).toBe(true);
    expect(isAllowedAddress('hooks.example.com', '8.8.8.8', ['hooks.example.com'])).toBe(true);
  });

  it('a listed name that means something only inside may', () => {
    expect(isAllowedAddress('receiver', '10.0.0.1', ['receiver'])).toBe(true);
    expect(isAllowedAddress('receiver.team.svc', '10.0.0.1', ['receiver.team.svc'])).toBe(true);
    expect(isAllowedAddress('receiver.team.svc.cluster.local', '10.0.0.1', [])).toBe(true);
  });
});

describe('the lookup of a connection', () => {
  const lookup = (found: readonly LookupAddress[], all: boolean) =>
    new Promise((resolve, reject) => {
      const resolveHost = (_: string, __: object, done: (e: null, a: readonly LookupAddress[]) => void) =>
        done(null, found);
      guardedLookup(['a.example'], resolveHost as never)('a.example', { all }, (error, address) =>
        error === null ? resolve(address) : reject(error),
      );
    });

  it('hands on only what may be connected to, so that no second lookup can change it', async () => {
    const found = [
      { address: '10.0.0.1', family: 4 },
      { address: '8.8.8.8', family: 4 },
    ];
    expect(await lookup(found, true)).toEqual([{ address: '8.8.8.8', family: 4 }]);
    expect(await lookup(found, false)).toBe('8.8.8.8');
  });

  it('refuses where nothing is left', async () => {
    await expect(lookup([{ address: '169.254.169.254', family: 4 }], true)).rejects.toThrow(ForbiddenDestination);
    await expect(lookup([], true)).rejects.toThrow(ForbiddenDestination);
  });
});

describe('destinations', () => {
  it.each(['https://a.example/x', 'http://a.example:8080/x', 'https://[2606:4700::1]/x'])('%s is taken', (url) => {
    expect(readDestination(url, ['a.example', '2606:4700::1']).href).toBe(url);
  });

  it.each(['ftp://a.example/', 'https://b.example/', 'https://a.example.evil/', 'nonsense', 'https://127.0.0.1/'])(
    '%s is refused',
    (url) => {
      expect(() => readDestination(url, ['a.example'])).toThrow(ForbiddenDestination);
    },
  );
});
