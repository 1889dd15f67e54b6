// One call of a probe's or hook's handler: httpGet, tcpSocket, exec, sleep. Says what happened in the kubelet's (Go's) words.
// Thresholds are probe-worker.ts; what follows from it is the pod worker's.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IntOrString } from '../objects.ts';
import type { Container, Handler, HttpGet } from '../pod.ts';

export type Attempt =
  | { readonly outcome: 'success' | 'failure'; readonly message: string }
  /** Could not even be tried: counts neither way. */
  | { readonly outcome: 'unknown'; readonly message: string };

export type Target = {
  readonly container: Container;
  readonly podIP: string;
  readonly exec: (
    command: readonly string[],
    signal: AbortSignal,
  ) => Promise<{ readonly exitCode: number; readonly output: string }>;
};

export type Call = {
  readonly timeoutMs: number;
  readonly timeoutText: string;
  readonly secondMs: number;
  readonly isProbe: boolean;
  readonly signal?: AbortSignal;
};

export async function callHandler(handler: Handler, target: Target, call: Call): Promise<Attempt> {
  try {
    if (handler.httpGet) return await httpGet(handler.httpGet, target, call);
    if (handler.tcpSocket)
      return await tcpConnect(
        handler.tcpSocket.host || target.podIP,
        portOf(handler.tcpSocket.port, target.container),
        call,
      );
    if (handler.exec) return await runCommand(handler.exec.command ?? [], target, call);
    if (handler.sleep) {
      const untilMs = Math.min(handler.sleep.seconds * call.secondMs, call.timeoutMs);
      await sleep(untilMs, undefined, call.signal ? { signal: call.signal } : {});
      return success('');
    }
    return { outcome: 'unknown', message: 'this node agent knows httpGet, tcpSocket, exec and sleep handlers only' };
  } catch (error) {
    return { outcome: 'unknown', message: error instanceof Error ? error.message : String(error) };
  }
}

const success = (message: string): Attempt => ({ outcome: 'success', message });
const failure = (message: string): Attempt => ({ outcome: 'failure', message });

/** A name is looked up in the probed container itself and nowhere else. */
export function portOf(port: IntOrString, container: Container): number {
  const named = (container.ports ?? []).find((entry) => entry.name === port)?.containerPort;
  const number = typeof port === 'number' ? port : (named ?? Number(port));
  if (!Number.isInteger(number)) throw new Error(`strconv.Atoi: parsing "${port}": invalid syntax`);
  if (number < 1 || number > 65535) throw new Error(`invalid port number: ${number}`);
  return number;
}

function httpGet(get: HttpGet, target: Target, call: Call): Promise<Attempt> {
  const port = portOf(get.port, target.container);
  const host = get.host || target.podIP;
  const isTls = get.scheme === 'HTTPS';
  const path = get.path?.startsWith('/') ? get.path : `/${get.path ?? ''}`;
  const url = `${isTls ? 'https' : 'http'}://${host}:${port}${path}`;
  const headers: Record<string, string> = {
    'user-agent': call.isProbe ? 'kube-probe/1.36' : 'kube-lifecycle/1.36',
    accept: '*/*',
    connection: 'close',
  };
  for (const { name, value } of get.httpHeaders ?? []) headers[name.toLowerCase()] = value;
  return new Promise((resolve) => {
    const options = {
      host,
      port,
      path,
      headers,
      agent: false,
      rejectUnauthorized: false,
      ...(call.signal ? { signal: call.signal } : {}),
    };
    const request = isTls ? httpsRequest(options) : httpRequest(options);
    const done = (attempt: Attempt): void => {
      clearTimeout(timer);
      request.destroy();
      resolve(attempt);
    };
    const timer = setTimeout(
      () => done(failure(`Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`)),
      call.timeoutMs,
    );
    request.on('error', (error: NodeJS.ErrnoException) =>
      done(failure(`Get "${url}": ${dialError(error, host, port)}`)),
    );
    request.on('response', (response) => {
      const status = response.statusCode ?? 0;
      // The body belongs to the answer: a server that hangs in it has not answered.
      response.resume().on('end', () => {
        const isGood = !call.isProbe || (status >= 200 && status < 400);
        done(isGood ? success('') : failure(`HTTP probe failed with statuscode: ${status}`));
      });
      response.on('error', (error: NodeJS.ErrnoException) =>
        done(failure(`Get "${url}": ${dialError(error, host, port)}`)),
      );
    });
    request.end();
  });
}

function tcpConnect(host: string, port: number, call: Call): Promise<Attempt> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const done = (attempt: Attempt): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(attempt);
    };
    const timer = setTimeout(() => done(failure(`dial tcp ${host}:${port}: i/o timeout`)), call.timeoutMs);
    socket.on('connect', () => done(success('')));
    socket.on('error', (error: NodeJS.ErrnoException) => done(failure(dialError(error, host, port))));
  });
}

async function runCommand(command: readonly string[], target: Target, call: Call): Promise<Attempt> {
  const timeout = AbortSignal.timeout(Math.max(1, Math.round(call.timeoutMs)));
  const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout;
  const { exitCode, output } = await target.exec(command, signal);
  if (timeout.aborted) return failure(`command timed out: "${command.join(' ')}" timed out after ${call.timeoutText}`);
  return exitCode === 0 ? success(output) : failure(output);
}

function dialError(error: NodeJS.ErrnoException, host: string, port: number): string {
  const words: { readonly [code: string]: string } = {
    ECONNREFUSED: `dial tcp ${host}:${port}: connect: connection refused`,
    ECONNRESET: `read tcp ${host}:${port}: read: connection reset by peer`,
    EHOSTUNREACH: `dial tcp ${host}:${port}: connect: no route to host`,
    ETIMEDOUT: `dial tcp ${host}:${port}: i/o timeout`,
  };
  if (error.message === 'socket hang up') return 'EOF';
  return words[error.code ?? ''] ?? error.message;
}
