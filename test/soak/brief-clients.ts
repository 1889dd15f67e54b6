// Clients of the soak that are done in a moment: every mode, every way to leave, and what no client should send.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Visit } from './visit.ts';

export const briefClients = {
  async plain(visit: Visit): Promise<void> {
    await visit.call('/demo/echo', { method: 'POST', body: text(visit, 100_000) });
  },

  async stream(visit: Visit): Promise<void> {
    await visit.call('/v1/completions', { method: 'POST', body: completion(30) });
  },

  /** In the queue, inside, or in the middle of the stream. */
  async leave(visit: Visit): Promise<void> {
    const afterMs = visit.random.upTo(200);
    await visit.call('/v1/completions', { method: 'POST', body: completion(500) }, { afterMs });
  },

  async leaveWithHalfTheBodySent(visit: Visit): Promise<void> {
    const prefer = visit.random.chance(0.5) ? 'Prefer: respond-async\r\n' : '';
    const head = `POST /echo HTTP/1.1\r\nHost: demo\r\n${prefer}Content-Length: 100000\r\n\r\n`;
    await visit.raw(head + text(visit, 99_999), visit.random.upTo(100));
  },

  async container(visit: Visit): Promise<void> {
    await visit.call('/echo', { method: 'POST', body: 'x', headers: { Prefer: 'respond-async-container' } });
  },

  async async(visit: Visit): Promise<void> {
    const id = { 'X-Inference-Id': randomUUID() };
    const headers = { Prefer: 'respond-async, wait=5', ...id };
    await visit.call('/echo', { method: 'POST', body: text(visit, 20_000), headers });
    await visit.call('/status/demo', { headers: id });
    await visit.call('/result/demo', { headers: id });
  },

  async proxy(visit: Visit): Promise<void> {
    await visit.call('/echo', { method: 'POST', body: 'x', headers: { Prefer: 'respond-async-proxy' } });
  },

  async cancel(visit: Visit): Promise<void> {
    const id = { 'X-Inference-Id': randomUUID() };
    await visit.call('/sleep?ms=500', { method: 'POST', body: 'x', headers: { Prefer: 'respond-async', ...id } });
    await visit.call('/result/demo', { method: 'DELETE', headers: id });
  },

  /** The recorded stream and the status as they come: the one to its end, the other until the client loses interest. */
  async follow(visit: Visit): Promise<void> {
    const headers = { 'X-Inference-Id': randomUUID(), Accept: 'text/event-stream' };
    const submit = { method: 'POST', body: completion(20), headers: { ...headers, Prefer: 'respond-async' } };
    await visit.call('/v1/completions', submit);
    const status = visit.call('/status/demo', { headers }, { afterMs: visit.random.upTo(500) });
    await visit.call('/result/demo', { headers });
    await status;
  },

  async webSocket(visit: Visit): Promise<void> {
    const socket = await visit.webSocket('/demo/ws');
    if (!socket) return;
    const closed = once(socket, 'close');
    const isPolite = visit.random.chance(0.5);
    socket.on('message', () => (isPolite ? socket.close() : socket.terminate()));
    socket.send('hello');
    await closed;
  },

  /** Requests that are none, on a connection that is left open as often as not. */
  async nonsense(visit: Visit): Promise<void> {
    await visit.raw(Buffer.concat(visit.random.packets()), visit.random.upTo(50));
  },
};

export const completion = (tokens: number): string => JSON.stringify({ prompt: 'x', max_tokens: tokens, stream: true });

const text = (visit: Visit, longest: number): string => 'x'.repeat(visit.random.upTo(longest));
