// HTTP itself, good and bad: whatever a real server may do on the wire that a proxy in front must survive or pass on.
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Exchange, numberDirective, readBody, sendJson, write } from './exchange.ts';
import { untilGone } from './generate.ts';

const shownBodyBytes = 64 * 1024;

/** Says what arrived, exactly. The body is hashed as it streams by, so its size does not matter. */
export async function echo({ request, response }: Exchange): Promise<void> {
  const hash = createHash('sha256');
  const head: Buffer[] = [];
  let bodyBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    hash.update(chunk);
    if (bodyBytes < shownBodyBytes) head.push(chunk);
    bodyBytes += chunk.length;
  }
  const headers: [string, string][] = [];
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    headers.push([request.rawHeaders[at]!, request.rawHeaders[at + 1]!]);
  }
  sendJson(response, 200, {
    method: request.method,
    path: request.url,
    httpVersion: request.httpVersion,
    headers,
    bodyBytes,
    bodySha256: hash.digest('hex'),
    body: Buffer.concat(head).subarray(0, shownBodyBytes).toString('utf8'),
    trailers: request.trailers,
  });
}

/** ?status=422: the answer of a container that refuses the input, in FastAPI's shape. */
export async function fail(exchange: Exchange): Promise<void> {
  await readBody(exchange.request);
  const status = numberDirective(exchange, 'status') ?? 500;
  sendJson(exchange.response, status, {
    detail: [{ type: 'asked_for', loc: ['query', 'status'], msg: `status ${status}` }],
  });
}

export async function sleep(exchange: Exchange): Promise<void> {
  await readBody(exchange.request);
  const sleptMs = numberDirective(exchange, 'ms') ?? 100;
  await delay(sleptMs, undefined, { signal: exchange.gone });
  sendJson(exchange.response, 200, { sleptMs });
}

/** ?count=10&ms=50&bytes=16: a chunked body that arrives in pieces. The trailing ?length=true sends Content-Length. */
export async function chunks(exchange: Exchange): Promise<void> {
  await readBody(exchange.request);
  const count = numberDirective(exchange, 'count') ?? 10;
  const piece = Buffer.alloc(numberDirective(exchange, 'bytes') ?? 16, 'x');
  const pauseMs = numberDirective(exchange, 'ms') ?? 0;
  exchange.response.setHeader('Content-Type', 'application/octet-stream');
  if (exchange.url.searchParams.get('length') === 'true') {
    exchange.response.setHeader('Content-Length', count * piece.length);
  }
  exchange.response.flushHeaders();
  for (let index = 0; index < count; index++) {
    if (pauseMs > 0) await delay(pauseMs, undefined, { signal: exchange.gone });
    exchange.model.counters.token(exchange.call);
    await write(exchange, piece);
  }
  exchange.response.end();
}

export async function trailers({ request, response }: Exchange): Promise<void> {
  await readBody(request);
  response.writeHead(200, { 'Content-Type': 'text/plain', Trailer: 'X-Checksum, X-Tokens' });
  response.write('a body, then trailers\n');
  response.addTrailers({ 'X-Checksum': 'c0ffee', 'X-Tokens': '5' });
  response.end();
}

/** Answers (default 413) before a byte of the body was read, and never reads it. */
export function early(exchange: Exchange): void {
  sendJson(exchange.response, numberDirective(exchange, 'status') ?? 413, {
    detail: 'answered before the body was read',
  });
}

/** Two informational responses (102, 103) before the real one. */
export async function informational({ request, response }: Exchange): Promise<void> {
  await readBody(request);
  response.writeProcessing();
  response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
  sendJson(response, 200, { informational: [102, 103] });
}

export async function hang({ request, gone }: Exchange): Promise<void> {
  await readBody(request);
  await untilGone(gone);
}

/** Cut before the first byte of an answer. */
export async function reset(exchange: Exchange): Promise<void> {
  await readBody(exchange.request);
  exchange.cut();
}

/** Promises more bytes than it sends, then is cut. */
export async function half(exchange: Exchange): Promise<void> {
  await readBody(exchange.request);
  exchange.response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 1000 });
  exchange.response.write('only this', () => exchange.cut());
  await untilGone(exchange.gone);
}

/** Bytes that are not HTTP. */
export async function malformed(exchange: Exchange): Promise<void> {
  await readBody(exchange.request);
  exchange.request.socket.write('this is not HTTP\r\n\r\n', () => exchange.cut());
  await untilGone(exchange.gone);
}
