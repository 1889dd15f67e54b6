// Ways in which people install the chart: every one must render, hang together and keep to restricted Pod Security.

const placement = {
  nodeSelector: { pool: 'system' },
  tolerations: [{ key: 'dedicated', operator: 'Exists' }],
  affinity: { nodeAffinity: {} },
  priorityClassName: 'high',
  podLabels: { team: 'ml' },
  podAnnotations: { note: 'x' },
};

export const chartVariants: Readonly<Record<string, unknown>> = {
  'the defaults': {},
  'Redis without TLS': { redis: { tls: { enabled: false } } },
  'a policy of its own': {
    policy: { allowPrivileged: true, allowHostPaths: ['/mnt/models'], allowServiceAccounts: ['*'] },
    deployments: { metricsFrom: [] },
  },
  'Redis with Secrets of yours': {
    redis: { auth: { existingSecret: 'mine' }, tls: { enabled: true, existingSecret: 'mine-tls' } },
  },
  'Redis without a volume': { redis: { persistence: { enabled: false }, appendfsync: 'everysec' } },
  'Redis placed by hand': { redis: { ...placement, extraConfig: 'hz 20\nlatency-monitor-threshold 100' } },
  'an external Redis by address': {
    redis: { enabled: false },
    externalRedis: { url: 'rediss://user:word@redis.example.com:6380/1' },
  },
  'an external Redis by Secret': {
    redis: { enabled: false },
    externalRedis: { existingSecret: 'store', urlKey: 'address', passwordKey: 'password', caKey: 'ca' },
  },
  'no Redis at all': { redis: { enabled: false } },
  'two namespaces only': { watchNamespaces: ['team-a', 'team-b'] },
  'one operator, placed by hand': { operator: { ...placement, replicas: 1, extraEnv: [{ name: 'TZ', value: 'UTC' }] } },
  'a private registry': {
    imageRegistry: 'registry.example.com/ml/',
    imagePullSecrets: [{ name: 'pull' }],
    sidecar: { image: { digest: `sha256:${'a'.repeat(64)}` }, imagePullSecrets: ['pull'] },
  },
  'definition and roles made by others': {
    crds: { install: false },
    rbac: { create: false, aggregate: false },
    serviceAccount: { create: false, name: 'given' },
  },
  'everything of Prometheus': {
    monitoring: { podMonitor: { enabled: true, labels: { a: 'b' } }, prometheusRule: { enabled: true } },
    deployments: { podMonitorLabels: { release: 'prometheus', team: 'ml' } },
    commonLabels: { 'example.com/owner': 'platform' },
  },
  'a test of a deployment': { test: { deployment: 'llm', namespace: 'models', path: '/llm/health' } },
  'names of your own': { fullnameOverride: 'inference' },
};
