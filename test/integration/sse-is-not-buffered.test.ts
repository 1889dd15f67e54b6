// Tokens go out one by one as they come: none is held back, none joined with the next.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seriesValue } from '../support/metrics-text.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
beforeEach(async () => {
  sidecar = await startSidecar();
});
afterEach(() => sidecar.close());

test('each event arrives before the next one exists', async () => {
  const response = await fetch(`${sidecar.url}/demo/v1/completions?hold-tokens=t`, {
    method: 'POST',
    body: JSON.stringify({ prompt: 'x', max_tokens: 5, stream: true }),
  });
  expect(response.headers.get('x-accel-buffering')).toBe('no');
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let token = 0; token < 5; token++) {
    sidecar.model.release(`t:${token}`);
    const { value } = await reader.read();
    expect(value?.match(/data: \{/g)).toHaveLength(1);
    rest = value ?? '';
  }
  for (let next = await reader.read(); !next.done; next = await reader.read()) rest += next.value;
  expect(rest).toContain('[DONE]');
});

test('the head goes out before the first token', async () => {
  const response = await fetch(`${sidecar.url}/v1/completions?hold-tokens=t`, {
    method: 'POST',
    body: JSON.stringify({ prompt: 'x', max_tokens: 1, stream: true }),
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('server-timing')).toMatch(/^queue;dur=[\d.]+, upstream;dur=[\d.]+$/);
  sidecar.model.release('t:0');
  expect(await response.text()).toContain('[DONE]');
});

test('metrics know the time to the first token and between tokens', async () => {
  const response = await fetch(`${sidecar.url}/v1/completions?hold-tokens=t`, {
    method: 'POST',
    body: JSON.stringify({ prompt: 'x', max_tokens: 10, stream: true }),
  });
  const reader = response.body!.getReader();
  for (let token = 0; token < 10; token++) {
    sidecar.model.release(`t:${token}`);
    await reader.read();
  }
  while (!(await reader.read()).done);
  const metrics = await (await fetch(`${sidecar.adminUrl}/metrics`)).text();
  expect(seriesValue(metrics, 'inference_time_to_first_token_seconds_count')).toBe(1);
  expect(seriesValue(metrics, 'inference_inter_token_gap_seconds_count')).toBeGreaterThanOrEqual(9);
});
