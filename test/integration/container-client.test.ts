// What the client of the container makes of a response, compared answer by answer with undici, whose parser is Node's: the
// same well-formed and damaged responses, in the same packets. Where ours is stricter the test says so. Seeds are fixed.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { Pool } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../runtime/clock.ts';
import { Container } from '../../sidecar/upstream/container.ts';
import { type FuzzedResponse, fuzzedResponses } from '../support/response-fuzz.ts';

const SEEDS = 30;
const RESPONSES_A_SEED = 100;

interface Seen {
  end: 'whole' | 'refused' | 'cut';
  status: number;
  reason: string;
  lines: readonly string[];
  body: string;
  trailers: readonly string[];
  interim: readonly number[];
  error?: string;
}

let responses: readonly FuzzedResponse[] = [];
const sockets = new Set<Socket>();
/** Answers `/n` with the nth response, packet by packet, then closes. */
const server = createServer((socket) => {
  sockets.add(socket);
  socket.setNoDelay(true).on('close', () => sockets.delete(socket));
  socket.on('error', () => undefined);
  let request = '';
  socket.on('data', (bytes) => {
    request += bytes.toString('latin1');
    if (!request.includes('\r\n\r\n')) return;
    const packets = responses[Number(/^\w+ \/(\d+) /.exec(request)?.[1])]!.packets.values();
    request = '';
    const next = () => {
      const { value, done } = packets.next();
      if (done) socket.end();
      else socket.write(value, () => setImmediate(next));
    };
    next();
  });
});

let container: Container;
let pool: Pool;
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address() as { port: number };
  const origin = `http://127.0.0.1:${address.port}`;
  container = new Container({ origin, idleTimeoutMs: 60_000, clock: systemClock, failed: () => undefined });
  pool = new Pool(origin, { pipelining: 1, maxHeaderSize: 64 * 1024, headersTimeout: 0, bodyTimeout: 60_000 });
});
afterAll(async () => {
  container.close();
  await pool.destroy();
  for (const socket of sockets) socket.destroy();
  server.close();
});

const nothing = (): Seen => ({ end: 'refused', status: 0, reason: '', lines: [], body: '', trailers: [], interim: [] });
/** Without the blanks that Node's parser leaves behind some values. */
const texts = (raw: unknown) =>
  ((raw ?? []) as readonly Buffer[]).map((part) => part.toString('latin1').replace(/[ \t]+$/, ''));

function byOurs(target: string, method: string): Promise<Seen> {
  return new Promise((resolve) => {
    const seen = nothing();
    container.send(
      { method, target, headers: ['Host', 'a'], body: null },
      {
        onInterim: ({ status }) => {
          seen.interim = [...seen.interim, status];
        },
        onResponseStart: ({ status, reason, lines }) => Object.assign(seen, { status, reason, lines, end: 'cut' }),
        onResponseData: (bytes) => {
          seen.body += bytes.toString('latin1');
        },
        onResponseEnd: (trailers) => resolve({ ...seen, trailers, end: 'whole' }),
        failed: () => undefined,
        onResponseError: (error) => resolve({ ...seen, error: error.message }),
      },
    );
  });
}

function byUndici(target: string, method: string): Promise<Seen> {
  return new Promise((resolve) => {
    const seen = nothing();
    pool.dispatch(
      { path: target, method: method as 'GET', headers: ['Host', 'a'] },
      {
        onRequestStart: () => undefined,
        onResponseStart: (controller, status, _headers, reason = '') => {
          if (status < 200) seen.interim = [...seen.interim, status];
          else Object.assign(seen, { status, reason, lines: texts(controller.rawHeaders), end: 'cut' });
        },
        onResponseData: (_controller, bytes) => {
          seen.body += bytes.toString('latin1');
        },
        onResponseEnd: (controller) => resolve({ ...seen, trailers: texts(controller.rawTrailers), end: 'whole' }),
        onResponseError: (_controller, error) => resolve({ ...seen, error: error.message }),
      },
    );
  });
}

/** What ours refuses although Node's parser lets it pass, and why. */
const stricter: readonly (readonly [why: string, error: RegExp])[] = [
  ['a coding that is not passed on would be lost on the client', /Transfer-Encoding/],
  ['other versions than 1.0 and 1.1, other codes than 100 to 999, control characters in the reason', /status line/],
  ['bytes that could not be counted exactly', /more than can be counted/],
];

function isDeliberate(ours: Seen): boolean {
  return ours.end === 'refused' && stricter.some(([, error]) => error.test(ours.error ?? ''));
}

/** Blanks that a recipient has to understand or take off (RFC 9112, 5.1 and 7.1.1), and Node's parser does not: tested byte by byte elsewhere. */
const BLANKS = /[\w-][ \t]+:|\r\n[0-9A-Fa-f]+[ \t]+;/;

function isLooser(bytes: Buffer, theirs: Seen): boolean {
  return theirs.error !== undefined && BLANKS.test(bytes.toString('latin1'));
}

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))('seed %i', async (seed) => {
  responses = fuzzedResponses(seed, RESPONSES_A_SEED);
  const ends = new Set<string>();
  for (const [i, { method, bytes }] of responses.entries()) {
    const [ours, theirs] = await Promise.all([byOurs(`/${i}`, method), byUndici(`/${i}`, method)]);
    ends.add(ours.end);
    if (isDeliberate(ours) || isLooser(bytes, theirs)) continue;
    const { error: _, reason, ...rest } = ours;
    const { error: __, reason: theirReason, ...expected } = theirs;
    expect(
      rest,
      `seed ${seed}, ${method}, ${JSON.stringify(bytes.toString('latin1'))}, ${theirs.error} / ${ours.error}`,
    ).toEqual(expected);
    // undici reads it as UTF-8, and of one that came in pieces only the last.
    if (/^[ -~]*$/.test(reason)) expect(reason.endsWith(theirReason)).toBe(true);
  }
  expect([...ends].sort()).toEqual(['cut', 'refused', 'whole']);
});
