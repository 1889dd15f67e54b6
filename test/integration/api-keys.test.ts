// API keys from a mounted Secret: who may pass, whose an async request is, and what happens when keys change.
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let directory: string;
let sidecar: TestSidecar;
let version = 0;

/** Writes the entries as the kubelet does: a new directory, then one symlink swapped. */
function mount(keys: Readonly<Record<string, string>>): void {
  const data = join(directory, `..data_${++version}`);
  mkdirSync(data);
  for (const [name, key] of Object.entries(keys)) writeFileSync(join(data, name), `${key}\n`);
  symlinkSync(`..data_${version}`, join(directory, '..new'));
  renameSync(join(directory, '..new'), join(directory, '..data'));
  for (const name of Object.keys(keys)) {
    try {
      unlinkSync(join(directory, name));
    } catch {}
    symlinkSync(join('..data', name), join(directory, name));
  }
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'test-keys-'));
  mount({ alice: 'key-of-alice', bob: 'key-of-bob' });
  sidecar = await startSidecar({ settings: { authKeysDir: directory } });
});
afterAll(async () => {
  await sidecar.close();
  rmSync(directory, { recursive: true });
});

const call = (path: string, key: string | undefined, headers: Record<string, string> = {}, method = 'POST') =>
  fetch(`${sidecar.url}${path}`, {
    method,
    ...(method === 'POST' && { body: 'x' }),
    headers: { ...(key !== undefined && { Authorization: `Bearer ${key}` }), ...headers },
  });

test.each([
  ['none', undefined],
  ['a wrong one', 'key-of-mallory'],
  ['a longer one', 'key-of-alice2'],
  ['a shorter one', 'key-of-alic'],
])('with %s: 401 with WWW-Authenticate, and the container sees nothing', async (_, key) => {
  const response = await call('/echo', key);
  expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  expect(await response.json()).toMatchObject({ code: 'unauthorized' });
  expect(sidecar.model.stats().total).toBe(0);
});

test('with a key: served, and the container does not see the key', async () => {
  const response = await call('/echo', 'key-of-alice');
  expect(response.status).toBe(200);
  expect(await response.text()).not.toContain('key-of-alice');
});

test('the status path refuses in the shape of a status', async () => {
  const response = await call('/status/demo', undefined, { 'X-Inference-Id': 'a' }, 'GET');
  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ Status: 'Completed', Error: expect.stringMatching(/^unauthorized: /) });
});

test('an async request belongs to its key: others get 404 and cannot cancel it', async () => {
  await call('/echo', 'key-of-alice', { Prefer: 'respond-async, wait=30', 'X-Inference-Id': 'hers' });
  const id = { 'X-Inference-Id': 'hers' };
  expect((await call('/result/demo', 'key-of-bob', id, 'GET')).status).toBe(404);
  expect((await call('/status/demo', 'key-of-bob', id, 'GET')).status).toBe(404);
  expect((await call('/result/demo', 'key-of-bob', id, 'DELETE')).status).toBe(404);
  expect((await call('/echo', 'key-of-bob', { Prefer: 'respond-async', ...id })).status).toBe(409);
  expect((await call('/result/demo', 'key-of-alice', id, 'GET')).status).toBe(200);
});

test('a rotated key keeps what was submitted with the old one; the old one and removed ones are refused', async () => {
  mount({ alice: 'new-key-of-alice' });
  unlinkSync(join(directory, 'bob'));
  await eventually(async () => (await call('/echo', 'new-key-of-alice')).status === 200);
  expect((await call('/echo', 'key-of-alice')).status).toBe(401);
  expect((await call('/echo', 'key-of-bob')).status).toBe(401);
  const result = await call('/result/demo', 'new-key-of-alice', { 'X-Inference-Id': 'hers' }, 'GET');
  expect(result.status).toBe(200);
});

test('no key is ever logged', () => {
  expect(JSON.stringify(sidecar.log)).not.toMatch(/key-of/);
  expect(sidecar.log.some(({ owner }) => owner === 'alice')).toBe(true);
});
