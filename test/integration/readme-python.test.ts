// The Python of the README as a reader copies it: it prints the result, and raises where there is none.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runPython } from '../support/python.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar({ settings: { maxAttempts: 1 } });
});
afterAll(() => sidecar.close());

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const snippet = /```python\n(import requests[\s\S]*?)```/.exec(readme)![1]!;

/** The snippet against the sidecar; `path` stands in for the path of its request. */
function run(path: string, name = 'demo') {
  const script = snippet
    .replace(/^base, name = .*$/m, `base, name = "${sidecar.url}", "${name}"`)
    .replace('/v1/completions', path)
    .replace('sleep(1)', 'sleep(0.05)');
  return runPython(['-c', script]);
}

it('prints the result', async () => {
  const { stdout, exitCode } = await run('/v1/completions');
  expect(exitCode).toBe(0);
  expect(stdout).toContain("'choices'");
});

it.each([
  ['an answer of the model that is an error', '/fail?status=422', 'demo', '422'],
  ['no answer', '/v1/completions?reset-after=0', 'demo', '502'],
  ['a name that is not this deployment', '/v1/completions', 'other', '404'],
])('raises for %s', async (_, path, name, status) => {
  const { stderr, stdout, exitCode } = await run(path, name);
  expect([exitCode, stdout]).toEqual([1, '']);
  expect(stderr).toContain(`HTTPError: ${status}`);
});
