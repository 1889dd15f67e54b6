// The kubelet's probes of the model container, all asked of the sidecar, which understands "busy" and "loading", and both containers' hooks.
// Ports are numbers: a named port is looked up in the probed container, and the sidecar's is in another.
import { adminPaths, nodeOfImage, sidecarPorts } from '../../sidecar/contract.ts';
import type { InferenceDeploymentSpec } from '../api/inference-deployment.ts';

/** A container that its probe kills has nothing left to drain; the pod's long grace is not for it. */
const KILLED_BY_PROBE_GRACE_SECONDS = 30;
const PERIOD_SECONDS = 5;
const TIMEOUT_SECONDS = 3;

const ask = (path: string) => ({ path, port: sidecarPorts.admin, scheme: 'HTTP' });

export function modelProbes(health: InferenceDeploymentSpec['healthCheck']) {
  return {
    startupProbe: {
      httpGet: ask(adminPaths.startup),
      periodSeconds: PERIOD_SECONDS,
      timeoutSeconds: TIMEOUT_SECONDS,
      failureThreshold: Math.max(1, Math.ceil(health.startupTimeoutSeconds / PERIOD_SECONDS)),
      terminationGracePeriodSeconds: KILLED_BY_PROBE_GRACE_SECONDS,
    },
    livenessProbe: {
      httpGet: ask(adminPaths.live),
      periodSeconds: PERIOD_SECONDS,
      timeoutSeconds: TIMEOUT_SECONDS,
      failureThreshold: 3,
      terminationGracePeriodSeconds: KILLED_BY_PROBE_GRACE_SECONDS,
    },
    readinessProbe: {
      httpGet: ask(adminPaths.ready),
      // A pod that leaves must be known to be unready before it goes, and the sidecar does not wait long for that.
      periodSeconds: 1,
      timeoutSeconds: TIMEOUT_SECONDS,
      // The sidecar has counted failures already: what it says acts at once.
      failureThreshold: 1,
    },
  };
}

export function drainHook(adminToken: string) {
  return {
    httpGet: {
      ...ask(adminPaths.drain),
      httpHeaders: [{ name: 'Authorization', value: `Bearer ${adminToken}` }],
    },
  };
}

/**
 * While no pod is ready, an address is published as soon as it is known, and the kubelet tells it only when the first container's
 * postStart is over: nobody is sent to a sidecar that does not listen yet. One that never does is its startup probe's to judge.
 */
export function listeningHook() {
  const { traffic } = sidecarPorts;
  const knock = `require('node:net').connect(${traffic}, '127.0.0.1', () => process.exit()).on('error', () => setTimeout(knock, 20))`;
  const script = `setTimeout(() => process.exit(), 30_000); const knock = () => ${knock}; knock();`;
  return { exec: { command: [nodeOfImage, '--eval', script] } };
}

/** The token that a pod template carries: how it is found again if its Secret was lost. */
export function tokenInHook(container: unknown): string | undefined {
  type Hook = { lifecycle?: { preStop?: { httpGet?: { httpHeaders?: { name: string; value: string }[] } } } };
  const found = (container as Hook).lifecycle?.preStop?.httpGet?.httpHeaders?.find((h) => h.name === 'Authorization');
  return found?.value.replace(/^Bearer /, '');
}
