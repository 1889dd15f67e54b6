// The node itself: its Node object with labels, capacity and conditions, and the Lease that says it is alive. A fake GPU node looks to
// the scheduler and to kubectl like one with the NVIDIA device plugin and feature discovery.
import { arch, platform } from 'node:os';
import type { ClusterClient } from '../client.ts';
import { ApiError, isNotFound } from '../client.ts';
import { conditionOf, now } from '../conditions.ts';
import type { Condition, Labels, Quantities } from '../objects.ts';
import { leases, nodes } from '../resources.ts';
import { gpuResource, type NodeSettings, type Timings } from './settings.ts';

const leaseNamespace = 'kube-node-lease';

export async function registerNode(client: ClusterClient, settings: NodeSettings, hostIP: string): Promise<void> {
  const { name } = settings;
  const labels = labelsOf(settings);
  const spec = settings.taints ? { taints: settings.taints } : {};
  try {
    await client.create(nodes, {}, { metadata: { name, labels }, spec });
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === 'AlreadyExists')) throw error;
    await client.patch(nodes, { name }, 'merge', { metadata: { labels } });
  }
  await client.patch(nodes, { name, subresource: 'status' }, 'merge', { status: nodeStatus(settings, hostIP) });
}

/** Renews until the signal fires; a lease that could not be renewed is tried again at the next turn. */
export async function keepLease(
  client: ClusterClient,
  settings: NodeSettings,
  hostIP: string,
  timings: Timings,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await renew(client, settings.name, timings.leaseDurationSeconds)
      .then(() => recover(client, settings, hostIP))
      .catch(() => {});
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timings.leaseRenewMs);
      signal.addEventListener(
        'abort',
        () => {
          clearTimeout(timer);
          resolve();
        },
        { once: true },
      );
    });
  }
}

/** A node that was given up for lost says that it is there again. */
async function recover(client: ClusterClient, settings: NodeSettings, hostIP: string): Promise<void> {
  const { name } = settings;
  const node = await client.get(nodes, { name });
  if (conditionOf(node, 'Ready')?.status === 'True') return;
  await client.patch(nodes, { name, subresource: 'status' }, 'merge', { status: nodeStatus(settings, hostIP) });
}

async function renew(client: ClusterClient, name: string, leaseDurationSeconds: number): Promise<void> {
  const renewTime = new Date().toISOString().replace('Z', '000Z');
  const at = { namespace: leaseNamespace, name };
  try {
    await client.patch(leases, at, 'merge', { spec: { renewTime } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const metadata = { name, namespace: leaseNamespace };
    await client.create(
      leases,
      { namespace: leaseNamespace },
      { metadata, spec: { holderIdentity: name, leaseDurationSeconds, renewTime } },
    );
  }
}

function labelsOf(settings: NodeSettings): Labels {
  const { count = 0, product = 'NVIDIA-H100-80GB-HBM3' } = settings.gpus ?? {};
  const gpuLabels = {
    'nvidia.com/gpu.present': 'true',
    'nvidia.com/gpu.count': String(count),
    'nvidia.com/gpu.product': product,
  };
  return {
    'kubernetes.io/hostname': settings.name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': machine(),
    ...(count > 0 ? gpuLabels : {}),
    ...settings.labels,
  };
}

function nodeStatus(settings: NodeSettings, hostIP: string): object {
  const gpus: Quantities = settings.gpus ? { [gpuResource(settings)]: String(settings.gpus.count) } : {};
  const amounts = {
    cpu: '64',
    memory: '512Gi',
    'ephemeral-storage': '1Ti',
    pods: '110',
    ...gpus,
    ...settings.allocatable,
  };
  const at = now();
  const condition = (type: string, status: string, reason: string, message: string): Condition => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: at,
    lastTransitionTime: at,
  });
  return {
    capacity: amounts,
    allocatable: amounts,
    addresses: [
      { type: 'InternalIP', address: hostIP },
      { type: 'Hostname', address: settings.name },
    ],
    conditions: [
      condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
      condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
      condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
      condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
    ],
    nodeInfo: {
      architecture: machine(),
      operatingSystem: platform(),
      kubeletVersion: 'v1.36.2',
      kubeProxyVersion: '',
      containerRuntimeVersion: 'loopback://1',
      osImage: 'Fake node on loopback: pods are local processes',
      kernelVersion: '',
      machineID: settings.name,
      systemUUID: settings.name,
      bootID: settings.name,
    },
  };
}

const machine = (): string => (arch() === 'x64' ? 'amd64' : arch());
