// Two Services: one through which callers reach any replica, one headless that names each replica for metrics and people.
import { sidecarPorts } from '../../sidecar/contract.ts';
import { childNames, podSelector, trafficSelector } from '../api/names.ts';
import { resources } from '../api/resources.ts';
import { childHead, type DesiredInput } from './input.ts';

export const SERVICE_PORT = 80;

export function service({ owner, hasReadyPod }: DesiredInput) {
  const name = owner.metadata.name;
  return {
    ...childHead(owner, resources.services, childNames.service(name)),
    spec: {
      selector: trafficSelector(name),
      publishNotReadyAddresses: !hasReadyPod,
      ports: [{ name: 'http', port: SERVICE_PORT, targetPort: sidecarPorts.traffic, protocol: 'TCP' }],
    },
  };
}

export function podsService({ owner }: DesiredInput) {
  const name = owner.metadata.name;
  return {
    ...childHead(owner, resources.services, childNames.podsService(name), {
      labels: { 'app.kubernetes.io/component': 'metrics' },
    }),
    spec: {
      clusterIP: 'None',
      selector: podSelector(name),
      publishNotReadyAddresses: true,
      ports: [
        { name: 'http', port: sidecarPorts.traffic, targetPort: sidecarPorts.traffic, protocol: 'TCP' },
        { name: 'metrics', port: sidecarPorts.admin, targetPort: sidecarPorts.admin, protocol: 'TCP' },
      ],
    },
  };
}

export const serviceUrl = (namespace: string, name: string): string =>
  `http://${childNames.service(name)}.${namespace}.svc`;
