// A wrong manifest is refused by the API server with a sentence that names the field; nothing reaches the operator.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { echo, startWorld, type World } from '../support/operator-world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ withoutControllers: true });
});
afterAll(() => world?.close());

const image = 'model:1';
test.each([
  ['concurrency of 101', { concurrency: 101 }, 'spec.concurrency', 'less than or equal to 100'],
  ['a text where a number belongs', { concurrency: 'many' }, 'spec.concurrency', 'must be of type integer'],
  ['a missing image', { container: { port: 8000 } }, 'spec.container.image', 'Required value'],
  ['an empty image', { container: { image: '' } }, 'spec.container.image', 'should be at least 1 chars long'],
  ['a word that is no rollout', { rollout: 'Fast' }, 'spec.rollout', '"Auto", "Surge", "Recreate"'],
  ['two replicas on the embedded store', { replicas: 2 }, 'spec.replicas', 'set spec.queue.store to redis'],
  [
    'persistence with redis',
    { queue: { store: 'redis', persistence: { size: '1Gi' } } },
    'spec.queue.persistence',
    'belongs to the embedded store',
  ],
  [
    'a surge on one volume',
    { rollout: 'Surge', queue: { store: 'embedded', persistence: { size: '1Gi' } } },
    'spec.rollout',
    'Auto or Recreate',
  ],
  ['the sidecar’s port', { container: { image, port: 8080 } }, 'spec.container.port', 'where the sidecar listens'],
  [
    'the sidecar’s port for health',
    { healthCheck: { port: 9090 } },
    'spec.healthCheck.port',
    'where the sidecar listens',
  ],
  ['products without GPUs', { gpu: { count: 0, products: ['H100'] } }, 'spec.gpu.products', 'raise the count'],
  [
    'GPUs among the limits',
    { container: { image, resources: { limits: { 'nvidia.com/gpu': 1 } } } },
    'spec.container.resources',
    'set spec.gpu.count instead',
  ],
  [
    'GPUs among the requests',
    { container: { image, resources: { requests: { 'nvidia.com/gpu': 1 } } } },
    'spec.container.resources',
    'set spec.gpu.count instead',
  ],
  [
    'one of our volume names',
    { volumes: [{ name: 'inference-x', emptyDir: {} }] },
    'spec.volumes',
    'rename the volume',
  ],
  ['one of our labels', { podLabels: { 'app.kubernetes.io/instance': 'x' } }, 'spec.podLabels', 'remove the label'],
  [
    'an origin with a path',
    { cors: { allowedOrigins: ['https://app.example.com', 'https://app.example.com/'] } },
    'spec.cors.allowedOrigins',
    'without a path',
  ],
  [
    'a header name with a space',
    { cors: { allowedOrigins: ['*'], allowedHeaders: ['X Y'] } },
    'spec.cors.allowedHeaders',
    'must hold names of headers, such as X-Trace',
  ],
  [
    'bodies of 600Mi',
    { queue: { store: 'embedded', maxBodyBytes: '600Mi' } },
    'spec.queue.maxBodyBytes',
    'at most 512Mi',
  ],
  [
    'two things at /dev/shm',
    {
      gpu: { sharedMemory: '1Gi' },
      volumes: [{ name: 'a', emptyDir: {} }],
      container: { image, volumeMounts: [{ name: 'a', mountPath: '/dev/shm' }] },
    },
    'spec.gpu.sharedMemory',
    'remove one of the two',
  ],
  [
    'a mount of no volume',
    {
      volumes: [{ name: 'weights', emptyDir: {} }],
      container: { image, volumeMounts: [{ name: 'wieghts', mountPath: '/m' }] },
    },
    'spec.container.volumeMounts',
    'correct the name',
  ],
  [
    'a mount where there are no volumes',
    { container: { image, volumeMounts: [{ name: 'inference-shm', mountPath: '/m' }] } },
    'spec.container.volumeMounts',
    'add the volume',
  ],
  [
    'an address for a host',
    { ingress: { host: 'https://m.example' } },
    'spec.ingress.host',
    'without https://, port and path',
  ],
  [
    'a quantity that is none',
    { gpu: { sharedMemory: 'lots' } },
    'spec.gpu.sharedMemory',
    'must be a quantity such as 16Gi',
  ],
  ['megabytes', { gpu: { sharedMemory: '32MB' } }, 'spec.gpu.sharedMemory', 'write 32M or 32Mi, not 32MB'],
  [
    'memory in megabytes',
    { container: { image, resources: { limits: { memory: '32MB' } } } },
    'spec.container.resources.limits',
    'write 32M or 32Mi, not 32MB',
  ],
  [
    'less than no memory',
    { sidecar: { resources: { requests: { memory: '-1Gi' } } } },
    'spec.sidecar.resources.requests',
    'no negative quantity',
  ],
  [
    'a quota that no sidecar can count',
    { queue: { store: 'embedded', maxStoredBytes: '9000Ti' } },
    'spec.queue.maxStoredBytes',
    'at most 1Pi',
  ],
  ['a path with a blank', { healthCheck: { path: '/a b' } }, 'spec.healthCheck.path', 'must begin with /'],
  ['a GPU without a domain', { gpu: { resource: 'gpu' } }, 'spec.gpu.resource', 'such as nvidia.com/gpu'],
  ['a Secret of no name', { auth: { secretName: 'My Keys' } }, 'spec.auth.secretName', 'the name of a Secret'],
  ['a label of two words', { podLabels: { team: 'a b' } }, 'spec.podLabels', 'begin and end with a letter or digit'],
  ['an IP address for a host', { ingress: { host: '10.0.0.1' } }, 'spec.ingress.host', 'not an IP address'],
  [
    'a variable of two values',
    {
      container: {
        image,
        env: [{ name: 'A', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      },
    },
    'spec.container.env',
    'either value or valueFrom',
  ],
  [
    'a quota of nothing',
    { queue: { store: 'embedded', maxStoredBytes: 0 } },
    'spec.queue.maxStoredBytes',
    'at least 1',
  ],
  ['bodies of no size', { queue: { store: 'embedded', maxBodyBytes: 0 } }, 'spec.queue.maxBodyBytes', 'at least 1'],
  ['shared memory of no size', { gpu: { sharedMemory: 0 } }, 'spec.gpu.sharedMemory', 'more than 0'],
  [
    'a volume of no size',
    { queue: { store: 'embedded', persistence: { size: 0 } } },
    'spec.queue.persistence.size',
    'more than 0',
  ],
  ['a misspelt field', { concurency: 4 }, 'spec.concurency', 'unknown field'],
])('%s', async (_name, spec, field, words) => {
  const refusal = await world.apply(echo('bad', spec)).then(
    () => 'accepted',
    (error: Error) => error.message,
  );
  expect(refusal).toContain(field);
  expect(refusal).toContain(words);
});

test.each(['status', 'result', 'v1', 'health', 'metrics', '1st', 'a.b', 'a'.repeat(53)])(
  'the name %s',
  async (name) => {
    await expect(world.apply(echo(name))).rejects.toThrow(/metadata\.name must/);
  },
);

test('storage class, access mode and volume of a claim cannot be changed, its size can', async () => {
  const persisted = (persistence: object) => echo('kept', { queue: { store: 'embedded', persistence } });
  await world.apply(persisted({ size: '1Gi', storageClassName: 'slow' }));
  await expect(world.apply(persisted({ size: '1Gi', storageClassName: 'fast' }))).rejects.toThrow(
    /storageClassName cannot be changed/,
  );
  for (const [field, value] of Object.entries({ accessMode: 'ReadWriteOnce', volumeName: 'disk-7' })) {
    const changed = persisted({ size: '1Gi', storageClassName: 'slow', [field]: value });
    await expect(world.apply(changed)).rejects.toThrow(`${field} cannot be changed`);
  }
  await expect(world.apply(persisted({ size: '1Gi', accessMode: 'ReadWriteMany' }))).rejects.toThrow(
    /Unsupported value: "ReadWriteMany"/,
  );
  await world.apply(persisted({ size: '2Gi', storageClassName: 'slow' }));
});

test('what is left out gets the defaults of the table', async () => {
  await world.apply(`
apiVersion: inference-operator.dev/v1alpha1
kind: InferenceDeployment
metadata: { name: bare }
spec: { container: { image: model:1 } }
`);
  expect((await world.infdep('bare')).spec).toEqual({
    container: { image: 'model:1', port: 8000 },
    gpu: { count: 1, resource: 'nvidia.com/gpu' },
    concurrency: 1,
    rollout: 'Auto',
    healthCheck: {
      enabled: true,
      path: '/health',
      periodSeconds: 5,
      timeoutSeconds: 3,
      failureThreshold: 3,
      startupTimeoutSeconds: 1800,
    },
    replicas: 1,
    queue: {
      requestTtlSeconds: 300,
      maxLength: 1000,
      resultTtlSeconds: 3600,
      maxBodyBytes: '32Mi',
      maxAttempts: 3,
      store: 'redis',
    },
    paused: false,
  });
});
