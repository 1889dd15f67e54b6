// Texts stay texts and keys are there once, whatever a value looks like: a namespace 2024, a label on, a class 1e3.
import { describe, expect, it } from 'vitest';
import { objectsIn, render, renderText } from '../support/chart.ts';
import { refusals } from '../support/chart-admission.ts';
import { chartVariants } from '../support/chart-variants.ts';

/** Texts that YAML takes for something else unless they are quoted. */
const looks = ['2024', '1e3', 'on', 'null', '0x1f', '1_000', '012', 'true', '12.50'];

/** Every value that takes any text, with this one. */
const everywhere = (text: string) => ({
  commonLabels: { owner: text, 'app.kubernetes.io/part-of': text },
  imagePullSecrets: [{ name: 'a' }],
  watchNamespaces: [text.replaceAll('_', '-').replaceAll('.', '-')],
  serviceAccount: { name: 'sa', annotations: { note: text } },
  operator: {
    ...placement(text),
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }],
    image: { tag: text },
    extraEnv: [{ name: 'A', value: text }],
  },
  sidecar: { image: { tag: text }, imagePullSecrets: [text.replaceAll('_', '-')] },
  deployments: { podMonitorLabels: { release: text } },
  redis: {
    ...placement(text),
    image: { tag: text },
    persistence: { storageClassName: text.replaceAll('_', '-') },
    auth: { existingSecret: text.replaceAll('_', '-') },
    tls: { enabled: true, existingSecret: text.replaceAll('_', '-') },
    extraConfig: `# ${text}`,
  },
  monitoring: {
    podMonitor: { enabled: true, labels: { a: text } },
    prometheusRule: { enabled: true, labels: { a: text } },
    dashboard: { labels: { a: text } },
  },
  test: { deployment: 'llm', namespace: text.replaceAll('_', '-').replaceAll('.', '-'), path: `/${text}` },
});
const placement = (text: string) => ({
  podLabels: { owner: text, mine: text },
  podAnnotations: { note: text, 'kubectl.kubernetes.io/default-container': text, 'checksum/config': text },
  nodeSelector: { pool: text },
  tolerations: [{ key: 'dedicated', operator: 'Equal', value: text }],
  priorityClassName: text.replaceAll('_', '-'),
});

describe.each(looks)('with %s everywhere', (text) => {
  const isName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text);
  it('renders objects that an API server takes', async () => {
    const place = isName ? { release: text, namespace: text } : {};
    const objects = await render({ ...place, values: everywhere(text) });
    expect(refusals(objects)).toEqual([]);
    // A number or a truth value among texts would have been dropped or refused: the text itself must have arrived.
    expect(JSON.stringify(objects).split(JSON.stringify(text)).length).toBeGreaterThan(20);
  });
});

it('takes an external Redis whose keys look like numbers', async () => {
  const externalRedis = { existingSecret: '1e3', urlKey: '2024', passwordKey: '0x1f', caKey: 'on' };
  const objects = await render({
    release: '5e5',
    namespace: '1e3',
    values: { redis: { enabled: false }, externalRedis },
  });
  expect(refusals(objects)).toEqual([]);
});

it.each(Object.entries(chartVariants))('an API server takes %s', async (_, values) => {
  expect(refusals(await render({ values }))).toEqual([]);
});

/** Keys of ours that people set too: by common labels, and for one object. */
const taken = {
  'app.kubernetes.io/part-of': 'platform',
  'app.kubernetes.io/version': 'mine',
  'app.kubernetes.io/name': 'stolen',
  'app.kubernetes.io/instance': 'stolen',
  'app.kubernetes.io/component': 'stolen',
  'helm.sh/chart': 'mine',
  'rbac.authorization.k8s.io/aggregate-to-view': 'false',
};

it('merges labels of yours with its own: yours win, but not over what selectors choose by', async () => {
  const labelled = { podLabels: { ...taken, 'app.kubernetes.io/part-of': 'pods' } };
  const values = {
    commonLabels: taken,
    operator: labelled,
    redis: labelled,
    monitoring: {
      podMonitor: { enabled: true, labels: taken },
      prometheusRule: { enabled: true, labels: taken },
      dashboard: { labels: taken },
    },
  };
  // A key that is there twice is an error of the parser.
  const objects = objectsIn(await renderText({ values }));
  const plain = await render({
    values: { monitoring: { podMonitor: { enabled: true }, prometheusRule: { enabled: true } } },
  });
  expect(objects).toHaveLength(plain.length);
  for (const [index, { kind, metadata, spec }] of objects.entries()) {
    const before = plain[index];
    expect(metadata.labels).toMatchObject({
      'app.kubernetes.io/part-of': 'platform',
      'app.kubernetes.io/version': 'mine',
    });
    for (const part of ['name', 'instance', 'component']) {
      const key = `app.kubernetes.io/${part}`;
      expect(metadata.labels[key], kind).toBe(before.metadata.labels[key]);
      expect(spec?.template?.metadata.labels[key]).toBe(before.spec?.template?.metadata.labels[key]);
    }
    expect(spec?.selector).toEqual(before.spec?.selector);
    if (spec?.template?.metadata !== undefined)
      expect(spec.template.metadata.labels['app.kubernetes.io/part-of']).toBe('pods');
  }
  const viewers = objects.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name.endsWith('-view'));
  expect(viewers?.metadata.labels['rbac.authorization.k8s.io/aggregate-to-view']).toBe('true');
});
