// Spans of requests and runs, as an OTLP endpoint receives them: whose children they are, what they say, and that an endpoint
// that is not there harms nobody.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startSidecar, type TestSidecar } from '../support/sidecar.ts';
import { startTracesReceiver, type TracesReceiver } from '../support/traces-receiver.ts';

const parent = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const ofId = (id: string) => (span: { attributes: Readonly<Record<string, unknown>> }) =>
  span.attributes['inference.id'] === id;

let receiver: TracesReceiver;
let sidecar: TestSidecar;
beforeAll(async () => {
  receiver = await startTracesReceiver();
  sidecar = await startSidecar({ settings: { tracesEndpoint: receiver.url } });
});
afterAll(async () => {
  await sidecar.close();
  await receiver.close();
});

/** What the container was told, by the echo of its headers. */
async function echoed(id: string, headers: Record<string, string>, path = '/demo/echo?key=secret-query') {
  const answer = await fetch(`${sidecar.url}${path}`, { headers: { 'X-Inference-Id': id, ...headers } });
  return (await answer.text()).match(/00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}/)?.[0];
}

test("a request's span is the client's child, with its wait and its time inside; the container continues from there", async () => {
  const told = await echoed('child', { traceparent: `00-${parent.traceId}-${parent.spanId}-01` });
  const [whole, waiting, inside, ...more] = await receiver.trace(3, ofId('child'));
  expect(more).toEqual([]);
  expect(whole).toMatchObject({ ...{ kind: 2, traceId: parent.traceId, parentSpanId: parent.spanId, isError: false } });
  expect(whole?.name).toBe('GET /demo/{path}');
  expect(whole?.attributes).toEqual({
    'http.request.method': 'GET',
    'http.route': '/demo/{path}',
    'url.path': '/demo/echo',
    'http.response.status_code': 200,
    'inference.id': 'child',
    'inference.mode': 'sync',
    'inference.queue_ms': expect.any(Number),
    'inference.upstream_ms': expect.any(Number),
  });
  expect(whole?.resource).toMatchObject({ 'service.name': 'demo', 'service.namespace': 'default' });
  expect(waiting).toMatchObject({ name: 'wait in line', parentSpanId: whole?.spanId, startMs: whole?.startMs });
  expect(inside).toMatchObject({ name: 'container', kind: 3, parentSpanId: whole?.spanId, startMs: waiting?.endMs });
  expect(told).toBe(`00-${parent.traceId}-${inside?.spanId}-01`);
  expect(whole!.endMs).toBeGreaterThanOrEqual(inside!.startMs);
  expect(Math.abs(whole!.startMs - Date.now())).toBeLessThan(120_000);
  expect([...receiver.paths]).toEqual(['/v1/traces']);
});

test.each([
  ['none', {}],
  ['nonsense', { traceparent: '00-0-1-01' }],
])('a trace begins here where the client sends %s', async (name, headers) => {
  const told = await echoed(`root-${name}`, headers);
  const [whole, , inside] = await receiver.trace(3, ofId(`root-${name}`));
  expect(whole?.parentSpanId).toBeUndefined();
  expect(told).toBe(`00-${whole?.traceId}-${inside?.spanId}-01`);
});

test('what the client does not sample is not traced, and its traceparent passes through; nor are health checks', async () => {
  const unsampled = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-00`;
  expect(await echoed('unsampled', { traceparent: unsampled })).toBe(unsampled);
  await echoed('health-check', {}, '/health');
  await echoed('after-both', {});
  await receiver.trace(3, ofId('after-both'));
  expect(receiver.spans.filter((span) => ofId('unsampled')(span) || ofId('health-check')(span))).toEqual([]);
});

test('a refusal says its code', async () => {
  await fetch(`${sidecar.url}/result/demo`, { headers: { 'X-Inference-Id': 'unknown' } });
  const spans = await receiver.trace(1, ofId('unknown'));
  expect(spans).toHaveLength(1);
  expect(spans[0]).toMatchObject({
    name: 'GET /result/demo',
    attributes: { 'http.response.status_code': 404, 'error.type': 'inference_not_found', 'inference.mode': 'lookup' },
  });
});

test('a container that dies makes an error of its span and of the request', async () => {
  await fetch(`${sidecar.url}/reset`, { method: 'POST', body: 'x', headers: { 'X-Inference-Id': 'dies' } });
  const [whole, , inside] = await receiver.trace(3, ofId('dies'));
  expect(whole).toMatchObject({ isError: true, attributes: { 'error.type': 'upstream_reset' } });
  expect(inside).toMatchObject({ isError: true, attributes: { 'error.type': 'upstream_reset' } });
});

test('an async request: its run is a span in the trace of its submit, and the container continues the run', async () => {
  const headers = { traceparent: `00-${'a'.repeat(32)}-${parent.spanId}-01`, Prefer: 'respond-async, wait=60' };
  const told = await echoed('later', headers, '/echo');
  const found = await receiver.trace(2, ofId('later'));
  const submit = found.find(({ kind }) => kind === 2);
  const run = found.find(({ kind }) => kind === 5);
  expect(found).toHaveLength(2);
  expect(submit).toMatchObject({ parentSpanId: parent.spanId, attributes: { 'inference.mode': 'async' } });
  expect(run).toMatchObject({ name: 'run GET', parentSpanId: submit?.spanId, isError: false });
  expect(run?.attributes).toMatchObject({ 'inference.attempt': 1, 'http.response.status_code': 200 });
  expect(told).toBe(`00-${'a'.repeat(32)}-${run?.spanId}-01`);
});

test('nothing in the spans is secret', () => {
  expect(JSON.stringify(receiver.spans)).not.toContain('secret');
});

test('an endpoint that is not there is said once and harms no request; the replica ends all the same', async () => {
  const gone = await startTracesReceiver();
  await gone.close();
  const other = await startSidecar({ settings: { tracesEndpoint: gone.url } });
  try {
    for (let i = 0; i < 20; i++) expect((await fetch(`${other.url}/echo`)).status).toBe(200);
    await other.stop();
    expect(other.log.some(({ msg }) => msg === 'stopped')).toBe(true);
    const complaints = () => other.log.filter(({ msg }) => `${msg}`.startsWith('the traces endpoint'));
    await eventually(() => complaints().length > 0);
    expect(complaints()).toHaveLength(1);
  } finally {
    await other.close();
  }
});

test('without an endpoint nothing is traced: the traceparent of the client passes through', async () => {
  const before = receiver.spans.length;
  const plain = await startSidecar();
  try {
    const traceparent = `00-${parent.traceId}-${parent.spanId}-01`;
    const answer = await fetch(`${plain.url}/echo`, { headers: { traceparent } });
    expect(await answer.text()).toContain(traceparent);
  } finally {
    await plain.close();
  }
  expect(receiver.spans.length).toBe(before);
});
