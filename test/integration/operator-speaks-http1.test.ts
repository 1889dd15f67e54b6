// A real API server offers HTTP/2 in its TLS handshake. The operator's bundle has no HTTP/2 (dev/bundle.ts), so it must not take it.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { kubeconfig, loopbackCertificate } from '../../dev/cluster/api/certificate.ts';
import { resources } from '../../operator/api/resources.ts';
import { KubernetesClient } from '../../operator/cluster/client.ts';
import { connect } from '../../operator/cluster/connection.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

test('of HTTP/2 and HTTP/1.1 the operator takes HTTP/1.1', async () => {
  const certificate = await loopbackCertificate();
  const versions: string[] = [];
  const server = createSecureServer({ ...certificate, allowHTTP1: true }, (request, response) => {
    versions.push(request.httpVersion);
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  const folder = mkdtempSync(join(tmpdir(), 'test-http1-'));
  closers.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'kubeconfig');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(path, kubeconfig({ url, certificate: certificate.cert, token: 'any', user: 'operator' }));

  const connection = await connect(path);
  closers.push(() => connection.close());
  await new KubernetesClient(connection).list({ resource: resources.pods });
  expect(versions).toEqual(['1.1']);
});
