// What a real server refuses of the built-in kinds, the one on loopback refuses too, in a sentence that names the field.
import { describe, expect, test } from 'vitest';
import { InProcessApi, MERGE } from '../support/in-process-api.ts';

type Json = Record<string, unknown>;
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';

const template = (metadata: Json, podSpec: Json = {}): Json => ({
  metadata,
  spec: { containers: [{ name: 'main', image: 'i:1' }], ...podSpec },
});

function deployment(podSpec: Json, spec: Json = {}): Json {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'a' },
    spec: { selector: { matchLabels: { app: 'a' } }, template: template({ labels: { app: 'a' } }, podSpec), ...spec },
  };
}

const container = (fields: Json) => ({ containers: [{ name: 'main', image: 'i:1', ...fields }] });
const probe = (fields: Json) => container({ livenessProbe: fields });
const T = 'spec.template.spec';

const ROWS: readonly (readonly [why: string, object: Json, code: number, words: string])[] = [
  ['no image', deployment({ containers: [{ name: 'main' }] }), 422, `${T}.containers[0].image: Required value`],
  ['no containers', deployment({ containers: [] }), 422, `${T}.containers: Required value`],
  [
    'bad container name',
    deployment({ containers: [{ name: 'Main', image: 'i' }] }),
    422,
    `${T}.containers[0].name: Invalid value: "Main"`,
  ],
  [
    'duplicate container name',
    deployment({
      containers: [
        { name: 'a', image: 'i' },
        { name: 'a', image: 'i' },
      ],
    }),
    422,
    `${T}.containers[1].name: Duplicate value: "a"`,
  ],
  [
    'duplicate port name',
    deployment(
      container({
        ports: [
          { containerPort: 1, name: 'x' },
          { containerPort: 2, name: 'x' },
        ],
      }),
    ),
    422,
    `${T}.containers[0].ports[1].name: Duplicate value: "x"`,
  ],
  [
    'port out of range',
    deployment(container({ ports: [{ containerPort: 70000 }] })),
    422,
    'must be between 1 and 65535, inclusive',
  ],
  [
    'probe without handler',
    deployment(probe({ periodSeconds: 1 })),
    422,
    'livenessProbe: Required value: must specify a handler type',
  ],
  [
    'probe with two handlers',
    deployment(probe({ httpGet: { port: 1 }, tcpSocket: { port: 1 } })),
    422,
    'may not specify more than 1 handler type',
  ],
  [
    'liveness successThreshold',
    deployment(probe({ httpGet: { port: 1 }, successThreshold: 2 })),
    422,
    'livenessProbe.successThreshold: Invalid value: 2: must be 1',
  ],
  [
    'restartPolicy of a main container',
    deployment(container({ restartPolicy: 'Always' })),
    422,
    'may not be set for non-init containers',
  ],
  [
    'wrong restartPolicy of a sidecar',
    deployment({ initContainers: [{ name: 's', image: 'i', restartPolicy: 'Sometimes' }] }),
    422,
    'initContainers[0].restartPolicy: Unsupported value: "Sometimes"',
  ],
  [
    'probe of a plain init container',
    deployment({ initContainers: [{ name: 's', image: 'i', readinessProbe: { httpGet: { port: 1 } } }] }),
    422,
    'may not be set for init containers without restartPolicy=Always',
  ],
  [
    'mount of no volume',
    deployment(container({ volumeMounts: [{ name: 'v', mountPath: '/v' }] })),
    422,
    'volumeMounts[0].name: Not found: "v"',
  ],
  [
    'bad quantity',
    deployment(container({ resources: { limits: { memory: 'lots' } } })),
    400,
    'quantities must match the regular expression',
  ],
  [
    'half a GPU',
    deployment(container({ resources: { limits: { 'nvidia.com/gpu': '500m' } } })),
    422,
    'must be an integer',
  ],
  [
    'request above limit',
    deployment(container({ resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } })),
    422,
    'must be less than or equal to cpu limit of 1',
  ],
  [
    'GPU request without limit',
    deployment(container({ resources: { requests: { 'nvidia.com/gpu': 1 } } })),
    422,
    'Limit must be set for non overcommitable resources',
  ],
  [
    'wrong type',
    deployment({}, { replicas: 'two' }),
    400,
    'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  [
    'selector that does not match',
    deployment({}, { selector: { matchLabels: { app: 'b' } } }),
    422,
    '`selector` does not match template `labels`',
  ],
  [
    'a template label that is none',
    deployment({}, { template: template({ labels: { app: 'a', team: 'a b' } }) }),
    422,
    'spec.template.labels: Invalid value: "a b"',
  ],
  [
    'a template annotation that is none',
    deployment({}, { template: template({ labels: { app: 'a' }, annotations: { 'not a key': '' } }) }),
    422,
    'spec.template.annotations: Invalid value: "not a key"',
  ],
  ['no selector', deployment({}, { selector: undefined }), 422, 'spec.selector: Required value'],
  [
    'negative replicas',
    deployment({}, { replicas: -1 }),
    422,
    'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
  ],
  [
    'rolling update with Recreate',
    deployment({}, { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } }),
    422,
    "may not be specified when strategy `type` is 'Recreate'",
  ],
  [
    'no room to roll',
    deployment({}, { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }),
    422,
    'may not be 0 when `maxSurge` is 0',
  ],
  [
    'toleration without key',
    deployment({ tolerations: [{ value: 'x' }] }),
    422,
    'operator must be Exists when `key` is empty',
  ],
];

