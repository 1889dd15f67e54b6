// Every row of the error table happens as the table says: each is provoked here, over a real connection. The compiler
// holds the list complete; the README's table is generated from the same rows (generated.test.ts).
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { Passage } from '../../sidecar/gate/passage.ts';
import { type ProblemCode, type ProblemRow, problems } from '../../sidecar/ingress/problem.ts';
import { RawConnection } from '../support/raw-http.ts';
import { TestRedis } from '../support/redis.ts';
import { lineUntilRefused, type SidecarSetup, startSidecar, type TestSidecar } from '../support/sidecar.ts';

/** Status, body and headers of an answer. */
interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Headers;
}

type Provocation = () => Promise<Answer>;

async function answerOf(pending: Response | Promise<Response>): Promise<Answer> {
  const response = await pending;
  return { status: response.status, headers: response.headers, body: await response.text() };
}

const withSidecar = (setup: SidecarSetup, provoke: (sidecar: TestSidecar) => Promise<Answer>) => async () => {
  const sidecar = await startSidecar(setup);
  try {
    return await provoke(sidecar);
  } finally {
    await sidecar.close();
  }
};

const request = (path: string, headers: Record<string, string> = {}, method = 'POST', setup: SidecarSetup = {}) =>
  withSidecar(setup, ({ url }) =>
    answerOf(fetch(`${url}${path}`, { method, headers, ...(method === 'POST' && { body: 'body' }) })),
  );

const raw = (bytes: string, setup: SidecarSetup = {}) =>
  withSidecar(setup, async ({ port }) => {
    const connection = await RawConnection.open(port);
    const text = await connection.write(bytes).until(/"code":"\w+".*\}$/);
    connection.close();
    const [head = '', body = ''] = text.split('\r\n\r\n');
    const [statusLine = '', ...lines] = head.split('\r\n');
    const headers = new Headers(lines.map((line) => line.split(/: (.*)/s, 2) as [string, string]));
    return { status: Number(statusLine.split(' ')[1]), headers, body };
  });

/** One request inside, held there, while the next is sent. */
const behindOne = (setup: SidecarSetup, next: (sidecar: TestSidecar) => Promise<Answer>) =>
  withSidecar(setup, async (sidecar) => {
    const inside = fetch(`${sidecar.url}/echo?hold=door`);
    await sidecar.model.when((stats) => stats.inFlight === 1);
    const answer = await next(sidecar);
    sidecar.model.release('door');
    await inside.catch(() => undefined);
    return answer;
  });

const prefer = { Prefer: 'respond-async' };
const id = { 'X-Inference-Id': 'one' };

