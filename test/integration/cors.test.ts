// Web pages of other origins (Fetch standard, 3.2): preflights are answered without an API key where CORS is on, and refused with a reason
// where it is off; every answer says who may read it, once.

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
let authKeysDir: string;
beforeEach(() => {
  authKeysDir = mkdtempSync(join(tmpdir(), 'test-keys-'));
  writeFileSync(join(authKeysDir, 'alice'), 'key');
});
afterEach(async () => {
  await sidecar.close();
  rmSync(authKeysDir, { recursive: true });
});

const page = 'https://app.example.com';
const on = { corsAllowedOrigins: `${page}, http://localhost:3000` };
const key = { Authorization: 'Bearer key' };

const ask = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
  fetch(`${sidecar.url}${path}`, { ...init, headers: { Origin: page, ...headers } });
const preflight = (path: string, headers: Record<string, string> = {}) =>
  ask(
    path,
    { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization,prefer', ...headers },
    { method: 'OPTIONS' },
  );
const corsOf = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));
const readable = (response: Response) => {
  expect(response.headers.get('access-control-allow-origin')).toBe(page);
  expect(response.headers.get('vary')).toContain('Origin');
  const exposed = response.headers.get('access-control-expose-headers') ?? '';
  expect(exposed.split(', ')).toEqual(
    expect.arrayContaining(['X-Inference-Id', 'Retry-After', 'Location', 'Server-Timing', 'Preference-Applied']),
  );
  return response;
};

test.each(['/v1/completions', '/demo/v1/completions', '/status/demo', '/result/demo'])(
  'a preflight of %s is answered without a key, and takes no slot',
  async (path) => {
    sidecar = await startSidecar({ settings: { ...on, authKeysDir } });
    const response = await preflight(path);
    expect(response.status).toBe(204);
    expect(response.headers.get('content-length')).toBeNull();
    expect(corsOf(response)).toEqual({
      'access-control-allow-origin': page,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'authorization, prefer',
      'access-control-max-age': '600',
    });
    expect(response.headers.get('vary')).toContain('Origin');
    expect(sidecar.model.stats().total).toBe(0);
  },
);

test('a page of another origin is told nothing', async () => {
  sidecar = await startSidecar({ settings: on });
  const other = await preflight('/echo', { Origin: 'https://app.example.com.evil.example' });
  expect([other.status, corsOf(other), other.headers.get('vary')]).toEqual([204, {}, 'Origin']);
  expect(corsOf(await ask('/echo', { Origin: 'null' }))).toEqual({});
});

test('any origin, if that is the setting, and only the headers that are listed', async () => {
  const settings = {
    corsAllowedOrigins: '*',
    corsAllowedHeaders: 'X-A,X-B',
    corsExposedHeaders: 'X-Own',
    corsMaxAgeSeconds: 5,
  };
  sidecar = await startSidecar({ settings });
  expect(corsOf(await preflight('/echo'))).toMatchObject({
    'access-control-allow-origin': '*',
    'access-control-allow-headers': 'X-A, X-B',
    'access-control-max-age': '5',
  });
  const { headers } = await fetch(`${sidecar.url}/echo`);
  expect(headers.get('access-control-allow-origin')).toBe('*');
  expect(headers.get('access-control-expose-headers')).toContain('X-Own');
});

test('a page can read what the container answers, the 202, status, result, streams, and what is refused', async () => {
  sidecar = await startSidecar({ settings: { ...on, authKeysDir, maxStoredBytes: 2_000 } });
  readable(await ask('/echo', key));
  readable(await ask('/nowhere', key));
  expect(readable(await ask('/echo')).status).toBe(401);
  expect(readable(await ask('/echo', { ...key, 'X-Inference-Id': 'a b' })).status).toBe(400);
  const asynchronous = { ...key, Prefer: 'respond-async', 'X-Inference-Id': 'one' };
  expect(readable(await ask('/echo', asynchronous, { method: 'POST', body: 'x' })).status).toBe(202);
  const one = { ...key, 'X-Inference-Id': 'one' };
  expect(readable(await ask('/result/demo', { ...one, Prefer: 'wait=30' })).status).toBe(200);
  readable(await ask('/status/demo', one));
  const events = readable(await ask('/status/demo', { ...one, Accept: 'text/event-stream' }));
  expect(events.headers.get('content-type')).toBe('text/event-stream');
  await events.text();
  expect(readable(await ask('/status/demo')).status).toBe(400);
  const large = { ...key, Prefer: 'respond-async' };
  expect(readable(await ask('/echo', large, { method: 'POST', body: 'x'.repeat(3_000) })).status).toBe(429);
  const body = JSON.stringify({ prompt: 'x', max_tokens: 2, stream: true });
  await readable(await ask('/v1/completions', key, { method: 'POST', body })).text();
});

test('what the container says of CORS is replaced, so that nothing is there twice', async () => {
  const container = createServer((_, response) => {
    response.writeHead(200, {
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Credentials': 'true',
      'Access-Control-Expose-Headers': 'X-Theirs',
      Vary: 'Accept-Encoding',
    });
    response.end();
  }).listen(0, '127.0.0.1');
  await once(container, 'listening');
  const upstream = `http://127.0.0.1:${(container.address() as AddressInfo).port}`;
  sidecar = await startSidecar({ settings: { ...on, upstream, healthPath: '' } });
  const response = readable(await ask('/x'));
  expect(Object.keys(corsOf(response))).toEqual(['access-control-allow-origin', 'access-control-expose-headers']);
  expect(response.headers.get('vary')).toBe('Accept-Encoding, Origin');
  container.close();
});

test('where it is off a preflight is the container’s, and its CORS fields pass', async () => {
  const container = createServer((request, response) => {
    response.writeHead(204, { 'Access-Control-Allow-Origin': request.headers.origin ?? '' }).end();
  }).listen(0, '127.0.0.1');
  await once(container, 'listening');
  const upstream = `http://127.0.0.1:${(container.address() as AddressInfo).port}`;
  sidecar = await startSidecar({ settings: { upstream, healthPath: '' } });
  expect(corsOf(await preflight('/x'))).toEqual({ 'access-control-allow-origin': page });
  container.close();
});

test.each([
  ['/status/demo', 'GET, HEAD'],
  ['/result/demo', 'GET, HEAD, DELETE'],
  ['/echo', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'],
])('where it is off, with API keys, a preflight of %s is refused with 405, never 401', async (path, allow) => {
  sidecar = await startSidecar({ settings: { authKeysDir } });
  const response = await preflight(path);
  expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
  expect(sidecar.model.stats().total).toBe(0);
});

test('OPTIONS that is no preflight wants a key like any other request', async () => {
  sidecar = await startSidecar({ settings: { ...on, authKeysDir } });
  expect((await ask('/echo', {}, { method: 'OPTIONS' })).status).toBe(401);
  expect(readable(await ask('/echo', key, { method: 'OPTIONS' })).status).toBe(200);
});
