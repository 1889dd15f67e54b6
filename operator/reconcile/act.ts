// Carries a plan out, child by child. One that fails does not keep the others from being made, but for the Deployment: its pods
// would read a Secret or claim that is not ours. Stopping between any two writes is harmless: the next reconcile goes on.
import type { KubernetesObject, Pod } from '../api/kubernetes.ts';
import { applyChild, createSecret, deleteChild, scaleDeployment } from '../cluster/children.ts';
import type { KubernetesClient } from '../cluster/client.ts';
import { writeDeletionCost } from '../cluster/deletion-cost.ts';
import { withdraw } from '../cluster/withdraw.ts';
import type { DesiredSettings } from '../desired/input.ts';
import { secret } from '../desired/secret.ts';
import type { StatsBoard } from '../stats/stats-board.ts';
import { isServing } from '../status/pod-state.ts';
import type { ClusterView } from '../watch/cluster-view.ts';
import type { Observed } from './observe.ts';
import { type Problem, problemOf } from './outcome.ts';
import type { Plan } from './plan.ts';
import { deletionCosts } from './scale-down.ts';

export interface ActParts {
  readonly client: KubernetesClient;
  readonly view: ClusterView;
  readonly stats: StatsBoard;
  readonly settings: DesiredSettings;
  readonly newAdminToken: () => string;
}

export interface Acted {
  readonly problems: readonly Problem[];
  readonly errors: readonly unknown[];
  /** The Deployment as the API server answered, if it was written. */
  readonly written: readonly KubernetesObject[];
}

export async function act(plan: Plan, observed: Observed, parts: ActParts): Promise<Acted> {
  const problems: Problem[] = plan.problem === undefined ? [] : [plan.problem];
  const errors: unknown[] = plan.problem === undefined ? [] : [new Error(plan.problem.message)];
  const written: KubernetesObject[] = [];
  const attempt = async (write: () => Promise<void>): Promise<boolean> => {
    try {
      await write();
      return true;
    } catch (error) {
      problems.push(problemOf(error));
      errors.push(error);
      return false;
    }
  };
  // While only ready pods are published, a leaving one that is not gets nobody: it goes before the others' addresses are published, or
  // its own would be too, although its sidecar may have stopped. One that still serves goes after them: until then callers have it only.
  const takeOut = async (pods: readonly Pod[]) => {
    for (const pod of pods) await attempt(() => withdraw(parts.client, pod));
  };
  await takeOut(plan.withdraw.filter((pod) => !isServing(pod)));
  let canStartPods = !plan.needsSecret || (await attempt(() => createSecret(parts.client, secretOf(observed, parts))));
  for (const { child, observed: found } of plan.apply) {
    if (child.kind === 'Deployment' && !canStartPods) continue;
    if (child.kind === 'Deployment' && plan.lowersReplicas) await attempt(() => chooseWhoGoes(observed, parts));
    const isDone = await attempt(async () => {
      const answer = await applyChild(parts.client, child, found);
      parts.view.remember(answer);
      written.push(answer);
    });
    if (!isDone && child.kind === 'PersistentVolumeClaim') canStartPods = false;
  }
  const { scale } = plan;
  if (scale !== undefined) {
    if (plan.lowersReplicas) await attempt(() => chooseWhoGoes(observed, parts));
    await attempt(async () => {
      const answer = await scaleDeployment(parts.client, scale.deployment, scale.replicas);
      parts.view.remember(answer);
      written.push(answer);
    });
  }
  await takeOut(plan.withdraw.filter(isServing));
  for (const child of plan.remove) {
    await attempt(async () => {
      await deleteChild(parts.client, child);
      parts.view.forget(child);
    });
  }
  return { problems, errors, written };
}

const secretOf = ({ owner }: Observed, { settings, newAdminToken }: ActParts): KubernetesObject =>
  secret({ owner, settings }, newAdminToken());

/** Figures of this moment: those of some seconds ago may name a busy pod idle. */
async function chooseWhoGoes(observed: Observed, { client, stats }: ActParts): Promise<void> {
  await stats.refresh(observed.pods);
  const figures = stats.of(observed.pods);
  const costs = deletionCosts(observed.pods, (pod) => figures.get(pod.metadata.uid ?? ''));
  await Promise.all(costs.map(({ pod, cost }) => writeDeletionCost(client, pod, cost)));
}
