// What the sidecar promises to those outside it: settings, ports, paths, header names, store key names.
// The operator imports this file and nothing else of the sidecar; keep it free of imports but runtime/.

import { isToken } from '../runtime/fields/list.ts';
import { normalHost } from '../runtime/host.ts';
import { logLevels } from '../runtime/logger.ts';
import {
  choice,
  httpOrigin,
  httpPathOrEmpty,
  integer,
  nonEmptyText,
  storeAddress,
  text,
  urlOrEmpty,
  words,
} from '../runtime/setting-kinds.ts';
import { type Kind, type SettingsOf, secret, setting } from '../runtime/settings.ts';

export const SETTINGS_PREFIX = 'SIDECAR';

export const concurrencyRange = { min: 1, max: 100 } as const;

/** Names that are paths of their own; the resource definition refuses the same, and the same length. */
export const reservedNames: readonly string[] = ['status', 'result', 'v1', 'health', 'metrics'];
export const maxNameLength = 52;

const deploymentName: Kind<string> = {
  expects: 'name of the InferenceDeployment',
  parse: (value) => {
    if (!/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(value) || value.length > maxNameLength) {
      throw new Error(`be a lower-case DNS label of at most ${maxNameLength} characters that begins with a letter`);
    }
    if (reservedNames.includes(value)) {
      throw new Error(`not be ${reservedNames.join(', ')}, which are paths of their own; choose another`);
    }
    return value;
  },
};

/** As a browser writes it (RFC 6454, 6.2): scheme, host, and the port where it is not the scheme's own. */
const ORIGIN = /^[a-z][-+.a-z0-9]*:\/\/(?:[a-z0-9](?:[-.a-z0-9]*[a-z0-9])?|\[[0-9a-f:]+\])(?::[1-9][0-9]{0,4})?$/;

const origins: Kind<readonly string[]> = {
  expects: 'comma-separated list of origins like https://app.example.com, or *',
  parse: (value) => {
    const list = words.parse(value);
    const wrong = list.find((origin) => origin !== '*' && !ORIGIN.test(origin));
    if (wrong !== undefined) {
      throw new Error(`be * or origins like https://app.example.com, in lower case and without a path, not ${wrong}`);
    }
    return list.map((origin) => origin.replace(/^(https:.*):443$|^(http:.*):80$/, '$1$2'));
  },
};

const fieldNames: Kind<readonly string[]> = {
  expects: 'comma-separated list of header names',
  parse: (value) => {
    const list = words.parse(value);
    const wrong = list.find((name) => !isToken(name));
    if (wrong !== undefined) throw new Error(`be header names like X-Request-Id, not ${wrong}`);
    return list;
  },
};

export interface WebhookHost {
  /** In the form of `normalHost`. */
  readonly host: string;
  /** It may lead to an address that is not public. */
  readonly allowPrivate: boolean;
}

const privateMark = '+private';

const webhookHosts: Kind<readonly WebhookHost[]> = {
  expects: 'comma-separated list of hosts without port, like hooks.example.com,receiver.team.svc+private',
  parse: (value) =>
    words.parse(value).map((word) => {
      const allowPrivate = word.endsWith(privateMark);
      const host = normalHost(allowPrivate ? word.slice(0, -privateMark.length) : word);
      if (host === undefined || host.includes('*')) {
        throw new Error(
          'be a list of hosts without port and wildcard, like hooks.example.com,receiver.team.svc+private',
        );
      }
      return { host, allowPrivate };
    }),
};

/** As the setting is written. */
export function webhookHostsText(hosts: readonly { readonly host: string; readonly allowPrivate?: boolean }[]): string {
  return hosts.map(({ host, allowPrivate }) => `${host}${allowPrivate ? privateMark : ''}`).join(',');
}

