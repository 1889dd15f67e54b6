// HTTPS in front of the Api, HTTP/2 for who asks for it as the real one: reads bodies, finds the user, orders faults, writes answers and watch streams, keeps the request log.

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer, Http2ServerResponse } from 'node:http2';
import { pipeline, type Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import type { Api } from './api.ts';
import type { Faults } from './faults.ts';
import type { KubeObject } from './objects.ts';
import { isFields } from './objects.ts';
import { decodeProtobuf, PROTOBUF } from './protobuf.ts';
import type { ApiRequest, ApiResponse, User } from './request.ts';
import type { RequestLog } from './request-log.ts';
import { badRequest, StatusError, unsupportedMediaType } from './status-error.ts';
import { partialMetadata, tableOf, wantsMetadataOnly, wantsTable } from './table.ts';
import type { Target } from './verbs.ts';
import { isTrue, startWatch } from './watcher.ts';

const MAX_BODY_BYTES = 3 * 1024 * 1024;

export interface ListenerParts {
  readonly api: Api;
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly authenticate: (headers: IncomingHttpHeaders) => User;
  readonly nowMs: () => number;
}

export function createListener(tls: { key: string; cert: string }, parts: ListenerParts): Http2SecureServer {
  // Clients keep connections for a long time; a closed idle one would look like a fault of theirs.
  const patience = { keepAliveTimeout: 120_000, requestTimeout: 0 };
  const options = { ...tls, ...patience, allowHTTP1: true, keepAlive: true };
  return createSecureServer(options, (request, response) => {
    // Those of HTTP/2 do all that is done with them here.
    const [incoming, outgoing] = [request, response] as unknown as [IncomingMessage, ServerResponse];
    outgoing.on('error', () => {});
    serve(parts, incoming, outgoing).catch(() => cut(outgoing));
  });
}

/** The connection breaks; with HTTP/2, and all that is on it. */
function cut(outgoing: ServerResponse | Http2ServerResponse): void {
  if (outgoing instanceof Http2ServerResponse) outgoing.stream.session?.destroy();
  else outgoing.socket?.destroy();
}

async function serve(parts: ListenerParts, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const url = new URL(incoming.url ?? '/', 'https://localhost');
  const method = incoming.method ?? 'GET';
  const isWatch = isTrue(url.searchParams.get('watch'));
  const seen = { method, path: incoming.url ?? '/', isWatch, userAgent: incoming.headers['user-agent'] ?? '' };
  let user: User = { name: '', groups: [] };
  const logged = (code: number) => {
    const verb = isWatch ? 'watch' : method.toLowerCase();
    parts.log.add({
      method,
      path: seen.path,
      verb,
      userAgent: seen.userAgent,
      user: user.name,
      code,
      atMs: parts.nowMs(),
    });
  };
  try {
    const bytes = await bytesOf(incoming);
    await parts.faults.whilePaused();
    const fault = parts.faults.take(seen);
    if (fault === 'reset') {
      logged(0);
      cut(outgoing);
      return;
    }
    if (fault !== undefined) throw fault;
    user = parts.authenticate(incoming.headers);
    const { contentType, body } = textBody((incoming.headers['content-type'] ?? '').split(';')[0]!.trim(), bytes);
    const headers = incoming.headers as Record<string, string | undefined>;
    const request: ApiRequest = {
      method,
      pathname: url.pathname,
      query: url.searchParams,
      headers,
      contentType,
      body,
      user,
    };
    const routed = parts.api.route(request);
    if (routed.kind === 'watch') {
      streamWatch(parts, request, routed.target, outgoing);
      logged(200);
      return;
    }
    if (routed.kind === 'log') {
      streamLog(routed.stream, outgoing);
      logged(200);
      return;
    }
    answer(outgoing, routed.response);
    logged(routed.response.code);
  } catch (error) {
    const status = error instanceof StatusError ? error : internalError(error);
    answer(outgoing, { code: status.code, body: status.status, headers: status.headers });
    logged(status.code);
  }
}

function internalError(error: unknown): StatusError {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new StatusError(500, `Internal error occurred: ${message}`, {
    reason: 'InternalError',
    details: { causes: [{ message }] },
  });
}

async function bytesOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES)
      throw new StatusError(413, `limit is ${MAX_BODY_BYTES}`, { reason: 'RequestEntityTooLarge' });
    chunks.push(chunk as Buffer);
  }
  const bytes = Buffer.concat(chunks);
  return incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
}

