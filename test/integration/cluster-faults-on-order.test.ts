// Faults that tests order of the API server on loopback reach clients as those of a real one: refusals, resets, dropped watches,
// forgotten history, silence. The request log counts what was asked.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../../dev/cluster/api/api-server.ts';
import { ApiCaller } from '../support/api-call.ts';
import { eventually } from '../support/eventually.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
let server: ApiServer;
let api: ApiCaller;

beforeAll(async () => {
  server = await startApiServer({ historyLength: 20 });
  api = new ApiCaller(server.kubeconfigPath);
});

afterAll(async () => {
  await api?.close();
  await server?.close();
});

const isList = (request: { method: string; path: string }) => request.method === 'GET' && request.path.startsWith(MAPS);
const make = (name: string) => api.call('POST', MAPS, { body: { metadata: { name } } });

test('as many matching requests fail as were ordered, others are served', async () => {
  server.faults.failNext(2, 503, isList);
  const codes = [];
  for (let index = 0; index < 3; index++) codes.push((await api.call('GET', MAPS)).status);
  expect(codes).toEqual([503, 503, 200]);
  server.faults.failNext(1, 429, isList);
  const busy = await api.call('GET', MAPS);
  expect(busy.body).toMatchObject({ reason: 'TooManyRequests', details: { retryAfterSeconds: 1 } });
  server.faults.failNext(1, 'reset', isList);
  await expect(api.call('GET', MAPS)).rejects.toThrow();
});

test('dropped watches end; a client that follows from where it was misses nothing', async () => {
  const { metadata } = (await api.call('GET', MAPS)).body as { metadata: { resourceVersion: string } };
  const watching = api.call('GET', `${MAPS}?watch=1&resourceVersion=${metadata.resourceVersion}`);
  await eventually(() => server.faults.openWatches === 1);
  await make('one');
  expect(server.faults.dropWatches('end')).toBe(1);
  const first = JSON.parse((await watching).text.trim()) as { object: { metadata: { resourceVersion: string } } };
  await make('two');
  const rest = await api.call(
    'GET',
    `${MAPS}?watch=1&timeoutSeconds=1&resourceVersion=${first.object.metadata.resourceVersion}`,
  );
  expect(rest.text).toContain('"name":"two"');
  expect(rest.text).not.toContain('"name":"one"');
});

test('a watch cut in the middle is an error to the client, not an end', async () => {
  const watching = api.call('GET', `${MAPS}?watch=1`);
  await eventually(() => server.faults.openWatches === 1);
  server.faults.dropWatches('cut');
  await expect(watching).rejects.toThrow();
});

test('history that is gone is answered with a 410 in an ERROR event, by order and when there was too much of it', async () => {
  const { metadata } = (await make('old')).body as { metadata: { resourceVersion: string } };
  const since = () => api.call('GET', `${MAPS}?watch=1&timeoutSeconds=1&resourceVersion=${metadata.resourceVersion}`);
  expect((await since()).text).toBe('');
  for (let index = 0; index < 60; index++) await make(`more-${index}`);
  expect(JSON.parse((await since()).text)).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
  const present = (await make('new')).body as { metadata: { resourceVersion: string } };
  server.compact();
  await make('newer');
  server.compact();
  const gone = await api.call('GET', `${MAPS}?watch=1&resourceVersion=${present.metadata.resourceVersion}`);
  expect(JSON.parse(gone.text)).toMatchObject({ type: 'ERROR', object: { code: 410 } });
});

test('while it is paused nobody is answered, and then everybody', async () => {
  server.faults.pause();
  let isAnswered = false;
  const asking = api.call('GET', MAPS).then((answer) => {
    isAnswered = true;
    return answer;
  });
  await eventually(() => server.faults.heldBack === 1);
  expect(isAnswered).toBe(false);
  server.faults.resume();
  expect((await asking).status).toBe(200);
});

test('the log tells who asked for what and how it ended, and writes from reads', async () => {
  server.requests.clear();
  await api.call('GET', `${MAPS}/none`);
  await make('logged');
  await api.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: {} },
  });
  expect(server.requests.all()).toMatchObject([
    { method: 'GET', path: `${MAPS}/none`, code: 404, userAgent: 'kubectl/v1.36', user: 'kubernetes-admin' },
    { method: 'POST', path: MAPS, code: 201 },
    { method: 'POST', code: 201 },
  ]);
  expect(server.requests.writes()).toHaveLength(1);
});

test('nobody is let in without a token, and a service account only as far as its roles reach', async () => {
  const nobody = await api.call('GET', MAPS, { token: 'wrong' });
  expect([nobody.status, (nobody.body as { reason: string }).reason]).toEqual([401, 'Unauthorized']);
  const token = server.tokenFor('default', 'default');
  const refused = await api.call('GET', MAPS, { token });
  expect(refused.status).toBe(403);
  expect((refused.body as { message: string }).message).toBe(
    'configmaps is forbidden: User "system:serviceaccount:default:default" cannot list resource "configmaps" in API group "" in the namespace "default"',
  );
  expect((await api.call('GET', '/apis', { token })).status).toBe(200);
});
