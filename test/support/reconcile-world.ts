// Reconciles of InferenceDeployments on an API server of a few lines (recording-client.ts): what unit tests of whole reconciles stand on.
import type { InferenceDeployment, InferenceDeploymentStatus } from '../../operator/api/inference-deployment.ts';
import type { KubernetesObject } from '../../operator/api/kubernetes.ts';
import { EventRecorder } from '../../operator/cluster/events.ts';
import type { Outcome } from '../../operator/reconcile/outcome.ts';
import { reconcile } from '../../operator/reconcile/reconcile.ts';
import { RolloutTurns } from '../../operator/reconcile/turns.ts';
import { StatsBoard } from '../../operator/stats/stats-board.ts';
import { ClusterView } from '../../operator/watch/cluster-view.ts';
import { createLogger } from '../../runtime/logger.ts';
import { inferenceDeployment, settings } from './inference-deployment.ts';
import { ManualClock } from './manual-clock.ts';
import { RecordingClient } from './recording-client.ts';

/** What the operator sees and writes, with nobody else in the cluster: pods are there only if a test puts them there. */
export class ReconcileWorld {
  readonly client = new RecordingClient();
  readonly clock = new ManualClock();
  readonly log = createLogger('test', 'silent');
  readonly view = new ClusterView({
    client: this.client,
    clock: this.clock,
    log: this.log,
    namespaces: [],
    relistMs: 600_000,
    wantsPodMonitors: false,
    enqueue: () => {},
  });
  readonly stats = new StatsBoard({
    clock: this.clock,
    dispatcher: undefined as never,
    periodMs: 1,
    pods: () => [],
    changed: () => {},
    failed: () => {},
  });
  readonly turns: RolloutTurns;
  tokens = 0;

  constructor(turnsAtATime = 5) {
    this.turns = new RolloutTurns(turnsAtATime, () => this.view.allDeployments());
  }

  has(...objects: readonly KubernetesObject[]): this {
    this.client.hold(...objects);
    for (const object of objects) this.view.remember(object);
    return this;
  }

  reconcile(key = 'models/llama', env: Record<string, string> = {}): Promise<Outcome> {
    const { client, view, stats, turns, clock, log } = this;
    const events = new EventRecorder(client, clock, log);
    const newAdminToken = () => `token-${++this.tokens}`;
    return reconcile(key, { settings: settings(env), client, view, stats, turns, events, clock, log, newAdminToken });
  }

  /** The InferenceDeployment changes, as by kubectl apply. */
  edit(spec: Record<string, unknown>): void {
    const before = this.view.owner('models/llama')!;
    const version = String(Number(before.metadata.resourceVersion) + 1_000);
    const after = inferenceDeployment({ spec, generation: 2 });
    this.has({
      ...after,
      status: before.status,
      metadata: { ...after.metadata, resourceVersion: version },
    } as InferenceDeployment);
  }

  get status(): InferenceDeploymentStatus {
    return this.client.lastStatus<InferenceDeploymentStatus>()!;
  }
  said(type: string): string {
    const condition = this.status.conditions?.find((each) => each.type === type);
    return `${condition?.status}:${condition?.reason}: ${condition?.message}`;
  }
}

/** Made, written, and everything seen back: nothing is left to do. */
export async function stable(spec: Record<string, unknown> = {}): Promise<ReconcileWorld> {
  const world = new ReconcileWorld().has(inferenceDeployment({ spec }));
  await world.reconcile();
  world.client.writes.length = 0;
  world.client.reads.length = 0;
  return world;
}
