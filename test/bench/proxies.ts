// The subjects of the benches of the request path: the sidecar as its image runs it, and its peers, each with one upstream.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, imageNodeFlags } from '../../dev/bundle.ts';
import { type BenchContext, nodeCommand } from './bench.ts';
import { nginxConfig, nginxProxy } from './nginx.ts';
import { PinnedProcess } from './pinned-process.ts';
import { freePort, untilAnswering } from './ports.ts';

export interface StartedProxy {
  readonly port: number;
  /** Of the sidecar only. */
  readonly adminPort?: number;
  /** Undefined for the direct way. */
  readonly process: PinnedProcess | undefined;
}

/** A peer in JavaScript gets the memory that Node takes by itself; ours is limited in its image. */
const NODE_AS_IT_IS: readonly string[] = [];

type Start = (context: BenchContext, upstreamPort: number) => Promise<StartedProxy>;

export const proxyKinds = ['direct', 'nginx', 'haproxy', 'http-proxy', 'sidecar'] as const;
export type ProxyKind = (typeof proxyKinds)[number];

export async function startProxies<K extends ProxyKind>(
  context: BenchContext,
  kinds: readonly K[],
  upstreamPort: number,
): Promise<Readonly<Record<K, StartedProxy>>> {
  const started: [K, StartedProxy][] = [];
  for (const kind of kinds) started.push([kind, await start[kind](context, upstreamPort)]);
  return Object.fromEntries(started) as Record<K, StartedProxy>;
}

const start: Readonly<Record<ProxyKind, Start>> = {
  direct: async (_context, upstreamPort) => ({ port: upstreamPort, process: undefined }),
  nginx: startNginx,
  haproxy: startHaproxy,
  'http-proxy': startHttpProxy,
  sidecar: (context, upstreamPort) => startSidecar(context, upstreamPort),
};

async function startNginx(context: BenchContext, upstreamPort: number): Promise<StartedProxy> {
  const port = await freePort();
  const file = join(context.folder, 'nginx.conf');
  writeFileSync(file, nginxConfig(context.folder, 'nginx', nginxProxy(port, upstreamPort)));
  return up(context, port, new PinnedProcess('nginx', context.cores.measured, ['nginx', '-c', file, '-e', 'stderr']));
}

async function startHaproxy(context: BenchContext, upstreamPort: number): Promise<StartedProxy> {
  const port = await freePort();
  const file = join(context.folder, 'haproxy.cfg');
  const config = `
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  http-reuse always
  option http-no-delay
listen container
  bind 127.0.0.1:${port}
  server container 127.0.0.1:${upstreamPort}
`;
  writeFileSync(file, config);
  return up(context, port, new PinnedProcess('haproxy', context.cores.measured, ['haproxy', '-f', file, '-db']));
}

async function startHttpProxy(context: BenchContext, upstreamPort: number): Promise<StartedProxy> {
  const port = await freePort();
  const file = fileURLToPath(new URL('./programs/http-proxy.ts', import.meta.url));
  const command = nodeCommand(context, 'http-proxy', NODE_AS_IT_IS, file, String(port), String(upstreamPort));
  return up(context, port, new PinnedProcess('http-proxy', context.cores.measured, command));
}

export interface SidecarOptions {
  readonly name?: string;
  readonly store?: string;
  readonly flags?: readonly string[];
}

/** Bundled, started as its image starts it, on all addresses as in a pod, everything on; the log goes to a pipe. */
export async function startSidecar(
  context: BenchContext,
  upstreamPort: number,
  options: SidecarOptions = {},
): Promise<StartedProxy> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = await sidecarBundle(context);
  const name = options.name ?? 'sidecar';
  const flags = [
    ...['--name', 'bench', '--port', `${port}`, '--admin-port', `${adminPort}`],
    ...[
      '--upstream',
      `http://127.0.0.1:${upstreamPort}`,
      '--concurrency',
      '100',
      '--data-dir',
      join(context.folder, name),
    ],
    ...['--drain-quiet-seconds', '0', '--drain-seconds', '0'],
    ...(options.store === undefined ? [] : ['--store', options.store]),
    ...(options.flags ?? []),
  ];
  const command = nodeCommand(context, name, imageNodeFlags.sidecar, file, ...flags);
  const process = new PinnedProcess(name, context.cores.measured, command, {
    NODE_ENV: 'production',
  });
  return { ...(await up(context, port, process)), adminPort };
}

export async function sidecarBundle(context: BenchContext): Promise<string> {
  await bundle('sidecar', context.folder);
  return join(context.folder, 'sidecar.mjs');
}

async function up(context: BenchContext, port: number, process: PinnedProcess): Promise<StartedProxy> {
  context.use(process);
  await untilAnswering(port);
  return { port, process };
}
