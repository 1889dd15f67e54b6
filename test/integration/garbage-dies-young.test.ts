// What a request leaves behind is collected young. Were it kept until a full collection, a loaded sidecar would hold a quarter more
// memory and spend its time on copying; it happens by as little as a function that is assigned to a property.
import { once } from 'node:events';
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type SidecarProgram, startSidecarProgram } from '../support/sidecar-program.ts';

let model: Server;
let sidecar: SidecarProgram;
const agent = new Agent({ keepAlive: true });

beforeAll(async () => {
  model = createServer((incoming, response) => incoming.resume().on('end', () => response.end('{"status":"ok"}')));
  await once(model.listen(0, '127.0.0.1'), 'listening');
  sidecar = await startSidecarProgram(
    { upstream: `http://127.0.0.1:${(model.address() as AddressInfo).port}`, concurrency: 8 },
    // A small young generation is collected every few dozen requests, and each time Node says what became old.
    { nodeOptions: ['--max-semi-space-size=1', '--trace-gc', '--trace-gc-nvp'] },
  );
});

afterAll(async () => {
  agent.destroy();
  await sidecar.stop();
  model.close();
  model.closeAllConnections();
});

it('less than a kilobyte of a plain request outlives it', async () => {
  await requests(1000);
  const before = sidecar.log().length;
  await requests(2000);
  const collections = sidecar
    .log()
    .slice(before)
    .split('\n')
    .filter((line) => / gc=s /.test(line));
  const promotedBytes = collections.map((line) => Number(/ promoted=(\d+)/.exec(line)?.[1]));
  expect(collections.length).toBeGreaterThan(10);
  expect(promotedBytes.reduce((sum, bytes) => sum + bytes, 0) / 2000).toBeLessThan(1024);
});

async function requests(count: number): Promise<void> {
  let left = count;
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const call = request(`${sidecar.url}/v1/completions`, { method: 'POST', agent }).end('{"prompt":"hello"}');
      const [answer] = await once(call, 'response');
      await once(answer.resume(), 'end');
      expect(answer.statusCode).toBe(200);
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
}
