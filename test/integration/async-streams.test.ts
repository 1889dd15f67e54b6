// Status and result of an async request as event streams: each change as it happens, and the container's own stream from
// the beginning or from where a client left off.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar();
});
afterAll(() => sidecar.close());

const follow = (kind: string, id: string, more: Record<string, string> = {}) =>
  fetch(`${sidecar.url}/${kind}/demo`, { headers: { 'X-Inference-Id': id, Accept: 'text/event-stream', ...more } });

const submitStream = (id: string, tokens: number, query = '') =>
  fetch(`${sidecar.url}/v1/completions?${query}`, {
    method: 'POST',
    body: JSON.stringify({ prompt: 'x', max_tokens: tokens, stream: true }),
    headers: { Prefer: 'respond-async', 'X-Inference-Id': id },
  });

/** Reads until the text holds the part. */
async function readUntil(response: Response, part: string) {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes(part)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`ended without ${part}: ${text}`);
    text += value;
  }
  return { text, reader };
}

async function readAll(reader: ReadableStreamDefaultReader<string>): Promise<string> {
  let text = '';
  for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value;
  return text;
}

const withoutIds = (text: string) => text.replaceAll(/^id: \d+\n/gm, '');

test('the status stream shows each change and ends when the request is done', async () => {
  await submitStream('watched', 2, 'hold-tokens=w');
  const response = await follow('status', 'watched');
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const { text, reader } = await readUntil(response, '"Status":"Inference"');
  sidecar.model.release('w:0');
  sidecar.model.release('w:1');
  expect(text + (await readAll(reader))).toContain('"Status":"Completed"');
});

test('the result stream is followed while it is produced, and resumed after the last event seen', async () => {
  await submitStream('live', 6, 'hold-tokens=l');
  for (let token = 0; token < 3; token++) sidecar.model.release(`l:${token}`);
  const first = await readUntil(await follow('result', 'live'), 'id: 3\n');
  await first.reader.cancel();
  const resumed = follow('result', 'live', { 'Last-Event-ID': '2' });
  for (let token = 3; token < 6; token++) sidecar.model.release(`l:${token}`);
  const rest = await (await resumed).text();
  expect(rest).toMatch(/^data: .*\nid: 3\n\n/);
  const whole = await (await follow('result', 'live')).text();
  expect(whole.endsWith(rest)).toBe(true);
  expect(whole.match(/^id: /gm)!.length).toBe(whole.match(/^data: /gm)!.length);
});

test('a finished stream replays byte for byte but for the ids', async () => {
  await submitStream('replayed', 5);
  const replay = await follow('result', 'replayed');
  expect(replay.headers.get('content-type')).toContain('text/event-stream');
  const text = await replay.text();
  const direct = await fetch(`${sidecar.model.url}/v1/completions`, {
    method: 'POST',
    body: JSON.stringify({ prompt: 'x', max_tokens: 5, stream: true }),
  });
  expect(withoutIds(text)).toBe(await direct.text());
});

test('who asks for a stream where there is none gets the result', async () => {
  const headers = { Prefer: 'respond-async, wait=30', 'X-Inference-Id': 'plain' };
  await (await fetch(`${sidecar.url}/echo`, { method: 'POST', body: 'x', headers })).text();
  const response = await follow('result', 'plain');
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
});

test.each(['status', 'result'])('an unknown request has no %s stream: 404', async (kind) => {
  expect((await follow(kind, 'nobody')).status).toBe(404);
});

test('a container that dies in the middle: the stream begins anew, and says so without an id', async () => {
  await submitStream('again', 3, 'hold-tokens=a');
  const followed = follow('result', 'again');
  sidecar.model.release('a:0');
  const first = await readUntil(await followed, 'id: 2\n');
  sidecar.model.crash();
  await sidecar.model.restart();
  const rest = readAll(first.reader);
  for (let token = 0; token < 3; token++) sidecar.model.release(`a:${token}`);
  const events = (first.text + (await rest)).split('\n\n');
  const restart = events.indexOf('event: restart\ndata: {}');
  expect(restart).toBe(1);
  expect(events.slice(restart + 1).join('\n\n')).toBe(await (await follow('result', 'again')).text());
  // Whoever left before and resumes is told as well.
  const resumed = await (await follow('result', 'again', { 'Last-Event-ID': '2' })).text();
  expect(resumed.startsWith('event: restart\ndata: {}\n\ndata: ')).toBe(true);
});

test('one that dies each time: a last event says which row of the error table it is', async () => {
  await submitStream('hopeless', 5, 'reset-after=2');
  const text = await (await follow('result', 'hopeless')).text();
  expect(text.match(/^event: restart$/gm)).toHaveLength(2);
  expect(text).toMatch(/\n\nevent: error\ndata: {.*"code":"upstream_reset".*}\n\n$/);
});

test('one that is canceled meanwhile says so', async () => {
  await submitStream('stopped', 5, 'hold-tokens=s');
  sidecar.model.release('s:0');
  const { text, reader } = await readUntil(await follow('result', 'stopped'), 'id: 2\n');
  await fetch(`${sidecar.url}/result/demo`, { method: 'DELETE', headers: { 'X-Inference-Id': 'stopped' } });
  expect(text + (await readAll(reader))).toMatch(/\n\nevent: error\ndata: {.*"code":"canceled".*}\n\n$/);
});
