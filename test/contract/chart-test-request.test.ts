// The pod of `helm test`, its program run by Node against real servers: 2xx passes, anything else fails with the address and the answer.
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { find, type Rendered, render } from '../support/chart.ts';

const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

it('asks the operator and the deployment by their Services, and applies nothing', async () => {
  const pod = await testPod();
  const addresses = pod.containers[0].env
    .filter(({ name }: Rendered) => name.endsWith('_URL'))
    .map(({ value }: Rendered) => value);
  expect(addresses).toEqual([
    'http://demo-inference-operator.inference-system.svc:9090/readyz',
    'http://llm.models.svc/llm/health',
  ]);
  expect(pod.automountServiceAccountToken).toBe(false);
});

it('passes when both answer', async () => {
  const { code, output } = await runTest(await answering(200, 'ready'), await answering(200, '{"status":"ok"}'));
  expect(output).toContain('200 ready');
  expect(output).toContain('{"status":"ok"}');
  expect(code).toBe(0);
});

it.each([
  ['the operator is not ready', 503, 200],
  ['the deployment fails', 200, 502],
])('fails when %s', async (_, operator, deployment) => {
  const { code, output } = await runTest(await answering(operator, 'o'), await answering(deployment, 'd'));
  expect(output).toContain(`${Math.max(operator, deployment)} `);
  expect(code).toBe(1);
});

it('fails with the reason when nothing listens', async () => {
  const { code, output } = await runTest('http://127.0.0.1:9/', await answering(200, 'd'));
  expect(output).toMatch(/GET http:\/\/127\.0\.0\.1:9\/: .+/);
  expect(code).toBe(1);
});

async function testPod(): Promise<Rendered> {
  return find(
    await render({ values: { test: { deployment: 'llm', namespace: 'models', path: '/llm/health' } } }),
    'Pod',
  ).spec;
}

async function answering(status: number, body: string): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status, { connection: 'close' }).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function runTest(
  operator: string,
  deployment: string,
): Promise<{ readonly code: number; readonly output: string }> {
  const [container] = (await testPod()).containers;
  const [, ...nodeOptions] = container.command;
  const env = { ...process.env, TIMEOUT_SECONDS: '10', OPERATOR_URL: operator, DEPLOYMENT_URL: deployment };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [...nodeOptions, ...container.args], { env });
    return { code: 0, output: stdout };
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string };
    return { code, output: stdout };
  }
}
