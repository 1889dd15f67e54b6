// The chart configures the operator by environment: every variable is one of the operator's settings and its value is accepted.
import { expect, it } from 'vitest';
import { operatorSettings, SETTINGS_PREFIX } from '../../operator/config.ts';
import { readSettings } from '../../runtime/settings.ts';
import { find, type Rendered, render } from '../support/chart.ts';
import { chartVariants } from '../support/chart-variants.ts';

/** Values that a kubelet would take from Secrets and fields. */
const looked = (name: string): string =>
  name.endsWith('_URL') ? 'rediss://user:word@store.example.com:6380/1' : 'looked-up';

async function settingsOf(values: unknown) {
  const [container] = find(await render({ values }), 'Deployment').spec.template.spec.containers;
  const environment = Object.fromEntries(
    container.env.map(({ name, value }: Rendered) => [name, value === undefined ? looked(name) : value]),
  );
  return { settings: readSettings(SETTINGS_PREFIX, operatorSettings, environment, []), environment, container };
}

it.each(Object.entries(chartVariants))('with %s the operator takes its settings', async (_, values) => {
  const { settings, container } = await settingsOf(values);
  expect(settings.leaderElection).toBe(true);
  expect(container.ports).toContainEqual({ name: 'admin', containerPort: settings.adminPort });
});

it('passes on what the values say', async () => {
  const { settings } = await settingsOf({
    watchNamespaces: ['team-a', 'team-b'],
    operator: { logLevel: 'debug', workers: 9, leaseSeconds: 20 },
    sidecar: {
      image: { repository: 'r/s', tag: 't', pullPolicy: 'Always' },
      imagePullSecrets: ['pull'],
      logLevel: 'warn',
      tracesEndpoint: 'http://collector:4318',
      resources: { requests: { cpu: '1', memory: '200Mi' }, limits: { memory: '300Mi' } },
    },
    deployments: {
      networkPolicies: false,
      podMonitors: false,
      podMonitorLabels: { release: 'prometheus', team: 'ml' },
    },
  });
  expect(settings).toMatchObject({
    namespaces: ['team-a', 'team-b'],
    namespace: 'inference-system',
    logLevel: 'debug',
    workers: 9,
    leaseSeconds: 20,
    leaseName: 'demo-inference-operator',
    sidecarImage: 'localhost/r/s:t',
    sidecarImagePullPolicy: 'Always',
    sidecarImagePullSecrets: ['pull'],
    sidecarLogLevel: 'warn',
    sidecarTracesEndpoint: 'http://collector:4318',
    sidecarResources: { requests: { cpu: '1', memory: '200Mi' }, limits: { memory: '300Mi' } },
    networkPolicies: false,
    podMonitors: false,
    podMonitorLabels: { release: 'prometheus', team: 'ml' },
    storeUrl: 'rediss://demo-inference-operator-redis.inference-system.svc:6379/0',
  });
});

it('uses a TLS address for Redis with TLS, an address of yours for an external one, and none without Redis', async () => {
  const tls = await settingsOf(chartVariants['the defaults']);
  expect(tls.settings.storeUrl).toBe('rediss://demo-inference-operator-redis.inference-system.svc:6379/0');
  const objects = await render({ values: chartVariants['an external Redis by address'] });
  expect(find(objects, 'Secret').stringData.url).toBe('rediss://user:word@redis.example.com:6380/1');
  const none = await settingsOf(chartVariants['no Redis at all']);
  expect(none.settings).toMatchObject({ storeUrl: '', storePassword: '' });
});
