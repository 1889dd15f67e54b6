// The server's life: listen, load, crash, come back, close. Tests and the bench hold one in-process through
// startModelServer; main.ts is the same as a program.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { Batch } from './batch.ts';
import { Counters, type Stats } from './counters.ts';
import { dispatch } from './dispatch.ts';
import { Health } from './health.ts';
import { Holds } from './holds.ts';
import { defaultSettings, type ModelServerSettings } from './settings.ts';
import { serveWebSockets } from './websocket.ts';

export interface ModelServer {
  readonly url: string;
  readonly port: number;
  /** Events: began, token, ended; when(condition) waits for a state without polling. */
  readonly counters: Counters;
  stats(): Stats;
  when(condition: (stats: Stats) => boolean, timeoutMs?: number): Promise<Stats>;
  /** A status word, a code, or plain, empty, no-status, broken-json, hang. */
  setHealth(word: string): void;
  setLoading(isLoading: boolean): void;
  /** Lets go of the requests that came with ?hold=key. */
  release(key: string): void;
  /** As when the process dies: listener and all connections gone at once. */
  crash(): void;
  /** After crash(): listens again at the same port. */
  restart(): Promise<void>;
  /** Stops listening and lets what is inside finish. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export async function startModelServer(
  options: Partial<ModelServerSettings> & { readonly onCrash?: () => void } = {},
): Promise<ModelServer> {
  // In-process callers want a free port and silence; a program's defaults are main's business.
  const settings: ModelServerSettings = { ...defaultSettings(), port: 0, quiet: true, ...options };
  const counters = new Counters();
  const health = new Health(settings.health);
  const holds = new Holds();
  const connections = new Set<Duplex>();
  const crash = () => {
    options.onCrash?.();
    server.close();
    for (const socket of connections) socket.destroy();
  };
  const model = { settings, counters, batch: new Batch(), health, holds, crash };
  const open = () => listener(model, connections);
  let server = open();
  let port = settings.port;
  const listen = async () => {
    server.listen(port, settings.host);
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  };
  await listen();
  const restart = async () => {
    server = open();
    await listen();
  };
  const loaded = setTimeout(() => {
    health.setLoading(false);
    if (!server.listening) void restart();
  }, settings.loadSeconds * 1000);
  if (settings.loadSeconds === 0) clearTimeout(loaded);
  else if (settings.whileLoading === 'refuse') await closed(server);
  else health.setLoading(true);
  return {
    url: `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`,
    port,
    counters,
    stats: () => counters.stats(),
    when: (condition, timeoutMs) => counters.when(condition, timeoutMs),
    setHealth: (word) => health.set(word),
    setLoading: (isLoading) => health.setLoading(isLoading),
    release: (key) => holds.release(key),
    crash,
    restart,
    drain: async () => {
      server.closeIdleConnections();
      await closed(server);
    },
    close: async () => {
      clearTimeout(loaded);
      for (const socket of connections) socket.destroy();
      await closed(server);
    },
  };
}

function listener(model: Parameters<typeof dispatch>[0], connections: Set<Duplex>): Server {
  const server = createServer({
    keepAliveTimeout: model.settings.keepAliveMs,
    // Node would wait a second longer than it says; other servers do not.
    keepAliveTimeoutBuffer: 0,
    requestTimeout: 0,
    headersTimeout: 0,
  });
  server.on('request', (request, response) => dispatch(model, request, response));
  server.on('checkContinue', (request, response) => {
    if (new URL(request.url ?? '/', 'http://model').pathname !== '/early') response.writeContinue();
    dispatch(model, request, response);
  });
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
  });
  serveWebSockets(server, model.counters);
  return server;
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return;
  server.close();
  await once(server, 'close');
}
