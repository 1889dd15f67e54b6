// The traffic of the soak: a number of clients, each doing one thing after the other, chosen at random from a fixed seed.
import { randomUUID } from 'node:crypto';
import { Fuzz } from '../support/fuzz.ts';

/** What may be answered while the container dies again and again. Anything else is a surprise. */
const EXPECTED = new Set([200, 202, 404, 410, 422, 429, 502, 503, 504]);

export class Traffic {
  readonly counts: Record<string, number> = {};
  readonly surprises: string[] = [];
  readonly #url: string;
  readonly #random = new Fuzz(1);
  readonly #clients: readonly Promise<void>[];
  #isStopped = false;

  constructor(url: string, clients: number) {
    this.#url = url;
    this.#clients = Array.from({ length: clients }, () => this.#client());
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
      async: this.#async,
      cancel: this.#cancel,
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

  async #leave(): Promise<void> {
    const leaving = new AbortController();
    const call = this.#call('/v1/completions', { method: 'POST', body: completion(500), signal: leaving.signal });
    setTimeout(() => leaving.abort(), this.#random.upTo(200));
    await call.catch(() => undefined);
  }

  async #async(): Promise<void> {
    const headers = { Prefer: 'respond-async, wait=5', 'X-Inference-Id': randomUUID() };
    await this.#call('/echo', { method: 'POST', body: 'x', headers });
    await this.#call('/result/demo', { headers: { 'X-Inference-Id': headers['X-Inference-Id'] } });
  }

  async #cancel(): Promise<void> {
    const id = { 'X-Inference-Id': randomUUID() };
    await this.#call('/sleep?ms=500', { method: 'POST', body: 'x', headers: { Prefer: 'respond-async', ...id } });
    const response = await fetch(`${this.#url}/result/demo`, { method: 'DELETE', headers: id });
    if (response.status !== 204 && response.status !== 404) this.surprises.push(`DELETE answered ${response.status}`);
  }

  async #call(path: string, init: RequestInit): Promise<void> {
    const response = await fetch(`${this.#url}${path}`, init);
    await response.arrayBuffer();
    if (!EXPECTED.has(response.status)) this.surprises.push(`${path} answered ${response.status}`);
  }

  #count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
}

const completion = (tokens: number): string => JSON.stringify({ prompt: 'x', max_tokens: tokens, stream: true });
