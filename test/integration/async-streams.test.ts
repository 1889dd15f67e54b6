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

const withoutIds = (text: string) => text.replaceAll(/^id: \d+\n/gm, '');

test('the status stream shows each change and ends when the request is done', async () => {
  await submitStream('watched', 2, 'hold-tokens=w');
  const response = await follow('status', 'watched');
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const { text, reader } = await readUntil(response, '"Status":"Inference"');
  sidecar.model.release('w:0');
  sidecar.model.release('w:1');
  let all = text;
  for (let next = await reader.read(); !next.done; next = await reader.read()) all += next.value;
  expect(all).toContain('"Status":"Completed"');
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
