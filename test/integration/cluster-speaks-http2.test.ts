// The API server on loopback offers HTTP/2 in its TLS handshake as the real one does: a client that takes it is served, many calls and
// watches on one connection, and one that does not is served with HTTP/1.1.
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../../dev/cluster/api/api-server.ts';

let api: ApiServer;
let session: ClientHttp2Session;
beforeAll(async () => {
  api = await startApiServer();
  session = connect(api.url, { ca: api.certificate });
  session.on('error', () => {});
  await once(session, 'connect');
});
afterAll(async () => {
  session.destroy();
  await api.close();
});

const path = '/api/v1/namespaces/default/configmaps';
const call = (method: string, to: string, body?: object) => {
  const headers = { authorization: `Bearer ${api.adminToken}`, 'content-type': 'application/json' };
  const stream = session.request({ ':method': method, ':path': to, ...headers }, { endStream: body === undefined });
  if (body !== undefined) stream.end(JSON.stringify(body));
  return stream;
};
const map = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

test('objects are made and watched on one HTTP/2 connection', async () => {
  expect(session.alpnProtocol).toBe('h2');
  const watch = call('GET', `${path}?watch=true&fieldSelector=metadata.name=a`);
  const [head] = (await once(watch, 'response')) as [Record<string, unknown>];
  expect(head[':status']).toBe(200);
  const first = once(watch, 'data') as Promise<[Buffer]>;
  const made = call('POST', path, map('a'));
  expect(JSON.parse(await text(made))).toMatchObject({ metadata: { name: 'a' } });
  expect(JSON.parse(String((await first)[0]))).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
  watch.close();
});

test('watches that are cut break the connection, those that are ended leave it', async () => {
  const ended = call('GET', `${path}?watch=true`);
  await once(ended, 'response');
  api.faults.dropWatches('end');
  ended.resume();
  await once(ended, 'end');
  expect(session.destroyed).toBe(false);
  const watch = call('GET', `${path}?watch=true`).on('error', () => {});
  await once(watch, 'response');
  const broken = once(session, 'close');
  api.faults.dropWatches('cut');
  await broken;
});

test('who offers HTTP/1.1 only gets it', async () => {
  const { hostname, port } = new URL(api.url);
  const headers = { authorization: `Bearer ${api.adminToken}` };
  const asked = request({ hostname, port, path, ca: api.certificate, headers }).end();
  const [answer] = await once(asked, 'response');
  expect([answer.httpVersion, answer.statusCode]).toEqual(['1.1', 200]);
  answer.resume();
});
