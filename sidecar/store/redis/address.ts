// The address of a Redis as a person writes it: one server, sentinels, or a cluster; each also over TLS.
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

const shape = /^(redis|rediss)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^/?]*)(\/[^?]*)?(\?.*)?$/;

const forms =
  'redis://[user:password@]host:6379/0, rediss://..., redis+sentinel://host:26379,host:26379/master-name/0, ' +
  'or redis+cluster://host:6379,host:6379';

/** Throws with a sentence that says how an address looks. `password` is used where the address has none. */
export function readRedisAddress(url: string, password = ''): RedisAddress {
  const match = shape.exec(url);
  if (match === null) throw new Error(`the address of the store must look like ${forms}`);
  const [, scheme, kind, credentials, hostList, path = ''] = match;
  const form = kind === 'sentinel' || kind === 'cluster' ? kind : 'single';
  const [user = '', inUrl = ''] = splitOnce(credentials ?? '', ':').map(decodeURIComponent);
  const rest = {
    form,
    isTls: scheme === 'rediss',
    username: user,
    password: inUrl === '' ? password : inUrl,
  } as const;
  const hosts = (hostList ?? '').split(',').map((text) => readHost(text, form === 'sentinel' ? 26379 : 6379));
  if (form === 'single' && hosts.length !== 1)
    throw new Error('a redis:// address names one host; see redis+cluster://');
  const segments = path.split('/').filter((segment) => segment !== '');
  const masterName = form === 'sentinel' ? decodeURIComponent(segments.shift() ?? 'mymaster') : '';
  return { ...rest, hosts, database: readDatabase(segments[0] ?? '0', form), masterName };
}

function readDatabase(text: string, form: RedisAddress['form']): number {
  if (!/^\d{1,4}$/.test(text)) throw new Error(`the database in the store's address must be a number, not "${text}"`);
  if (form === 'cluster' && text !== '0') throw new Error('a Redis Cluster has no databases but 0');
  return Number(text);
}

function readHost(text: string, fallbackPort: number): HostAndPort {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text);
  if (match === null) throw new Error(`"${text}" in the store's address must be host or host:port; ${forms}`);
  return { host: (match[1] ?? '').replace(/^\[|\]$/g, ''), port: Number(match[2] ?? fallbackPort) };
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}