/** Protobuf becomes JSON here, so that nothing further in knows of it. */
function textBody(contentType: string, bytes: Buffer): { readonly contentType: string; readonly body: string } {
  if (contentType !== PROTOBUF) return { contentType, body: bytes.toString('utf8') };
  let object: unknown;
  try {
    object = decodeProtobuf(bytes);
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error));
  }
  if (object === undefined) throw unsupportedMediaType(['application/json', 'application/yaml']);
  return { contentType: 'application/json', body: JSON.stringify(object) };
}

function answer(outgoing: ServerResponse, { code, body, contentType, warnings, headers }: ApiResponse): void {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body)}\n`;
  const warning = (warnings ?? []).map((one) => `299 - ${JSON.stringify(one)}`);
  // A response that has begun (a watch that failed late) can only be cut short.
  if (outgoing.headersSent) {
    cut(outgoing);
    return;
  }
  if (warning.length > 0) outgoing.setHeader('warning', warning);
  outgoing.writeHead(code, {
    'cache-control': 'no-cache, private',
    'content-type': contentType ?? 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  outgoing.end(text);
}

function streamLog(stream: Readable | undefined, outgoing: ServerResponse): void {
  outgoing.writeHead(200, { 'cache-control': 'no-cache, private', 'content-type': 'text/plain' });
  if (stream === undefined) {
    outgoing.end();
    return;
  }
  outgoing.flushHeaders();
  // Whoever leaves first ends both; a broken pipe is the reader's own doing.
  pipeline(stream, outgoing, () => {});
}

/** The text of an event's object is made once, however many watches send it. */
const texts = new WeakMap<object, string>();

function textOf(object: unknown): string {
  if (!isFields(object)) return JSON.stringify(object);
  let text = texts.get(object);
  if (text === undefined) {
    text = JSON.stringify(object);
    texts.set(object, text);
  }
  return text;
}

function streamWatch(
  parts: ListenerParts,
  request: ApiRequest,
  { resource, path }: Target,
  outgoing: ServerResponse,
): void {
  const { api, faults } = parts;
  const accept = request.headers.accept ?? '';
  const view = eventView(resource, accept, request.query.get('includeObject') ?? 'Metadata', parts.nowMs);
  let isOpen = true;
  let forget = () => {};
  const sink = {
    event: (type: string, object: unknown) => {
      if (!isOpen) return;
      openHead(outgoing);
      outgoing.write(`{"type":"${type}","object":${textOf(view(type, object))}}\n`);
    },
    close: () => {
      isOpen = false;
      forget();
      openHead(outgoing);
      outgoing.end();
    },
  };
  const query =
    path.name === undefined
      ? request.query
      : new URLSearchParams([...request.query, ['fieldSelector', `metadata.name=${path.name}`]]);
  const stop = startWatch(api.store, { resource, namespace: path.namespace, query }, sink);
  forget = faults.watchOpened({
    path: request.pathname,
    end: () => sink.close(),
    cut: () => cut(outgoing),
  });
  openHead(outgoing);
  outgoing.on('close', () => {
    isOpen = false;
    stop();
    forget();
  });
}

function openHead(outgoing: ServerResponse): void {
  if (outgoing.headersSent) return;
  outgoing.writeHead(200, { 'cache-control': 'no-cache, private', 'content-type': 'application/json' });
  outgoing.flushHeaders();
}

function eventView(
  resource: Target['resource'],
  accept: string,
  includeObject: string,
  nowMs: () => number,
): (type: string, object: unknown) => unknown {
  if (wantsTable(accept)) {
    let withColumns = true;
    return (type, object) => {
      if (type === 'ERROR') return object;
      const { metadata } = object as KubeObject;
      const rows = type === 'BOOKMARK' ? [] : [object as KubeObject];
      const table = tableOf(resource, rows, {
        metadata: { resourceVersion: metadata.resourceVersion },
        includeObject,
        nowMs: nowMs(),
        withColumns,
      });
      withColumns = false;
      return table;
    };
  }
  if (wantsMetadataOnly(accept) !== undefined)
    return (type, object) => (type === 'ERROR' ? object : partialMetadata(object as KubeObject));
  return (_type, object) => object;
}