describe('a Deployment is refused for ', () => {
  for (const [why, object, code, words] of ROWS) {
    test(why, () => {
      const reply = new InProcessApi().send('POST', DEPLOYMENTS, object);
      expect(reply.code).toBe(code);
      expect(String(reply.body.message)).toContain(words);
    });
  }
});

test('unknown fields are refused when strict, warned of when not, and never kept', () => {
  const api = new InProcessApi();
  const object = deployment(container({ imagePullPolice: 'Always' }));
  const strict = api.send('POST', `${DEPLOYMENTS}?fieldValidation=Strict`, object);
  expect(strict.code).toBe(400);
  expect(strict.body.message).toBe(
    'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.template.spec.containers[0].imagePullPolice"',
  );
  const warned = api.send('POST', DEPLOYMENTS, object);
  expect(warned.code).toBe(201);
  expect(warned.warnings).toEqual(['unknown field "spec.template.spec.containers[0].imagePullPolice"']);
  expect(JSON.stringify(api.send('GET', `${DEPLOYMENTS}/a`).body)).not.toContain('imagePullPolice');
});

test('a pod needs its service account, and its spec cannot be changed', () => {
  const api = new InProcessApi();
  const pods = '/api/v1/namespaces/default/pods';
  const pod = (spec: Json) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { ...container({}), ...spec },
  });
  const orphan = api.send('POST', pods, pod({ serviceAccountName: 'nobody' }));
  expect(orphan.code).toBe(403);
  expect(orphan.body.message).toBe(
    'pods "p" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found',
  );
  expect(api.send('POST', pods, pod({})).code).toBe(201);
  const change = api.send('PATCH', `${pods}/p`, { spec: { terminationGracePeriodSeconds: 5 } }, MERGE);
  expect(change.code).toBe(422);
  expect(String(change.body.message)).toContain('pod updates may not change fields other than');
});

test('services, policies, budgets, ingresses and claims are checked', () => {
  const api = new InProcessApi();
  const refused = (path: string, body: Json) =>
    String(api.send('POST', path, { metadata: { name: 'x' }, ...body }).body.message);
  const core = '/api/v1/namespaces/default';
  expect(refused(`${core}/services`, { spec: { ports: [{ port: 1 }, { port: 2 }] } })).toContain(
    'spec.ports[0].name: Required value',
  );
  expect(refused(`${core}/services`, { metadata: { name: '1x' }, spec: { ports: [{ port: 1 }] } })).toContain(
    'a DNS-1035 label must consist',
  );
  expect(refused(`${core}/configmaps`, { data: { 'a b': 'c' } })).toContain('a valid config key must consist of');
  expect(refused(`${core}/persistentvolumeclaims`, { spec: { accessModes: ['ReadWriteOnce'] } })).toContain(
    'spec.resources[storage]: Required value',
  );
  const ingress = {
    spec: { rules: [{ http: { paths: [{ path: 'x', backend: { service: { name: 's', port: { number: 1 } } } }] } }] },
  };
  expect(refused('/apis/networking.k8s.io/v1/namespaces/default/ingresses', ingress)).toContain(
    'pathType must be specified',
  );
  const budget = { spec: { minAvailable: 1, maxUnavailable: 1 } };
  expect(refused('/apis/policy/v1/namespaces/default/poddisruptionbudgets', budget)).toContain(
    'minAvailable and maxUnavailable cannot be both set',
  );
});
