// Where a webhook may go. The list of hosts is the first wall: without it this would be an open proxy into the cluster. The
// second is the address: a listed public name must not lead to a private one, now or after its DNS was changed.
// The address that was checked is the one that is connected to.
import type { LookupAddress, LookupOptions } from 'node:dns';
import { lookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';

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

/** Names that cannot mean anything outside: who lists one means an address inside. */
function isInternalName(host: string): boolean {
  return !host.includes('.') || /\.(svc|local|localhost|internal)$/.test(host);
}

export function isAllowedAddress(host: string, address: string, allowedHosts: readonly string[]): boolean {
  return isPublicAddress(address) || allowedHosts.includes(address) || isInternalName(host);
}

/** Throws ForbiddenDestination with the reason. */
export function readDestination(text: string, allowedHosts: readonly string[]): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new ForbiddenDestination('not an http(s) URL');
  // Brackets belong to the URL, not to the address.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!allowedHosts.includes(url.hostname) && !allowedHosts.includes(host)) {
    throw new ForbiddenDestination(`host ${host} is not allowed any more`);
  }
  return url;
}

type Resolve = (host: string, options: LookupOptions, done: Done) => void;
type Done = (error: Error | null, address: string | readonly LookupAddress[], family?: number) => void;

/** For `net.connect`: resolves a name and hands on only addresses that may be connected to. */
export function guardedLookup(allowedHosts: readonly string[], resolve: Resolve = lookup as Resolve): Resolve {
  return (host, options, done) => {
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, '');
      const addresses = (found as readonly LookupAddress[]).filter(({ address }) =>
        isAllowedAddress(host, address, allowedHosts),
      );
      const first = addresses[0];
      if (first === undefined) {
        return done(new ForbiddenDestination(`host ${host} leads to an address that is not public`), '');
      }
      if (options.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
}
