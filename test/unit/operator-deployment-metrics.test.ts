// The operator's series of each deployment: those of one that never comes up are there, those of one that is gone are not.
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import type { InferenceDeployment, InferenceDeploymentStatus } from '../../operator/api/inference-deployment.ts';
import { registerDeploymentMetrics } from '../../operator/deployment-metrics.ts';
import { inferenceDeployment } from '../support/inference-deployment.ts';

async function seriesOf(all: () => readonly InferenceDeployment[]): Promise<readonly string[]> {
  const registry = new Registry();
  registerDeploymentMetrics(registry, all);
  return (await registry.metrics()).split('\n').filter((line) => line.startsWith('inference_'));
}

const deployment = (name: string, spec: Record<string, unknown>, status?: InferenceDeploymentStatus) =>
  inferenceDeployment({ name, spec, ...(status && { status }) });

it('says phase, replicas and what is waited for', async () => {
  const status: InferenceDeploymentStatus = { phase: 'QuotaReached', readyReplicas: 1, waitingFor: 'GPUs' };
  expect(await seriesOf(() => [deployment('llm', { replicas: 2 }, status)])).toEqual([
    'inference_deployment_replicas_wanted{namespace="models",deployment="llm"} 2',
    'inference_deployment_replicas_ready{namespace="models",deployment="llm"} 1',
    'inference_deployment_phase{namespace="models",deployment="llm",phase="QuotaReached"} 1',
    'inference_deployment_waiting_for{namespace="models",deployment="llm",reason="GPUs"} 1',
  ]);
});

it('speaks of one without any status, and wants none of a paused one', async () => {
  expect(await seriesOf(() => [deployment('new', {}), deployment('paused', { paused: true })])).toEqual([
    'inference_deployment_replicas_wanted{namespace="models",deployment="new"} 1',
    'inference_deployment_replicas_wanted{namespace="models",deployment="paused"} 0',
    'inference_deployment_replicas_ready{namespace="models",deployment="new"} 0',
    'inference_deployment_replicas_ready{namespace="models",deployment="paused"} 0',
  ]);
});

it('forgets the former phase, and a deployment that is gone', async () => {
  let all = [deployment('llm', {}, { phase: 'Initializing' }), deployment('old', {}, { phase: 'Healthy' })];
  const registry = new Registry();
  registerDeploymentMetrics(registry, () => all);
  await registry.metrics();
  all = [deployment('llm', {}, { phase: 'Healthy', readyReplicas: 1 })];
  const phases = (await registry.metrics())
    .split('\n')
    .filter((line) => line.startsWith('inference_deployment_phase{'));
  expect(phases).toEqual(['inference_deployment_phase{namespace="models",deployment="llm",phase="Healthy"} 1']);
});
