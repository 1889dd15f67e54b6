// What the resource definition accepts, the rest of the way accepts too: the API server every object that is made of it, and the
// sidecar its settings. What it refuses, it refuses in a sentence. Values are generated, sensible ones and others.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { projectDir } from '../../dev/bundle.ts';
import type { InferenceDeployment } from '../../operator/api/inference-deployment.ts';
import { resourceOfKind, resourcePath } from '../../operator/api/resources.ts';
import { readSettings } from '../../runtime/settings.ts';
import { SETTINGS_PREFIX, sidecarSettings } from '../../sidecar/contract.ts';
import { environment, type Json, made as objectsOf } from '../support/desired.ts';
import { InProcessApi } from '../support/in-process-api.ts';

const cluster = new InProcessApi();
beforeAll(async () => {
  const definition = parse(readFileSync(join(projectDir, 'crds/inferencedeployment.yaml'), 'utf8'));
  cluster.send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition);
  await cluster.settle();
});

const text = (pattern: RegExp) => fc.stringMatching(pattern);
const oddText = fc.oneof(
  fc.constantFrom('', ' ', 'A B', 'a/b', 'ü', '-a', 'a-', '..', 'x'.repeat(300), '$(X)', 'a:b', '1e3'),
  fc.string(),
);
const or = <T>(sensible: fc.Arbitrary<T>, odd: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 40, arbitrary: sensible as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: odd });

const name = or(text(/^[a-z]([-a-z0-9]{0,20}[a-z0-9])?$/), fc.oneof(oddText, text(/^[a-z0-9.-]{1,60}$/)));
const objectName = or(text(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?(\.[a-z0-9]{1,5})?$/), oddText);
const count = (min: number, max: number) =>
  or(fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max)), fc.constantFrom(min - 1, max + 1, -1, 0.5, '7'));
