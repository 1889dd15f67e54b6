// Where a webhook may go. The list of hosts is the first wall: without it this would be an open proxy into the cluster. The
// second is the address: a listed public name must not lead to a private one, now or after its DNS was changed.
// The address that was checked is the one that is connected to.
import type { LookupAddress, LookupOptions } from 'node:dns';
import { lookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { hostOf, normalHost } from '../../../runtime/host.ts';
import type { WebhookHost } from '../../contract.ts';

/** A name that takes longer is looked at when it is delivered to. */
const RESOLVE_MS = 2000;

export class ForbiddenDestination extends Error {}

// Two lists: one list would take ::/3 to mean every IPv4 address too, in its mapped form.
const special4 = new BlockList();
const special6 = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  special4.addSubnet(network, prefix, 'ipv4');
}
// Only 2000::/3 is global unicast; of it 2001::/23 (Teredo and such), 2001:db8::/32 and 2002::/16 (6to4) hide other addresses.
for (const [network, prefix] of [
  ['::', 3],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['4000::', 2],
  ['8000::', 1],
] as const) {
  special6.addSubnet(network, prefix, 'ipv6');
}

export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  // A mapped IPv4 address (::ffff:10.0.0.1) lies in ::/3 and is refused with it.
  return family === 6 ? !special6.check(address, 'ipv6') : !special4.check(address, 'ipv4');
}

/** `host`: in its normal form. An address that is listed itself may be led to by any listed name. */
export function isAllowedAddress(host: string, address: string, allowedHosts: readonly WebhookHost[]): boolean {
  return (
    isPublicAddress(address) ||
    allowedHosts.some((allowed) => allowed.host === address || (allowed.host === host && allowed.allowPrivate))
  );
}

/** Throws ForbiddenDestination with the reason. */
export function readDestination(text: string, allowedHosts: readonly WebhookHost[]): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new ForbiddenDestination('not an http(s) URL without user and password');
  }
  const host = hostOf(url);
  if (!allowedHosts.some((allowed) => allowed.host === host)) {
    throw new ForbiddenDestination(`host ${host} is not among the allowed ones`);
  }
  return url;
}

/**
 * Why a destination can never be delivered to, as a sentence; undefined where it can, or where its name does not resolve in time: it may
 * when it is delivered, and its address is looked at again then.
 */
export async function destinationFault(
  url: URL,
  allowedHosts: readonly WebhookHost[],
  resolve: Resolve = lookup as Resolve,
): Promise<string | undefined> {
  const host = hostOf(url);
  const { promise, resolve: found } = Promise.withResolvers<string | undefined>();
  const timer = setTimeout(() => found(undefined), RESOLVE_MS);
  guardedLookup(allowedHosts, resolve)(host, { all: true }, (error) =>
    found(error instanceof ForbiddenDestination ? error.message : undefined),
  );
  return promise.finally(() => clearTimeout(timer));
}

type Resolve = (host: string, options: LookupOptions, done: Done) => void;
type Done = (error: Error | null, address: string | readonly LookupAddress[], family?: number) => void;

/** For `net.connect`: resolves a name and hands on only addresses that may be connected to. */
export function guardedLookup(allowedHosts: readonly WebhookHost[], resolve: Resolve = lookup as Resolve): Resolve {
  return (host, options, done) => {
    const name = normalHost(host) ?? host;
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, '');
      const addresses = (found as readonly LookupAddress[]).filter(({ address }) =>
        isAllowedAddress(name, address, allowedHosts),
      );
      const first = addresses[0];
      if (first === undefined) {
        return done(
          new ForbiddenDestination(
            `host ${name} leads to an address inside, which webhooks.allowedHosts does not allow it`,
          ),
          '',
        );
      }
      if (options.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
}
