// The operator's side door, for tests and the demo: what was seen, and accidents on demand. Never counted as a request.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Model, readBody, sendJson } from './exchange.ts';

export async function control(
  model: Model,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const action = `${request.method} ${url.pathname.slice('/control/'.length)}`;
  const body = (await readBody(request)).toString('utf8').trim();
  switch (action) {
    case 'GET stats':
      return sendJson(response, 200, model.counters.stats());
    case 'POST reset':
      model.counters.reset();
      return sendJson(response, 200, {});
    case 'POST health':
      model.health.set(url.searchParams.get('word') ?? (body || 'ok'));
      return sendJson(response, 200, {});
    case 'POST release':
      model.holds.release(url.searchParams.get('key') ?? body);
      return sendJson(response, 200, {});
    case 'POST crash':
      return model.crash();
    case 'POST hang':
      // The whole process stands still, as a single-threaded model that computes (or is stuck) does.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(url.searchParams.get('ms') ?? 5000));
      return sendJson(response, 200, {});
    default:
      return sendJson(response, 404, {
        error: 'known: GET stats; POST reset, health?word=, release?key=, crash, hang?ms=',
      });
  }
}