/** Every setting of the sidecar. `requestTtlSeconds` is read from SIDECAR_REQUEST_TTL_SECONDS or --request-ttl-seconds. */
export const sidecarSettings = {
  name: setting(
    deploymentName,
    undefined,
    'name of the deployment: the public path prefix and part of every store key',
  ),
  namespace: setting(nonEmptyText, 'default', 'namespace of the deployment: part of every store key'),
  host: setting(text, '', 'address to listen on; empty: all addresses, IPv6 included'),
  port: setting(integer(0, 65535), '8080', 'traffic port; 0 takes a free one'),
  adminPort: setting(integer(0, 65535), '9090', 'port of probes, metrics and drain; 0 takes a free one'),
  adminToken: secret(
    text,
    '',
    'bearer token that POST /drain and /dead-letters want; empty: callers on loopback only, and no web page',
  ),
  upstream: setting(httpOrigin, 'http://127.0.0.1:8000', 'address of the model container'),
  concurrency: setting(
    integer(concurrencyRange.min, concurrencyRange.max),
    '1',
    'requests inside the container at a time, sync and async together',
  ),
  maxQueue: setting(
    integer(0, 10_000_000),
    '1000',
    'waiting sync requests per replica, and waiting async requests per deployment',
  ),
  requestTtlSeconds: setting(integer(1, 604_800), '300', 'waiting plus inference up to the response headers'),
  resultTtlSeconds: setting(integer(1, 2_592_000), '3600', 'how long a finished async request and its result are kept'),
  maxBodyBytes: setting(
    integer(1, 536_870_912),
    '33554432',
    'largest body of an async request, and largest stored result',
  ),
  memoryBudgetBytes: setting(
    integer(0),
    '0',
    'bytes that requests, answers and connections may take in memory; 0: what the memory limit of the container leaves',
  ),
  maxStoredBytes: setting(integer(0), '0', 'bytes one deployment may keep in the store; 0: no quota'),
  maxAttempts: setting(integer(1, 100), '3', 'tries of an async request whose container gave no response'),
  leaseSeconds: setting(integer(1, 3600), '30', 'how long a claim outlives the last heartbeat of its replica'),
  idleTimeoutSeconds: setting(integer(1, 86_400), '300', 'longest silence of a stream or WebSocket'),
  dataDir: setting(nonEmptyText, './data', 'directory of the embedded store'),
  store: setting(storeAddress(true), '', 'address of the store; empty: an SQLite file in the data directory'),
  storePassword: secret(text, '', 'password of the store, where it is not part of its address'),
  storeCa: setting(
    text,
    '',
    'certificates (PEM) by which a rediss:// store is trusted; empty: those of public authorities',
  ),
  healthPath: setting(
    httpPathOrEmpty,
    '/health',
    'health path of the container; empty: no probing, always taken for healthy',
  ),
  healthPort: setting(integer(0, 65535), '0', 'port of the health path; 0: the port of the upstream'),
  healthPeriodSeconds: setting(integer(1, 3600), '5', 'time between two health probes'),
  healthTimeoutSeconds: setting(integer(1, 3600), '3', 'time a health probe may take'),
  healthFailureThreshold: setting(
    integer(1, 1000),
    '3',
    'timeouts or refused connections in a row that make a container unready',
  ),
  authKeysDir: setting(
    text,
    '',
    'directory with one API key a file (a mounted Secret), read again when it changes; empty: no keys wanted',
  ),
  corsAllowedOrigins: setting(
    origins,
    '',
    'origins whose web pages may ask and read the answers; empty: CORS is the container’s matter',
  ),
  corsAllowedHeaders: setting(fieldNames, '', 'request headers that those pages may send; empty: any'),
  corsExposedHeaders: setting(
    fieldNames,
    '',
    'response headers of the container that those pages may read, beside the sidecar’s own',
  ),
  corsMaxAgeSeconds: setting(integer(0, 86_400), '600', 'how long a browser may remember the answer to a preflight'),
  webhookAllowedHosts: setting(
    webhookHosts,
    '',
    'hosts that X-Inference-Webhook may name; `+private` behind one lets it lead to an address inside; empty: none',
  ),
  webhookSecretsDir: setting(
    text,
    '',
    'directory with one webhook signing secret a file (a mounted Secret); all of them sign',
  ),
  maxConnections: setting(integer(1, 1_000_000), '10000', 'open client connections'),
  drainSeconds: setting(integer(0, 86_400), '300', 'longest wait for requests to finish after SIGTERM or /drain'),
  drainQuietSeconds: setting(
    integer(0, 600),
    '3',
    'silence that ends a drain, and time unready before the end: clients and endpoints lag behind',
  ),
  tracesEndpoint: setting(
    urlOrEmpty('http:', 'https:'),
    '',
    'OTLP/HTTP address that takes OpenTelemetry spans, like http://collector:4318; empty: no traces',
  ),
  logLevel: setting(choice(...logLevels), 'info', 'least serious level that is logged'),
} as const;

export type SidecarSettings = SettingsOf<typeof sidecarSettings>;
export type SidecarSettingName = keyof typeof sidecarSettings;