const provocations: Readonly<Record<ProblemCode, Provocation>> = {
  invalid_inference_id: request('/echo', { 'X-Inference-Id': 'a b' }),
  missing_inference_id: request('/result/demo', {}, 'GET'),
  invalid_webhook: request('/echo', { ...prefer, 'X-Inference-Webhook': 'https://elsewhere/' }),
  malformed_request: raw('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'),
  unauthorized: async () => {
    const authKeysDir = mkdtempSync(join(tmpdir(), 'test-keys-'));
    writeFileSync(join(authKeysDir, 'alice'), 'key');
    return request('/echo', {}, 'POST', { settings: { authKeysDir } })().finally(() =>
      rmSync(authKeysDir, { recursive: true }),
    );
  },
  inference_not_found: request('/result/demo', id, 'GET'),
  method_not_allowed: request('/result/demo', id, 'PUT'),
  request_timeout: raw('GET / HTTP/1.1\r\nHost: a\r\n', { limits: { headersTimeoutMs: 300 } }),
  inference_id_conflict: withSidecar({}, async ({ url }) => {
    const submit = (body: string) => fetch(`${url}/echo`, { method: 'POST', body, headers: { ...prefer, ...id } });
    await submit('first');
    return answerOf(submit('second'));
  }),
  canceled: behindOne({}, async ({ url }) => {
    await fetch(`${url}/echo`, { method: 'POST', body: 'x', headers: { ...prefer, ...id } });
    await fetch(`${url}/result/demo`, { method: 'DELETE', headers: id });
    return answerOf(fetch(`${url}/result/demo`, { headers: id }));
  }),
  body_too_large: request('/echo', prefer, 'POST', { settings: { maxBodyBytes: 3 } }),
  expectation_failed: raw('POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\nContent-Length: 0\r\n\r\n'),
  queue_full: behindOne({ settings: { maxQueue: 0 } }, ({ url }) => answerOf(fetch(`${url}/echo`))),
  deadline_unreachable: withSidecar({ settings: { requestTtlSeconds: 20 } }, async (sidecar) => {
    for (let i = 0; i < 5; i++) await fetch(`${sidecar.url}/sleep?ms=500`);
    const inside = fetch(`${sidecar.url}/echo?hold=door`);
    await sidecar.model.when((stats) => stats.inFlight === 1);
    const { waiting, refused } = await lineUntilRefused(sidecar);
    sidecar.model.release('door');
    await Promise.all([inside, ...waiting]);
    return answerOf(refused);
  }),
  outcome_unknown: async () => {
    const redis = await TestRedis.start();
    try {
      return await withSidecar({ settings: { store: redis.url } }, async ({ url }) => {
        await redis.kill('SIGSTOP');
        return answerOf(fetch(`${url}/echo`, { method: 'POST', headers: { ...id, ...prefer }, body: 'body' }));
      })();
    } finally {
      await redis.stop();
    }
  },
  quota_exceeded: request('/echo', prefer, 'POST', { settings: { maxStoredBytes: 1 } }),
  headers_too_large: raw(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(50_000)}\r\n\r\n`),
  transfer_coding_unknown: raw('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'),
  // No client can bring it about: a step of ours is made to throw.
  internal_error: withSidecar({}, async ({ url }) => {
    vi.spyOn(Passage.prototype, 'admitted').mockImplementationOnce(() => {
      throw new Error('a fault');
    });
    return answerOf(fetch(`${url}/echo`));
  }),
  upstream_unreachable: withSidecar({ settings: { healthPath: '' } }, async ({ url, model }) => {
    model.crash();
    return answerOf(fetch(`${url}/echo`));
  }),
  upstream_reset: request('/reset'),
  upstream_invalid: async () => {
    const garbage = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write('this is not HTTP\r\n\r\n'));
    }).listen(0, '127.0.0.1');
    await once(garbage, 'listening');
    const upstream = `http://127.0.0.1:${(garbage.address() as AddressInfo).port}`;
    return request('/echo', {}, 'POST', { settings: { upstream, healthPath: '' } })().finally(() => garbage.close());
  },
  upstream_too_large: request('/chunks?count=10', { Prefer: 'respond-async, wait=30' }, 'POST', {
    settings: { maxBodyBytes: 100, maxAttempts: 1 },
  }),
  overloaded: raw(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`, {
    settings: { memoryBudgetBytes: 100_000, maxBodyBytes: 1_000 },
  }),
  draining: withSidecar({ settings: { drainSeconds: 0 } }, async (sidecar) => {
    const inside = fetch(`${sidecar.url}/echo?hold=door`);
    await sidecar.model.when((stats) => stats.inFlight === 1);
    await sidecar.stop();
    return answerOf(inside);
  }),
  store_unavailable: async () => {
    const redis = await TestRedis.start();
    const submit = withSidecar({ settings: { store: redis.url } }, async ({ url }) => {
      await redis.kill();
      return answerOf(fetch(`${url}/echo`, { method: 'POST', body: 'x', headers: prefer }));
    });
    return submit().finally(() => redis.stop());
  },
  request_expired: withSidecar({ settings: { requestTtlSeconds: 1 } }, async (sidecar) => {
    // A stream has no deadline once it has begun: it keeps the slot.
    const streaming = await fetch(`${sidecar.url}/v1/completions?hold-tokens=t`, {
      method: 'POST',
      body: JSON.stringify({ prompt: 'x', max_tokens: 1, stream: true }),
    });
    const answer = await answerOf(fetch(`${sidecar.url}/echo`));
    sidecar.model.release('t:0');
    await streaming.text();
    return answer;
  }),
  upstream_timeout: request('/hang', {}, 'POST', { settings: { requestTtlSeconds: 1 } }),
};

test.each(Object.keys(problems) as ProblemCode[])('%s', async (code) => {
  const row: ProblemRow = problems[code];
  const { status, body, headers } = await provocations[code]();
  expect({ status, body: JSON.parse(body) }).toMatchObject({
    status: row.status,
    body: { type: `urn:inference:problem:${code}`, status: row.status, code, error: { code } },
  });
  expect(body).not.toContain('maxRetriesPerRequest');
  expect(headers.get('content-type')).toBe('application/problem+json');
  for (const [name, value] of Object.entries(row.headers)) {
    expect(headers.get(name)).toEqual(value === '' ? expect.any(String) : value);
  }
  if ([429, 503].includes(row.status)) expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(headers.get('x-inference-id')).toBeTruthy();
  expect(headers.get('server-timing')).toContain('queue;dur=');
});
