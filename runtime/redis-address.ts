// The address of a Redis as a person writes it: one server, sentinels, or a cluster; each also over TLS. Its errors show nothing of it:
// wherever a password was put, it is in no text.
// Pure: reads text, connects to nothing.

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

export interface RedisAddress {
  readonly form: 'single' | 'sentinel' | 'cluster';
  readonly hosts: readonly HostAndPort[];
  readonly isTls: boolean;
  readonly username: string;
  readonly password: string;
  readonly database: number;
  /** Name of the master that sentinels watch; empty otherwise. */
  readonly masterName: string;
}

export const redisForms =
  'redis://[user:password@]host:6379/0, rediss://..., redis+sentinel://host:26379,host:26379/master-name/0, ' +
  'or redis+cluster://host:6379,host:6379';

const shape = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(.*)$/s;

/**
 * `password` is used where the address has none. Throws an Error that completes "the address must": everything in an address is honoured
 * or refused.
 */
export function readRedisAddress(url: string, password = ''): RedisAddress {
  const match = shape.exec(url);
  if (match === null) throw new Error(`look like ${redisForms}`);
  const [, scheme, kind, rest = ''] = match;
  const form = kind === 'sentinel' || kind === 'cluster' ? kind : 'single';
  const at = rest.lastIndexOf('@');
  const [username, own] = readCredentials(at < 0 ? '' : rest.slice(0, at));
  const [hostList = '', ...segments] = withoutOptions(rest.slice(at + 1)).split('/');
  if (segments.at(-1) === '') segments.pop();
  const masterName = form === 'sentinel' ? decoded(segments.shift() || 'mymaster') : '';
  if (segments.length > 1) throw new Error(`have nothing behind the number of the database: ${redisForms}`);
  const address = {
    form,
    isTls: scheme === 'rediss',
    username,
    password: own === '' ? password : own,
    hosts: hostList.split(',').map((text) => readHost(text, form === 'sentinel' ? 26379 : 6379)),
    database: readDatabase(segments[0] ?? '0', form),
    masterName,
  } as const;
  if (form === 'single' && address.hosts.length !== 1) {
    throw new Error('name one host, or begin with redis+cluster:// or redis+sentinel://');
  }
  return address;
}

function readCredentials(text: string): readonly [string, string] {
  if (/[@/?#]/.test(text)) {
    throw new Error(
      'have @ / ? # in user and password percent-encoded (%40 %2F %3F %23), and credentials before the host only',
    );
  }
  const colon = text.indexOf(':');
  const user = colon < 0 ? text : text.slice(0, colon);
  return [decoded(user), colon < 0 ? '' : decoded(text.slice(colon + 1))];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('have % written as %25 in user, password and master name');
  }
}

function withoutOptions(text: string): string {
  if (!/[?#]/.test(text)) return text;
  throw new Error(
    'end with the number of the database: options behind ? or # have no effect, settings of their own do',
  );
}

function readDatabase(text: string, form: RedisAddress['form']): number {
  if (!/^\d{1,4}$/.test(text)) throw new Error('have a whole number as its database');
  if (form === 'cluster' && text !== '0') throw new Error('name no database but 0: a Redis Cluster has no other');
  return Number(text);
}

function readHost(text: string, fallbackPort: number): HostAndPort {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[2] ?? fallbackPort);
  if (match === null || port < 1 || port > 65535) throw new Error(`name its hosts as host or host:port: ${redisForms}`);
  return { host: (match[1] ?? '').replace(/^\[|\]$/g, ''), port };
}
