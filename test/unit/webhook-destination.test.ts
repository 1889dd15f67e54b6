// Where a webhook may go: listed hosts, and of their addresses only public ones unless the address itself is listed.
import type { LookupAddress } from 'node:dns';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { normalHost } from '../../runtime/host.ts';
import { sidecarSettings } from '../../sidecar/contract.ts';
import {
  destinationFault,
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

const listed = (setting: string) => sidecarSettings.webhookAllowedHosts.kind.parse(setting);

describe('allowed addresses', () => {
  it('a listed name may not lead to an address inside, unless the list says so or the address is listed too', () => {
    expect(isAllowedAddress('hooks.example.com', '10.0.0.1', listed('hooks.example.com'))).toBe(false);
    expect(isAllowedAddress('hooks.example.com', '10.0.0.1', listed('hooks.example.com,10.0.0.1'))).toBe(true);
    expect(isAllowedAddress('hooks.example.com', '10.0.0.1', listed('hooks.example.com+private'))).toBe(true);
    expect(isAllowedAddress('hooks.example.com', '8.8.8.8', listed('hooks.example.com'))).toBe(true);
    expect(isAllowedAddress('other.example.com', '10.0.0.1', listed('hooks.example.com+private'))).toBe(false);
  });

  it.each(['hook.load', 'receiver', 'receiver.team.svc', 'receiver.team.svc.cluster.local', 'corp.example.com'])(
    '%s leads inside where the list says so, and only there',
    (host) => {
      expect(isAllowedAddress(host, '10.0.0.1', listed(`${host}+private`))).toBe(true);
      expect(isAllowedAddress(host, '10.0.0.1', listed(host))).toBe(false);
    },
  );
});

describe('one form of a host', () => {
  it.each([
    ['HOOKS.Example.COM', 'https://hooks.example.com/x'],
    ['hooks.example.com', 'https://HOOKS.example.com./x'],
    ['hooks.example.com.', 'https://hooks.example.com:8443/x'],
    ['b\u00fccher.example', 'https://xn--bcher-kva.example/'],
    ['xn--bcher-kva.example', 'https://b\u00fccher.example/'],
    ['[2606:4700:0::1]', 'https://[2606:4700::1]/'],
    ['2606:4700::1', 'https://[2606:4700:0:0::1]:8443/'],
    ['127.0.0.1', 'http://0x7f.1/'],
    ['hook.load+private', 'http://hook.load/'],
  ])('%s as listed is the host of %s', (setting, url) => {
    expect(() => readDestination(url, listed(setting))).not.toThrow();
  });

  it.each(['*.example.com', 'hooks.example.com:443', 'https://hooks.example.com', 'a b', 'user@host', '[::1', 'a/b'])(
    '%s is refused in the list',
    (setting) => {
      expect(() => listed(setting)).toThrow('hosts without port and wildcard');
    },
  );

  it('what the resource definition takes is what the sidecar compares by', () => {
    const text = readFileSync('crds/inferencedeployment.yaml', 'utf8');
    const pattern = /allowedHosts:.*?host\.matches\('(.*?)'\)/s.exec(text)?.[1] ?? '';
    for (const host of ['hook.load', 'hooks.example.com', '10.0.0.1', '2606:4700::1', '::1', 'xn--bcher-kva.example']) {
      expect([host, new RegExp(pattern).test(host), normalHost(host)]).toEqual([host, true, host]);
    }
    for (const host of ['A.example', 'a.example.', 'a:443', '*.a', '[::1]', 'b\u00fccher.example', 'a+private', '']) {
      expect([host, new RegExp(pattern).test(host)]).toEqual([host, false]);
    }
  });
});

describe('a destination at its submission', () => {
  const lead = (address: string) => (_: string, __: object, done: (e: null, a: readonly LookupAddress[]) => void) =>
    done(null, [{ address, family: 4 }]);
  const faultOf = (setting: string, resolve: unknown) =>
    destinationFault(new URL('http://hook.load/x'), listed(setting), resolve as never);

  it('is refused with a sentence where its name leads inside and the list does not allow that', async () => {
    expect(await faultOf('hook.load', lead('10.0.0.1'))).toMatch(/leads to an address inside/);
    expect(await faultOf('hook.load+private', lead('10.0.0.1'))).toBeUndefined();
    expect(await faultOf('hook.load', lead('8.8.8.8'))).toBeUndefined();
  });

  it('is taken where its name does not resolve now: it is looked at again when it is delivered', async () => {
    const fails = (_: string, __: object, done: (e: Error) => void) => done(new Error('ENOTFOUND'));
    expect(await faultOf('hook.load', fails)).toBeUndefined();
  });
});

describe('the lookup of a connection', () => {
  const lookup = (found: readonly LookupAddress[], all: boolean) =>
    new Promise((resolve, reject) => {
      const resolveHost = (_: string, __: object, done: (e: null, a: readonly LookupAddress[]) => void) =>
        done(null, found);
      guardedLookup(listed('a.example'), resolveHost as never)('a.example', { all }, (error, address) =>
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
    expect(readDestination(url, listed('a.example,2606:4700::1')).href).toBe(url);
  });

  it.each(['ftp://a.example/', 'https://b.example/', 'https://a.example.evil/', 'nonsense', 'https://127.0.0.1/'])(
    '%s is refused',
    (url) => {
      expect(() => readDestination(url, listed('a.example'))).toThrow(ForbiddenDestination);
    },
  );
});