const quantity = or(
  fc.oneof(
    fc
      .tuple(fc.integer({ min: 1, max: 999 }), fc.constantFrom('', 'k', 'M', 'Ki', 'Mi', 'm', 'e3', 'E2'))
      .map(([n, unit]) => `${n}${unit}`),
    fc.integer({ min: 1, max: 1_000_000 }),
    fc.constantFrom('.5Gi', '1.5Mi', '16e6', '+5', '5.', '0.001', '512Mi', '1Pi', '1E3'),
  ),
  fc.oneof(
    fc.constantFrom('32MB', '0', 0, -1, '-1Gi', 'Gi', '+', '.', '1E', '999Ti', '1e99', 'lots', '1 Gi', '0.0'),
    oddText,
  ),
);
const amounts = fc.dictionary(fc.constantFrom('cpu', 'memory', 'ephemeral-storage'), quantity, { maxKeys: 3 });
const labels = fc.dictionary(
  fc.constantFrom('team', 'example.com/tier', 'app'),
  or(text(/^[A-Za-z0-9]([-\w.]{0,10}[A-Za-z0-9])?$/), oddText),
  { maxKeys: 2 },
);
const path = or(
  text(/^\/[a-z0-9/_.?=&-]{0,30}$/),
  fc.oneof(oddText, fc.constantFrom('//host/x', '/a b', '/#x', 'health', '/\\x', '/%zz', '/?')),
);
const host = or(
  text(/^[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?(\.[a-z]{2,6}){1,2}$/),
  fc.oneof(
    oddText,
    fc.constantFrom('*.example.com', '*.com', '10.0.0.1', 'https://x', 'a..b', 'A.example', `${'x'.repeat(64)}.com`),
  ),
);
const origin = or(
  fc.constantFrom('*', 'https://app.example.com', 'http://localhost:3000', 'https://[::1]:8443'),
  fc.oneof(
    oddText,
    fc.constantFrom('https://a.example/', 'app.example', 'https://A.example', 'http://a:99999', 'a://b,c'),
  ),
);
const hookHost = fc.record(
  {
    host: or(
      fc.constantFrom('hooks.example.com', 'hook.load', '10.0.0.7', 'fd00::7'),
      fc.oneof(oddText, fc.constantFrom('*', '*.example.com', 'h:8080', 'a,b', '[::1]', 'H.example', 'a+private')),
    ),
    allowPrivate: fc.boolean(),
  },
  { requiredKeys: ['host'] },
);
const headerName = or(
  fc.constantFrom('Authorization', 'X-Trace', 'x_y'),
  fc.oneof(oddText, fc.constantFrom('a b', 'a,b', 'a:b', 'é')),
);
const variable = fc.record(
  {
    name: or(text(/^[A-Z_]{1,10}$/), fc.oneof(oddText, fc.constantFrom('A=B', 'a.b-c', '1A'))),
    value: oddText,
    valueFrom: fc.oneof(
      fc.record({ secretKeyRef: fc.record({ name: objectName, key: text(/^[a-z.-]{1,8}$/) }) }),
      fc.constantFrom({}, { fieldRef: { fieldPath: 'metadata.name' }, secretKeyRef: { name: 'a', key: 'b' } }),
    ),
  },
  { requiredKeys: ['name'] },
);
const optional = <T extends Record<string, fc.Arbitrary<unknown>>>(fields: T) =>
  fc.record(fields, { requiredKeys: [] });

const spec = fc.record(
  {
    container: fc.record(
      {
        image: or(
          fc.constantFrom('model:1', 'r.example.com:5000/ml/model@sha256:abc'),
          fc.oneof(oddText, fc.constantFrom(' model', 'mo del')),
        ),
        port: count(1, 65_535),
        env: fc.uniqueArray(variable, { maxLength: 2, selector: (one) => String(one.name) }),
        resources: optional({ limits: amounts, requests: amounts }),
      },
      { requiredKeys: ['image'] },
    ),
    gpu: optional({
      count: count(0, 64),
      resource: or(
        fc.constantFrom('nvidia.com/gpu', 'nvidia.com/mig-1g.10gb', 'amd.com/gpu'),
        fc.oneof(
          oddText,
          fc.constantFrom('gpu', 'kubernetes.io/gpu', 'a..b/c', 'requests.x/y', `a.b/${'c'.repeat(64)}`),
        ),
      ),
      sharedMemory: quantity,
    }),
    concurrency: count(1, 100),
    replicas: count(0, 1000),
    healthCheck: optional({
      enabled: fc.boolean(),
      path,
      port: count(1, 65_535),
      periodSeconds: count(1, 3600),
      timeoutSeconds: count(1, 3600),
      failureThreshold: count(1, 1000),
      startupTimeoutSeconds: count(1, 86_400),
    }),
    queue: optional({
      requestTtlSeconds: count(1, 604_800),
      maxLength: count(0, 10_000_000),
      resultTtlSeconds: count(1, 2_592_000),
      maxBodyBytes: quantity,
      maxStoredBytes: quantity,
      maxAttempts: count(1, 100),
      store: or(fc.constantFrom('redis', 'embedded'), oddText),
      persistence: fc.record({ size: quantity, storageClassName: objectName }, { requiredKeys: ['size'] }),
    }),
    webhooks: optional({
      allowedHosts: fc.uniqueArray(hookHost, { maxLength: 2, selector: (one) => String(one.host) }),
      secretName: objectName,
    }),
    cors: fc.record(
      {
        allowedOrigins: fc.uniqueArray(origin, { minLength: 1, maxLength: 2 }),
        allowedHeaders: fc.uniqueArray(headerName, { maxLength: 2 }),
        maxAgeSeconds: count(0, 86_400),
      },
      { requiredKeys: ['allowedOrigins'] },
    ),
    auth: fc.record({ secretName: objectName }),
    shutdownGraceSeconds: count(0, 86_400),
    sidecar: optional({ resources: optional({ limits: amounts, requests: amounts }) }),
    nodeSelector: labels,
    podLabels: labels,
    priorityClassName: objectName,
    serviceAccountName: objectName,
    runtimeClassName: objectName,
    ingress: fc.record(
      { host, className: objectName, tls: optional({ secretName: objectName }) },
      { requiredKeys: ['host'] },
    ),
  },
  { requiredKeys: ['container'] },
);

/** A pair of quantities of one resource that only the API server compares, at the Deployment: a status says so. */
const OF_THE_PAIR = /must be less than or equal to \w+(-\w+)? limit/;

function given(metadataName: unknown, wanted: Json): Json {
  const api = { apiVersion: 'inference-operator.dev/v1alpha1', kind: 'InferenceDeployment' };
  return { ...api, metadata: { name: metadataName, namespace: 'default' }, spec: wanted };
}

it('what the definition takes, the API server takes as objects and the sidecar as settings', () => {
  let accepted = 0;
  const collection = '/apis/inference-operator.dev/v1alpha1/namespaces/default/inferencedeployments';
  fc.assert(
    fc.property(name, spec, (metadataName, wanted) => {
      const { code, body } = cluster.send('POST', collection, given(metadataName, wanted));
      if (code >= 300) {
        // Our own sentences, or the server's plain ones about types and lengths; never an expression.
        expect(String(body.message)).not.toMatch(/should match '/);
        return;
      }
      accepted++;
      const owner = body as unknown as InferenceDeployment;
      const made = objectsOf({}, { owner, hasPodMonitorApi: false });
      for (const child of made) {
        const { name: childName, namespace } = child.metadata;
        const answer = cluster.send('POST', resourcePath(resourceOfKind(child.kind), namespace), child);
        if (answer.code >= 300) expect(`${child.kind}: ${answer.body.message}`).toMatch(OF_THE_PAIR);
        else cluster.send('DELETE', resourcePath(resourceOfKind(child.kind), namespace, childName));
      }
      const deployment = made.find(({ kind }) => kind === 'Deployment') as unknown as Json;
      const read = () => readSettings(SETTINGS_PREFIX, sidecarSettings, environment(deployment.spec.template.spec), []);
      expect(read).not.toThrow();
      cluster.send('DELETE', `${collection}/${owner.metadata.name}`);
    }),
    { numRuns: 4_000 },
  );
  expect(accepted).toBeGreaterThan(100);
});
