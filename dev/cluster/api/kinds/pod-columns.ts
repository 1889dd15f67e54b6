// `kubectl get pods`: READY, STATUS and RESTARTS are read from container states, by the rules of the real server's printer.
import { age } from '../age.ts';
import { type Fields, fieldsAt, isFields, type KubeObject, listAt, valueAt } from '../objects.ts';
import type { Column } from '../resource.ts';
import { AGE_COLUMN } from '../table.ts';

interface Summary {
  readonly ready: number;
  readonly total: number;
  readonly reason: string;
  readonly restarts: number;
  readonly lastRestart: string | undefined;
}

function isSidecar(pod: KubeObject, name: unknown): boolean {
  return listAt(pod, 'spec', 'initContainers').some((one) => one.name === name && one.restartPolicy === 'Always');
}

function stateWords(state: Fields | undefined): string | undefined {
  const [waiting, terminated] = [fieldsAt(state, 'waiting'), fieldsAt(state, 'terminated')];
  if (typeof waiting?.reason === 'string' && waiting.reason !== '') return waiting.reason;
  if (terminated === undefined) return undefined;
  if (typeof terminated.reason === 'string' && terminated.reason !== '') return terminated.reason;
  return terminated.signal === undefined || terminated.signal === 0
    ? `ExitCode:${String(terminated.exitCode ?? 0)}`
    : `Signal:${String(terminated.signal)}`;
}

/** The reason for which the pod is still initializing, if it is. */
function initReason(pod: KubeObject): string | undefined {
  const statuses = listAt(pod, 'status', 'initContainerStatuses');
  const count = listAt(pod, 'spec', 'initContainers').length;
  for (const [index, status] of statuses.entries()) {
    const terminated = fieldsAt(status, 'state', 'terminated');
    if (terminated?.exitCode === 0 || (isSidecar(pod, status.name) && status.started === true)) continue;
    const words = stateWords(fieldsAt(status, 'state'));
    if (words !== undefined && words !== 'PodInitializing') return `Init:${words}`;
    return `Init:${index}/${count}`;
  }
  return undefined;
}

function summaryOf(pod: KubeObject): Summary {
  const statuses = listAt(pod, 'status', 'containerStatuses');
  const sidecars = listAt(pod, 'status', 'initContainerStatuses').filter((one) => isSidecar(pod, one.name));
  const sidecarCount = listAt(pod, 'spec', 'initContainers').filter((one) => one.restartPolicy === 'Always').length;
  const init = initReason(pod);
  const counted = init === undefined ? [...sidecars, ...statuses] : sidecars;
  const restarted = [...sidecars, ...statuses];
  const restarts = restarted.reduce((sum, one) => sum + Number(one.restartCount ?? 0), 0);
  const ends = restarted
    .map((one) => valueAt(one, 'lastState', 'terminated', 'finishedAt'))
    .filter((one) => typeof one === 'string');
  return {
    ready: counted.filter((one) => one.ready === true && isFields(fieldsAt(one, 'state', 'running'))).length,
    total: listAt(pod, 'spec', 'containers').length + sidecarCount,
    reason: reasonOf(pod, init, statuses),
    restarts,
    lastRestart: ends.sort().at(-1),
  };
}

function reasonOf(pod: KubeObject, init: string | undefined, statuses: readonly Fields[]): string {
  const status = fieldsAt(pod, 'status') ?? {};
  let reason = String(status.reason ?? status.phase ?? 'Unknown');
  const scheduled = listAt(status, 'conditions').find((one) => one.type === 'PodScheduled');
  if (scheduled?.reason === 'SchedulingGated') reason = 'SchedulingGated';
  if (init !== undefined) reason = init;
  else for (const one of [...statuses].reverse()) reason = stateWords(fieldsAt(one, 'state')) ?? reason;
  if (
    init === undefined &&
    reason === 'Completed' &&
    statuses.some((one) => one.ready === true && isFields(fieldsAt(one, 'state', 'running')))
  ) {
    reason = listAt(status, 'conditions').some((one) => one.type === 'Ready' && one.status === 'True')
      ? 'Running'
      : 'NotReady';
  }
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  return status.reason === 'NodeLost' ? 'Unknown' : 'Terminating';
}

function restartsText({ restarts, lastRestart }: Summary, nowMs: number): string {
  return restarts > 0 && lastRestart !== undefined ? `${restarts} (${age(lastRestart, nowMs)} ago)` : String(restarts);
}

function text(...path: string[]): (pod: KubeObject) => string {
  return (pod) => String(valueAt(pod, ...path) ?? '') || '<none>';
}

function readinessGates(pod: KubeObject): string {
  const gates = listAt(pod, 'spec', 'readinessGates');
  const conditions = listAt(pod, 'status', 'conditions');
  const met = gates.filter((gate) =>
    conditions.some((one) => one.type === gate.conditionType && one.status === 'True'),
  );
  return gates.length === 0 ? '<none>' : `${met.length}/${gates.length}`;
}

export const podColumns: readonly Column[] = [
  { name: 'Ready', type: 'string', cell: (pod) => `${summaryOf(pod).ready}/${summaryOf(pod).total}` },
  { name: 'Status', type: 'string', cell: (pod) => summaryOf(pod).reason },
  { name: 'Restarts', type: 'string', cell: (pod, nowMs) => restartsText(summaryOf(pod), nowMs) },
  AGE_COLUMN,
  { name: 'IP', type: 'string', priority: 1, cell: text('status', 'podIP') },
  { name: 'Node', type: 'string', priority: 1, cell: text('spec', 'nodeName') },
  { name: 'Nominated Node', type: 'string', priority: 1, cell: text('status', 'nominatedNodeName') },
  { name: 'Readiness Gates', type: 'string', priority: 1, cell: readinessGates },
];
