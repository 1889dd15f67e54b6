// The container dies in each phase of a request: every answer is a row of the error table or an abnormal end, and the
// slot is free afterwards.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RawConnection } from '../support/raw-http.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
beforeEach(async () => {
  sidecar = await startSidecar();
});
afterEach(() => sidecar.close());

const stream = (query: string) =>
  fetch(`${sidecar.url}/v1/completions?${query}`, {
    method: 'POST',
    body: JSON.stringify({ prompt: 'x', max_tokens: 50, stream: true }),
  });

async function readAll(response: Response): Promise<{ readonly text: string; readonly error: unknown }> {
  let text = '';
  try {
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) text += piece;
  } catch (error) {
    return { text, error };
  }
  return { text, error: undefined };
}

test('before its first byte: 502 upstream_reset', async () => {
  const response = await fetch(`${sidecar.url}/reset`, { method: 'POST', body: 'x' });
  expect(response.status).toBe(502);
  expect(await response.json()).toMatchObject({ code: 'upstream_reset', error: { code: 'upstream_reset' } });
  await sidecar.until(({ inFlight }) => inFlight === 0);
});

test('in the middle of a body: the client sees an abnormal end', async () => {
  const { text, error } = await readAll(await fetch(`${sidecar.url}/half`));
  expect([text, error]).toEqual(['only this', expect.anything()]);
  await sidecar.until(({ inFlight }) => inFlight === 0);
});

test('between two events of a stream: a last event says so, and the end is abnormal', async () => {
  const { text, error } = await readAll(await stream('reset-after=3'));
  expect(error).toBeDefined();
  const events = text.trimEnd().split('\n\n');
  expect(events).toHaveLength(4);
  expect(events[3]).toMatch(/^event: error\ndata: \{.*"code":"upstream_reset".*\}$/);
  await sidecar.until(({ inFlight }) => inFlight === 0);
});

test('the connection of a cut stream ends without the last chunk', async () => {
  const connection = await RawConnection.open(sidecar.port);
  const body = JSON.stringify({ prompt: 'x', max_tokens: 50, stream: true });
  connection.send('POST /v1/completions?reset-after=2 HTTP/1.1', 'Host: a', `Content-Length: ${body.length}`, '', body);
  const received = await connection.untilClosed();
  expect(received).toContain('event: error');
  expect(received).not.toMatch(/\r\n0\r\n\r\n$/);
});

test('a crash while a request is inside: 502, and what comes next waits until it is back', async () => {
  const inside = fetch(`${sidecar.url}/echo/inside?hold=door`, { method: 'POST', body: 'x' });
  await sidecar.model.when((stats) => stats.inFlight === 1);
  sidecar.model.crash();
  expect((await inside).status).toBe(502);
  const next = fetch(`${sidecar.url}/echo/next`, { method: 'POST', body: 'x' });
  await sidecar.until(({ container, waiting }) => container === 'unreachable' && waiting === 1);
  await sidecar.model.restart();
  expect((await next).status).toBe(200);
  await sidecar.until(({ inFlight }) => inFlight === 0);
});

test('a connection it closed while idle is not the next request’s fault', async () => {
  expect((await fetch(`${sidecar.url}/echo/one`)).status).toBe(200);
  sidecar.model.crash();
  await sidecar.model.restart();
  for (let i = 0; i < 5; i++) expect((await fetch(`${sidecar.url}/echo/two`)).status).toBe(200);
});
