// What the steps stand on: kubectl, the replicas of the one deployment, and a way to look into containers and to kill.
// Bringing it up and taking it down is set-up.ts.
import type { CallRecord } from '../model-server/counters.ts';
import { ask } from './ask.ts';
import { isAlive, processesOfPod } from './processes.ts';
import { Shortfall } from './shortfall.ts';

export type Kubectl = (...args: string[]) => Promise<string>;

export interface Replica {
  readonly name: string;
  readonly node: string;
  readonly podIP: string;
  /** The sidecar's traffic port. */
  readonly url: string;
  readonly isReady: boolean;
}

export interface InferenceStatus {
  readonly phase?: string;
  readonly readyReplicas?: number;
  readonly waitingFor?: string;
  readonly inFlight?: number;
  readonly queued?: number;
}

export interface Stage {
  readonly name: string;
  readonly example: string;
  readonly kubeconfig: string;
  readonly logs: string;
  readonly kubectl: Kubectl;
  status(): Promise<InferenceStatus>;
  replicas(): Promise<readonly Replica[]>;
  oneReplica(): Promise<Replica>;
  /** What the model container of a replica has inside, and has had. */
  calls(replica: Replica): Promise<readonly CallRecord[]>;
  /** SIGKILL; the pid it had. */
  killSidecar(replica: Replica): number;
  podProcesses(): Promise<readonly number[]>;
  isAlive(pid: number): boolean;
  /** Takes everything down. The logs stay if the demo failed, with more evidence beside them. */
  close(isGood: boolean): Promise<void>;
}

const name = 'echo';
const example = 'examples/echo.yaml';

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly spec: { readonly nodeName?: string };
    readonly status: {
      readonly podIP?: string;
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
}

export function stageOf(kubectl: Kubectl, kubeconfig: string, logs: string, close: Stage['close']): Stage {
  const replicas = async (): Promise<readonly Replica[]> => {
    const text = await kubectl('get', 'pods', '-l', `inference-operator.dev/name=${name}`, '-o', 'json');
    return (JSON.parse(text) as PodList).items
      .filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status.podIP !== undefined)
      .map(({ metadata, spec, status }) => ({
        name: metadata.name,
        node: spec.nodeName ?? '',
        podIP: status.podIP ?? '',
        url: `http://${status.podIP}:8080`,
        isReady: status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false,
      }));
  };
  return {
    name,
    example,
    kubeconfig,
    logs,
    kubectl,
    replicas,
    close,
    isAlive,
    status: async () => JSON.parse(await kubectl('get', 'infdep', name, '-o', 'json')).status ?? {},
    oneReplica: async () => {
      const ready = (await replicas()).find((replica) => replica.isReady);
      if (ready === undefined) throw new Shortfall('a ready pod', 'none');
      return ready;
    },
    // Asked of the container itself, beside the gate: a look shall not take a slot.
    calls: async (replica) =>
      JSON.parse((await ask(`http://${replica.podIP}:8000/control/stats`)).body.toString()).calls,
    killSidecar: (replica) => {
      const sidecar = processesOfPod(replica.podIP).find((process) => process.isSidecar);
      if (sidecar === undefined) throw new Shortfall(`a sidecar process of ${replica.name}`, 'none');
      process.kill(sidecar.pid, 'SIGKILL');
      return sidecar.pid;
    },
    podProcesses: async () =>
      (await replicas()).flatMap((replica) => processesOfPod(replica.podIP).map((process) => process.pid)),
  };
}
