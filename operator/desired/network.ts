// Who may reach the pods: a NetworkPolicy that opens the sidecar's ports only (the model cannot be called around the gate),
// and an Ingress where one is asked for.
import { reservedPaths, sidecarPorts } from '../../sidecar/contract.ts';
import { childNames, podSelector } from '../api/names.ts';
import { resources } from '../api/resources.ts';
import { childHead, type DesiredInput } from './input.ts';
import { SERVICE_PORT } from './services.ts';

export function networkPolicy({ owner, settings }: DesiredInput) {
  if (!settings.networkPolicies) return undefined;
  const name = owner.metadata.name;
  return {
    ...childHead(owner, resources.networkPolicies, childNames.networkPolicy(name)),
    spec: {
      podSelector: { matchLabels: podSelector(name) },
      policyTypes: ['Ingress'],
      ingress: [
        { ports: [{ port: sidecarPorts.traffic, protocol: 'TCP' }] },
        // The node's kubelet comes in whatever a policy says. No peers at all would be everybody.
        {
          ports: [{ port: sidecarPorts.admin, protocol: 'TCP' }],
          ...(settings.adminPeers.length === 0 ? {} : { from: settings.adminPeers }),
        },
      ],
    },
  };
}

export function ingress({ owner }: DesiredInput) {
  const { ingress: wanted } = owner.spec;
  if (wanted === undefined) return undefined;
  const name = owner.metadata.name;
  const backend = { service: { name: childNames.service(name), port: { number: SERVICE_PORT } } };
  const path = (at: string, pathType: 'Exact' | 'Prefix') => ({ path: at, pathType, backend });
  return {
    ...childHead(owner, resources.ingresses, childNames.ingress(name), { annotations: wanted.annotations ?? {} }),
    spec: {
      ...(wanted.className === undefined ? {} : { ingressClassName: wanted.className }),
      rules: [
        {
          host: wanted.host,
          http: {
            paths: [
              path(`${reservedPaths.status}/${name}`, 'Exact'),
              path(`${reservedPaths.result}/${name}`, 'Exact'),
              path(`/${name}`, 'Prefix'),
            ],
          },
        },
      ],
      ...(wanted.tls === undefined
        ? {}
        : {
            tls: [
              {
                hosts: [wanted.host],
                ...(wanted.tls.secretName === undefined ? {} : { secretName: wanted.tls.secretName }),
              },
            ],
          }),
    },
  };
}
