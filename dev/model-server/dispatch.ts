// A request's way through the server: health and control first, then (counted) the loading phase, a hold if it asks for
// one, and its handler. Whatever goes wrong in a handler becomes an answer here, or a closed connection.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { predictions, wantsCogAsync } from './cog.ts';
import { control } from './control.ts';
import { BadRequest, directive, type Exchange, type Model, numberDirective, sendJson } from './exchange.ts';
import { findRoute } from './routes.ts';

export function dispatch(model: Model, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(
    request.url?.startsWith('/') ? `http://model${request.url}` : (request.url ?? '/'),
    'http://model',
  );
  if (url.pathname === model.settings.healthPath) {
    request.resume();
    answerHealth(model, response);
    return;
  }
  if (url.pathname.startsWith('/control/')) {
    control(model, request, response, url).catch(() => response.destroy());
    return;
  }
  const exchange = begin(model, request, response, url);
  work(exchange).catch((error: unknown) => {
    if (exchange.gone.aborted || response.destroyed) return;
    if (response.headersSent) return exchange.cut();
    const isBadRequest = error instanceof BadRequest;
    if (!isBadRequest) process.stderr.write(`${request.method} ${request.url}: ${error}\n`);
    sendProblem(response, isBadRequest ? 400 : 500, String(error instanceof Error ? error.message : error));
  });
}

function answerHealth(model: Model, response: ServerResponse): void {
  const answer = model.health.answer();
  if (answer === 'never') return;
  if (answer.contentType !== null) response.setHeader('Content-Type', answer.contentType);
  response.writeHead(answer.status, { 'Content-Length': Buffer.byteLength(answer.body) });
  response.end(answer.body);
}

function begin(model: Model, request: IncomingMessage, response: ServerResponse, url: URL): Exchange {
  const header = (name: string) => (typeof request.headers[name] === 'string' ? request.headers[name] : null);
  const leaving = new AbortController();
  let isCut = false;
  const call = model.counters.begin({
    id: header('x-inference-id'),
    method: request.method ?? '',
    path: url.pathname,
    prefer: header('prefer'),
  });
  response.on('finish', () => model.counters.end(call, 'finished', response.statusCode));
  response.on('close', () => {
    model.counters.end(call, isCut ? 'failed' : 'aborted', response.headersSent ? response.statusCode : null);
    if (!response.writableFinished) leaving.abort();
  });
  const cut = () => {
    isCut = true;
    request.socket.destroy();
  };
  return { model, request, response, url, gone: leaving.signal, call, cut };
}

async function work(exchange: Exchange): Promise<void> {
  const { model, request, response, url } = exchange;
  const handler = findRoute(request.method ?? '', url.pathname);
  if (model.health.isLoading) return sendProblem(response, 503, 'the model is loading');
  if (handler === 'no such path') return sendProblem(response, 404, `no such path: ${url.pathname}`);
  if (handler === 'wrong method') return sendProblem(response, 405, `${request.method} is not served here`);
  const hold = directive(exchange, 'hold');
  if (hold !== undefined) await model.holds.wait(hold, exchange.gone);
  if (model.settings.cog && wantsCogAsync(exchange)) return await predictions(exchange);
  const status =
    directive(exchange, 'status') && url.pathname.startsWith('/v1/') && numberDirective(exchange, 'status');
  if (status) return sendProblem(response, status, 'as asked');
  await handler(exchange);
}

function sendProblem(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { error: { message, type: 'invalid_request_error', param: null, code: status } });
}
