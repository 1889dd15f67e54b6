// The environment of a container on the loopback cluster: sources, their order, expansion, and the errors of missing ones.
import { describe, expect, it } from 'vitest';
import { ConfigError, environmentOf, expand, serviceLinks } from '../../dev/cluster/node/environment.ts';
import type { Service } from '../../dev/cluster/objects.ts';
import type { Container, Pod } from '../../dev/cluster/pod.ts';

const metadata = {
  name: 'p',
  namespace: 'ns',
  uid: 'u',
  resourceVersion: '1',
  creationTimestamp: '',
  labels: { app: 'a' },
};
const pod: Pod = { metadata, spec: { containers: [] } };
const facts = { podIP: '127.9.9.9', hostIP: '127.9.9.1', nodeName: 'n1' };
const lookup = {
  secret: (name: string) =>
    name === 's' ? { metadata, data: { key: Buffer.from('secret').toString('base64') } } : undefined,
  configMap: (name: string) => (name === 'c' ? { metadata, data: { A: '1', B: '2' } } : undefined),
};
const of = (container: Partial<Container>, links = {}) =>
  environmentOf(pod, { name: 'm', image: 'm', ...container }, facts, lookup, links);

describe('the environment', () => {
  it('takes env over envFrom over service links', () => {
    const env = of(
      { envFrom: [{ configMapRef: { name: 'c' } }], env: [{ name: 'A', value: 'mine' }] },
      { A: 'link', B: 'link', D: 'link' },
    );
    expect(env).toMatchObject({ A: 'mine', B: '2', D: 'link' });
  });

  it('resolves secrets, fields and resources', () => {
    const env = of({
      resources: { limits: { cpu: '1500m', memory: '2Gi' } },
      env: [
        { name: 'S', valueFrom: { secretKeyRef: { name: 's', key: 'key' } } },
        { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'L', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        { name: 'MEM', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
      ],
    });
    expect(env).toEqual({ S: 'secret', IP: '127.9.9.9', L: 'a', CPU: '2', MEM: '2048' });
  });

  it('expands what is already known, and only that', () => {
    expect(
      of({
        env: [
          { name: 'X', value: 'x' },
          { name: 'Y', value: '$(X)-$(Z)-$$(X)' },
        ],
      }),
    ).toEqual({ X: 'x', Y: 'x-$(Z)-$(X)' });
    expect(expand('$(', {})).toBe('$(');
  });

  it('fails on a missing secret or key in the kubelet’s words, unless it is optional', () => {
    const from = (name: string, key: string, optional = false) => ({
      env: [{ name: 'S', valueFrom: { secretKeyRef: { name, key, optional } } }],
    });
    expect(() => of(from('none', 'key'))).toThrow(new ConfigError('secret "none" not found'));
    expect(() => of(from('s', 'other'))).toThrow(new ConfigError("couldn't find key other in Secret ns/s"));
    expect(of(from('none', 'key', true))).toEqual({});
    expect(() => of({ envFrom: [{ configMapRef: { name: 'none' } }] })).toThrow('configmap "none" not found');
  });
});

it('a Service named vllm sets VLLM_PORT to a URL, as in a real namespace', () => {
  const service: Service = {
    metadata: { ...metadata, name: 'vllm' },
    spec: { clusterIP: '10.0.0.7', ports: [{ name: 'http', port: 80 }] },
  };
  expect(serviceLinks([service])).toMatchObject({
    VLLM_PORT: 'tcp://10.0.0.7:80',
    VLLM_SERVICE_HOST: '10.0.0.7',
    VLLM_SERVICE_PORT_HTTP: '80',
  });
});
