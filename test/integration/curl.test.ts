// curl against a deployment: the commands of the README and of the examples, and what only curl does (100-continue, -T).
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../../dev/model-server/server.ts';
import { eventually } from '../support/eventually.ts';
import { type SidecarProgram, startSidecarProgram } from '../support/sidecar-program.ts';

const directory = mkdtempSync(join(tmpdir(), 'curl-'));
let model: ModelServer;
let sidecar: SidecarProgram;
beforeAll(async () => {
  model = await startModelServer({ tokenMs: 2 });
  sidecar = await startSidecarProgram({ upstream: model.url });
});
afterAll(async () => {
  await sidecar?.stop();
  await model?.close();
  rmSync(directory, { recursive: true });
});

const run = promisify(execFile);
async function curl(path: string, ...options: string[]): Promise<Buffer> {
  const argv = ['--silent', '--show-error', '--noproxy', '*', '--max-time', '60', ...options, sidecar.url + path];
  const { stdout } = await run('curl', argv, { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

const json = ['-H', 'Content-Type: application/json'];
const story = '{"prompt": "Write a story about a robot.", "max_tokens": 20}';

test('the asynchronous round: 202, status, result', async () => {
  const direct = await curl('/echo/v1/completions', ...json, '-d', story);
  const ticket = JSON.parse(
    String(await curl('/echo/v1/completions', ...json, '-H', 'Prefer: respond-async', '-d', story)),
  );
  expect(Object.keys(ticket)).toEqual(['Id', 'StatusPath', 'ResultPath']);
  const id = ['-H', `X-Inference-Id: ${ticket.Id}`];
  await eventually(async () => JSON.parse(String(await curl(ticket.StatusPath, ...id))).Status === 'Completed');
  expect((await curl(ticket.ResultPath, ...id)).equals(direct)).toBe(true);
});

test('an image is the same bytes through the sidecar, synchronously and as a stored result', async () => {
  const direct = Buffer.from(await (await fetch(`${model.url}/image?prompt=sea`)).bytes());
  expect((await curl('/echo/image?prompt=sea')).equals(direct)).toBe(true);
  const ticket = JSON.parse(String(await curl('/echo/image?prompt=sea', '-X', 'POST', '-H', 'Prefer: respond-async')));
  const fetchResult = () =>
    curl(ticket.ResultPath, '-H', `X-Inference-Id: ${ticket.Id}`, '--fail', '-w', '%{stderr}%{http_code}');
  await eventually(async () => (await fetchResult()).equals(direct));
});

test('an upload that waits for 100-continue arrives whole', async () => {
  const file = join(directory, 'upload');
  const body = Buffer.alloc(3_000_000, 'abcdefg');
  writeFileSync(file, body);
  const seen = JSON.parse(String(await curl('/echo/echo', '-T', file, '-H', 'Expect: 100-continue')));
  expect(seen.bodySha256).toBe(createHash('sha256').update(body).digest('hex'));
});

test('HEAD has the headers of GET and no body', async () => {
  const head = String(await curl('/echo/v1/models', '--head'));
  expect(head).toMatch(/^HTTP\/1.1 200/);
  expect(head.toLowerCase()).toContain('content-type: application/json');
});

test('a stream with -N, and its trailers', async () => {
  const events = String(
    await curl('/echo/v1/completions', '-N', ...json, '-d', story.replace('}', ', "stream": true}')),
  );
  expect(events.trim().endsWith('data: [DONE]')).toBe(true);
  expect(events.split('data: ')).toHaveLength(22);
  expect(String(await curl('/echo/trailers', '-i', '--raw'))).toContain('X-Checksum: c0ffee');
});