/** Ports of the sidecar container inside a pod made by the operator. */
export const sidecarPorts = { traffic: 8080, admin: 9090 } as const;

/** Node.js in the images: their entry point, and what runs in them beside it. */
export const nodeOfImage = '/nodejs/bin/node';

/** Paths on the admin port. */
export const adminPaths = {
  /** Readiness of the pair: the sidecar's store and the container's health. */
  ready: '/ready',
  /** The container answers healthy or busy, asked now, or works on a request: its startup probe. */
  startup: '/startup',
  /** The container is alive; never fails while a request is inside and within its TTL. */
  live: '/live',
  /** The sidecar itself: its own startup probe. */
  healthz: '/healthz',
  /** POST begins the drain (the sidecar's preStop); GET waits until no request is inside or waiting (the model container's). */
  drain: '/drain',
  metrics: '/metrics',
  /** What is inside and waiting, as JSON, for the operator and people. */
  stats: '/stats',
  /** Async requests set aside after their last attempt; POST /dead-letters/<id>/replay makes a new one. */
  deadLetters: '/dead-letters',
} as const;

const MIB = 1024 * 1024;
/** What the process takes without any request: code, heap, buffers of connections to the container and the store. */
const IDLE_PROCESS_BYTES = 96 * MIB;
/** Of a memory limit: what was given back and is not collected yet, and what the allocator keeps. */
const SLACK_SHARE = 1 / 8;
/** Of the memory budget: what whole bodies leave to heads and packets of other requests. */
export const SMALL_SHARE = 1 / 4;

/** Bytes in memory while a body of this size passes through the sidecar: as it came, as a record, and on its way to the store. */
export function heldForBody(bodyBytes: number): number {
  return 3 * bodyBytes;
}

/** The budget (SIDECAR_MEMORY_BUDGET_BYTES) that a memory limit of the container leaves, in bytes. */
export function memoryBudgetOf(memoryLimitBytes: number): number {
  return Math.floor(memoryLimitBytes * (1 - SLACK_SHARE)) - IDLE_PROCESS_BYTES;
}

/** The smallest budget with which the largest body passes: one on its way in, and one answer beside it. */
export function leastMemoryBudget(maxBodyBytes: number): number {
  return Math.ceil((2 * heldForBody(maxBodyBytes)) / (1 - SMALL_SHARE));
}

/** The smallest memory limit of the sidecar's container that leaves such a budget. */
export function leastMemoryLimit(maxBodyBytes: number): number {
  return Math.ceil((leastMemoryBudget(maxBodyBytes) + IDLE_PROCESS_BYTES) / (1 - SLACK_SHARE));
}

export const reservedPaths = { status: '/status', result: '/result' } as const;

/** Lower case, as Node gives them. */
export const headers = {
  inferenceId: 'x-inference-id',
  webhook: 'x-inference-webhook',
  prefer: 'prefer',
  preferenceApplied: 'preference-applied',
  forwardedPrefix: 'x-forwarded-prefix',
  serverTiming: 'server-timing',
  retryAfter: 'retry-after',
  accelBuffering: 'x-accel-buffering',
} as const;

/** Body of GET /stats on the admin port. Ages and times in whole seconds. */
export interface SidecarStats {
  readonly name: string;
  readonly namespace: string;
  readonly concurrency: number;
  /** Requests inside the container now, sync and async. */
  readonly inFlight: number;
  /** Sync requests waiting in this replica. */
  readonly waiting: number;
  /** Async requests of the whole deployment. `null` while the store does not answer. */
  readonly queue: { readonly queued: number; readonly running: number; readonly oldestQueuedSeconds: number } | null;
  readonly container: 'starting' | 'healthy' | 'busy' | 'unhealthy' | 'unreachable';
  /** What the last health probe got, in words (`GET /health: answered 404`); null while the container is healthy. */
  readonly containerAnswer: string | null;
  /** The last answer of the health path that was none of a healthy container (`GET /health: answered 404`), kept while it is down; null once it is healthy. */
  readonly containerSaid: string | null;
  /** Not ok without an error: it is being opened. */
  readonly store: { readonly kind: 'redis' | 'sqlite'; readonly ok: boolean; readonly error: string | null };
  readonly draining: boolean;
}

/** The hash tag that keeps all keys of one deployment in one slot of a Redis Cluster. */
export function storeKeyPrefix(namespace: string, name: string): string {
  return `inference:{${namespace}/${name}}`;
}
