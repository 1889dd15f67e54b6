// The traffic of the soak: a number of clients, each doing one thing after the other, chosen at random from a fixed seed:
// every mode, every way to leave, and what no client should send.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { Fuzz } from '../support/fuzz.ts';

/** What may be answered while the container dies again and again. Anything else is a surprise. */
const EXPECTED = new Set([200, 202, 404, 410, 422, 429, 502, 503, 504]);

export class Traffic {
  readonly surprises: string[] = [];
  readonly #counts = new Map<string, number>();
  readonly #url: string;
  readonly #random = new Fuzz(1);
  readonly #clients: readonly Promise<void>[];
  #isStopped = false;

  constructor(url: string, clients: number) {
    this.#url = url;
    this.#clients = Array.from({ length: clients }, () => this.#client());
  }

  get total(): number {
    return this.#counts.values().reduce((sum, count) => sum + count, 0);
  }

  get summary(): string {
    return [...this.#counts].map(([name, count]) => `${name} ${count}`).join(', ');
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
  }

  async #client(): Promise<void> {
    const doings = {
      plain: this.#plain,
      stream: this.#stream,
      leave: this.#leave,
      halfSent: this.#leaveWithHalfTheBodySent,
      container: this.#container,
      async: this.#async,
      proxy: this.#proxy,
      cancel: this.#cancel,
      follow: this.#follow,
      webSocket: this.#webSocket,
      nonsense: this.#nonsense,
    };
    const names = Object.keys(doings) as (keyof typeof doings)[];
    while (!this.#isStopped) {
      const name = this.#random.pick(names);
      try {
        await doings[name].call(this);
        this.#count(name);
      } catch {
        this.#count('cut');
      }
    }
  }

  async #plain(): Promise<void> {
    const body = 'x'.repeat(this.#random.upTo(100_000));
    await this.#call('/demo/echo', { method: 'POST', body });
  }

  async #stream(): Promise<void> {
    await this.#call('/v1/completions', { method: 'POST', body: completion(30) });
  }

  async #container(): Promise<void> {
    await this.#call('/echo', { method: 'POST', body: 'x', headers: { Prefer: 'respond-async-container' } });
  }

  /** In line, inside, or in the middle of the stream. */
  async #leave(): Promise<void> {
    const leaving = this.#goneWithin(200);
    await this.#call('/v1/completions', { method: 'POST', body: completion(500), signal: leaving }).catch(() => null);
  }

  async #leaveWithHalfTheBodySent(): Promise<void> {
    const prefer = this.#random.chance(0.5) ? 'Prefer: respond-async\r\n' : '';
    const head = `POST /echo HTTP/1.1\r\nHost: demo\r\n${prefer}Content-Length: 100000\r\n\r\n`;
    await this.#raw(head + 'x'.repeat(this.#random.upTo(99_999)), this.#random.upTo(100));
  }

  async #async(): Promise<void> {
    const id = { 'X-Inference-Id': randomUUID() };
    const body = 'x'.repeat(this.#random.upTo(20_000));
    await this.#call('/echo', { method: 'POST', body, headers: { Prefer: 'respond-async, wait=5', ...id } });
    await this.#call('/status/demo', { headers: id });
    await this.#call('/result/demo', { headers: id });
  }

  async #proxy(): Promise<void> {
    await this.#call('/echo', { method: 'POST', body: 'x', headers: { Prefer: 'respond-async-proxy' } });
  }

  async #cancel(): Promise<void> {
    const id = { 'X-Inference-Id': randomUUID() };
    await this.#call('/sleep?ms=500', { method: 'POST', body: 'x', headers: { Prefer: 'respond-async', ...id } });
    const response = await fetch(`${this.#url}/result/demo`, { method: 'DELETE', headers: id });
    if (response.status !== 204 && response.status !== 404) this.surprises.push(`DELETE answered ${response.status}`);
  }

  /** The recorded stream and the status as they come: the one to its end, the other until the client loses interest. */
  async #follow(): Promise<void> {
    const headers = { 'X-Inference-Id': randomUUID(), Accept: 'text/event-stream' };
    const body = completion(20);
    await this.#call('/v1/completions', { method: 'POST', body, headers: { ...headers, Prefer: 'respond-async' } });
    const status = this.#call('/status/demo', { headers, signal: this.#goneWithin(500) }).catch(() => null);
    await this.#call('/result/demo', { headers, signal: AbortSignal.timeout(20_000) });
    await status;
  }

  async #webSocket(): Promise<void> {
    const socket = new WebSocket(`${this.#url.replace('http', 'ws')}/demo/ws`);
    socket.on('error', () => undefined);
    socket.on('open', () => socket.send('hello'));
    const isPolite = this.#random.chance(0.5);
    socket.on('message', () => (isPolite ? socket.close() : socket.terminate()));
    await once(socket, 'close');
  }

  /** Requests that are none, on a connection that is left open as often as not. */
  async #nonsense(): Promise<void> {
    await this.#raw(Buffer.concat(this.#random.packets()), this.#random.upTo(50));
  }

  async #raw(bytes: string | Buffer, stayMs: number): Promise<void> {
    const { hostname, port } = new URL(this.#url);
    const socket = connect(Number(port), hostname);
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined).resume();
    socket.write(bytes);
    setTimeout(() => socket.destroy(), stayMs);
    await gone;
  }

  #goneWithin(longestMs: number): AbortSignal {
    return AbortSignal.timeout(this.#random.upTo(longestMs));
  }

  async #call(path: string, init: RequestInit): Promise<void> {
    const response = await fetch(`${this.#url}${path}`, init);
    await response.arrayBuffer();
    if (!EXPECTED.has(response.status)) this.surprises.push(`${path} answered ${response.status}`);
  }

  #count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }
}

const completion = (tokens: number): string => JSON.stringify({ prompt: 'x', max_tokens: tokens, stream: true });
