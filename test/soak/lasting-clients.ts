// Clients of the soak that hold something for seconds: large uploads, readers that stop, long polls, recorded streams that are
// resumed, WebSockets with much to say. What comes back whole is compared with what was sent.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { completion } from './brief-clients.ts';
import type { Answer, Visit } from './visit.ts';

/** The largest body of an async request, by default. */
const LARGEST_BYTES = 32 * 1024 * 1024;
const PIECE_BYTES = 64 * 1024;
/** Some are cut off for their silence, some leave before. */
const LONGEST_SILENCE_MS = 8_000;
const POLLS = 40;

const bytes = new Blob([Buffer.alloc(LARGEST_BYTES, 'x')]);
const piece = Buffer.alloc(PIECE_BYTES, 'x');

export const lastingClients = {
  async upload(visit: Visit): Promise<void> {
    const body = upload(visit);
    isWhole(visit, body, await visit.call('/echo', { method: 'POST', body }));
  },

  async storedUpload(visit: Visit): Promise<void> {
    const body = upload(visit);
    const id = await submitted(visit, '/echo', { body });
    if (id === undefined) return;
    isWhole(visit, body, await result(visit, id));
    await remove(visit, id);
  },

  async unannouncedUpload(visit: Visit): Promise<void> {
    const id = await submitted(visit, '/echo', { body: upload(visit).stream(), duplex: 'half' });
    if (id !== undefined) await remove(visit, id);
  },

  async uploadAndLeave(visit: Visit): Promise<void> {
    const headers: Record<string, string> = visit.random.chance(0.5) ? { Prefer: 'respond-async' } : {};
    const afterMs = visit.random.upTo(1_000);
    await visit.call('/echo', { method: 'POST', body: upload(visit), headers }, { afterMs });
  },

  /** Several stop at one stored answer while another one reads all of it. */
  async stalledReaders(visit: Visit): Promise<void> {
    const pieces = 1 + visit.random.upTo(LARGEST_BYTES / PIECE_BYTES);
    const id = await submitted(visit, `/chunks?count=${pieces}&bytes=${PIECE_BYTES}`);
    if (id === undefined) return;
    await result(visit, id);
    const head = `GET /result/demo HTTP/1.1\r\nHost: demo\r\nX-Inference-Id: ${id}\r\n\r\n`;
    const stalled = Array.from({ length: 4 }, () => visit.raw(head, silenceMs(visit), { deaf: true }));
    const { status, body } = await result(visit, id);
    if (status === 200 && body.length !== pieces * PIECE_BYTES) {
      visit.surprise(`a stored answer of ${pieces * PIECE_BYTES} bytes came as ${body.length}`);
    }
    await Promise.all(stalled);
    await remove(visit, id);
  },

  /** In the middle of an answer that holds a slot. */
  async stalledStream(visit: Visit): Promise<void> {
    const head = `GET /chunks?count=512&bytes=${PIECE_BYTES} HTTP/1.1\r\nHost: demo\r\n\r\n`;
    await visit.raw(head, silenceMs(visit), { deaf: true });
  },

  async longPolls(visit: Visit): Promise<void> {
    const id = await submitted(visit, `/sleep?ms=${visit.random.upTo(3_000)}`);
    if (id === undefined) return;
    const headers = { 'X-Inference-Id': id, Prefer: 'wait=10' };
    const polls = Array.from({ length: POLLS }, () => {
      const leaving = visit.random.chance(0.5) ? { afterMs: visit.random.upTo(3_000) } : {};
      return visit.call(visit.random.pick(['/status/demo', '/result/demo']), { headers }, leaving);
    });
    await Promise.all(polls);
    await remove(visit, id);
  },

  /** One follows to the end, one leaves in the middle and comes back. */
  async recordedStream(visit: Visit): Promise<void> {
    const id = await submitted(visit, '/v1/completions', { body: completion(300) });
    if (id === undefined) return;
    const headers = { 'X-Inference-Id': id, Accept: 'text/event-stream' };
    const toTheEnd = visit.call('/result/demo', { headers });
    const enough = 1 + visit.random.upTo(200);
    const begin = await visit.call('/result/demo', { headers }, { when: (read) => eventIds(read).length >= enough });
    const lastEventId = eventIds(begin.body).at(-1) ?? 0;
    const resumed = { headers: { ...headers, 'Last-Event-ID': String(lastEventId) } };
    const rest = await visit.call('/result/demo', resumed);
    for (const { body } of [await toTheEnd, begin]) hasNoGaps(visit, body);
    hasNoGaps(visit, rest.body, lastEventId);
    await remove(visit, id);
  },

  async busyWebSocket(visit: Visit): Promise<void> {
    const socket = await visit.webSocket('/demo/ws');
    if (!socket) return;
    const sizes = Array.from({ length: 1 + visit.random.upTo(64) }, () => visit.random.upTo(PIECE_BYTES));
    let received = 0;
    socket.on('message', (message: Buffer) => {
      const size = sizes[received++];
      if (message.length !== size) visit.surprise(`a message of ${size} bytes came back as ${message.length}`);
      if (received === sizes.length) socket.close();
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    for (const size of sizes) socket.send(piece.subarray(0, size), () => undefined);
    await closed;
    if (received < sizes.length) visit.failed();
  },

  async stalledWebSocket(visit: Visit): Promise<void> {
    const socket = await visit.webSocket('/demo/ws');
    if (!socket) return;
    socket.pause();
    for (let i = 0; i < 64; i++) socket.send(piece, () => undefined);
    await delay(silenceMs(visit));
    socket.terminate();
  },
};

const silenceMs = (visit: Visit): number => visit.random.upTo(LONGEST_SILENCE_MS);

/** Of any size up to the largest. */
const upload = (visit: Visit): Blob => bytes.slice(0, 1 + visit.random.upTo(LARGEST_BYTES));

/** Its id; undefined: it was not accepted. */
async function submitted(visit: Visit, path: string, init: RequestInit = {}): Promise<string | undefined> {
  const id = randomUUID();
  const headers = { Prefer: 'respond-async', 'X-Inference-Id': id };
  const { status } = await visit.call(path, { method: 'POST', ...init, headers });
  return status === 202 ? id : undefined;
}

function result(visit: Visit, id: string): Promise<Answer> {
  return visit.call('/result/demo', { headers: { 'X-Inference-Id': id, Prefer: 'wait=30' } });
}

async function remove(visit: Visit, id: string): Promise<void> {
  await visit.call('/result/demo', { method: 'DELETE', headers: { 'X-Inference-Id': id } });
}

/** By what the container says it got. */
function isWhole(visit: Visit, sent: Blob, { status, body }: Answer): void {
  if (status !== 200) return;
  const { bodyBytes } = JSON.parse(body.toString()) as { bodyBytes: number };
  if (bodyBytes !== sent.size) visit.surprise(`an upload of ${sent.size} bytes reached the container as ${bodyBytes}`);
}

function eventIds(body: Buffer): readonly number[] {
  return [...body.toString().matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
}

/** `after`: the last event that the client has. Where the container died in the middle the stream begins anew, and says so. */
function hasNoGaps(visit: Visit, body: Buffer, after?: number): void {
  if (body.includes('event: restart')) return;
  let last = after;
  for (const id of eventIds(body)) {
    if (last !== undefined && id !== last + 1) visit.surprise(`a recorded stream went from event ${last} to ${id}`);
    last = id;
  }
}
