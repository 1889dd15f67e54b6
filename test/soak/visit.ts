// What one client of the soak does at a time: its requests, counted for its kind, and what it is answered. That a connection is cut
// off is a figure and no error, for the container dies again and again; an answer that nobody should get is a surprise.
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { Fuzz } from '../support/fuzz.ts';

/** What may be answered while the container dies again and again. Anything else is a surprise. */
const EXPECTED = new Set([200, 202, 204, 404, 410, 422, 429, 502, 503, 504]);
const REFUSED = new Set([429, 503]);
const PATIENCE_MS = 60_000;

/** Of one kind of client. */
export interface Tally {
  requests: number;
  /** Answered 429 or 503. */
  refused: number;
  /** Answered 502 or 504, cut off, or not answered within a minute. */
  failed: number;
}

export interface Answer {
  /** 0: none, or cut off. */
  readonly status: number;
  readonly body: Buffer;
}

export interface Leaving {
  /** The client loses interest after this time; undefined: it has patience. */
  readonly afterMs?: number;
  /** It has read enough. */
  readonly when?: (body: Buffer) => boolean;
}

export class Visit {
  readonly random: Fuzz;
  readonly #url: string;
  readonly #tally: Tally;
  readonly #surprises: string[];

  constructor(url: string, random: Fuzz, tally: Tally, surprises: string[]) {
    this.#url = url;
    this.random = random;
    this.#tally = tally;
    this.#surprises = surprises;
  }

  /** Never rejects. */
  async call(path: string, init: RequestInit = {}, { afterMs, when }: Leaving = {}): Promise<Answer> {
    this.#tally.requests += 1;
    const signal = AbortSignal.timeout(afterMs ?? PATIENCE_MS);
    const pieces: Uint8Array[] = [];
    try {
      const response = await fetch(`${this.#url}${path}`, { ...init, signal });
      this.#answered(path, response.status);
      for await (const piece of response.body ?? []) {
        pieces.push(piece);
        if (when?.(Buffer.concat(pieces))) break;
      }
      return { status: response.status, body: Buffer.concat(pieces) };
    } catch {
      if (afterMs === undefined || !signal.aborted) this.failed();
      return { status: 0, body: Buffer.concat(pieces) };
    }
  }

  /** Bytes on a connection of its own that is closed after this time. `deaf`: nothing is read. */
  async raw(bytes: string | Buffer, stayMs: number, { deaf = false } = {}): Promise<void> {
    this.#tally.requests += 1;
    const { hostname, port } = new URL(this.#url);
    const socket = connect(Number(port), hostname);
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    if (!deaf) socket.resume();
    socket.write(bytes);
    setTimeout(() => socket.destroy(), stayMs);
    await gone;
  }

  /** An open one; undefined: refused, or cut off. */
  async webSocket(path: string): Promise<WebSocket | undefined> {
    this.#tally.requests += 1;
    const socket = new WebSocket(`${this.#url.replace('http', 'ws')}${path}`, { handshakeTimeout: PATIENCE_MS });
    let isAnswered = false;
    socket.on('unexpected-response', (_request, response) => {
      isAnswered = true;
      this.#answered(path, response.statusCode ?? 0);
      socket.terminate();
    });
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('open', resolve).once('close', resolve));
    if (socket.readyState === WebSocket.OPEN) return socket;
    if (!isAnswered) this.failed();
    return undefined;
  }

  failed(): void {
    this.#tally.failed += 1;
  }

  surprise(text: string): void {
    this.#surprises.push(text);
  }

  #answered(path: string, status: number): void {
    if (REFUSED.has(status)) this.#tally.refused += 1;
    else if (status > 500) this.failed();
    if (!EXPECTED.has(status)) this.surprise(`${path} answered ${status}`);
  }
}
