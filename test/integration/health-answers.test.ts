// The health path is a path of the container, and its answer is asked for, and taken, only in a form that can be understood.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';

let container: Server;
let asked: IncomingMessage | undefined;
let coding: string;
let sidecar: TestSidecar;

beforeEach(async () => {
  asked = undefined;
  coding = 'gzip';
  container = createServer((request, response) => {
    asked = request;
    const body = Buffer.from('{"status":"unhealthy"}');
    response.writeHead(200, { 'Content-Encoding': coding, 'Content-Type': 'application/json' });
    response.end(coding === 'gzip' ? gzipSync(body) : body);
  }).listen(0, '127.0.0.1');
  await once(container, 'listening');
});
afterEach(async () => {
  await sidecar.close();
  container.close();
});

const start = async (healthPath: string) => {
  const upstream = `http://127.0.0.1:${(container.address() as AddressInfo).port}`;
  sidecar = await startSidecar({ settings: { upstream, healthPath }, isUnready: true });
};

test.each(['gzip', 'x-own'])(
  'an answer in %s, which was not asked for, is not ready, and /stats says why',
  async (given) => {
    coding = given;
    await start('/health');
    const { container: state } = await sidecar.until(
      ({ containerAnswer }) => containerAnswer?.includes(given) === true,
    );
    expect(state).toBe('starting');
    expect(asked?.headers['accept-encoding']).toBe('identity');
  },
);

test.each(['//host.invalid/x', '/a?b=//c'])('the health path %s is asked of the container', async (healthPath) => {
  await start(healthPath);
  await sidecar.until(({ containerAnswer }) => containerAnswer !== null);
  expect(asked?.url).toBe(healthPath);
});
