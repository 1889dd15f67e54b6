// The connections to Redis: one for the steps, one that listens. The only file that makes ioredis clients.
// A command on a broken connection fails at once instead of waiting in a queue: new work is told 503, and running work decides
// by itself when to try again. Reconnecting goes on for ever.
import type { Writable } from 'node:stream';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisAddress } from '../../../runtime/redis-address.ts';
import { type StepName, scripts } from './scripts.ts';

export type RedisClient = Redis | Cluster;

export interface Connections {
  /** Of the address; empty: Redis' user `default`. */
  readonly username: string;
  readonly steps: RedisClient;
  readonly listening: RedisClient;
  /** What the steps are written to now; nothing where there is no connection, or one to each of many servers. */
  socket(): Writable | undefined;
  /** The texts of the steps. They come with the client: no pod without Redis should read and keep them. */
  readonly scripts: Readonly<Record<StepName, string>>;
  /** At once, whatever state they are in. */
  close(): void;
}

const reconnectDelayMs = (times: number): number => Math.min(25 * 2 ** Math.min(times, 6), 1000);

/** `ca`: PEM certificates to trust instead of those of public authorities. */
export function connect(address: RedisAddress, stepTimeoutMs: number, ca = ''): Connections {
  const tls = ca === '' ? {} : { ca };
  if (address.form === 'cluster') {
    // A cluster client keeps a listening connection of its own, but a failing step should not take it along.
    const client = () => clusterClient(address, stepTimeoutMs, tls);
    return connections(address.username, client(), client());
  }
  const options = singleOptions(address, stepTimeoutMs, tls);
  return connections(address.username, new Redis(options), new Redis({ ...options, enableOfflineQueue: true }));
}

function connections(username: string, steps: RedisClient, listening: RedisClient): Connections {
  const close = () => {
    disconnect(steps);
    disconnect(listening);
  };
  // It has none before its first attempt, whatever its type says.
  const socket = () => (steps instanceof Cluster ? undefined : (steps.stream as Redis['stream'] | undefined));
  return { username, steps, listening, socket, scripts, close };
}

/**
 * ioredis listens to the first error of a socket only, and a second one would end the process: a certificate that is not trusted, then
 * the server's alert because we left in the middle of the handshake.
 */
function disconnect(client: RedisClient): void {
  const nodes = client instanceof Cluster ? client.nodes() : [client];
  // It has no socket before its first attempt, whatever its type says.
  for (const { stream } of nodes as readonly { readonly stream?: Redis['stream'] }[])
    stream?.on('error', () => undefined);
  client.disconnect();
}

type Tls = { readonly ca?: string };

function commonOptions(address: RedisAddress, stepTimeoutMs: number, tls: Tls): RedisOptions {
  return {
    ...(address.username === '' ? {} : { username: address.username }),
    ...(address.password === '' ? {} : { password: address.password }),
    ...(address.isTls ? { tls } : {}),
    connectTimeout: 5000,
    commandTimeout: stepTimeoutMs,
    connectionName: 'inference-sidecar',
    enableOfflineQueue: false,
    // A step whose reply was lost may have happened: only its caller knows how to repeat it safely.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: reconnectDelayMs,
    // After a fail-over the old master answers READONLY: connect anew (1), do not resend (2).
    reconnectOnError: (error) => (/^(READONLY|MASTERDOWN|LOADING)/.test(error.message) ? 1 : false),
  };
}

function singleOptions(address: RedisAddress, stepTimeoutMs: number, tls: Tls): RedisOptions {
  const common = { ...commonOptions(address, stepTimeoutMs, tls), db: address.database, lazyConnect: true };
  if (address.form === 'sentinel') {
    return {
      ...common,
      sentinels: address.hosts.map(({ host, port }) => ({ host, port })),
      name: address.masterName,
      sentinelRetryStrategy: reconnectDelayMs,
      failoverDetector: true,
      ...(address.isTls ? { enableTLSForSentinelMode: true, sentinelTLS: tls } : {}),
    };
  }
  const [first] = address.hosts;
  return { ...common, host: first?.host ?? '127.0.0.1', port: first?.port ?? 6379 };
}

function clusterClient(address: RedisAddress, stepTimeoutMs: number, tls: Tls): Cluster {
  const { retryStrategy: _, lazyConnect: __, ...redisOptions } = commonOptions(address, stepTimeoutMs, tls);
  return new Cluster(
    address.hosts.map(({ host, port }) => ({ host, port })),
    {
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: reconnectDelayMs,
      // As above: no repeating behind the caller's back. Redirections (MOVED, ASK) were not executed and are followed.
      retryDelayOnFailover: 0,
      redisOptions,
    },
  );
}
