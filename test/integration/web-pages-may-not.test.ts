// Without a token the changing admin paths are for programs on the same machine. A web page in a browser there is none: neither by the
// address (a cross-site POST) nor by a name that its own DNS leads to loopback (DNS rebinding). Sidecar and operator have one admin server.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AdminServer } from '../../runtime/admin-server.ts';
import { RawConnection } from '../support/raw-http.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

const pages: readonly (readonly [string, readonly string[]])[] = [
  ['a form of another site', ['Origin: https://evil.example', 'Sec-Fetch-Site: cross-site']],
  ['a browser that sends no Sec-Fetch-Site', ['Origin: http://127.0.0.1:3000']],
  ['a sandboxed page', ['Origin: null']],
  ['a browser that hides the origin', ['Sec-Fetch-Site: cross-site']],
  ['another port of the same machine', ['Sec-Fetch-Site: same-site']],
];
const rebound = ['evil.example:9090', 'localhost.evil.example', '127.0.0.1.evil.example', '127.evil.example', ''];

async function statusOf(port: number, method: string, path: string, host: string, lines: readonly string[] = []) {
  const connection = await RawConnection.open(port);
  connection.send(
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: close',
    'Content-Length: 0',
    ...lines,
    '',
    '',
  );
  return Number((await connection.untilClosed()).slice(9, 12));
}

describe('a sidecar without a token', () => {
  let sidecar: TestSidecar;
  let port: number;
  beforeAll(async () => {
    sidecar = await startSidecar();
    port = Number(new URL(sidecar.adminUrl).port);
  });
  afterAll(() => sidecar.close());

  const changing = [
    ['POST', '/drain'],
    ['POST', '/dead-letters/x/replay'],
    ['GET', '/dead-letters'],
  ] as const;

  test.each(pages)('is neither drained nor replayed by %s', async (_name, lines) => {
    for (const [method, path] of changing) expect(await statusOf(port, method, path, 'localhost', lines)).toBe(403);
    expect((await sidecar.stats()).draining).toBe(false);
  });

  test.each(rebound)('is not drained under the name %j', async (host) => {
    for (const [method, path] of changing) expect(await statusOf(port, method, path, host)).toBe(403);
    expect((await sidecar.stats()).draining).toBe(false);
  });

  test('is looked after by a program on this machine, and by what a person types', async () => {
    for (const host of ['localhost', 'LOCALHOST:9090', '127.0.0.1:1', '[::1]:9090']) {
      expect(await statusOf(port, 'GET', '/dead-letters', host)).toBe(200);
    }
    expect(await statusOf(port, 'GET', '/dead-letters', 'localhost', ['Sec-Fetch-Site: none'])).toBe(200);
    expect(await statusOf(port, 'POST', '/drain', 'localhost')).toBe(202);
  });
});

describe('with a token', () => {
  const route = { path: '/change', methods: ['POST'], guarded: ['POST'], reply: () => ({ status: 204 }) };
  const admin = new AdminServer({ host: '127.0.0.1', port: 0, token: 's3cret', routes: [route], failed: () => {} });
  beforeAll(() => admin.start());
  afterAll(() => admin.stop());

  test('any name will do, for the token says who it is; a page may not even so', async () => {
    const token = 'Authorization: Bearer s3cret';
    expect(await statusOf(admin.port, 'POST', '/change', 'llama-pods.models.svc', [token])).toBe(204);
    expect(await statusOf(admin.port, 'POST', '/change', 'localhost', [token, 'Origin: https://a.example'])).toBe(403);
    expect(await statusOf(admin.port, 'POST', '/change', 'localhost')).toBe(401);
  });
});
