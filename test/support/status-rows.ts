// A row of the table of statuses, a phase and its conditions: what is observed in a few words, made into what the operator computes
// status from, and what status says of it.
import { expect, test } from 'vitest';
import { type ConditionType, conditionTypes, reasons } from '../../operator/api/conditions.ts';
import type { Deployment, Pod } from '../../operator/api/kubernetes.ts';
import { annotations } from '../../operator/api/names.ts';
import type { Problem } from '../../operator/reconcile/outcome.ts';
import type { ProbeKill } from '../../operator/status/container-end.ts';
import type { StatusInput } from '../../operator/status/input.ts';
import { statusOf } from '../../operator/status/status.ts';
import type { SidecarStats } from '../../sidecar/contract.ts';
import { type Given, inferenceDeployment } from './inference-deployment.ts';
import { type PodGiven, pod, stats, waiting } from './pods.ts';

export interface Row {
  readonly spec?: Given['spec'];
  readonly leaving?: boolean;
  readonly pods?: readonly PodGiven[];
  readonly figures?: Partial<SidecarStats>;
  readonly trouble?: string;
  /** The probe that killed the model last. */
  readonly kill?: ProbeKill;
  readonly rolling?: boolean;
  /** Hashes of the ReplicaSets' templates, oldest first. */
  readonly templates?: readonly string[];
  /** The template that was applied, where its ReplicaSet is not there yet. */
  readonly applied?: string;
  readonly deploymentConditions?: NonNullable<Deployment['status']>['conditions'];
  readonly isWaitingForTurn?: boolean;
  readonly problem?: Problem;
  readonly phase: string;
  readonly waitingFor?: string;
  /** `Available=False:ImagePulling` and so on; only what the row is about. */
  readonly conditions: readonly string[];
  /** Part of the message of the first condition. */
  readonly says?: string;
  /** Part of what kubectl get -o wide shows. */
  readonly shows?: string;
}

export function inputOf(row: Row): StatusInput {
  const owner = inferenceDeployment({
    spec: row.spec ?? {},
    ...(row.leaving ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
  });
  const pods: readonly Pod[] = (row.pods ?? []).map(pod);
  const wanted = row.spec?.paused ? 0 : owner.spec.replicas;
  const deployment: Deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'llama',
      generation: 1,
      annotations: {
        'deployment.kubernetes.io/revision': row.rolling ? '2' : '1',
        ...(row.applied === undefined ? {} : { [annotations.template]: row.applied }),
      },
    },
    spec: { replicas: wanted, template: { spec: { containers: [] } } },
    status: {
      conditions: row.deploymentConditions ?? [{ type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' }],
    },
  };
  return {
    owner,
    deployment,
    replicaSets: (row.templates ?? []).map((hash, index) => ({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `llama-${hash}`,
        labels: { 'pod-template-hash': hash },
        annotations: {
          'deployment.kubernetes.io/revision': String(index + 1),
          ...(row.applied === undefined ? {} : { [annotations.template]: hash }),
        },
      },
      spec: {},
    })),
    pods,
    stats: new Map(row.figures === undefined ? [] : pods.map((each) => [each.metadata.uid!, stats(row.figures)])),
    podTroubles: new Map(row.trouble === undefined ? [] : pods.map((each) => [each.metadata.uid!, row.trouble!])),
    probeKills: new Map(row.kill === undefined ? [] : pods.map((each) => [each.metadata.uid!, row.kill!])),
    isWaitingForTurn: row.isWaitingForTurn ?? false,
    rollout: { strategy: 'Surge', reason: 'because' },
    problems: row.problem === undefined ? [] : [row.problem],
    now: new Date('2026-05-05T05:05:05.678Z'),
  };
}

/** Pods on their way: started, before its images are there, and refused by the scheduler. */
export const coming = { ready: false, started: false } as const;
export const pulling = { ...coming, model: waiting('PodInitializing') };
export const noGpu = { ...coming, refusal: '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.' };

/** A test a row. Whatever is observed, every type of condition is there, with a reason of the table and a message. */
export function checkRows(rows: Readonly<Record<string, Row>>): void {
  test.each(Object.entries(rows))('%s', (_name, row) => {
    const { phase, waitingFor, message, conditions = [] } = statusOf(inputOf(row));
    expect(phase).toBe(row.phase);
    expect(waitingFor).toBe(row.waitingFor);
    const said = conditions.map(({ type, status, reason }) => `${type}=${status}:${reason}`);
    expect(said).toEqual(expect.arrayContaining([...row.conditions]));
    const first = row.conditions[0]!.split('=')[0];
    if (row.says !== undefined) expect(conditions.find(({ type }) => type === first)?.message).toContain(row.says);
    if (row.shows !== undefined) expect(message).toContain(row.shows);
    expect(conditions.map(({ type }) => type)).toEqual(Object.keys(conditionTypes) as ConditionType[]);
    for (const { reason, message } of conditions) {
      expect(Object.keys(reasons)).toContain(reason);
      expect(message).not.toBe('');
    }
  });
}
