// Pods as a kubelet and a scheduler leave them, one function a situation, for tests of what the operator makes of them.

import type { ContainerState, Deployment, KubernetesCondition, Pod } from '../../operator/api/kubernetes.ts';
import { childLabels } from '../../operator/api/names.ts';
import type { SidecarStats } from '../../sidecar/contract.ts';

export interface PodGiven {
  readonly name?: string;
  readonly node?: string | null;
  readonly phase?: string;
  /** Why it has failed. */
  readonly end?: { readonly reason?: string; readonly message?: string };
  readonly model?: ContainerState;
  readonly lastModel?: ContainerState;
  readonly sidecar?: ContainerState;
  readonly started?: boolean;
  readonly ready?: boolean;
  readonly restarts?: number;
  readonly deletionTimestamp?: string;
  readonly refusal?: string;
  readonly gpus?: number;
  /** What the pod's condition says where its containers say otherwise. */
  readonly isPodReady?: boolean;
  /** Before its startup probe has passed. */
  readonly isSidecarReady?: boolean;
  /** Hash of the template it was made from. */
  readonly template?: string;
}

const running: ContainerState = { running: { startedAt: '2026-01-01T00:00:00Z' } };

export function pod(given: PodGiven = {}): Pod {
  const { name = 'llama-1', node = 'gpu-1', model = running, sidecar = running, ready = true, restarts = 0 } = given;
  const started = given.started ?? ready;
  const conditions: KubernetesCondition[] = [
    { type: 'Ready', status: (given.isPodReady ?? ready) ? 'True' : 'False' },
    given.refusal === undefined
      ? { type: 'PodScheduled', status: 'True' }
      : { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: given.refusal },
  ];
  const isPlaced = node !== null && given.refusal === undefined;
  const limits: Record<string, string> = given.gpus === undefined ? {} : { 'nvidia.com/gpu': String(given.gpus) };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'models',
      uid: `uid-of-${name}`,
      resourceVersion: '1',
      labels: {
        ...childLabels('llama'),
        ...(given.template === undefined ? {} : { 'pod-template-hash': given.template }),
      },
      ...(given.deletionTimestamp === undefined ? {} : { deletionTimestamp: given.deletionTimestamp }),
    },
    spec: {
      ...(isPlaced ? { nodeName: node } : {}),
      containers: [{ name: 'model', resources: { limits, requests: limits } }],
      initContainers: [{ name: 'sidecar', restartPolicy: 'Always' }],
    },
    status: {
      phase: given.phase ?? (isPlaced && model.running ? 'Running' : 'Pending'),
      startTime: '2026-01-01T00:00:00Z',
      ...given.end,
      ...(isPlaced ? { podIP: '10.0.0.1' } : {}),
      conditions,
      ...(isPlaced
        ? {
            initContainerStatuses: [
              {
                name: 'sidecar',
                ready: given.isSidecarReady ?? sidecar.running !== undefined,
                started: given.isSidecarReady ?? sidecar.running !== undefined,
                restartCount: 0,
                state: sidecar,
              },
            ],
            containerStatuses: [
              {
                name: 'model',
                ready,
                started,
                restartCount: restarts,
                state: model,
                ...(given.lastModel ? { lastState: given.lastModel } : {}),
              },
            ],
          }
        : {}),
    },
  };
}

export const waiting = (reason: string, message?: string): ContainerState => ({
  waiting: { reason, ...(message === undefined ? {} : { message }) },
});
export const ended = (exitCode: number, reason = 'Error', message?: string): ContainerState => ({
  terminated: { exitCode, reason, ...(message === undefined ? {} : { message }) },
});

export function stats(given: Partial<SidecarStats> = {}): SidecarStats {
  return {
    name: 'llama',
    namespace: 'models',
    concurrency: 1,
    inFlight: 0,
    waiting: 0,
    queue: { queued: 0, running: 0, oldestQueuedSeconds: 0 },
    container: 'healthy',
    containerAnswer: null,
    containerSaid: null,
    store: { kind: 'redis', ok: true, error: null },
    draining: false,
    ...given,
  };
}

/** A Deployment that its controller has brought to rest, or is still bringing there. */
export function settled(deployment: Deployment, status: Partial<Deployment['status']> = {}): Deployment {
  const replicas = deployment.spec.replicas ?? 1;
  return {
    ...deployment,
    metadata: { ...deployment.metadata, uid: 'uid-of-deployment', generation: 1, resourceVersion: '7' },
    status: { observedGeneration: 1, replicas, updatedReplicas: replicas, readyReplicas: replicas, ...status },
  };
}
