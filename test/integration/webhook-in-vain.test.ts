// X-Inference-Webhook where nothing would be delivered: said at once, instead of a notice that never comes.
import { afterEach, expect, it } from 'vitest';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
afterEach(() => sidecar.close());

const ask = async (webhook: string, prefer?: string) => {
  const headers = { 'X-Inference-Webhook': webhook, ...(prefer === undefined ? {} : { Prefer: prefer }) };
  const answer = await fetch(`${sidecar.url}/echo`, { method: 'POST', body: 'x', headers });
  return { status: answer.status, text: await answer.text() };
};

it.each([undefined, 'respond-async-container'])(
  'a request that is not queued (Prefer: %s) is refused with a sentence',
  async (prefer) => {
    sidecar = await startSidecar({});
    const { status, text } = await ask('http://localhost/hook', prefer);
    expect([status, JSON.parse(text).error.code]).toEqual([400, 'invalid_webhook']);
    expect(text).toContain('Prefer: respond-async');
  },
);

it('a name that leads inside is refused at submit, unless the list allows it', async () => {
  sidecar = await startSidecar({ settings: { webhookAllowedHosts: 'localhost' } });
  const { status, text } = await ask('http://localhost:9/hook', 'respond-async');
  expect([status, JSON.parse(text).error.code]).toEqual([400, 'invalid_webhook']);
  expect(text).toContain('leads to an address inside');
  await sidecar.close();
  sidecar = await startSidecar({ settings: { webhookAllowedHosts: 'localhost+private' } });
  expect((await ask('http://LOCALHOST.:9/hook', 'respond-async')).status).toBe(202);
});
