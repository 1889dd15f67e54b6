// The kubelet's probes of the model container, all asked of the sidecar, which understands "busy" and "loading", and both containers' hooks.
// Ports are numbers: a named port is looked up in the probed container, and the sidecar's is in another.
import { environmentName } from '../../runtime/settings.ts';
import {
  adminPaths,
  nodeOfImage,
  SETTINGS_PREFIX,
  type SidecarSettingName,
  sidecarPorts,
} from '../../sidecar/contract.ts';
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

/**
 * Two hooks, which the kubelet calls at once when a pod is deleted. The model's waits, so that the model lives until its requests are
 * answered; it shows no token, which everybody who may read pods could read, and begins nothing. The sidecar's begins the drain with the
 * token that only the sidecar has. The kubelet calls the model's alone before a restart: that is no drain.
 */
export function drainHooks() {
  const token = environmentName(SETTINGS_PREFIX, 'adminToken' satisfies SidecarSettingName);
  const headers = `{ authorization: 'Bearer ' + env.${token} }`;
  const target = `host: '127.0.0.1', port: ${sidecarPorts.admin}, path: '${adminPaths.drain}', method: 'POST', headers: ${headers}`;
  const script = `const { env } = process; require('node:http').request({ ${target} }, (answer) => process.exit(answer.statusCode === 202 ? 0 : 1)).end()`;
  return {
    model: { httpGet: ask(adminPaths.drain) },
    sidecar: { exec: { command: [nodeOfImage, '--eval', script] } },
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
