// One request on its way through the server, as every handler sees it, and the few things all handlers do with it.
// A "directive" lets a single request ask for a behaviour: ?token-ms=50, or the header X-Model-Token-Ms: 50.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Batch } from './batch.ts';
import type { CallRecord, Counters } from './counters.ts';
import type { Health } from './health.ts';
import type { Holds } from './holds.ts';
import type { ModelServerSettings } from './settings.ts';

export interface Model {
  readonly settings: ModelServerSettings;
  readonly counters: Counters;
  readonly batch: Batch;
  readonly health: Health;
  readonly holds: Holds;
  /** Dies as a process does: every connection is cut and nothing listens any more. */
  crash(): void;
}

export interface Exchange {
  readonly model: Model;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** Aborted when the client has gone before the answer was complete. */
  readonly gone: AbortSignal;
  readonly call: CallRecord;
  /** Cuts this connection from our side; not counted as the client's leaving. */
  cut(): void;
}

export type Handler = (exchange: Exchange) => void | Promise<void>;

export function directive(exchange: Pick<Exchange, 'request' | 'url'>, name: string): string | undefined {
  const header = exchange.request.headers[`x-model-${name}`];
  return exchange.url.searchParams.get(name) ?? (typeof header === 'string' ? header : undefined);
}

export function numberDirective(exchange: Pick<Exchange, 'request' | 'url'>, name: string): number | undefined {
  const value = directive(exchange, name);
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!Number.isFinite(number)) throw new BadRequest(`${name}: "${value}" is not a number`);
  return number;
}

/** Shown to the caller as a 400 in OpenAI's shape. */
export class BadRequest extends Error {}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const text = (await readBody(request)).toString('utf8');
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below, for every kind of wrong body.
  }
  throw new BadRequest('the body must be a JSON object');
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
}

/** Writes and waits for room, so that a slow reader slows the model down instead of filling memory. */
export async function write(exchange: Exchange, chunk: string | Buffer): Promise<void> {
  if (!exchange.response.write(chunk)) await once(exchange.response, 'drain', { signal: exchange.gone });
}
