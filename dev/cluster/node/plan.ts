// What to do next with the containers of one pod: which to kill, which to start. Init containers in order, native sidecars before what
// comes after them, the main containers at the end; restarts by policy and probes. Pure: the pod worker carries it out, step by step,
// and asks again.
import type { Pod } from '../pod.ts';

export type Role = 'init' | 'sidecar' | 'main';
export type ContainerView = {
  readonly name: string;
  readonly role: Role;
  readonly phase: 'new' | 'running' | 'exited';
  readonly exitCode?: number;
  /** Running, and its startup probe (if any) has succeeded. */
  readonly isStarted: boolean;
  /** The probe whose verdict is that this run must end. */
  readonly failedProbe?: 'liveness' | 'startup';
  readonly isChanged: boolean;
};
export type Kill = {
  readonly name: string;
  readonly reason: 'liveness' | 'startup' | 'changed';
  readonly message: string;
};
export type Plan = {
  readonly kill: readonly Kill[];
  readonly start: readonly string[];
  /** Nothing will ever run again: what still runs (sidecars) is ended, and the phase says how it went. */
  readonly isOver: boolean;
};

export function plan(views: readonly ContainerView[], restartPolicy: string): Plan {
  const mains = views.filter((view) => view.role === 'main');
  const inits = views.filter((view) => view.role !== 'main');
  const isInitialised = mains.some((view) => view.phase !== 'new');
  const steps: { kill: Kill[]; start: string[] } = { kill: [], start: [] };
  if (!isInitialised) {
    const verdict = initialise(inits, restartPolicy, steps);
    if (verdict === 'failed') return { kill: [], start: [], isOver: true };
    if (verdict === 'waiting') return { ...steps, isOver: false };
  }
  const runsAgain = mains.filter((view) => isToRun(view, restartPolicy));
  if (runsAgain.length === 0) return { kill: [], start: [], isOver: true };
  if (isInitialised) for (const view of inits) if (view.role === 'sidecar') tend(view, 'Always', steps);
  for (const view of mains) tend(view, restartPolicy, steps);
  return { ...steps, isOver: false };
}

function initialise(
  inits: readonly ContainerView[],
  restartPolicy: string,
  steps: { kill: Kill[]; start: string[] },
): 'done' | 'waiting' | 'failed' {
  for (const view of inits) {
    if (view.role === 'sidecar') {
      tend(view, 'Always', steps);
      if (!view.isStarted || view.failedProbe) return 'waiting';
    } else if (view.phase === 'exited' && view.exitCode !== 0 && restartPolicy === 'Never') {
      return 'failed';
    } else if (view.phase !== 'exited' || view.exitCode !== 0) {
      tend(view, 'OnFailure', steps);
      return 'waiting';
    }
  }
  return 'done';
}

function tend(view: ContainerView, restartPolicy: string, steps: { kill: Kill[]; start: string[] }): void {
  if (view.phase !== 'running') {
    if (isToRun(view, restartPolicy)) steps.start.push(view.name);
    return;
  }
  const reason = view.isChanged ? 'changed' : view.failedProbe;
  if (!reason) return;
  const isRestarted = reason === 'changed' || restartPolicy !== 'Never';
  const what =
    reason === 'changed'
      ? `Container ${view.name} definition changed`
      : `Container ${view.name} failed ${reason} probe`;
  steps.kill.push({ name: view.name, reason, message: isRestarted ? `${what}, will be restarted` : what });
  if (isRestarted) steps.start.push(view.name);
}

function isToRun(view: ContainerView, restartPolicy: string): boolean {
  if (view.phase !== 'exited') return true;
  return restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && view.exitCode !== 0);
}

export const restartPolicyOf = (pod: Pod): string => pod.spec.restartPolicy ?? 'Always';
