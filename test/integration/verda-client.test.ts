// A client as strict as Verda's Python SDK (statuses as an enum, Content-Type for equality, paths at the host's root).
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../../dev/model-server/server.ts';
import { wordsFor } from '../../dev/model-server/text.ts';
import { type PythonRun, runPython } from '../support/python.ts';
import { type SidecarProgram, startSidecarProgram } from '../support/sidecar-program.ts';

const script = fileURLToPath(new URL('../fixtures/verda_client.py', import.meta.url));

let model: ModelServer;
let sidecar: SidecarProgram;
let run: PythonRun;
let seen: Record<string, unknown>;
beforeAll(async () => {
  model = await startModelServer({ tokenMs: 10 });
  sidecar = await startSidecarProgram({ upstream: model.url });
  run = await runPython(['-B', script, `${sidecar.url}/echo`]);
  expect(run.stderr).toBe('');
  seen = JSON.parse(run.stdout);
});
afterAll(async () => {
  await sidecar?.stop();
  await model?.close();
});

test('the asynchronous result is what the synchronous call gives, parsed as JSON', () => {
  expect(seen.async_result).toEqual(seen.sync);
  expect((seen.sync as { choices: { text: string }[] }).choices[0]!.text).toBe(wordsFor('hello', 30).join(''));
});

test('statuses are words of the enum and end with Completed, without an error', () => {
  const statuses = seen.async_statuses as string[];
  expect(statuses.at(-1)).toBe('Completed');
  expect(statuses.every((status) => ['Queue', 'Inference', 'Completed'].includes(status))).toBe(true);
  expect(seen.async_error).toBeNull();
});

test('a 422 of the container is Completed without an error, and its body is the result', () => {
  expect(seen.failing_error).toBeNull();
  expect(seen.failing_result).toMatchObject({ detail: [{ msg: 'status 422' }] });
});

test('an unknown id neither loops nor raises', () => {
  expect(seen.unknown_status).toBe('Completed');
  expect(seen.unknown_result).toMatchObject({ result: expect.stringContaining('inference_not_found') });
});

test('a stream is recognised as one and arrives whole', () => {
  expect(seen.stream).toContain('data: [DONE]');
});

test('fire and forget is an empty 202, and the container gets it', async () => {
  expect(seen.no_response).toEqual({ code: 202, body: '' });
  const { calls } = await model.when((stats) => stats.calls.some((call) => call.path === '/echo'));
  expect(calls.find((call) => call.path === '/echo')?.prefer).toBe('respond-async');
});

test('health is answered below the deployment', () => {
  expect(seen.health).toBe(200);
});
